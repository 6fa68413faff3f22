"""The steps of a received file that are the same for every kind: stored sealed and once only,
checked, replaced, withdrawn. What a file says and does is left to its kind. Flush at most."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import seal_bytes, unseal_bytes
from wibawa.access.sealed import Placed, place_of, sealed_text
from wibawa.database import Base, allocate_ids, bulk_insert, is_sqlite
from wibawa.rules.dates import short_date
from wibawa.rules.masking import mask_people
from wibawa.rules.refused import Problem, Refused
from wibawa.uploads.cells import text_of
from wibawa.uploads.columns import Cell
from wibawa.uploads.kinds import OPEN, READING, Kind
from wibawa.uploads.models import Upload, UploadPlan, UploadProblem

CONTENT_PLACE = "uploads.content"
OFFICES_OWN_FILES = 20_261  # the advisory lock of files that belong to no bank (PostgreSQL)
FIRST_ROWS = 20
PROBLEM_COLUMNS = (
    "upload_id", "number", "row", "column", "code", "found", "message", "blocking", "cells",
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A file as it arrived, by whom and when."""

    content: bytes = field(repr=False)
    filename: str
    by: int
    now: dt.datetime

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Found:
    """What a check found, as it is kept beside the file in place of what an earlier one found.

    `figures`: columns of `Upload` → values; `first_rows`: the first rows as understood, as plain
    texts; `cells(row)`: the officer's own row as shown beside a problem (row 0 is never asked);
    `plan`: where the money is to go, for kinds that show it.
    """

    problems: Sequence[Problem]
    blocked: bool
    headings: Sequence[str]
    first_rows: Sequence[Mapping[str, object]]
    cells: Callable[[int], Sequence[str]]
    figures: Mapping[str, object] = field(default_factory=dict)
    plan: bytes | None = None


@dataclass(frozen=True)
class Received:
    """The stored file; `earlier` when the same file (or a re-saved copy) had come before."""

    upload: Upload
    earlier: bool


def receive(
    session: Session,
    kind: Kind,
    bank_id: int | None,
    sent: Sent,
    rows_hash: str,
    check: Callable[[Upload], Found],
    replaces: int | None = None,
) -> Received:
    """Store a file that was read before, and keep what `check` finds.

    The same bytes, or the same rows in a re-saved copy, lead to the earlier upload instead; one
    that is still open is checked again, since the books may have changed. Reading is left to the
    caller, who does it outside the transaction: a large file takes seconds. `replaces` is the open
    file that this one mends; it is withdrawn.
    """
    lock_files(session, bank_id)
    same = or_(Upload.sha256 == sent.digest, Upload.rows_hash == rows_hash)
    known = earlier(session, kind, bank_id, same)
    if known is not None:
        if known.status in OPEN:
            known.rows_hash = known.rows_hash or rows_hash
            keep(session, known, check(known))
        return Received(known, True)
    upload = store(session, kind, bank_id, sent, rows_hash=rows_hash)
    keep(session, upload, check(upload))
    if replaces is not None:
        _withdraw_replaced(session, upload, replaces)
    return Received(upload, False)


def receive_unread(session: Session, kind: Kind, bank_id: int | None, sent: Sent) -> Received:
    """Store a file that a job will read. The same bytes lead to the earlier upload, unless nobody
    could read that one: what a bank's layout says may have changed since."""
    lock_files(session, bank_id)
    known = earlier(session, kind, bank_id, Upload.sha256 == sent.digest)
    if known is not None and (known.was_read or known.status not in OPEN):
        return Received(known, True)
    if known is not None:
        known.status = "withdrawn"
        said = f"{known.filename}, dikirim lagi"
        trail.record(session, sent.now, sent.by, "file_withdrawn", "upload", known.id, said)
    return Received(store(session, kind, bank_id, sent), False)


def take_in(
    session: Session,
    kind: Kind,
    upload: Upload,
    rows_hash: str,
    check: Callable[[Upload], Found],
    replaces: int | None = None,
) -> None:
    """Keep what `check` finds in a file of `receive_unread` that was read meanwhile; as `receive`
    does, but a re-saved copy is withdrawn in favour of the earlier upload."""
    lock_upload(session, kind, upload)
    only(kind, upload, READING)
    known = earlier(session, kind, upload.bank_id, Upload.rows_hash == rows_hash)
    if known is not None:
        upload.status, upload.same_as = "withdrawn", known.id
        if known.status in OPEN:
            keep(session, known, check(known))
        return
    upload.rows_hash = rows_hash
    keep(session, upload, check(upload))
    if replaces is not None:
        _withdraw_replaced(session, upload, replaces)


def refuse_unreadable(session: Session, kind: Kind, upload: Upload, problem: Problem) -> None:
    """Keep why a file of `receive_unread` cannot be read; another one may replace it."""
    lock_upload(session, kind, upload)
    only(kind, upload, READING)
    keep(session, upload, Found([problem], True, [], [], lambda row: []))


def lock_files(session: Session, bank_id: int | None) -> None:
    """One file of a bank at a time (or of the office, whose files belong to no bank): what a check
    found stays true until its file is through."""
    if bank_id is not None:
        banks = Base.metadata.tables["banks"]
        own = select(banks.c.id).where(banks.c.id == bank_id)
        session.execute(own.with_for_update(key_share=True))
    elif not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(OFFICES_OWN_FILES)))


def earlier(
    session: Session, kind: Kind, bank_id: int | None, same: ColumnElement[bool]
) -> Upload | None:
    """The newest file of the kind and bank that fits `same`, neither withdrawn nor undone."""
    return session.scalar(
        select(Upload)
        .where(
            Upload.bank_id == bank_id,
            Upload.kind == kind.code,
            Upload.status != "withdrawn",
            Upload.reversed_at.is_(None),
            same,
        )
        .order_by(Upload.id.desc())
        .limit(1)
    )


def store(session: Session, kind: Kind, bank_id: int | None, sent: Sent, **facts: Any) -> Upload:
    """A new upload with its bytes sealed; `facts` are further columns. `status` is first faulty."""
    (number,) = allocate_ids(session, "uploads", 1)
    upload = Upload(
        id=number,
        bank_id=bank_id,
        kind=kind.code,
        filename=stored_name(sent.filename),
        size=len(sent.content),
        sha256=sent.digest,
        content=seal_bytes(sent.content, place_of(CONTENT_PLACE, number)),
        sealed=True,
        uploaded_by=sent.by,
        uploaded_at=sent.now,
        **({"status": "faulty"} | facts),
    )
    session.add(upload)
    session.flush()
    return upload


def content_of(upload: Upload) -> bytes:
    """The file's bytes as they arrived; files of the time before sealing are stored as they are."""
    if not upload.sealed:
        return upload.content
    return unseal_bytes(upload.content, place_of(CONTENT_PLACE, upload.id))


def _withdraw_replaced(session: Session, by: Upload, replaced: int) -> None:
    """Withdraw the open file that this one mends, with its line in the trail: it may have been
    somebody else's."""
    gone = session.execute(
        update(Upload)
        .where(
            Upload.id == replaced,
            Upload.id != by.id,
            Upload.bank_id == by.bank_id,
            Upload.kind == by.kind,
            Upload.status.in_(OPEN),
        )
        .values(status="withdrawn")
        .returning(Upload.filename)
    ).first()
    if gone is not None:
        said = f"{gone.filename}, diganti berkas nomor {by.id}"
        at, who = by.uploaded_at, by.uploaded_by
        trail.record(session, at, who, "file_withdrawn", "upload", replaced, said)


def lock_upload(session: Session, kind: Kind, upload: Upload) -> None:
    """Take the file's own lock after `lock_files`, and its row as it is now."""
    lock_files(session, upload.bank_id)
    session.refresh(upload, with_for_update=True)


def only(kind: Kind, upload: Upload, *statuses: str) -> None:
    """Refuse a step that the file's status does not allow (any more)."""
    if upload.status not in statuses:
        said = kind.said[upload.status]
        raise Refused("upload_state", f"Berkas ini {said}; tindakan ini tidak berlaku lagi.")


def withdraw(session: Session, kind: Kind, upload: Upload) -> None:
    """Take back a file that is not in the books yet."""
    session.refresh(upload, with_for_update=True)
    only(kind, upload, READING, *OPEN, "submitted")
    upload.status = "withdrawn"


@contextmanager
def choice_recorded(session: Session, upload: Upload, by: int, now: dt.datetime) -> Iterator[None]:
    """Around a choice for a file: what is chosen now, in the trail, if it is something
    else than before; its reason stays with the file."""

    def chosen() -> tuple[bool, bool]:
        return upload.skip_problems, upload.suspend_unknown

    before = chosen()
    yield
    words = ("Lewati baris bermasalah", "Rekening tak dikenal menjadi titipan")
    told = trail.changes(zip(words, before, chosen(), strict=True))
    if told:  # pressed twice it is told once
        detail = f"{upload.filename}: {told}"
        trail.record(session, now, by, "file_choice", "upload", upload.id, detail)


def choose_skipping(upload: Upload, skip: bool, reason: str) -> None:
    """Leave rows with problems out, for a reason that is kept; the caller checks again."""
    reason = reason.strip()
    if skip and not reason:
        raise Refused(
            "reason_missing",
            "Alasan melewati baris bermasalah belum diisi. Tulis alasannya, misalnya "
            "“menunggu koreksi cabang”.",
        )
    upload.skip_problems = skip
    upload.skip_reason = reason[:300] if skip else ""


def keep(session: Session, upload: Upload, found: Found) -> None:
    """Write what a check found beside the file, in place of what an earlier one found."""
    for name, value in found.figures.items():
        setattr(upload, name, value)
    upload.status = "faulty" if found.blocked else "clean"
    upload.problem_count = sum(problem.blocking for problem in found.problems)
    upload.notice_count = len(found.problems) - upload.problem_count
    upload.headings = storable(json.dumps(list(found.headings), ensure_ascii=False))
    first = [dict(row) for row in found.first_rows[:FIRST_ROWS]]
    upload.first_rows = Placed(storable(json.dumps(first, ensure_ascii=False)), upload.id)
    session.execute(delete(UploadProblem).where(UploadProblem.upload_id == upload.id))
    session.execute(delete(UploadPlan).where(UploadPlan.upload_id == upload.id))
    session.flush()
    if found.plan is not None:
        session.execute(insert(UploadPlan).values(upload_id=upload.id, data=found.plan))

    @cache  # a row often has several problems
    def cells(row: int) -> str:
        return storable(json.dumps(list(found.cells(row)) if row else [], ensure_ascii=False))

    upload_id = upload.id
    bulk_insert(
        session,
        "upload_problems",
        tuple(f'"{name}"' for name in PROBLEM_COLUMNS),
        [
            _kept((upload_id, number), problem, cells(problem.row))
            for number, problem in enumerate(found.problems, 1)
        ],
    )


def _kept(key: tuple[int, int], problem: Problem, cells: str) -> tuple[object, ...]:
    return (
        *key,
        problem.row,
        storable(problem.column[:120]),
        problem.code,
        sealed_text(storable(problem.found), "upload_problems.found", *key),
        sealed_text(storable(problem.message), "upload_problems.message", *key),
        problem.blocking,
        sealed_text(cells, "upload_problems.cells", *key),
    )


def stored_name(filename: str) -> str:
    """A file's name as it is kept, shown and given back: no folder, nothing that breaks a line or
    turns the direction of writing, no NIK. `../data/angsuran.csv` is `angsuran.csv`."""
    last = storable(filename).replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp"))
    return mask_people(plain.strip())[-200:] or "berkas"


def storable(text: str) -> str:
    """PostgreSQL takes neither NUL nor lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def shown_cell(cell: Cell | None) -> str:
    """A cell of the officer's file as she knows it: dates as dd/mm/yyyy, whole numbers plain."""
    if cell is None:
        return ""
    if isinstance(cell, dt.date):
        return short_date(cell)
    return text_of(cell)[:200]
