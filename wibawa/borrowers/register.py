"""The filtered, sorted register of borrowers: for the page and the export."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Subquery, case, func, literal, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import answering
from wibawa.web.pages import Page, Wanted, whole_list

SORTS = ("nama", "jenis", "kecamatan", "bidang", "baki", "terdaftar")
MOST_SUMMED = 1_000  # a longer list tells its sums when it is asked for them
# borrower_id, loans and outstanding of whoever of these borrowers (None: of all) has a running
# loan. Loans stand above borrowers, so a page brings them along.
Running = Callable[[Any], Subquery]


@dataclass(frozen=True)
class BorrowerFilter:
    """What the register shows. `running`: only those with (True) or without (False) a running
    loan."""

    text: str = ""
    kind: str | None = None
    kecamatan: str | None = None
    sector: str | None = None
    running: bool | None = None


@dataclass(frozen=True)
class RegisterLine:
    """A borrower in the register. `loans` run today with `outstanding` rupiah in all."""

    id: int
    kind: str
    name: str
    business_name: str
    cooperative_number: str | None
    chair_name: str
    nik_tail: str
    sex: str
    sector: str
    phone: str
    address: str
    kelurahan: str
    kecamatan: str
    created_at: dt.datetime
    loans: int
    outstanding: int
    active: bool | None
    health: str | None
    health_assessed_on: dt.date | None
    annual_meeting_on: dt.date | None


@dataclass(frozen=True)
class RegisterTotals:
    """`running` and `outstanding` are None where they were not reckoned."""

    borrowers: int
    cooperatives: int
    running: int | None = None
    outstanding: int | None = None

    @property
    def micro(self) -> int:
        return self.borrowers - self.cooperatives


def register_lines(
    session: Session,
    running: Running,
    asked_for: BorrowerFilter,
    asked: Wanted,
    *,
    summed: bool = False,
) -> tuple[Page[RegisterLine], RegisterTotals]:
    """One page of the register and the totals of the whole filtered list.

    The position of loans is reckoned for the borrowers on the page only, unless the list is short,
    is filtered or sorted by it, or `summed` asks for its sums.
    """
    by_loans = asked.sort == "baki" or asked_for.running is not None
    totals = _totals(session, running, asked_for, summed or by_loans)
    asked = replace(asked, page=min(asked.page, max(1, -(-totals.borrowers // asked.per_page))))
    if by_loans:
        query = _register(running(None), asked_for, asked)
        lines = [RegisterLine(*row) for row in session.execute(_part(query, asked))]
    else:
        lines = _first_page(session, running, asked_for, asked)
    return Page(lines, asked.page, asked.per_page, totals.borrowers), totals


def _part(query: Any, asked: Wanted) -> Any:
    return query.limit(asked.per_page).offset(asked.offset)


def _first_page(
    session: Session, running: Running, asked_for: BorrowerFilter, asked: Wanted
) -> list[RegisterLine]:
    """The borrowers of the page first, then what they owe."""
    rows = session.execute(_part(_register(None, asked_for, asked), asked)).all()
    owing: Any = session.execute(select(running([row[0] for row in rows])))
    owed = {row.borrower_id: (row.loans, row.outstanding) for row in owing}
    lines = [RegisterLine(*row) for row in rows]
    return [
        replace(line, loans=loans, outstanding=outstanding)
        for line in lines
        for loans, outstanding in [owed.get(line.id, (0, 0))]
    ]


def _totals(
    session: Session, running: Running, asked_for: BorrowerFilter, summed: bool
) -> RegisterTotals:
    counts = (
        func.count(),
        func.coalesce(func.sum(case((Borrower.kind == "cooperative", 1), else_=0)), 0),
    )
    if asked_for.running is None:
        counted = session.execute(_filtered(select(*counts), None, asked_for)).one()
        totals = RegisterTotals(*(int(value) for value in counted))
        if not summed and totals.borrowers > MOST_SUMMED:
            return totals
    among = None if summed else _filtered(select(Borrower.id), None, asked_for)
    each = running(among)
    sums = (func.count(each.c.borrower_id), func.coalesce(func.sum(each.c.outstanding), 0))
    found = session.execute(_filtered(select(*counts, *sums), each, asked_for)).one()
    return RegisterTotals(*(int(value) for value in found))


def all_register_lines(
    session: Session,
    running: Running,
    asked_for: BorrowerFilter,
    asked: Wanted,
) -> list[RegisterLine]:
    """The whole register for an export, in the order in which it is shown."""
    query = _register(running(None), asked_for, asked)
    return [RegisterLine(*row) for row in whole_list(session, query)]


def _register(running: Subquery | None, asked_for: BorrowerFilter, asked: Wanted) -> Any:
    """The lines, with 0 loans and 0 rupiah when `running` is left out."""
    nothing: Any = literal(0)
    loans = nothing if running is None else func.coalesce(running.c.loans, 0)
    outstanding = nothing if running is None else func.coalesce(running.c.outstanding, 0)
    query = select(
        Borrower.id,
        Borrower.kind,
        Borrower.name,
        Borrower.business_name,
        Borrower.cooperative_number,
        Borrower.chair_name,
        Borrower.nik_tail,
        Borrower.sex,
        Borrower.sector,
        Borrower.phone,
        Borrower.address,
        Kelurahan.name,
        Kecamatan.name,
        Borrower.created_at,
        loans,
        outstanding,
        Borrower.active,
        Borrower.health,
        Borrower.health_assessed_on,
        Borrower.annual_meeting_on,
    )
    query = query.join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code).join(
        Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code
    )
    by = {
        "nama": Borrower.name_key,
        "jenis": Borrower.kind,
        "kecamatan": Kecamatan.name,
        "bidang": Borrower.sector,
        "baki": outstanding,
        "terdaftar": Borrower.created_at,
    }[asked.sort]
    orders = [by, *((Borrower.name_key,) if asked.sort != "nama" else ()), Borrower.id]
    turned = [order.desc() if asked.descending and order is by else order for order in orders]
    return _filtered(query, running, asked_for).order_by(*turned)


def _filtered(query: Any, running: Subquery | None, asked_for: BorrowerFilter) -> Any:
    if running is not None:
        query = query.outerjoin(running, running.c.borrower_id == Borrower.id)
    return query.where(*_conditions(running, asked_for))


def _conditions(running: Subquery | None, asked_for: BorrowerFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Borrower.merged_into_id.is_(None)]
    if asked_for.text:
        found.append(Borrower.id.in_(answering(asked_for.text, by_nik=False)))
    if asked_for.kind is not None:
        found.append(Borrower.kind == asked_for.kind)
    if asked_for.kecamatan is not None:
        places = select(Kelurahan.code).where(Kelurahan.kecamatan_code == asked_for.kecamatan)
        found.append(Borrower.kelurahan_code.in_(places))
    if asked_for.sector is not None:
        found.append(Borrower.sector == asked_for.sector)
    if asked_for.running is not None and running is not None:
        has = running.c.borrower_id
        found.append(has.is_not(None) if asked_for.running else has.is_(None))
    return found
