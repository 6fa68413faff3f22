"""The nightly backup, a worker's work, and what is asked for on the page."""

from __future__ import annotations

import datetime as dt
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import structlog
from flask import current_app, url_for
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from wibawa.access.permissions import Permission
from wibawa.access.trail import record
from wibawa.access.users import command_line_user
from wibawa.database import db, is_sqlite
from wibawa.jobs.actions import enqueue
from wibawa.jobs.kind import Kind, Work
from wibawa.jobs.models import Job
from wibawa.keeping.backups import Made, backup
from wibawa.keeping.models import Backup
from wibawa.keeping.rotation import Keep, staying
from wibawa.web import clock

log = structlog.get_logger("wibawa.keeping")

CODE = "backup"
NAME = re.compile(r"wibawa-(\d{8}-\d{6})\.zip")
STAMP = "%Y%m%d-%H%M%S"
ONE_AT_A_TIME = 7_301_996  # the advisory lock of whoever asks for the night's backup


class BackupJob(Kind):
    """One backup into the folder, then the rotation. Done again, it makes another file: the one
    that broke off left none."""

    code = CODE
    permission = Permission.KEEP_BACKUPS
    writes = True
    silence: ClassVar[dt.timedelta] = dt.timedelta(minutes=5)

    def run(self, work: Work) -> None:
        folder = backup_folder()
        with suppress(OSError):  # then `backup` says what is wrong with it
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = backup(db.engine, free_name(folder, clock.now()), work.tell)
        work.session.add(_row(work.id, made))
        size, by = made.bytes, work.asked_by
        record(work.session, clock.now(), by, "backup_made", "job", work.id, f"{size} bita")
        work.session.flush()
        rotate(work.session, folder, clock.now())

    def is_due(self, session: Session, now: dt.datetime) -> bool:
        return is_due(session, now)

    def ask(self, session: Session, now: dt.datetime) -> int | None:
        return ask_when_due(session, now)

    def page(self, params: Mapping[str, Any]) -> str | None:
        return url_for("keeping.backup_list")


def free_name(folder: Path, at: dt.datetime) -> Path:
    """A file of this moment, or of the next second that has none: two may be asked for at once."""
    while (path := folder / f"wibawa-{clock.in_wib(at).strftime(STAMP)}.zip").exists():
        at += dt.timedelta(seconds=1)
    return path


def _row(job_id: int, made: Made) -> Backup:
    return Backup(
        job_id=job_id,
        machine=socket.gethostname()[:80],
        file=str(made.path)[-300:],
        made_at=clock.now(),
        size=made.bytes,
        table_rows=made.manifest.rows,
        sha256=made.sha256,
        revision=made.manifest.revision,
    )


def backup_folder() -> Path:
    return Path(current_app.config["BACKUP_FOLDER"]).resolve()


def rotate(session: Session, folder: Path, now: dt.datetime) -> list[Path]:
    """Take away the files that need not stay; only those that bear our own name."""
    files = {
        dt.datetime.strptime(found[1], STAMP).replace(tzinfo=clock.WIB): path
        for path in folder.glob("wibawa-*.zip")
        if (found := NAME.fullmatch(path.name))
    }
    keep = Keep(*current_app.config["BACKUP_KEEP"])
    going = [files[moment] for moment in sorted(set(files) - staying(files, keep))]
    for path in going:
        path.unlink(missing_ok=True)
        gone = update(Backup).where(Backup.file == str(path)[-300:], Backup.removed_at.is_(None))
        session.execute(gone.values(removed_at=now))
        log.info("backup_removed", file=path.name)
    return going


def due_since(now: dt.datetime, at: str) -> dt.datetime:
    """The last moment at which the clock stood at `at` (WIB). Example: for 01:30 at noon this
    night's half past one, at one o'clock that of the day before."""
    hour, minute = at.split(":")
    here = clock.in_wib(now)
    moment = here.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return moment if moment <= here else moment - dt.timedelta(days=1)


def is_due(session: Session, now: dt.datetime) -> bool:
    """Whether nobody has asked for this night's backup yet."""
    at = current_app.config["BACKUP_AT"]
    if not at:
        return False
    last = session.scalar(select(func.max(Job.asked_at)).where(Job.kind == CODE))
    return last is None or last < due_since(now, at)


def ask_when_due(session: Session, now: dt.datetime) -> int | None:
    """Ask for this night's backup, once, however many workers there are; its number."""
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:one)"), {"one": ONE_AT_A_TIME})
    if not is_due(session, now):
        return None
    title = f"Cadangan malam {clock.in_wib(now):%d-%m-%Y}"
    return enqueue(session, CODE, title, {}, command_line_user(session), None, now)
