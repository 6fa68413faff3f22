from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest
from flask import Flask

from tests import factories
from tests.jobs.kinds import ask, know
from wibawa.database import db
from wibawa.jobs import runner
from wibawa.jobs.models import Job


@pytest.fixture(autouse=True)
def every_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "TELL_SECONDS", 0)


@pytest.fixture
def office(app: Flask) -> Flask:
    """The application with the kinds of the tests."""
    return know(app)


@pytest.fixture
def asked(office: Flask, people: dict[str, int]) -> Callable[..., int]:
    """`asked("counting")`: a job that the staff asked for; its number."""

    def make(kind: str, who: str = "staff", bank: int | None = None, said: str = "hitung") -> int:
        return factories.saved(office, lambda s: ask(s, kind, people[who], said, bank))

    return make


@pytest.fixture
def work_one(office: Flask) -> Callable[[], bool]:
    """A worker that does what waits longest; False when nothing waits."""
    return lambda: runner.run_one(office, Event())


@pytest.fixture
def row(office: Flask) -> Callable[[int], Job]:
    """A job as it is in the database."""

    def find(number: int) -> Job:
        with office.app_context():
            found = db.session.get(Job, number)
            assert found is not None
            db.session.expunge_all()
            db.session.remove()
        return found

    return find
