"""The steps of a large file as jobs: read with no lock, then done in one transaction with the end
of the job. A worker that dies has written nothing, and the next one does it again."""

from __future__ import annotations

import base64
import datetime as dt
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask import url_for
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import seal, unseal
from wibawa.database import reading
from wibawa.jobs import actions as jobs
from wibawa.jobs.kind import Kind as JobKind
from wibawa.jobs.kind import NotDone, Work
from wibawa.jobs.models import Job
from wibawa.jobs.queries import JobFacts, job_facts
from wibawa.rules.refused import Refused
from wibawa.uploads.actions import content_of, only, refuse_unreadable
from wibawa.uploads.kinds import OPEN, READING, Kind
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.models import Upload
from wibawa.web import clock

READ, DONE = 1, 2  # what progress counts: the file is read, and it is checked or booked
TAKEN = "Pemeriksaan dibatalkan; berkas ditarik."
REASON = "jobs.params.reason"
STOPPED = "Yang sedang dikerjakan dibatalkan; berkas tetap seperti semula."


class FileStep(JobKind):
    """One step of one kind of file, for files that are too large for a request.

    `title` names it in the list of jobs, `doing` is what happens after reading. What the step is
    told beside the file stands in the job's params. The moment of the deed is that of doing it: it
    is done once, and the order of bookings is that of their moments.
    """

    writes: ClassVar[bool] = True
    file: ClassVar[Kind]
    title: ClassVar[str]
    doing: ClassVar[str]
    endpoint: ClassVar[tuple[str, str]]  # of the file's page, and its argument's name

    @abstractmethod
    def reader(self, session: Session, upload: Upload) -> Callable[[bytes, str], Any]:
        """What reads the stored bytes; it uses the session no more."""

    @abstractmethod
    def carry_out(self, work: Work, upload: Upload, read: Any) -> str:
        """The deed; a sentence when it could not be done and what it wrote is to stay, else ""."""

    def may_begin(
        self, session: Session, upload: Upload, by: int, params: Mapping[str, Any]
    ) -> bool:
        """False when it is done already. Raises `Refused` for what is refused without reading."""
        return True

    def run(self, work: Work) -> NotDone | None:
        work.tell(0, DONE)
        with reading():
            upload = _file_of(work)
            content, name = content_of(upload), upload.filename
            read = self.reader(work.session, upload)
            work.session.rollback()
        file = read(content, name)
        work.tell(READ, DONE)
        sentence = self.carry_out(work, _file_of(work), file)
        return NotDone(sentence) if sentence else None

    def page(self, params: Mapping[str, Any]) -> str | None:
        endpoint, argument = self.endpoint
        return url_for(endpoint, **{argument: params["upload"]})

    def said(self, job: JobFacts, now: dt.datetime) -> str:
        """How far it is, in words for the file's page."""
        if job.state != "running" or job.started_at is None:
            return job.told(now)
        step, doing = (1, "membaca berkas") if job.done < READ else (2, self.doing)
        seconds = max(0, int((now - job.started_at).total_seconds()))
        return f"Langkah {step} dari {DONE}: {doing}. Sudah {_lasted(seconds)}."


class FirstCheck(FileStep):
    """Reads and checks a file that was only stored."""

    title = "Pemeriksaan"
    doing = "mencocokkan dengan buku dan menyimpan hasilnya"

    def run(self, work: Work) -> NotDone | None:
        try:
            return super().run(work)
        except Unreadable as refused:
            work.session.rollback()
            refuse_unreadable(work.session, self.file, _file_of(work), refused.problem)
            return None

    def may_begin(
        self, session: Session, upload: Upload, by: int, params: Mapping[str, Any]
    ) -> bool:
        if upload.status in OPEN and not upload.was_read:  # just stored, or unreadable until now
            return True
        only(self.file, upload, READING)
        return True

    def cancelled(self, session: Session, job_id: int, params: Mapping[str, Any]) -> None:
        session.execute(
            update(Upload)
            .where(Upload.id == params["upload"], Upload.job_id == job_id, Upload.status == READING)
            .values(status="withdrawn")
        )


def ask(
    session: Session,
    step: FileStep,
    upload: Upload,
    by: int,
    bank_id: int | None,
    now: dt.datetime,
    **params: Any,
) -> bool:
    """Ask for a step of a file; False when it is done or asked for already. `bank_id`: of the
    person. Raises `Refused`, `file_at_work` when another step is under way."""
    session.refresh(upload, with_for_update=True)
    before = job_of(session, upload)
    if before is not None and before.is_open:
        if before.kind == step.code:
            return False  # a second press of the button
        raise Refused("file_at_work", AT_WORK)
    if not step.may_begin(session, upload, by, params):
        return False
    title = f"{step.title} berkas nomor {upload.id}"
    told = {"upload": upload.id} | params
    upload.job_id = jobs.enqueue(session, step.code, title, told, by, bank_id, now, DONE)
    if isinstance(step, FirstCheck):
        upload.status = READING
    session.flush()
    return True


AT_WORK = (
    "Berkas ini sedang dikerjakan. Tunggu sampai selesai, atau batalkan dulu pekerjaannya di "
    "halaman berkas."
)


def refuse_at_work(session: Session, upload: Upload) -> None:
    """Nothing else may happen to a file while a worker has it, or is to have it."""
    job = job_of(session, upload)
    if job is not None and job.is_open:
        raise Refused("file_at_work", AT_WORK)


def job_of(session: Session, upload: Upload) -> JobFacts | None:
    """The newest job that had a step of the file in hand."""
    return None if upload.job_id is None else job_facts(session, upload.job_id)


def told_before(session: Session, upload: Upload) -> dict[str, Any]:
    """What the newest job of the file was told beside the file."""
    params = session.scalar(select(Job.params).where(Job.id == upload.job_id))
    told: dict[str, Any] = json.loads(params or "{}")
    return {name: value for name, value in told.items() if name != "upload"}


def sealed_reason(reason: str) -> str:
    """What a person wrote, for the params of a job: they stand in the clear."""
    return base64.b64encode(seal(reason, REASON)).decode()


def opened_reason(sealed: str) -> str:
    return unseal(base64.b64decode(sealed), REASON)


def noted(work: Work, action: str, upload: Upload) -> None:
    """One line in the trail, in the deed's own transaction, for the person who asked."""
    moment = clock.now()
    trail.record(work.session, moment, work.asked_by, action, "upload", upload.id, upload.filename)


def _file_of(work: Work) -> Upload:
    return work.session.get_one(Upload, work.params["upload"], populate_existing=True)


def _lasted(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} detik"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} menit {rest} detik"
