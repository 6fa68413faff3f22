from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, note_own_try
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.access.trail import record_apart
from wibawa.database import db
from wibawa.indicators.counted.forms import RULE_SLUGS
from wibawa.indicators.inputs.queries import KIND_WORDS
from wibawa.indicators.locks import actions, queries
from wibawa.indicators.locks.forms import LockForm, ReasonForm
from wibawa.indicators.locks.queries import Lock
from wibawa.indicators.queries import IndicatorFigure, figures_now, kept_figures, slug
from wibawa.reconciliation.letter import grouped
from wibawa.rules.indicators import KINDS_WORDS, RULE_WORDS, UNIT_WORDS, Kinds, Rule, Unit
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import MOST_IN_FILE, fitting

Answer = str | AnyResponse | tuple[str, int]
FIRST_YEAR, LAST_YEAR = 2017, 2100
SHOWN_AT_ONCE = 200
HEADINGS = ("Bagian", "Kode", "Uraian", "Target", "Realisasi", "Rasio capaian (%)", "Pembilang",
            "Penyebut", "Keadaan", "Versi definisi", "Sumber")  # fmt: skip
MOVED_HEADINGS = ("Varian", "Perubahan", "Nomor pinjaman", "Nomor peminjam")
WORDS: dict[str, Any] = {
    "rules": list(Rule),
    "kinds": list(Kinds),
    "units": list(Unit),
    "rule_words": RULE_WORDS,
    "kinds_words": KINDS_WORDS,
    "unit_words": UNIT_WORDS,
    "grouped": grouped,
}


def _year(year: int) -> int:
    return year if FIRST_YEAR <= year <= LAST_YEAR else not_found("indicator_year", year)


@needs(Permission.SEE_INDICATORS)
def lock(year: int) -> str:
    return _page(_year(year))


def _page(year: int, form: Any = None, loose: str = "") -> str:
    session, today = db.session(), clock.today()
    locks = queries.locks_of(session, year)
    current = next((each for each in locks if each.in_force), None)
    waiting = queries.waiting_request(session, year)
    # A locked year needs none: it takes a look at every loan.
    document = None if current else actions.document_now(session, year)[0]
    turn = ""
    try:
        actions.check_over(year, today)
    except Refused as refused:
        turn = refused.sentence
    moved, count = queries.moved(session, current, SHOWN_AT_ONCE) if current else ([], 0)
    return render_template(
        "indicators/lock.html",
        year=year,
        current=current,
        locks=locks,
        requests=queries.requests_of(session, year),
        waiting=waiting,
        turn=turn,
        document=document,
        shown=actions.shown(document) if document else "",
        differences=_differences(year, current),
        moved=moved,
        moved_count=count,
        mine=waiting is not None and waiting.by_id == me().id,
        sees_people=me().may(Permission.SEE_BORROWERS),
        form=form,
        loose=[(loose, None)] if loose else [],
        key=once.new_key,
        slug=slug,
        figures=kept_figures(document, 0) if document else [],
        **WORDS,
    )


def _differences(year: int, current: Lock | None) -> list[tuple[IndicatorFigure, IndicatorFigure]]:
    """(locked, recomputed) of the figures that would be others today."""
    if current is None:
        return []
    locked = kept_figures(current.document, 0)
    now = {each.code: each for each in figures_now(db.session(), [year], current.span.last)}
    return [(each, now[each.code]) for each in locked if _said(each) != _said(now[each.code])]


def _said(figure: IndicatorFigure) -> tuple[Any, ...]:
    return figure.realised, figure.numerator, figure.denominator, figure.target, figure.version


def _version(year: int, version: int) -> Lock:
    locks = queries.locks_of(db.session(), year)
    found = next((each for each in locks if each.version == version), None)
    return found or not_found("year_lock", year)


@needs(Permission.SEE_INDICATORS)
def locked_year(year: int, version: int) -> str:
    """Only what was kept: the page says the same whatever is booked later."""
    kept = _version(year, version)
    return render_template(
        "indicators/locked_year.html",
        lock=kept,
        document=kept.document,
        figures=kept_figures(kept.document, version),
        sees_people=me().may(Permission.SEE_BORROWERS),
        **WORDS,
    )


@needs(Permission.SEE_INDICATORS)
def export_lock(year: int, version: int, kind: str) -> Response:
    """A locked year as a workbook, or its canonical bytes; always the same."""
    kept = _version(year, version)
    record_apart(clock.now(), me().id, "list_exported", "year_lock", kept.id)
    name = f"indikator-{year}-kunci-{version}"
    if kind == "json":
        out = io.BytesIO(kept.data)
        return send_file(out, "application/json", as_attachment=True, download_name=f"{name}.json")
    notes = [
        f"Diusulkan {kept.requested_by}, dikunci {kept.locked_by} {moment(kept.locked_at)} WIB",
        f"Sidik dokumen {kept.data_hash}",
        f"Sidik daftar pinjaman {kept.document['members_sha256']}",
    ]
    title = f"Indikator {year}, kunci versi {version}"
    return list_file("xlsx", name, title, HEADINGS, _rows(kept), notes, kept.locked_at)


def _hundredths(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-2)


def _rows(kept: Lock) -> list[tuple[Value, ...]]:
    rows: list[tuple[Value, ...]] = [
        (
            "Indikator", each.code, each.name, _hundredths(each.target), _hundredths(each.realised),
            _hundredths(each.ratio), each.numerator, each.denominator, each.status_words,
            each.version, each.source,
        )
        for each in kept_figures(kept.document, kept.version)
    ]  # fmt: skip
    words = {rule: word for word, rule in RULE_SLUGS.items()}
    for rule in Rule:
        counted = kept.document["counts"].get(rule.value)
        for unit in Unit:
            for kinds in Kinds:
                count = counted[unit.value][kinds.value] if counted else None
                said = "" if counted else "belum ada data"
                what = f"{RULE_WORDS[rule]}, {KINDS_WORDS[kinds].lower()}"
                rows.append(("Varian", words[rule], f"{what}: {UNIT_WORDS[unit].lower()}", None,
                             None, None, count, None, said, None, ""))  # fmt: skip
    rows += [("Masukan", KIND_WORDS[each["kind"]].lower(), each["name"], None, None, None,
              each["count"], None, "", each["version"], each["source"])
             for each in kept.document["inputs"]]  # fmt: skip
    return rows


@needs(Permission.SEE_BORROWERS)
def export_moved(year: int, kind: str) -> Response:
    current = queries.locks_in_force(db.session(), [year]).get(year)
    moved, count = queries.moved(db.session(), current, MOST_IN_FILE + 1) if current else ([], 0)
    rows: list[tuple[Value, ...]] = [
        (RULE_WORDS[each.rule], "masuk" if each.came else "keluar", each.number, each.borrower_id)
        for each in fitting(moved, lambda: count)
    ]
    notes = [
        f"Terhadap kunci versi {current.version}, sidik {current.data_hash}" if current
        else f"Tahun {year} tidak dikunci",
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]  # fmt: skip
    record_apart(clock.now(), me().id, "list_exported", "year_difference", year)
    return list_file(kind, f"selisih-{year}", f"Selisih {year}", MOVED_HEADINGS, rows, notes)


@needs(Permission.MANAGE_FIGURES)
def request_lock(year: int) -> Answer:
    form = LockForm()
    if not form.validate():
        return _page(_year(year), form, " ".join(form.note.errors)), 422
    note = " ".join((form.note.data or "").split())

    def deed() -> int:
        seen = form.shown.data or ""
        return actions.ask_to_lock(db.session(), year, seen, note, me().id, clock.now())

    return _done(year, "request_lock", deed, "Penguncian diusulkan dan menunggu kepala bidang.")


@needs(Permission.MANAGE_FIGURES)
def request_unlock(year: int) -> Answer:
    form = ReasonForm()
    if not form.validate():
        return _page(_year(year), form, " ".join(form.reason.errors)), 422
    reason = " ".join(form.reason.data.split())

    def deed() -> int:
        return actions.ask_to_unlock(db.session(), year, reason, me().id, clock.now())

    return _done(year, "request_unlock", deed, "Pembukaan kunci diusulkan.")


def _about_to_approve(year: int) -> Deed:
    waiting = queries.waiting_request(db.session(), _year(year))
    opens = waiting is not None and waiting.kind == "unlock"
    deed = "Membuka kunci" if opens else "Mengunci"
    asked = [("Diusulkan oleh", waiting.by)] if waiting else []
    return Deed(f"{deed} angka indikator tahun {year}", asked)


@needs(Permission.APPROVE_FIGURES)
@proven(_about_to_approve)
def approve_lock(year: int) -> Answer:
    seen = request.form.get("shown", "")

    def deed() -> int:
        return actions.approve(db.session(), year, seen, me().id, clock.now())

    return _done(year, "approve_lock", deed, f"Usulan tahun {year} disetujui.")


@needs(Permission.APPROVE_FIGURES)
def refuse_lock(year: int) -> Answer:
    form = ReasonForm()
    if not form.validate():
        return _page(_year(year), form, " ".join(form.reason.errors)), 422
    reason = " ".join(form.reason.data.split())

    def deed() -> int:
        return actions.refuse(db.session(), year, reason, me().id, clock.now())

    return _done(year, "refuse_lock", deed, "Usulan ditolak. Alasannya terlihat oleh pengusulnya.")


def _done(year: int, name: str, deed: Callable[[], int], said: str) -> Answer:
    """Do `deed` once for this form, then show the year again."""
    session, what = db.session(), f"{name} {_year(year)}"
    try:
        _, first = once.do_once(
            session, request.form, request.full_path, me().id, what, clock.now(), deed
        )
        session.commit()
    except Refused as refused:
        session.rollback()
        note_own_try(refused, "indicator_year", year)
        return _page(year, loose=refused.sentence), 409
    flash(said if first else "Sudah tersimpan sebelumnya.", "success")
    return redirect(url_for("indicators.lock", year=year))


READ, SENT = ["GET"], ["POST"]
ONE = "/indikator/kunci/<int:year>"
URLS: tuple[tuple[str, Any, list[str]], ...] = (
    (ONE, lock, READ),
    (f"{ONE}/versi/<int:version>", locked_year, READ),
    (f"{ONE}/versi/<int:version>/ekspor.<any(xlsx, json):kind>", export_lock, READ),
    (f"{ONE}/selisih.<any(xlsx, csv):kind>", export_moved, READ),
    (f"{ONE}/usulkan", request_lock, SENT),
    (f"{ONE}/usulkan-buka", request_unlock, SENT),
    (f"{ONE}/setujui", approve_lock, SENT),
    (f"{ONE}/tolak", refuse_lock, SENT),
)
