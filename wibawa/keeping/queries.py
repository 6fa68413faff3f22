from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.database import is_sqlite
from wibawa.jobs.models import IS_OPEN, Job
from wibawa.jobs.queries import WORDS, workers_alive
from wibawa.keeping.jobs import CODE, backup_folder
from wibawa.keeping.models import Backup
from wibawa.rules.money import number
from wibawa.web.pages import Page, Wanted

ALARM_AGE = dt.timedelta(hours=26)  # a night's backup, and two hours for it to be made in
SORTS = ("dibuat",)


@dataclass(frozen=True)
class BackupFacts:
    """A backup, or a try that came to nothing, as the page shows it."""

    job_id: int
    title: str
    state: str
    asked_at: dt.datetime
    error: str
    ticket: str
    made_at: dt.datetime | None
    machine: str | None
    file: str | None
    size: int | None
    table_rows: int | None
    sha256: str | None
    removed_at: dt.datetime | None

    @property
    def word(self) -> tuple[str, str]:
        return WORDS[self.state]

    @property
    def size_words(self) -> str:
        return size_words(self.size or 0)

    @property
    def name(self) -> str:
        return Path(self.file or "").name


@dataclass(frozen=True)
class Alarm:
    """What is wrong with the backups, in one sentence, or "" when nothing is."""

    sentence: str
    newest: dt.datetime | None


def size_words(size: int) -> str:
    """Bytes for people: "7,4 MB"."""
    kilobytes = -(-size // 1024)
    if kilobytes < 1024:
        return f"{number(kilobytes)} KB"
    whole, tenths = divmod(kilobytes * 10 // 1024, 10)
    return f"{number(whole)},{tenths} MB"


_COLUMNS = (
    Job.id, Job.title, Job.state, Job.asked_at, Job.error, Job.ticket, Backup.made_at,
    Backup.machine, Backup.file, Backup.size, Backup.table_rows, Backup.sha256, Backup.removed_at,
)  # fmt: skip


def backup_page(session: Session, asked: Wanted) -> Page[BackupFacts]:
    """Backups and failed tries, newest first unless asked otherwise."""
    kind = Job.kind == CODE
    found = session.execute(
        select(*_COLUMNS)
        .outerjoin(Backup, Backup.job_id == Job.id)
        .where(kind)
        .order_by(Job.id.desc() if asked.descending else Job.id)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    total = session.scalar(select(func.count()).select_from(Job).where(kind)) or 0
    return Page([BackupFacts(*tuple(row)) for row in found], asked.page, asked.per_page, total)


def newest_backup(session: Session) -> dt.datetime | None:
    return session.scalar(select(func.max(Backup.made_at)))


def alarm(session: Session, now: dt.datetime) -> Alarm:
    """Loud when the last try failed, or when the newest backup is too old. An office that switched
    the nightly backup off is told nothing of age."""
    newest = newest_backup(session)
    last = session.execute(
        select(Job.state, Job.finished_at)
        .where(Job.kind == CODE, Job.state.in_(("done", "failed")))
        .order_by(Job.id.desc())
        .limit(1)
    ).first()
    if last is not None and last.state == "failed":
        return Alarm("Cadangan yang terakhir dicoba gagal.", newest)
    if not current_app.config["BACKUP_AT"]:
        return Alarm("", newest)
    if newest is None:
        return Alarm("Belum pernah ada cadangan.", None)
    if now - newest > ALARM_AGE:
        hours = int((now - newest).total_seconds()) // 3600
        return Alarm(f"Cadangan terakhir sudah berumur {number(hours)} jam.", newest)
    return Alarm("", newest)


def alarms(session: Session, now: dt.datetime) -> int:
    """For the menu: 1 when somebody must look at the backups."""
    return int(alarm(session, now).sentence != "")


@dataclass(frozen=True)
class Health:
    """What somebody who watches the program asks; no personal data."""

    workers: int
    jobs_waiting: int
    oldest_waiting: dt.timedelta
    backup_age: dt.timedelta | None
    backup_ok: bool
    free_bytes: int


def health(session: Session, now: dt.datetime) -> Health:
    waiting = session.execute(
        select(func.count(), func.min(Job.asked_at)).where(IS_OPEN, Job.state == "queued")
    ).one()
    told = alarm(session, now)
    return Health(
        workers=workers_alive(session, now),
        jobs_waiting=waiting[0],
        oldest_waiting=dt.timedelta() if waiting[1] is None else now - waiting[1],
        backup_age=None if told.newest is None else now - told.newest,
        backup_ok=not told.sentence,
        free_bytes=free_bytes(session),
    )


def free_bytes(session: Session) -> int:
    """Room where the SQLite file is; with PostgreSQL where this machine's backups go, for what the
    server has left only the server knows."""
    url = session.get_bind().engine.url
    place = Path(str(url.database)).resolve() if is_sqlite(session) else backup_folder()
    while not place.is_dir():
        place = place.parent
    return shutil.disk_usage(place).free
