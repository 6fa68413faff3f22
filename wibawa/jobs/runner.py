"""A worker: takes one job after the other, each in its own transactions, until it is to end."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event

import structlog
from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from wibawa import VERSION, schema
from wibawa.access import keys
from wibawa.database import Trouble, db, is_sqlite, reading, trouble_of, writing
from wibawa.jobs import actions
from wibawa.jobs.actions import Claimed, Lost
from wibawa.jobs.kind import Kind, NotDone, Work, known_kinds
from wibawa.jobs.queries import has_expired, waiting
from wibawa.rules.refused import Refused
from wibawa.web import clock

log = structlog.get_logger("wibawa.jobs")

POLL_SECONDS = 1
TELL_SECONDS = 0.5  # how often progress is written: each time is a transaction on disk
TROUBLE_SECONDS = 10
BEAT_EVERY = dt.timedelta(seconds=30)
SWEEP_EVERY = dt.timedelta(minutes=10)
FAILED = (
    "Pekerjaan ini gagal karena ada yang tidak beres di pihak kami. Tidak ada yang tersimpan "
    "setengah jadi. Sampaikan nomor tiket kepada administrator."
)
IN_TROUBLE = {
    Trouble.BUSY: (
        "Pekerjaan ini belum dikerjakan karena orang lain terus menulis ke buku yang sama. Tidak "
        "ada yang tersimpan setengah jadi. Tunggu sebentar, lalu mintalah sekali lagi; bila tetap "
        "gagal, sampaikan nomor tiket kepada administrator."
    ),
    Trouble.FULL: (
        "Pekerjaan ini tidak dapat dikerjakan karena tempat penyimpanan di peladen habis. Tidak "
        "ada yang tersimpan setengah jadi, dan yang sudah dibukukan tetap utuh. Sampaikan nomor "
        "tiket kepada administrator supaya tempatnya ditambah, lalu mintalah sekali lagi."
    ),
}


class Stopped(Exception):
    """The worker is to end; the job waits for another one."""


def work(app: Flask, stop: Event, *, until_idle: bool = False) -> None:
    """Do what waits until `stop` is set, or until nothing waits."""
    swept: dt.datetime | None = None
    seen: dt.datetime | None = None
    me = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
    while not stop.is_set():
        try:
            if not _is_fit(app):
                return
            if swept is None or clock.now() - swept >= SWEEP_EVERY:
                sweep(app)
                swept = clock.now()
            if seen is None or clock.now() - seen >= BEAT_EVERY:
                beat(app, me)
                seen = clock.now()
            if run_one(app, stop):
                continue
        except SQLAlchemyError as error:
            log.error("worker_without_database", exc_info=error)
            stop.wait(TROUBLE_SECONDS)
            continue
        if until_idle:
            break
        stop.wait(POLL_SECONDS)
    with suppress(SQLAlchemyError), app.app_context(), writing():
        actions.leave(db.session(), me)
        db.session.commit()
        db.session.remove()


def _is_fit(app: Flask) -> bool:
    """A worker of another version than the database, or with a key that is no longer its own, ends
    in words before it touches a job."""
    with app.app_context(), reading():
        try:
            connection = db.session.connection()
            said = schema.other_version(connection) or keys.changed(connection)
            db.session.rollback()
        finally:
            db.session.remove()
    if said is not None:
        log.error("worker_unfit", said=said)
    return said is None


def beat(app: Flask, worker: str) -> None:
    """Say that this worker is alive, and ask for what nobody asks for, such as the nightly
    backup."""
    with app.app_context():
        session, now = db.session(), clock.now()
        try:
            with writing():
                actions.beat(session, worker, VERSION, now)
                session.commit()
            for kind in known_kinds().values():
                with reading():
                    due = kind.is_due(session, now)
                    session.rollback()
                if due:
                    with writing():
                        kind.ask(session, now)
                        session.commit()
        finally:
            session.rollback()
            db.session.remove()


def sweep(app: Flask) -> int:
    """Throw away the results that expired; how many."""
    with app.app_context():
        session, now = db.session(), clock.now()
        try:
            with reading():
                some = has_expired(session, now)
                session.rollback()
            with writing():
                count = actions.sweep(session, now) if some else 0
                session.commit()
            return count
        finally:
            db.session.remove()


def run_one(app: Flask, stop: Event) -> bool:
    """Take the oldest job that waits and do it; False when none waits."""
    with app.app_context():
        try:
            job = _take(db.session())
            if job is not None:
                _carry_out(job, known_kinds()[job.kind], stop)
            return job is not None
        finally:
            db.session.rollback()
            db.session.remove()


def _take(session: Session) -> Claimed | None:
    """Look first: an idle worker must not hold SQLite's one writing transaction each second."""
    now = clock.now()
    with reading():
        some, silent = waiting(session, now, known_kinds())
        session.rollback()
    if not (some or silent):
        return None
    with writing():
        for number, ticket in actions.give_up(session, now) if silent else ():
            log.error("job_gave_up", job=number, ticket=ticket)
        hold = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        job = actions.claim(session, hold, now, known_kinds()) if some else None
        session.commit()
    return job


def _carry_out(job: Claimed, kind: Kind, stop: Event) -> None:
    """Do it; whatever comes of it is written down. What breaks off with the database is tried
    again; any other error would come again and ends it at once."""
    session = db.session()
    try:
        _do(session, job, kind, stop)
    except Lost:
        log.info("job_lost", job=job.id)
    except Stopped:
        _after(session, lambda: actions.give_back(session, job, clock.now(), counts=False))
    except Refused as refused:
        sentence = refused.sentence
        _after(session, lambda: actions.fail(session, job, sentence, "", clock.now()))
    except Exception as error:
        _broken(session, job, error)


def _broken(session: Session, job: Claimed, error: Exception) -> None:
    trouble, ticket = trouble_of(error), actions.new_ticket()
    broke_off = isinstance(error, OperationalError | InterfaceError) or trouble is not Trouble.NONE
    told = {"job": job.id, "kind": job.kind, "ticket": ticket, "tries": job.tries}
    log.error("job_broke_off" if broke_off else "job_failed", **told, exc_info=error)
    if not broke_off:
        _after(session, lambda: actions.fail(session, job, FAILED, ticket, clock.now()))
        return
    last: dict[str, str] = {"sentence": IN_TROUBLE.get(trouble, actions.GAVE_UP), "ticket": ticket}
    _after(session, lambda: actions.give_back(session, job, clock.now(), counts=True, **last))


def _do(session: Session, job: Claimed, kind: Kind, stop: Event) -> None:
    teller = _Teller(session, job, kind, stop)
    given = Work(
        id=job.id,
        params=job.params,
        asked_by=job.asked_by,
        asker=job.asker,
        asked_at=job.asked_at,
        session=session,
        tell=teller,
    )
    with reading():
        actions.check_asker(session, job, kind.permission)
        session.rollback()
    with writing() if kind.writes else reading():
        result = kind.run(given)
        if not kind.writes:
            session.rollback()
    with writing():
        actions.check_asker(session, job, kind.permission)
        if isinstance(result, NotDone):
            actions.fail(session, job, result.sentence, "", clock.now())
        else:
            actions.finish(session, job, result, clock.now(), kind.keeps)
        session.commit()


def _after(session: Session, deed: Callable[[], None]) -> None:
    """Write down what came of it. When that cannot be done either, the hold runs out by itself."""
    with suppress(SQLAlchemyError, Lost), writing():
        session.rollback()
        deed()
        session.commit()


class _Teller:
    """What a kind calls to say how far it is; on a connection of its own."""

    def __init__(self, session: Session, job: Claimed, kind: Kind, stop: Event) -> None:
        self._session, self._job, self._kind, self._stop = session, job, kind, stop
        self._told = 0.0

    def __call__(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Stopped
        if not self._kind.writes:
            self._session.rollback()
        # While SQLite's writing transaction is ours, nothing can be written beside it.
        mute = is_sqlite(self._session) and self._session.in_transaction()
        moment = time.monotonic()
        if mute or moment - self._told < TELL_SECONDS:
            return
        self._told = moment
        with writing(), Session(db.engine) as apart:
            now, silence = clock.now(), self._kind.silence
            actions.progress(apart, self._job, done, total, now, silence)
            apart.commit()
