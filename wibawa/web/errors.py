"""Errors as pages: what happened, what to do next, a ticket number instead of a stack."""

from __future__ import annotations

import secrets
from contextlib import suppress

import structlog
from flask import Flask, g, render_template, request
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from wibawa.database import Trouble, db, is_away, set_writing, trouble_of
from wibawa.rules.refused import Refused
from wibawa.web.pages import back_path

log = structlog.get_logger("wibawa.errors")

AWAY = "away"  # answered with 503 as well
TEXTS: dict[int | str, tuple[str, str]] = {
    400: (
        "Permintaan tidak lengkap",
        "Muat ulang halaman sebelumnya, lalu kirim sekali lagi. Isian Anda biasanya masih ada.",
    ),
    403: (
        "Bukan wewenang Anda",
        "Peran Anda tidak mencakup halaman atau langkah ini.",
    ),
    404: (
        "Halaman tidak ditemukan",
        "Alamatnya salah, atau data ini tidak ada bagi Anda. Cari lewat menu.",
    ),
    405: ("Cara membuka halaman ini salah", "Buka lewat menu atau tombol di halaman sebelumnya."),
    413: (
        "Berkas terlalu besar",
        "Batasnya 10 MB, atau 30 MB untuk foto satu kunjungan. Perkecil atau pisahkan berkasnya, "
        "lalu unggah lagi: tabel per bulan, pindaian dengan mutu lebih rendah, foto beberapa saja.",
    ),
    500: (
        "Ada yang tidak beres di pihak kami",
        "Tidak ada yang tersimpan setengah jadi. Ulangi sebentar lagi; bila tetap terjadi, "
        "sampaikan nomor tiket ini kepada administrator.",
    ),
    503: (
        "Sistem sedang sibuk",
        "Permintaan Anda belum dikerjakan karena orang lain sedang menulis ke buku yang sama. "
        "Tidak ada data yang hilang dan tidak ada yang tersimpan setengah jadi. Tunggu sebentar, "
        "lalu kirim sekali lagi; bila terus terjadi, sampaikan nomor tiket ini kepada "
        "administrator.",
    ),
    AWAY: (
        "Basis data tidak dapat dihubungi",
        "Tidak ada yang tersimpan setengah jadi, dan yang sudah dibukukan tetap utuh. Tunggu "
        "sebentar, lalu kirim sekali lagi: yang ternyata sudah tersimpan tidak tercatat dua kali. "
        "Bila terus terjadi, sampaikan nomor tiket ini kepada administrator.",
    ),
    507: (
        "Penyimpanan penuh",
        "Yang baru Anda kirim tidak dapat disimpan karena tempat penyimpanan di peladen habis. "
        "Tidak ada yang tersimpan setengah jadi, dan yang sudah dibukukan tetap utuh. Sampaikan "
        "nomor tiket ini kepada administrator supaya tempatnya ditambah, lalu kirim sekali lagi.",
    ),
}
TROUBLES = {Trouble.BUSY: 503, Trouble.FULL: 507}
RETRY_AFTER = {503: {"Retry-After": "5"}}  # whoever waits for a lock has waited for seconds already


def _page(
    code: int, title: str, text: str, ticket: str | None = None, refused_as: str | None = None
) -> tuple[str, int]:
    body = render_template(
        "error.html",
        code=code,
        title=title,
        text=text,
        ticket=ticket,
        refused_as=refused_as,
        back_url=back_path(),
    )
    return body, code


def ask_no_database() -> None:
    """Show the page of this request as to somebody who is not signed in: who is, and the menu,
    would be read from the database."""
    g.unfit = True
    g._login_user = AnonymousUserMixin()  # where Flask-Login keeps whom it has found


def _crash_page(what: int | str, ticket: str) -> tuple[str, int, dict[str, str]]:
    """The page with its menu when the database still answers, else without one. It only reads, so
    it waits for nobody and needs no room."""
    title, text = TEXTS[what]
    code = 503 if what == AWAY else int(what)
    set_writing(False)
    try:
        body, _ = _page(code, title, text, ticket=ticket)
    except SQLAlchemyError:
        ask_no_database()
        body, _ = _page(code, title, text, ticket=ticket)
    return body, code, RETRY_AFTER.get(code, {})


def register(app: Flask) -> None:
    """Hang the error pages on `app`."""

    @app.teardown_appcontext
    def end(_: BaseException | None) -> None:
        """Whoever has got an answer keeps it, although the connection that it was read by is gone
        by now. What was written was committed before."""
        if not db.session.registry.has():
            return
        try:
            db.session().close()
        except SQLAlchemyError:
            db.session().invalidate()

    @app.errorhandler(HTTPException)
    def on_http(error: HTTPException) -> tuple[str, int]:
        code = error.code or 500
        title, text = TEXTS.get(code, TEXTS[400] if code < 500 else TEXTS[500])
        return _page(code, title, text, refused_as=g.get("refused_as"))

    @app.errorhandler(CSRFError)
    def on_csrf(error: CSRFError) -> tuple[str, int]:
        return _page(
            400,
            "Formulir ini sudah lama terbuka",
            "Belum ada yang disimpan. Tekan Kembali, masuk lagi bila diminta, periksa isian, "
            "lalu kirim sekali lagi.",
        )

    @app.errorhandler(Refused)
    def on_refused(error: Refused) -> tuple[str, int]:
        db.session.rollback()
        return _page(409, "Tidak dapat dilakukan", error.sentence)

    @app.errorhandler(InternalServerError)
    def on_crash(error: InternalServerError) -> tuple[str, int, dict[str, str]]:
        ticket = secrets.token_hex(4).upper()
        cause = error.original_exception or error
        what = AWAY if is_away(cause) else TROUBLES.get(trouble_of(cause), 500)
        log.error("crash", ticket=ticket, path=request.path, code=what, exc_info=cause)
        with suppress(SQLAlchemyError):
            db.session.rollback()  # PostgreSQL answers nothing more in a transaction that failed
        return _crash_page(what, ticket)
