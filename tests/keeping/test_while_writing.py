"""A backup while many people write: each one comes back with every law of the books kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH, dispose, make_app
from tests.keeping.conftest import app_at
from tests.trouble.office import BUSY, broken, faults, furnish
from tests.trouble.writers import ROWS, SAME_TOTAL
from wibawa.database import db, reading
from wibawa.keeping.backups import Made, backup
from wibawa.keeping.restoring import restore
from wibawa.loans.models import LedgerEntry, LoanRequest
from wibawa.loans.undone import is_reversed
from wibawa.uploads.models import Upload

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = 99  # more than anybody comes to: they go home when the backups are made
ALONE = 2  # files of the one who writes before the others begin


@contextmanager
def writing_people(
    url: str, writers: int, rest: float, folder: Path
) -> Iterator[Callable[[], Any]]:
    """People who write as long as the block lasts; it is given how to see that they still do. What
    they were answered is looked at when they have gone home."""
    home, told = folder / "pulang", folder / "jawaban.json"
    command = [sys.executable, "-W", "ignore", "-m", "tests.trouble.writers", url, str(writers),
               str(ROUNDS), str(rest), str(home)]  # fmt: skip
    with told.open("w") as out, subprocess.Popen(command, cwd=ROOT, stdout=out) as running:
        try:
            yield running.poll
        finally:
            home.touch()
            running.wait()
    assert running.returncode == 0
    found = json.loads(told.read_text())
    answers = {(status, title): times for status, title, times in found["answers"]}
    assert set(faults(list(answers))) <= {BUSY}, (
        "nobody saw more than a page that asks for patience"
    )
    assert found["did"]["failed"] == 0
    print(f"{writers} writers, {sum(answers.values())} pages, {answers.get(BUSY, 0)} of them busy: "
          f"{found['did']}")  # fmt: skip


def backed_up_meanwhile(url: str, folder: Path, writers: int, rest: float, many: int) -> list[Made]:
    """So many backups, one after the other, each when somebody has booked again."""
    made: list[Made] = []
    app = make_app(url)
    with writing_people(url, writers, rest, folder) as ended, app.app_context():
        while ended() is None and _count(db.session(), Upload) <= ALONE:
            time.sleep(0.1)
        entries = -1
        while ended() is None and len(made) < many:
            if _count(db.session(), LedgerEntry) == entries:
                time.sleep(0.02)
                continue
            entries = _count(db.session(), LedgerEntry)
            made.append(backup(db.engine, folder / f"{len(made):04d}.zip"))
    dispose(app)
    return made


def _count(session: Session, table: type) -> int:
    with reading():
        found = session.scalar(select(func.count()).select_from(table))
        session.rollback()
    return int(found or 0)


def halves(session: Session) -> list[str]:
    """What is half there: of a file a part of its rows, of an undoing a part of its entries, an
    approved payment without its entry. A file has 36 rows of 1.000 to 1.035: 36.630."""
    money = LedgerEntry.kind == "repayment"
    files = session.execute(
        select(
            Upload.id, Upload.status, Upload.reversed_at,
            func.count(case((money, 1))),
            func.coalesce(func.sum(case((money, LedgerEntry.amount))), 0),
            func.count(case((money & is_reversed(LedgerEntry), 1))),
        )
        .outerjoin(LedgerEntry, LedgerEntry.upload_id == Upload.id)
        .where(Upload.kind == "repayments")
        .group_by(Upload.id, Upload.status, Upload.reversed_at)
    )  # fmt: skip
    found = []
    for number, status, undone, rows, total, back in files:
        whole = (ROWS, SAME_TOTAL) if status == "posted" else (0, 0)
        if (rows, total, back) != (*whole, ROWS if undone else 0):
            found.append(f"file {number}: {status}, {rows} rows, {total}, {back} undone")
    approved = session.scalar(
        select(func.count()).where(LoanRequest.kind == "payment", LoanRequest.status == "approved")
    )
    by_hand = session.scalar(select(func.count()).where(money, LedgerEntry.upload_id.is_(None)))
    if approved != by_hand:
        found.append(f"{approved} payments by hand approved, {by_hand} booked")
    return found


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@pytest.mark.parametrize(
    ("writers", "rest", "many"), [(2, 0, 2), pytest.param(16, 8, 40, marks=pytest.mark.soak)]
)
def test_backups_made_while_people_write_come_back_and_keep_every_law(
    app: Flask,
    people: dict[str, int],
    database_url: str,
    empty: Callable[[str], str],
    engine_name: str,
    tmp_path: Path,
    writers: int,
    rest: float,
    many: int,
) -> None:
    factories.saved(app, lambda session: furnish(session, people))
    made = backed_up_meanwhile(database_url, tmp_path, writers, rest, many)
    rows = [each.manifest.rows for each in made]
    assert len(made) == many
    assert rows == sorted(rows), "books only grow"
    assert len(set(rows)) > many // 2, "somebody wrote meanwhile"
    for each in made if many == 40 else made[-1:]:
        with app_at(empty(engine_name)) as again, again.app_context():
            assert restore(db.engine, each.path).manifest.rows == each.manifest.rows
            with reading():
                assert broken(db.session()) == [], each.path.name
                assert halves(db.session()) == [], each.path.name
                db.session.remove()
        print(f"{each.path.name}: {each.manifest.rows} rows, whole")
