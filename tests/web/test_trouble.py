"""A database that is busy or whose disk is full is answered in words on both engines, and what was
being sent goes through when it is sent again."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from tests import factories
from tests.conftest import MASTERS
from tests.trouble.hindered import busy, full
from wibawa.access.guard import public
from wibawa.database import db, is_away
from wibawa.uploads.models import Upload

SignIn = Callable[[str], factories.Client]
Hinder = Callable[[Flask], AbstractContextManager[None]]
HEAD = b"Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\r\n"
# More than fits beside what the pages of a database hold already.
FILE = HEAD + b"".join(
    b"'02000000%05d;Siti;15-11-2026;220.833,00;R%d\r\n" % (n, n) for n in range(99)
)


@pytest.fixture
def officer(app: Flask, sign_in: SignIn) -> factories.Client:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return sign_in("pasar")


def send(officer: factories.Client) -> tuple[int, str, str | None]:
    """Status, words and `Retry-After` of the answer to an uploaded file."""
    answer = officer.post("/angsuran/berkas/baru", data={"file": (io.BytesIO(FILE), "a.csv")})
    words = re.sub(r"<[^>]+>|\s+", " ", answer.get_data(as_text=True).split("<main")[-1])
    return answer.status_code, re.sub(" +", " ", words), answer.headers.get("Retry-After")


def files(app: Flask) -> int:
    with app.app_context():
        found = db.session.scalar(select(func.count()).select_from(Upload))
        db.session.remove()
    return int(found or 0)


@pytest.mark.parametrize(
    ("hinder", "status", "again", "said"),
    [
        (
            busy, 503, "5",
            ("Sistem sedang sibuk", "orang lain sedang menulis", "belum dikerjakan",
             "tidak ada yang tersimpan setengah jadi", "Tunggu sebentar, lalu kirim sekali lagi"),
        ),
        (
            full, 507, None,
            ("Penyimpanan penuh", "tempat penyimpanan di peladen habis", "tidak dapat disimpan",
             "Tidak ada yang tersimpan setengah jadi", "yang sudah dibukukan tetap utuh",
             "supaya tempatnya ditambah, lalu kirim sekali lagi"),
        ),
    ],
    ids=["busy", "full"],
)  # fmt: skip
def test_who_sends_a_file_to_a_hindered_database_is_told_what_happened_and_what_to_do(
    app: Flask,
    officer: factories.Client,
    hinder: Hinder,
    status: int,
    again: str | None,
    said: tuple[str, ...],
) -> None:
    with hinder(app):
        code, words, retry_after = send(officer)
        assert (code, retry_after) == (status, again)
        assert [part for part in said if part not in words] == []
        assert re.search(r"Nomor tiket: [0-9A-F]{8}\b", words)
        assert not re.search(r"locked|full|sqlite|psycopg|Error|Traceback", words)
        assert officer.get("/angsuran/berkas").status_code == 200, "what is there can be read"
    assert files(app) == 0
    assert send(officer)[0] == 302
    assert files(app) == 1


def test_without_a_free_connection_the_page_still_says_that_it_is_busy(
    app: Flask, officer: factories.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows no menu then: who is signed in stands in the database too."""
    with app.app_context():
        pool = db.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0)  # the clock stands still
    taken = [pool.connect() for _ in range(15)]
    try:
        code, words, retry_after = send(officer)
    finally:
        for each in taken:
            each.close()
    assert (code, retry_after) == (503, "5")
    assert "Sistem sedang sibuk" in words
    assert send(officer)[0] == 302


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_while_the_database_is_away_the_page_says_so_and_afterwards_all_goes_on(
    app: Flask, officer: factories.Client, postgres_url: str
) -> None:
    with app.app_context():
        name = db.engine.url.database
    assert officer.get("/angsuran/berkas").status_code == 200
    master = MASTERS[postgres_url]
    ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    master.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # type: ignore[call-overload]
    master.execute(ends, (name,))
    for _ in range(2):  # the connection that broke, and none to be had
        code, words, retry_after = send(officer)
        assert (code, retry_after) == (503, "5")
        assert "Basis data tidak dapat dihubungi" in words
        assert "tidak tercatat dua kali" in words
    master.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")  # type: ignore[call-overload]
    assert send(officer)[0] == 302
    assert files(app) == 1


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_an_answer_that_is_ready_is_given_although_the_database_went_away_by_then(
    app: Flask, postgres_url: str
) -> None:
    @public
    def late() -> str:
        pid = db.session.scalar(text("SELECT pg_backend_pid()"))
        MASTERS[postgres_url].execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        return "<!doctype html><title>siap</title>"

    app.add_url_rule("/uji", "late", late)
    answer = FlaskClient(app).get("/uji")
    assert answer.status_code == 200
    assert FlaskClient(app).get("/healthz").status_code == 200


def test_what_the_driver_says_itself_while_rows_are_copied_is_known_as_well() -> None:
    assert is_away(psycopg.OperationalError("consuming input failed"))
    assert is_away(psycopg.errors.AdminShutdown("terminating connection"))
    assert not is_away(psycopg.errors.LockNotAvailable("canceling statement"))
    assert not is_away(sqlite3.OperationalError("no such table"))
    assert not is_away(ValueError("consuming input failed"))
