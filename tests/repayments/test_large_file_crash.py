"""A worker that is killed in the middle of checking or posting a large file: nothing is half done,
and the next worker goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from tests import factories
from tests.factories import Client
from tests.repayments.test_check_upload import booked, shown_on
from tests.repayments.test_large_files import (
    large_files,
    running_portfolio,
    send,
    submitted,
    text,
    upload,
    work,
)
from wibawa.access.models import TrailEntry
from wibawa.database import db
from wibawa.jobs import runner
from wibawa.jobs.models import Job
from wibawa.uploads.models import UploadProblem

__all__ = ["large_files", "running_portfolio", "work"]

ROOT = Path(__file__).resolve().parent.parent.parent
# A worker in a process of its own that dies without a word at the named moment.
DYING = """
import os, sys
from threading import Event
from tests.conftest import make_app
from wibawa.jobs import actions, runner
from wibawa.repayments import actions as repayments, jobs
from wibawa.uploads import actions as files

url, step = sys.argv[1:]
real, read, finish = repayments.bulk_insert, jobs.read_repayments, actions.finish
def dies(session, table, *rest):
    if table == step:
        os._exit(9)
    real(session, table, *rest)
    if step == "after " + table:
        os._exit(9)
def reads(*args, **named):
    if step == "reading":
        os._exit(9)
    return read(*args, **named)
def finishes(*args):
    finish(*args)
    if step == "before commit":
        os._exit(9)
repayments.bulk_insert = files.bulk_insert = dies
jobs.read_repayments, actions.finish = reads, finishes
runner.run_one(make_app(url), Event())
os._exit(9 if step == "after commit" else 0)
"""


def killed_at(step: str, url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DYING, url, step],
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 9, f"it did not die at {step}"


@pytest.mark.parametrize(
    ("step", "status"),
    [
        pytest.param("reading", "reading", marks=pytest.mark.soak),
        pytest.param("after upload_problems", "reading", marks=pytest.mark.soak),
        ("before commit", "reading"),
        pytest.param("after commit", "clean", marks=pytest.mark.soak),
    ],
)
def test_a_check_whose_worker_is_killed_is_done_by_the_next_one(
    app: Flask, sign_in: Callable[[str], Client], work: Callable[[], None], database_url: str,
    clock: time_machine.Traveller, step: str, status: str,
) -> None:  # fmt: skip
    officer = sign_in("pasar")
    url = send(officer)
    killed_at(step, database_url)
    assert upload(app, url).status == status
    if status == "reading":
        hold_runs_out(app)
        assert not runner_has_work(app), "its hold has not run out before"
    clock.shift(180)
    work()
    assert upload(app, url).status == "clean"
    assert "Siap diajukan" in text(officer, url)
    assert problems(app, url) == upload(app, url).notice_count
    assert booked(app) == (0, 0)


@pytest.mark.parametrize(
    ("step", "before"),
    [
        pytest.param("reading", 0, marks=pytest.mark.soak),
        pytest.param("ledger_entries", 0, marks=pytest.mark.soak),
        ("after ledger_entries", 0),
        pytest.param("after payment_matches", 0, marks=pytest.mark.soak),
        ("before commit", 0),
        pytest.param("after commit", 96, marks=pytest.mark.soak),
    ],
)
def test_a_posting_whose_worker_is_killed_is_done_once_by_the_next_one(
    app: Flask, sign_in: Callable[[str], Client], work: Callable[[], None], database_url: str,
    clock: time_machine.Traveller, step: str, before: int,
) -> None:  # fmt: skip
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = submitted(officer, work)
    staff.post(f"{url}/bukukan", data={"shown": shown_on(text(staff, url))})
    killed_at(step, database_url)
    assert booked(app)[0] == before
    if not before:
        hold_runs_out(app)
        assert upload(app, url).status == "submitted"
        assert "Pembukuan berkas" in text(staff, url)
    clock.shift(180)
    work()
    assert booked(app) == (96, 52_022_819)
    assert "Berkas sudah dibukukan" in text(officer, url)
    with app.app_context():
        lines = (
            select(func.count()).select_from(TrailEntry).where(TrailEntry.action == "file_posted")
        )
        assert db.session.scalar(lines) == 1
        db.session.remove()


def hold_runs_out(app: Flask) -> None:
    """The killed process lived by the real clock; its hold ends two minutes after the test's."""
    at = Job.asked_at
    factories.saved(
        app,
        lambda s: s.execute(
            update(Job).where(Job.state == "running").values(
                lease_until=s.scalar(select(at).order_by(Job.id.desc()).limit(1))
                + runner.known_kinds()["repayments_check"].silence
            )
        ),
    )  # fmt: skip


def runner_has_work(app: Flask) -> bool:
    return runner.run_one(app, Event())


def problems(app: Flask, url: str) -> int:
    number = upload(app, url).id
    with app.app_context():
        query = select(func.count()).select_from(UploadProblem)
        count = db.session.scalar(query.where(UploadProblem.upload_id == number))
        db.session.remove()
    return int(count or 0)
