"""What a file of SI-UMI would change, or has changed: for its pages and for a borrower's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.sealed import shown_fact
from wibawa.banks.models import Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.siumi.models import RegisterChange, RegisterLine
from wibawa.web.pages import MOST_IN_FILE, Page, Wanted, fitting


@dataclass(frozen=True)
class LineFilter:
    """Which lines of a file: of an outcome (`held`: those with a name to confirm, ticked or not),
    by a part of the name, by the field that changes, or only those who may be known already."""

    outcome: str
    text: str = ""
    field: str = ""
    alike: bool = False


@dataclass(frozen=True)
class ShownLine:
    """A row of a file and what it brings. `changes`: field, before, after as the history keeps
    them. `like`: the name of the borrower who may be the same person."""

    row: int
    outcome: str
    borrower_id: int | None
    confirmed: bool
    name: str
    nik_tail: str
    business_name: str
    sector: str
    kelurahan: str
    kecamatan: str
    phone: str
    like_id: int | None
    like_row: int | None
    like: str | None
    changes: tuple[tuple[str, str, str], ...] = field(default=())


def line_page(
    session: Session, upload_id: int, asked_for: LineFilter, asked: Wanted
) -> Page[ShownLine]:
    """One page of a file's lines in the order of its rows, with their changes: three queries."""
    where = _conditions(upload_id, asked_for)
    lines = _lines(session, where, asked.per_page, asked.offset)
    return Page(lines, asked.page, asked.per_page, _count(session, where))


def _count(session: Session, where: Sequence[ColumnElement[bool]]) -> int:
    return session.scalar(select(func.count()).select_from(RegisterLine).where(*where)) or 0


def all_lines(session: Session, upload_id: int, asked_for: LineFilter) -> list[ShownLine]:
    """The same lines as a whole, for an export."""
    where = _conditions(upload_id, asked_for)
    found = _lines(session, where, MOST_IN_FILE + 1, 0)
    return list(fitting(found, lambda: _count(session, where)))


def _lines(
    session: Session, where: Sequence[ColumnElement[bool]], most: int, after: int
) -> list[ShownLine]:
    like = Borrower.__table__.alias("alike")
    line = RegisterLine
    query = (
        select(
            line.row_number,
            line.outcome,
            line.borrower_id,
            line.confirmed,
            line.name,
            line.nik_tail,
            line.business_name,
            line.sector,
            Kelurahan.name,
            Kecamatan.name,
            line.phone,
            line.like_id,
            line.like_row,
            like.c.name,
        )
        .join(Kelurahan, Kelurahan.code == line.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .outerjoin(like, like.c.id == line.like_id)
        .where(*where)
        .order_by(line.row_number)
        .limit(most)
        .offset(after)
    )
    rows = session.execute(query).all()
    changes = _changes(session, where, rows[0][0], rows[-1][0]) if rows else {}
    shown: Any = ShownLine
    return [shown(*row, tuple(changes.get(row[0], ()))) for row in rows]


def _changes(
    session: Session, where: Sequence[ColumnElement[bool]], first: int, last: int
) -> dict[int, list[tuple[str, str, str]]]:
    """The changes of the lines between two rows."""
    one = RegisterChange
    query = (
        select(one.row_number, one.field, one.before, one.after)
        .join(
            RegisterLine,
            and_(
                RegisterLine.upload_id == one.upload_id,
                RegisterLine.row_number == one.row_number,
            ),
        )
        .where(*where, one.row_number.between(first, last))
        .order_by(one.row_number, one.field)
    )
    found: dict[int, list[tuple[str, str, str]]] = {}
    for row, *change in session.execute(query):
        name, before, after = change
        told = (name, shown_fact(name, before), shown_fact(name, after))
        found.setdefault(row, []).append(told)
    return found


def _conditions(upload_id: int, asked_for: LineFilter) -> list[ColumnElement[bool]]:
    line = RegisterLine
    found: list[Any] = [line.upload_id == upload_id]
    if asked_for.outcome == "held":
        found.append(or_(line.outcome == "held", line.confirmed))
    else:
        found.append(line.outcome == asked_for.outcome)
    if asked_for.text:
        found.append(line.name_key.contains(asked_for.text.casefold(), autoescape=True))
    if asked_for.alike:
        found.append(or_(line.like_id.is_not(None), line.like_row.is_not(None)))
    if asked_for.field:
        one = aliased(RegisterChange)
        changed = select(one.row_number).where(
            one.upload_id == upload_id, one.field == asked_for.field
        )
        found.append(line.row_number.in_(changed))
    return found


def changed_fields(session: Session, upload_id: int) -> list[tuple[str, int]]:
    """How many of the lines that are applied change each field, most first."""
    one = RegisterChange
    many = func.count()
    query = (
        select(one.field, many)
        .join(
            RegisterLine,
            and_(
                RegisterLine.upload_id == one.upload_id,
                RegisterLine.row_number == one.row_number,
            ),
        )
        .where(one.upload_id == upload_id, RegisterLine.outcome == "changed")
        .group_by(one.field)
        .order_by(many.desc(), one.field)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


@dataclass(frozen=True)
class Origin:
    """The file and row that registered a borrower."""

    borrower_id: int
    upload_id: int
    row: int


def origins(session: Session, ids: Sequence[int]) -> list[Origin]:
    """Which of these borrowers were registered by a file of SI-UMI."""
    query: Any = select(
        RegisterLine.borrower_id, RegisterLine.upload_id, RegisterLine.row_number
    ).where(RegisterLine.borrower_id.in_(ids), RegisterLine.outcome == "new")
    return [Origin(*row) for row in session.execute(query)]
