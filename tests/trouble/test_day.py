"""Two app processes and a worker on one database, any of them killed at any time during a day at
the office: nothing is lost, nothing comes twice."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.trouble.office import broken, furnish, money
from wibawa.applications.models import Application
from wibawa.database import db
from wibawa.decisions.models import BankDecision
from wibawa.jobs import runner
from wibawa.jobs.models import Job
from wibawa.keeping.archive import opened
from wibawa.keeping.jobs import BackupJob
from wibawa.keeping.models import Backup
from wibawa.letters.models import IssuedPaper
from wibawa.loans.models import Loan, LoanRequest

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = int(os.environ.get("WIBAWA_DAY_SECONDS", "600"))


NEW = select(Loan).where(Loan.agreement_number.like("PK/%/2026"))


def deeds_of(session: Session) -> dict[str, int]:
    """What the books hold of each deed that a desk counts, beside what they were furnished with."""
    approved = select(LoanRequest).where(LoanRequest.status == "approved")
    counted = {
        "loans applied for": select(Application),
        "loans approved by the bank": select(BankDecision),
        "loans": NEW,
        "payments": approved.where(LoanRequest.kind == "payment"),
        "undone": approved.where(LoanRequest.kind == "reversal"),
        "schedules": select(IssuedPaper).where(IssuedPaper.kind == "schedule"),
    }
    found = {
        name: session.scalar(select(func.count()).select_from(rows.subquery())) or 0
        for name, rows in counted.items()
    }
    lent = NEW.with_only_columns(func.sum(Loan.principal))
    return found | {"lent": int(session.scalar(lent) or 0)}


@pytest.mark.soak
@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_day_with_processes_killed_at_any_time_loses_and_doubles_nothing(
    app: Flask,
    people: dict[str, int],
    database_url: str,
    tmp_path: Path,
    clock: time_machine.Traveller,
) -> None:
    factories.saved(app, lambda session: furnish(session, people))
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.trouble.day", database_url, str(tmp_path),
         str(SECONDS), "7"],
        check=False, timeout=SECONDS + 300, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout)
    print(run.stdout)
    assert found["wrong"] == []
    assert all(found["killed"]), "each of them was killed"
    assert found["told"]["most"] <= 1, "at most one page that asks to press again"
    # What the last killed worker held waits until that one has been silent for long enough.
    clock.move_to(dt.datetime.fromisoformat(found["ended_at"]) + 2 * BackupJob.silence)
    runner.work(app, Event(), until_idle=True)
    did = found["did"]
    with app.app_context():
        books = money(db.session())
        assert (books["received"], books["files"]) == (did["received"], did["files"])
        for name, how_many in deeds_of(db.session()).items():
            assert how_many == did.get(name.partition(" ")[0], 0), name
        assert broken(db.session()) == []
        backups = select(Job.state, func.count()).where(Job.kind == BackupJob.code)
        counted = db.session.execute(backups.group_by(Job.state))
        states = {row[0]: row[1] for row in counted}
        assert sum(states.values()) == did["backups"]
        assert set(states) <= {"done", "failed"}, states
        made = db.session.scalars(select(Backup.file).where(Backup.removed_at.is_(None))).all()
        assert db.session.scalar(select(func.count()).select_from(Backup)) == states["done"]
    for path in made:
        with opened(Path(path)) as reader:
            reader.check()
