"""The list of loans with their class on two days, and what was paid off between them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.loans.positions import Classes, positions
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.web.pages import Page, Wanted, whole_list

SORTS = ("nomor", "bank", "semula", "menjadi", "baki", "pokok", "tunggakan")
PAID, GIVEN_UP, NEW = 6, 7, 8  # what a loan can be besides a class
ENDED = (PAID, GIVEN_UP)
STATES = {**{str(grade): grade for grade in CLASS_NAMES},
          "lunas": PAID, "hapusbuku": GIVEN_UP, "baru": NEW}  # fmt: skip
WORDS = {number: word for word, number in STATES.items()}
OPENING: ColumnElement[bool] = LedgerEntry.kind == "opening"


@dataclass(frozen=True)
class MoveFilter:
    """Positions at the end of `first` and of `last`. `was` and `became` are a class or one of
    `PAID`, `GIVEN_UP`, `NEW`; a loan that had ended on both days is left out unless `ended`."""

    first: dt.date
    last: dt.date
    bank_id: int | None = None
    was: int | None = None
    became: int | None = None
    ended: bool = False


@dataclass(frozen=True)
class MoveLine:
    """One loan. `principal_paid` and `interest_paid` came between the two days, without what an
    opening portfolio brought in."""

    id: int
    number: str
    borrower: str
    account_number: str
    bank: str
    principal: int
    was: int
    became: int
    before: int
    after: int
    arrears: int
    principal_paid: int
    interest_paid: int


@dataclass(frozen=True)
class MoveTotals:
    loans: int
    before: int
    after: int
    arrears: int
    principal_paid: int
    interest_paid: int


def move_lines(
    session: Session, wanted: MoveFilter, classes: tuple[Classes, Classes], asked: Wanted
) -> tuple[Page[MoveLine], MoveTotals]:
    """One page of loans and the sums of the whole list: two queries. `classes`: the limits on the
    first day and on the last."""
    totals = move_totals(session, wanted, classes)
    asked = replace(asked, page=min(asked.page, max(1, -(-totals.loans // asked.per_page))))
    rows = _moved(wanted, classes).subquery("rows")
    query: Any = (
        select(rows).order_by(*_order(rows, asked)).limit(asked.per_page).offset(asked.offset)
    )
    lines = [_line(row) for row in session.execute(query)]
    return Page(lines, asked.page, asked.per_page, totals.loans), totals


def all_move_lines(
    session: Session,
    wanted: MoveFilter,
    classes: tuple[Classes, Classes],
    asked: Wanted,
) -> list[MoveLine]:
    """The whole list for an export, in the order in which it is shown."""
    rows = _moved(wanted, classes).subquery("rows")
    query: Any = select(rows).order_by(*_order(rows, asked))
    return [_line(row) for row in whole_list(session, query)]


def move_totals(
    session: Session, wanted: MoveFilter, classes: tuple[Classes, Classes]
) -> MoveTotals:
    rows = _moved(wanted, classes).subquery("rows")
    sums = (rows.c.before, rows.c.after, rows.c.arrears, rows.c.principal_paid, rows.c.paid)
    query = select(func.count(), *(func.coalesce(func.sum(each), 0) for each in sums))
    loans, before, after, arrears, principal, paid = (
        int(value) for value in session.execute(query.select_from(rows)).one()
    )
    return MoveTotals(loans, before, after, arrears, principal, paid - principal)


def _line(row: Any) -> MoveLine:
    *first, principal, paid = (row[place] for place in range(13))
    values: Any = (*first, int(principal), int(paid) - int(principal))
    return MoveLine(*values)


def _order(rows: Any, asked: Wanted) -> list[Any]:
    by = {
        "nomor": rows.c.number,
        "bank": rows.c.bank,
        "semula": rows.c.was,
        "menjadi": rows.c.became,
        "baki": rows.c.after,
        "pokok": rows.c.principal_paid,
        "tunggakan": rows.c.arrears,
    }[asked.sort]
    return [by.desc() if asked.descending else by.asc(), rows.c.id]


def _state(each: Any) -> Any:
    return case(
        (each.c.loan_id.is_(None), literal(NEW)),
        (each.c.written_off_on.is_not(None), literal(GIVEN_UP)),
        (each.c.outstanding == 0, literal(PAID)),
        else_=each.c.collectibility,
    )


def _moved(wanted: MoveFilter, classes: tuple[Classes, Classes]) -> Any:
    def at(day: dt.date, limits: Classes, name: str, *which: Any, besides: Any = None) -> Any:
        found = positions(day, limits, besides)
        if wanted.bank_id is not None:
            found = found.where(Loan.bank_id == wanted.bank_id)
        return found.where(*which).cte(name).prefix_with("MATERIALIZED", dialect="sqlite")

    since = wanted.first + dt.timedelta(days=1)
    before, after = at(wanted.first, classes[0], "before"), at(wanted.last, classes[1], "after")
    # What an opening portfolio brought in between the two days was not paid then.
    opened = Loan.opened_on.between(since, wanted.last)
    brought = at(wanted.last, classes[1], "brought", opened, besides=~OPENING)
    was, became = _state(before), _state(after)
    query = (
        select(
            Loan.id,
            Loan.number,
            Borrower.name.label("borrower"),
            Loan.account_number,
            Bank.name.label("bank"),
            Loan.principal,
            was.label("was"),
            became.label("became"),
            func.coalesce(before.c.outstanding, 0).label("before"),
            after.c.outstanding.label("after"),
            after.c.arrears,
            (
                func.coalesce(before.c.outstanding, Loan.principal)
                - after.c.outstanding
                - (Loan.principal - func.coalesce(brought.c.outstanding, Loan.principal))
            ).label("principal_paid"),
            (
                after.c.applied
                - func.coalesce(before.c.applied, 0)
                - func.coalesce(brought.c.applied, 0)
            ).label("paid"),
        )
        .select_from(after)
        .join(Loan, Loan.id == after.c.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Bank, Bank.id == Loan.bank_id)
        .outerjoin(before, before.c.loan_id == after.c.loan_id)
        .outerjoin(brought, brought.c.loan_id == after.c.loan_id)
    )
    if wanted.was is not None:
        query = query.where(was == wanted.was)
    if wanted.became is not None:
        query = query.where(became == wanted.became)
    if not wanted.ended:
        query = query.where(~and_(was == became, was.in_(ENDED)))
    return query
