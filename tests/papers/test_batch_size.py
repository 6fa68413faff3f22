"""All 2.416 loans of the programme as one job need little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.bulk import large_portfolio, two_people
from wibawa.access.models import User
from wibawa.jobs.actions import enqueue
from wibawa.jobs.models import Job
from wibawa.loans.models import Loan
from wibawa.printing.forms import JOB
from wibawa.web.clock import now

LOANS, MOST_MEGABYTES = 2_416, 200
ROOT = Path(__file__).resolve().parent.parent.parent
# A worker as it is in service: nothing of the tests is loaded.
WORKER = """
import resource, sys, threading
import config
from wibawa.app import create_app
from wibawa.jobs.runner import work
key = "data key of the tests, not of anything real"
app = create_app(config.load("testing", DATABASE_URL=sys.argv[1], SECRET_KEY=key, DATA_KEY=key))
work(app, threading.Event(), until_idle=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.soak
@pytest.mark.parametrize("shape", ["pdf", "zip"])
def test_a_job_of_all_loans_needs_little_memory(
    app: Flask, session: Session, database_url: str, shape: str
) -> None:
    factories.saved(app, lambda s: large_portfolio(s, LOANS, two_people(s), payments=False))
    by = session.scalar(select(User.id).where(User.username == "bulk1"))
    assert by is not None
    params = {
        "loans": list(session.scalars(select(Loan.id))),
        "on": "2026-11-24", "shape": shape, "paper": "A4", "title": "Jadwal",
        "site": "https://wibawa.example", "name": f"jadwal.{shape}",
    }  # fmt: skip
    enqueue(session, JOB, "Jadwal", params, by, None, now(), LOANS)
    session.commit()
    told = subprocess.run(
        [sys.executable, "-c", WORKER, database_url],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    job = session.scalars(select(Job)).one()
    assert (job.state, job.done, job.error) == ("done", LOANS, "")
    session.rollback()
    assert int(told.stdout) <= MOST_MEGABYTES, f"{told.stdout} MB"
