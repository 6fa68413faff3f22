"""What the command line does stands in the trail too, under a name that cannot sign in."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade
from sqlalchemy import select

from tests import factories
from tests.commands.conftest import JATENG_FILE, PORTFOLIO, CommandLine
from tests.commands.test_import_register import _register_file
from tests.conftest import dispose, make_app
from tests.siumi.files import JOKO, SITI
from wibawa import schema
from wibawa.access.models import TrailEntry, User
from wibawa.database import db, writing
from wibawa.keeping.upgrading import bring_up
from wibawa.loans.models import Loan

Line = tuple[str, str, str]


def lines(app: Flask) -> list[Line]:
    """(deed, object, detail) of every line that the command line left, in order."""
    query = (
        select(TrailEntry.action, TrailEntry.object_kind, TrailEntry.detail)
        .join(User, User.id == TrailEntry.user_id)
        .where(User.username == "baris-perintah")
        .order_by(TrailEntry.id)
    )
    with app.app_context():
        found = [(row[0], row[1], row[2]) for row in db.session.execute(query)]
        db.session.remove()
    return found


def test_a_new_user_and_the_line_about_it_come_together(run: CommandLine, app: Flask) -> None:
    words = ("user", "add", "rina", "--name", "Rina Wati", "--role", "auditor", "--one-time")
    run(*words)
    told = ("user_added", "user", "rina")
    assert lines(app) == [told]
    run(*words, code=1)
    assert lines(app) == [told], "who was refused was not added"


def test_what_is_loaded_stands_in_the_trail_and_what_is_only_checked_does_not(
    run: CommandLine, app: Flask, tmp_path: Path
) -> None:
    register = _register_file(tmp_path, SITI, JOKO)
    run("import", "portfolio", PORTFOLIO)
    run("import", "portfolio", PORTFOLIO)
    run("import", "repayments", JATENG_FILE, "--bank", "JATENG", "--check")
    run("import", "repayments", JATENG_FILE, "--bank", "JATENG")
    run("import", "register", register, "--check")
    run("import", "register", register)
    assert [line[:2] for line in lines(app)] == [
        ("portfolio_imported", ""),
        ("file_posted", "upload"),
        ("register_applied", "upload"),
    ]


@pytest.mark.parametrize(
    ("words", "detail"),
    [
        (("report", "portfolio", "--on", "2026-10-31"), "Portofolio per bank 31 Oktober 2026"),
        (("report", "indicators", "--year", "2027"), "Indikator 2027"),
        (("report", "portofolio", "--on", "2026-10-31", "--bank", "JATENG"), "31 Oktober 2026"),
    ],
)
def test_a_report_says_in_the_trail_what_was_taken(
    loaded: CommandLine, app: Flask, words: tuple[str, ...], detail: str
) -> None:
    before = len(lines(app))
    loaded(*words)
    ((action, kind, said),) = lines(app)[before:]
    assert (action, kind) == ("list_exported", "report")
    assert detail in said


def test_printed_schedules_and_chains_stand_in_the_trail(
    loaded: CommandLine, app: Flask, tmp_path: Path
) -> None:
    with app.app_context():
        number = db.session.scalar(select(Loan.number).limit(1))
        db.session.remove()
    before = len(lines(app))
    loaded("print", "schedule", number, "--out", tmp_path / "satu.pdf")
    loaded("print", "schedules", "--bank", "PASAR", "--out", tmp_path / "semua.pdf")
    loaded("chain", "export", "--bank", "PASAR", "--out", tmp_path / "rantai.txt")
    told = lines(app)[before:]
    assert [line[:2] for line in told] == [
        ("schedule_printed", "loan"),
        ("schedules_printed", "bank"),
        ("chain_exported", "chain_list"),
    ]
    assert told[2][2].startswith("PASAR, sampai nomor ")
    loaded("print", "schedule", "KW-999999", "--out", tmp_path / "tiada.pdf", code=1)
    assert len(lines(app)) == before + 3, "what was not printed left no line"


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_backup_and_its_return_stand_in_the_trail_of_the_books_they_concern(
    loaded: CommandLine, app: Flask, tmp_path: Path
) -> None:
    before = len(lines(app))
    sha256 = loaded.json("backup", tmp_path / "a.zip")["sha256"]
    ((action, _, said),) = lines(app)[before:]
    assert action == "backup_made"
    assert sha256 in said
    back = make_app(f"sqlite:///{tmp_path / 'kembali.sqlite3'}")
    CommandLine(lambda: back)("restore", tmp_path / "a.zip")
    assert lines(back)[before][0] == "books_restored"
    assert "a.zip" in lines(back)[before][2]
    dispose(back)
    url = f"sqlite:///{tmp_path / 'pindah.sqlite3'}"
    loaded("move", url)
    there = make_app(url)
    assert lines(there)[-1][0] == "books_moved"
    dispose(there)
    assert len(lines(app)) == before + 1, "where the books came from nothing was done"


def test_an_upgrade_stands_in_the_trail_and_so_does_the_making_of_a_new_database(
    app: Flask, people: dict[str, int], tmp_path: Path
) -> None:
    factories.two_banks(app, people)
    head = schema.head_revision()
    old = f"{int(head) - 1:04d}"
    with app.app_context(), writing():
        downgrade(revision=old)
        db.session.remove()
        bring_up(db.engine, tmp_path)
    assert lines(app)[-1] == (
        "schema_upgraded",
        "",
        f"Dari versi {old} ke {head}",
    )
    fresh = make_app(f"sqlite:///{tmp_path / 'baru.sqlite3'}")
    CommandLine(lambda: fresh)("upgrade")
    made = ("schema_upgraded", "", f"Dibuat baru, versi {head}")
    assert lines(fresh) == [made]
    CommandLine(lambda: fresh)("upgrade")
    assert lines(fresh) == [made]
    dispose(fresh)
