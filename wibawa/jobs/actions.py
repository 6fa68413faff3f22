"""The only ways in which the row of a job changes."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, delete, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.models import User
from wibawa.access.permissions import Permission, Role, may
from wibawa.access.personal_data import seal_bytes
from wibawa.access.sealed import place_of
from wibawa.access.users import COMMAND_LINE
from wibawa.jobs.kind import Kind, Result, known_kinds
from wibawa.jobs.models import IS_OPEN, MOST_TRIES, Job, JobResult, WorkerBeat
from wibawa.rules.refused import Refused

MOST_OPEN = 5  # of one person: the queue is one for all, and nobody is to fill it alone
PLACE = "job_results.content"
OPEN = ("queued", "running")
GAVE_UP = (
    f"Pekerjaan ini terhenti di tengah jalan {MOST_TRIES} kali, jadi tidak diulang lagi. Tidak ada "
    "yang tersimpan setengah jadi. Mintalah sekali lagi; bila tetap gagal, sampaikan nomor tiket "
    "kepada administrator."
)
NOT_ALLOWED = (
    "Pekerjaan ini tidak dikerjakan, karena akun yang memintanya dinonaktifkan atau tidak "
    "berwenang lagi. Tidak ada yang tersimpan. Orang lain yang berwenang dapat memintanya."
)


class Lost(Exception):
    """The job is not ours any more: it was cancelled, or our hold ran out."""


@dataclass(frozen=True)
class Claimed:
    """A job that a worker holds, under the name of this one hold."""

    id: int
    kind: str
    params: dict[str, Any]
    asked_by: int
    asker: str
    asked_at: dt.datetime
    worker: str
    tries: int


def new_ticket() -> str:
    return secrets.token_hex(4).upper()


def enqueue(
    session: Session,
    kind: str,
    title: str,
    params: Mapping[str, Any],
    asked_by: int,
    bank_id: int | None,
    now: dt.datetime,
    total: int = 0,
) -> int:
    """Ask for a job; its number. Raises `Refused` `too_many_jobs`.

    `params` and `title` hold no personal data. It stands or falls with the caller's transaction.
    """
    waiting = session.scalar(
        select(func.count()).select_from(Job).where(IS_OPEN, Job.asked_by == asked_by)
    )
    if (waiting or 0) >= MOST_OPEN:
        raise Refused(
            "too_many_jobs",
            f"Masih ada {waiting} pekerjaan Anda yang belum selesai; paling banyak {MOST_OPEN}. "
            "Tunggu salah satunya selesai, atau batalkan lewat Pekerjaan saya.",
        )
    job = Job(
        kind=kind,
        title=title,
        params=json.dumps(params, sort_keys=True),
        asked_by=asked_by,
        bank_id=bank_id,
        asked_at=now,
        total=total,
    )
    session.add(job)
    session.flush()
    trail.record(session, now, asked_by, "job_asked", "job", job.id, title)
    return job.id


def is_due(now: dt.datetime) -> ColumnElement[bool]:
    """Waits for a worker: never taken, given back, or its worker fell silent."""
    return or_(Job.state == "queued", and_(Job.state == "running", Job.lease_until < now))


def claim(
    session: Session, worker: str, now: dt.datetime, kinds: Mapping[str, Kind]
) -> Claimed | None:
    """Take the oldest job that waits and whose kind is known here; None when there is none.

    Safe with any number of workers: SQLite's writing transaction holds the whole database, and
    PostgreSQL skips a row that another worker is taking.
    """
    found = session.execute(
        select(Job.id, Job.kind, Job.params, Job.asked_by, Job.asked_at, Job.tries, User.name)
        .join(User, User.id == Job.asked_by)
        .where(IS_OPEN, is_due(now), Job.tries < MOST_TRIES, Job.kind.in_(kinds))
        .order_by(Job.id)
        .limit(1)
        .with_for_update(of=Job, skip_locked=True)
    ).first()
    if found is None:
        return None
    session.execute(
        update(Job)
        .where(Job.id == found.id)
        .values(
            state="running",
            worker=worker,
            lease_until=now + kinds[found.kind].silence,
            tries=found.tries + 1,
            started_at=now,
            done=0,
        )
    )
    return Claimed(
        found.id,
        found.kind,
        json.loads(found.params),
        found.asked_by,
        found.name,
        found.asked_at,
        worker,
        found.tries + 1,
    )


def check_asker(session: Session, job: Claimed, permission: Permission) -> None:
    """Raise `Refused` `asker_gone` unless who asked may do it still: as after each click, an
    account that was closed, or left its bank or role, ends what it began."""
    asker = session.execute(
        select(User.username, User.can_sign_in, User.role, User.bank_id, Job.bank_id.label("then"))
        .join(Job, Job.asked_by == User.id)
        .where(Job.id == job.id)
    ).one()
    if asker.username == COMMAND_LINE:  # whoever has the server; it cannot sign in
        return
    fits = asker.can_sign_in and asker.bank_id == asker.then
    if not (fits and may(Role(asker.role), permission)):
        raise Refused("asker_gone", NOT_ALLOWED)


def progress(
    session: Session, job: Claimed, done: int, total: int, now: dt.datetime, silence: dt.timedelta
) -> None:
    """Say how far it is, and hold it for another while. Raises `Lost`."""
    _ours(session, job, update(Job).values(done=done, total=total, lease_until=now + silence))


def finish(
    session: Session, job: Claimed, result: Result | None, now: dt.datetime, keeps: dt.timedelta
) -> None:
    """It is done. Raises `Lost`, and then nothing of the transaction may be committed."""
    told: dict[str, Any] = {"state": "done", "finished_at": now, "done": Job.total}
    if result is not None:
        told |= {
            "result_name": result.name,
            "result_type": result.mimetype,
            "result_size": len(result.content),
            "expires_at": now + keeps,
        }
    _ours(session, job, update(Job).values(worker=None, lease_until=None, **told))
    if result is not None:
        content = seal_bytes(result.content, place_of(PLACE, job.id))
        session.execute(JobResult.__table__.insert().values(job_id=job.id, content=content))  # type: ignore[attr-defined]


def fail(session: Session, job: Claimed, sentence: str, ticket: str, now: dt.datetime) -> None:
    """It cannot be done, and the sentence says why. Raises `Lost`."""
    _ours(session, job, update(Job).values(**_failed(sentence, ticket, now)))


def give_back(
    session: Session,
    job: Claimed,
    now: dt.datetime,
    *,
    counts: bool,
    sentence: str = GAVE_UP,
    ticket: str = "",
) -> None:
    """Let another worker have it. `counts`: this was a try, and the last one ends it with the
    sentence. Raises `Lost`."""
    if counts and job.tries >= MOST_TRIES:
        fail(session, job, sentence, ticket or new_ticket(), now)
        return
    tries = job.tries if counts else job.tries - 1
    back = {"state": "queued", "worker": None, "lease_until": None, "tries": tries, "done": 0}
    _ours(session, job, update(Job).values(**back))


def give_up(session: Session, now: dt.datetime) -> list[tuple[int, str]]:
    """End what fell silent for the last time; (number, ticket) of each."""
    gone = session.scalars(
        select(Job.id)
        .where(IS_OPEN, Job.state == "running", Job.lease_until < now, Job.tries >= MOST_TRIES)
        .order_by(Job.id)
        .with_for_update(skip_locked=True)
    ).all()
    ended = [(number, new_ticket()) for number in gone]
    for number, ticket in ended:
        values = _failed(GAVE_UP, ticket, now)
        session.execute(update(Job).where(Job.id == number).values(**values))
    return ended


def cancel(session: Session, job_id: int, now: dt.datetime) -> int:
    """Stop it before it is done; a worker that has it notices. Raises `Refused` `job_ended`, and
    then nothing of the transaction may be committed.

    What its kind takes back comes first: a worker too holds what it works on before its job.
    """
    found = session.execute(select(Job.kind, Job.params).where(Job.id == job_id)).one()
    if found.kind in known_kinds():
        known_kinds()[found.kind].cancelled(session, job_id, json.loads(found.params))
    stopped: Any = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state.in_(OPEN))
        .values(state="cancelled", finished_at=now, worker=None, lease_until=None)
    )
    if stopped.rowcount != 1:
        raise Refused("job_ended", "Pekerjaan ini sudah selesai, jadi tidak dapat dibatalkan lagi.")
    return job_id


def beat(session: Session, worker: str, program: str, now: dt.datetime) -> None:
    """Say that this worker is alive; whoever has been silent for a day is forgotten."""
    session.execute(
        delete(WorkerBeat).where(
            or_(WorkerBeat.name == worker, WorkerBeat.seen_at < now - dt.timedelta(days=1))
        )
    )
    session.add(WorkerBeat(name=worker, program=program, seen_at=now))
    session.flush()


def leave(session: Session, worker: str) -> None:
    """This worker ends."""
    session.execute(delete(WorkerBeat).where(WorkerBeat.name == worker))


def sweep(session: Session, now: dt.datetime) -> int:
    """Throw away results that nobody needs to keep any longer; how many."""
    expired = select(Job.id).where(Job.expires_at <= now)
    swept: Any = session.execute(delete(JobResult).where(JobResult.job_id.in_(expired)))
    return int(swept.rowcount)


def _failed(sentence: str, ticket: str, now: dt.datetime) -> dict[str, Any]:
    told = {"state": "failed", "error": sentence, "ticket": ticket, "finished_at": now}
    return told | {"worker": None, "lease_until": None}


def _ours(session: Session, job: Claimed, change: Update) -> None:
    changed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        change.where(Job.id == job.id, Job.state == "running", Job.worker == job.worker)
    )
    if changed.rowcount != 1:
        raise Lost(f"job {job.id}")
