"""Small kinds of jobs: one that reads and gives a file, one that writes, some that go wrong."""

from __future__ import annotations

from flask import Flask
from psycopg.errors import DeadlockDetected, DiskFull
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Permission
from wibawa.access.trail import record
from wibawa.jobs.actions import enqueue
from wibawa.jobs.kind import EXTENSION, Kind, Result, Work
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

STEPS = 3


class Counting(Kind):
    """Counts, and says in a file who asked and when."""

    code = "counting"
    permission = Permission.SIGNED_IN

    def run(self, work: Work) -> Result:
        for step in range(1, STEPS + 1):
            work.session.scalar(select(TrailEntry.id).limit(1))
            work.tell(step, STEPS)
        said = f"{work.params['said']} {work.asker} {work.asked_at:%H:%M}"
        return Result("hitungan.txt", "text/plain", said.encode())


class Writing(Kind):
    """Leaves one line in the trail, flushed before the end."""

    code = "writing"
    permission = Permission.SIGNED_IN
    writes = True

    def run(self, work: Work) -> None:
        work.tell(0, STEPS)
        record(work.session, now(), work.asked_by, "written", "job", work.id)
        work.session.flush()
        work.tell(STEPS, STEPS)


class Careless(Kind):
    """Says that it only reads, and writes."""

    code = "careless"
    permission = Permission.SIGNED_IN

    def run(self, work: Work) -> None:
        record(work.session, now(), work.asked_by, "written", "job", work.id)
        work.session.flush()


class Crashing(Kind):
    code = "crashing"
    permission = Permission.SIGNED_IN

    def run(self, work: Work) -> None:
        raise ZeroDivisionError


class Refusing(Kind):
    code = "refusing"
    permission = Permission.SIGNED_IN

    def run(self, work: Work) -> None:
        raise Refused("no", "Berkasnya sudah ditarik; tidak ada yang dikerjakan.")


class BreakingOff(Kind):
    code = "breaking_off"
    permission = Permission.SIGNED_IN

    def run(self, work: Work) -> None:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))


class Hindered(Kind):
    """Meets a database that is full or busy: in a COPY, whose errors come as the driver's own, or
    in a statement, where SQLAlchemy wraps them."""

    code = "hindered"
    permission = Permission.SIGNED_IN

    def run(self, work: Work) -> None:
        if work.params["said"] == "full":
            raise DiskFull("could not extend file")
        raise OperationalError("SELECT", {}, DeadlockDetected("deadlock detected"))


ALL = (Counting(), Writing(), Careless(), Crashing(), Refusing(), BreakingOff(), Hindered())


def know(app: Flask) -> Flask:
    """Let `app` and its workers know the kinds of the tests too."""
    app.extensions[EXTENSION] |= {kind.code: kind for kind in ALL}
    return app


def ask(session: Session, kind: str, by: int, said: str = "hitung", bank: int | None = None) -> int:
    """Ask for a job of the kind; its number."""
    title = f"Pekerjaan {kind}"
    return enqueue(session, kind, title, {"said": said}, by, bank, now(), STEPS)
