"""kill -9 at any moment: no job is lost, none is done twice, none hangs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.jobs.kinds import ask
from wibawa.access.models import TrailEntry
from wibawa.database import db
from wibawa.jobs import actions
from wibawa.jobs.models import MOST_TRIES, Job, JobResult

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("kills", "jobs"), [(6, 10), pytest.param(300, 400, marks=pytest.mark.soak)]
)
def test_workers_that_are_killed_leave_every_job_done_once_or_failed_in_words(
    office: Flask,
    people: dict[str, int],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    kills: int,
    jobs: int,
) -> None:
    monkeypatch.setattr(actions, "MOST_OPEN", jobs)
    kinds = ("writing", "counting")
    for number in range(jobs):
        factories.saved(office, lambda s: ask(s, kinds[number % 2], people["staff"]))  # noqa: B023
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.jobs.killed", database_url, str(kills), "7"],
        check=True,
        timeout=600,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert int(run.stdout) >= kills // 2, "most workers were killed"
    with office.app_context():
        session = db.session()
        found = session.scalars(select(Job)).all()
        lines = dict(
            session.execute(
                select(TrailEntry.object_id, func.count())
                .where(TrailEntry.action == "written")
                .group_by(TrailEntry.object_id)
            ).all()
        )
        kept = set(session.scalars(select(JobResult.job_id)))
        db.session.remove()
    assert len(found) == jobs
    assert any(job.tries > 1 for job in found), "some job was taken again"
    for job in found:
        if job.state == "failed":
            assert (job.tries, len(job.ticket)) == (MOST_TRIES, 8)
        else:
            assert job.state == "done"
        done = job.state == "done"
        assert lines.get(job.id, 0) == (1 if done and job.kind == "writing" else 0)
        assert (job.id in kept) == (done and job.kind == "counting")
