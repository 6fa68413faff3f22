from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, exists, func, select
from sqlalchemy.orm import Session

from wibawa.access.personal_data import unseal_bytes
from wibawa.access.sealed import place_of
from wibawa.jobs.actions import OPEN, PLACE, is_due
from wibawa.jobs.kind import known_kinds
from wibawa.jobs.models import IS_OPEN, MOST_TRIES, Job, JobResult, WorkerBeat
from wibawa.rules.money import number
from wibawa.web.pages import Page, Wanted

SORTS = ("diminta",)
ALIVE = dt.timedelta(minutes=2)  # within which a worker says so
PATIENCE_SECONDS = 60  # after which a page says that no worker seems to run
WORDS = {
    "queued": ("Antre", "waiting"),
    "running": ("Dikerjakan", "info"),
    "done": ("Selesai", "success"),
    "failed": ("Gagal", "danger"),
    "cancelled": ("Dibatalkan", "neutral"),
}


@dataclass(frozen=True)
class JobFacts:
    """A job as its pages show it."""

    id: int
    kind: str
    title: str
    state: str
    asked_by: int
    bank_id: int | None
    asked_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    done: int
    total: int
    tries: int
    error: str
    ticket: str
    result_name: str | None
    result_type: str | None
    result_size: int | None
    expires_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def word(self) -> tuple[str, str]:
        return WORDS[self.state]

    @property
    def size_words(self) -> str:
        """The size of the result: "7,4 MB"."""
        kilobytes = -(-(self.result_size or 0) // 1024)
        if kilobytes < 1024:
            return f"{kilobytes} KB"
        whole, tenths = divmod(kilobytes * 10 // 1024, 10)
        return f"{number(whole)},{tenths} MB"

    def has_result(self, now: dt.datetime) -> bool:
        return self.expires_at is not None and now < self.expires_at

    def told(self, now: dt.datetime) -> str:
        """How far it is, in words: "612 dari 2.416 (25%), kira-kira 2 menit lagi"."""
        if self.state == "queued":
            return "Menunggu giliran."
        if not self.total:
            return WORDS[self.state][0] + "."
        share = self.done * 100 // self.total
        far = f"{number(self.done)} dari {number(self.total)} ({share}%)"
        left = self._left(now) if self.state == "running" else ""
        return f"{far}, {left}." if left else f"{far}."

    def _left(self, now: dt.datetime) -> str:
        """What remains if it goes on as until now."""
        if not self.done or self.started_at is None:
            return ""
        seconds = int((now - self.started_at).total_seconds()) * (self.total - self.done)
        minutes = -(-seconds // (self.done * 60))
        if minutes <= 1:
            return "kurang dari satu menit lagi"
        if minutes <= 90:
            return f"kira-kira {minutes} menit lagi"
        return f"kira-kira {-(-minutes // 60)} jam lagi"


_COLUMNS = tuple(getattr(Job, name) for name in JobFacts.__dataclass_fields__)


def job_facts(session: Session, job_id: int) -> JobFacts | None:
    row = session.execute(select(*_COLUMNS).where(Job.id == job_id)).first()
    return None if row is None else JobFacts(*row)


def job_page(session: Session, asked_by: int, asked: Wanted) -> Page[JobFacts]:
    """The jobs that somebody asked for, newest first unless asked otherwise."""
    mine = Job.asked_by == asked_by
    found = session.execute(
        select(*_COLUMNS)
        .where(mine)
        .order_by(Job.id.desc() if asked.descending else Job.id)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    total = session.scalar(select(func.count()).select_from(Job).where(mine)) or 0
    return Page([JobFacts(*row) for row in found], asked.page, asked.per_page, total)


def own_jobs(session: Session, asked_by: int) -> tuple[bool, int]:
    """Whether somebody asked for any job, and how many of them are not over; for every page."""
    row = session.execute(_own_jobs(), {"asker": asked_by}).one()
    return row[0], row[1]


@cache
def _own_jobs() -> Select[Any]:
    """The query of `own_jobs`, put together once."""
    asker = bindparam("asker", type_=Integer)
    # "+ 0" keeps SQLite from going through all that the person ever asked for.
    open_ones = select(func.count()).select_from(Job).where(IS_OPEN, Job.asked_by + 0 == asker)
    return select(exists().where(Job.asked_by == asker), open_ones.scalar_subquery())


def ahead_of(session: Session, job_id: int) -> int:
    """How many jobs were asked for before this one and are not over."""
    before = select(func.count()).select_from(Job).where(IS_OPEN, Job.id < job_id)
    return session.scalar(before) or 0


def is_attended(session: Session, now: dt.datetime) -> bool:
    """Whether a worker is at work on any job."""
    held = select(Job.id).where(IS_OPEN, Job.state == "running", Job.lease_until >= now)
    return session.scalar(held.limit(1)) is not None


def workers_alive(session: Session, now: dt.datetime) -> int:
    """How many workers were heard of lately, by a beat or by how far their job is."""
    seen = select(func.count()).select_from(WorkerBeat).where(WorkerBeat.seen_at > now - ALIVE)
    return (session.scalar(seen) or 0) or int(is_attended(session, now))


def is_left_alone(session: Session, job: JobFacts, now: dt.datetime) -> bool:
    """Whether it waits for long already and no worker seems to run."""
    waited = (now - job.asked_at).total_seconds()
    return job.state == "queued" and waited > PATIENCE_SECONDS and not is_attended(session, now)


def page_of(session: Session, job_id: int) -> str | None:
    """The page that a job is about, as its kind says."""
    kind, params = session.execute(select(Job.kind, Job.params).where(Job.id == job_id)).one()
    known = known_kinds().get(kind)
    return None if known is None else known.page(json.loads(params))


def waiting(session: Session, now: dt.datetime, kinds: Collection[str]) -> tuple[bool, bool]:
    """Whether a job of these kinds waits for a worker, and whether one fell silent for the last
    time."""
    due = session.execute(select(Job.tries, Job.kind).where(IS_OPEN, is_due(now))).all()
    some = any(tries < MOST_TRIES and kind in kinds for tries, kind in due)
    return some, any(tries >= MOST_TRIES for tries, _ in due)


def has_expired(session: Session, now: dt.datetime) -> bool:
    """Whether there is a result to throw away."""
    query = select(JobResult.job_id).join(Job, Job.id == JobResult.job_id)
    return session.scalar(query.where(Job.expires_at <= now).limit(1)) is not None


def result_content(session: Session, job_id: int) -> bytes | None:
    """The bytes of the result; None when there is none (any more)."""
    sealed = session.scalar(select(JobResult.content).where(JobResult.job_id == job_id))
    return None if sealed is None else unseal_bytes(sealed, place_of(PLACE, job_id))
