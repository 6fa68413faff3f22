"""Received files and what their checks found, for every kind of file."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.access.sealed import are_contacts_hidden, for_reader, mask_address
from wibawa.database import Base
from wibawa.rules.refused import Problem
from wibawa.uploads.kinds import Kind
from wibawa.uploads.models import Upload, UploadProblem
from wibawa.web.pages import Page, Wanted

SORTS = ("tanggal", "bank", "berkas", "jumlah")
MOST_UNFOLDED = 50
_HIDDEN = re.compile("alamat|lahir", re.IGNORECASE)


@dataclass(frozen=True)
class UploadLine:
    """A file in its kind's list. `bank` is "" for the office's own files; `summary` is the kind's
    own figures."""

    id: int
    bank: str
    filename: str
    status: str
    row_count: int
    total: int
    problem_count: int
    posted_rows: int
    posted_total: int
    suspense_total: int
    skipped_rows: int
    summary: dict[str, Any]
    uploaded_at: dt.datetime
    uploaded_by: str
    posted_at: dt.datetime | None
    reversed_at: dt.datetime | None


@dataclass(frozen=True)
class UploadPeople:
    """Who did what with a file; None where it did not happen (or a setting did it)."""

    bank: str | None
    uploaded_by: str
    submitted_by: str | None
    posted_by: str | None


@dataclass(frozen=True)
class CodeCount:
    """How often a file has one sort of problem or notice."""

    code: str
    label: str
    count: int
    blocking: bool

    @property
    def folded(self) -> bool:
        """Whether so many notices are alike that they would hide the others: they are told in one
        line, and one by one when asked for."""
        return not self.blocking and self.count > MOST_UNFOLDED


def upload_page(
    session: Session, kind: Kind, bank_id: int | None, status: str | None, asked: Wanted
) -> Page[UploadLine]:
    """One page of the files of a kind, of one bank when `bank_id` is given: two queries."""
    banks = Base.metadata.tables["banks"]
    query: Any = (
        select(
            Upload.id,
            func.coalesce(banks.c.name, ""),
            Upload.filename,
            Upload.status,
            Upload.row_count,
            Upload.total,
            Upload.problem_count,
            Upload.posted_rows,
            Upload.posted_total,
            Upload.suspense_total,
            Upload.skipped_rows,
            Upload.summary,
            Upload.uploaded_at,
            User.name,
            Upload.posted_at,
            Upload.reversed_at,
        )
        .outerjoin(banks, banks.c.id == Upload.bank_id)
        .join(User, User.id == Upload.uploaded_by)
    )
    by: Any = {
        "tanggal": Upload.uploaded_at,
        "bank": banks.c.name,
        "berkas": Upload.filename,
        "jumlah": Upload.total,
    }[asked.sort]
    order = by.desc() if asked.descending else by.asc()
    found = session.execute(
        _of(query, kind, bank_id, status)
        .order_by(order, Upload.id.desc())
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    lines = [_line(*row) for row in found]
    total = session.scalar(_of(select(func.count(Upload.id)), kind, bank_id, status)) or 0
    return Page(lines, asked.page, asked.per_page, total)


def _line(*row: Any) -> UploadLine:
    line: Any = list(row)
    line[11] = json.loads(line[11])
    return UploadLine(*line)


def _of(query: Select[Any], kind: Kind, bank_id: int | None, status: str | None) -> Select[Any]:
    query = query.where(Upload.kind == kind.code)
    if bank_id is not None:
        query = query.where(Upload.bank_id == bank_id)
    if status:
        query = query.where(Upload.status == status)
    return query


def find_upload(session: Session, kind: Kind, upload_id: int) -> Upload | None:
    """A file of the kind without its bytes (they load when asked for)."""
    return session.scalar(select(Upload).where(Upload.id == upload_id, Upload.kind == kind.code))


submitter = aliased(User, name="submitter")
poster = aliased(User, name="poster")


def people_of(session: Session, upload: Upload) -> UploadPeople:
    banks = Base.metadata.tables["banks"]
    row = session.execute(
        select(banks.c.name, User.name, submitter.name, poster.name)
        .select_from(Upload)
        .outerjoin(banks, banks.c.id == Upload.bank_id)
        .join(User, User.id == Upload.uploaded_by)
        .outerjoin(submitter, submitter.id == Upload.submitted_by)
        .outerjoin(poster, poster.id == Upload.posted_by)
        .where(Upload.id == upload.id)
    ).one()
    return UploadPeople(*row)


def code_counts(session: Session, kind: Kind, upload_id: int) -> list[CodeCount]:
    """How many problems and notices of each sort a file has, problems first, most first."""
    found = session.execute(
        select(UploadProblem.code, UploadProblem.blocking, func.count().label("many"))
        .where(UploadProblem.upload_id == upload_id)
        .group_by(UploadProblem.code, UploadProblem.blocking)
        .order_by(UploadProblem.blocking.desc(), func.count().desc(), UploadProblem.code)
    )
    return [CodeCount(code, kind.label_of(code), many, blocking) for code, blocking, many in found]


def problem_page(
    session: Session, upload_id: int, code: str | None, asked: Wanted, folded: Sequence[str] = ()
) -> tuple[Page[Problem], dict[int, list[str]]]:
    """One page of problems, and the officer's own cells of the rows they stand in; all but the
    notices with a `folded` code, or those with one `code`."""
    meant = [UploadProblem.upload_id == upload_id]
    if code:
        meant.append(UploadProblem.code == code)
    elif folded:
        meant.append(or_(UploadProblem.blocking, UploadProblem.code.not_in(folded)))
    query = select(UploadProblem).where(*meant)
    count = select(func.count()).select_from(UploadProblem).where(*meant)
    found = session.scalars(
        query.order_by(UploadProblem.blocking.desc(), UploadProblem.row, UploadProblem.number)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    problems, cells = [], {}
    hidden = _hidden_columns(session, upload_id)
    for each in found:
        problems.append(_problem(each))
        own = json.loads(each.cells)
        cells[each.row] = [
            mask_address(cell) if at in hidden else cell for at, cell in enumerate(own)
        ]
    return Page(for_reader(problems), asked.page, asked.per_page, session.scalar(count) or 0), cells


def _hidden_columns(session: Session, upload_id: int) -> set[int]:
    """Where a file has addresses and days of birth, for a reader who may not see them (phones are
    masked where they are read)."""
    if not are_contacts_hidden():
        return set()
    written = session.scalar(select(Upload.headings).where(Upload.id == upload_id))
    headings = json.loads(written or "[]")
    return {at for at, heading in enumerate(headings) if _HIDDEN.search(str(heading))}


def all_problems(session: Session, upload_id: int) -> Sequence[Problem]:
    """Every problem and notice of a file, in row order."""
    found = session.scalars(
        select(UploadProblem)
        .where(UploadProblem.upload_id == upload_id)
        .order_by(UploadProblem.number)
    )
    return for_reader(map(_problem, found))


def _problem(kept: UploadProblem) -> Problem:
    return Problem(kept.row, kept.column, kept.code, kept.found, kept.message, kept.blocking)
