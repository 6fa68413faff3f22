"""For the pages of large files: received unread, their steps asked for, watched and cancelled."""

from __future__ import annotations

from collections.abc import Callable
from os import SEEK_END
from typing import Any

from flask import current_app, render_template, request
from werkzeug.datastructures import FileStorage

from wibawa.access import trail
from wibawa.access.guard import me, refuse
from wibawa.database import db
from wibawa.jobs import actions as jobs
from wibawa.jobs import queries
from wibawa.jobs.kind import known_kinds
from wibawa.rules.refused import Refused
from wibawa.uploads import actions
from wibawa.uploads.actions import Received, Sent
from wibawa.uploads.kinds import OPEN, READING, Kind
from wibawa.uploads.models import Upload
from wibawa.uploads.pages import record
from wibawa.uploads.queries import people_of
from wibawa.uploads.steps import STOPPED, TAKEN, FileStep, FirstCheck, ask, job_of, told_before
from wibawa.uploads.table import refuse_at_sight
from wibawa.web import clock

UNCHECKED = ("Belum diperiksa", "danger")


def comes_large(file: FileStorage) -> bool:
    """Whether a file that is being sent is a worker's work."""
    size = int(file.stream.seek(0, SEEK_END))
    file.stream.seek(0)
    return _is_large(size)


def _is_large(size: int) -> bool:
    return size > int(current_app.config["LARGE_FILE_BYTES"])


def is_by_job(found: Upload) -> bool:
    """Whether the steps of this file are jobs: it is large, or was when it came."""
    return found.job_id is not None or _is_large(found.size)


def receive_large(
    kind: Kind, bank_id: int | None, file: FileStorage, check: FirstCheck, replaces: int | None
) -> Received:
    """Store a large file and ask for its check. What is no table at first sight is refused."""
    content, name = file.read(), file.filename or "berkas"
    refuse_at_sight(content, name)
    session, now = db.session(), clock.now()
    received = actions.receive_unread(session, kind, bank_id, Sent(content, name, me().id, now))
    found = received.upload
    if not received.earlier:
        ask_step(check, found, replaces=replaces)
        record("file_uploaded", found)
    elif found.status == READING and not is_under_way(found):
        ask_step(check, found, replaces=replaces)
    return received


def ask_step(step: FileStep, found: Upload, **params: Any) -> bool:
    """Ask for a step in the name of whoever opened the page."""
    return ask(db.session(), step, found, me().id, me().bank_id, clock.now(), **params)


def asked_before(found: Upload) -> dict[str, Any]:
    """What the newest job of the file was told beside the file, to ask for it once more."""
    return told_before(db.session(), found)


def is_under_way(found: Upload) -> bool:
    """Whether a worker has the file, or is to have it."""
    job = job_of(db.session(), found)
    return job is not None and job.is_open


def page_at_work(kind: Kind, found: Upload, url: Callable[[str], str]) -> str | None:
    """The page of a file while a worker has it, or has not read it; None at any other time.

    `url(name)`: the address of `step_state`, `cancel_step`, `check_again`, `withdraw_upload`,
    `original_file` and `upload_list` of the kind.
    """
    session, now = db.session(), clock.now()
    job = job_of(session, found)
    if job is None or not (job.is_open or found.status == READING):
        return None
    step = known_kinds()[job.kind]
    assert isinstance(step, FileStep)
    return render_template(
        "uploads/_at_work.html",
        upload=found,
        people=people_of(session, found),
        status=kind.statuses[found.status] if job.is_open else UNCHECKED,
        job=job,
        step=step,
        told=step.said(job, now),
        mine=me().may(step.permission),
        ahead=queries.ahead_of(session, job.id) if job.state == "queued" else 0,
        unattended=queries.is_left_alone(session, job, now),
        same=bool(request.args.get("sama")),
        url=url,
    )


def state_of_step(found: Upload) -> dict[str, Any]:
    """What the page asks for while it waits: another state loads it again."""
    job = job_of(db.session(), found)
    if job is None:
        return {"state": "", "done": 0, "total": 0, "text": ""}
    step = known_kinds()[job.kind]
    assert isinstance(step, FileStep)
    text = step.said(job, clock.now())
    return {"state": job.state, "done": job.done, "total": job.total, "text": text}


def cancel(found: Upload) -> str:
    """Stop the step that is under way, for whoever may ask for it; what to say of it."""
    session, now = db.session(), clock.now()
    job = job_of(session, found)
    if job is None or not job.is_open:
        raise Refused("job_ended", "Tidak ada yang sedang dikerjakan untuk berkas ini.")
    if not me().may(known_kinds()[job.kind].permission):
        refuse("upload", found.id)
    jobs.cancel(session, job.id, now)
    trail.record(session, now, me().id, "job_cancelled", "job", job.id, job.title)
    session.refresh(found)
    return TAKEN if found.status == "withdrawn" else STOPPED


def only_read(found: Upload) -> None:
    """Refuse what needs the rows of a file that nobody has read, or could read."""
    if found.status == READING or (found.status in OPEN and not found.was_read):
        raise Refused(
            "file_unread", "Berkas ini tidak atau belum terbaca, jadi belum ada hasilnya."
        )
