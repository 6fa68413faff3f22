"""Which loans a figure counts, as SQL: one row for each, whatever the rule (domain rules §7).

Days are those of the books, dates of the office's calendar, so a year's border needs no clock. A
loan whose disbursement was reversed as a whole by then counts nowhere. A borrower is the record
that is left after merges.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from wibawa.borrowers.models import Borrower
from wibawa.indicators.models import LockedMember
from wibawa.loans.models import LedgerEntry, Loan, Schedule
from wibawa.loans.positions import stands_on
from wibawa.loans.standings.models import Standing
from wibawa.loans.undone import REVERSAL, is_given_up
from wibawa.rules.changes import RESTRUCTURING
from wibawa.rules.indicators import PROGRAMME_SINCE, Rule, Span


def loans_of(span: Span, rules: Sequence[Rule], *, ordered: bool = False) -> Select[Any]:
    """The programme's loans disbursed up to `span.last`: loan_id, borrower_id, bank_id, principal,
    disbursed_on and for each rule whether it counts them, in a column of its name; where a rule or
    `ordered` asks for it also `nth` (the borrower's first, second … loan)."""
    nth = func.row_number().over(
        partition_by=Loan.borrower_id, order_by=(Loan.disbursed_on, Loan.id)
    )
    order = [nth.label("nth")] if ordered or Rule.NEW in rules else []
    before = span.first - dt.timedelta(days=1)
    runs = Rule.RUNNING in rules
    owed = [_owed(before).label("owed")] if runs else []
    query = select(
        Loan.id.label("loan_id"),
        Loan.borrower_id,
        Loan.bank_id,
        Loan.principal,
        Loan.disbursed_on,
        *order,
        *owed,
    ).where(
        Loan.disbursed_on.between(PROGRAMME_SINCE, span.last),
        Loan.id.not_in(_withdrawn(span.last)),
    )
    if runs:
        query = query.outerjoin(Standing, and_(Standing.loan_id == Loan.id, stands_on(before)))
    known = query.subquery("known")
    flags = [_counts(rule, span, known.c).label(rule.value) for rule in rules]
    return select(*(column for column in known.c if column.key != "owed"), *flags)


def _counts(rule: Rule, span: Span, loan: Any) -> ColumnElement[bool]:
    in_year: ColumnElement[bool] = loan.disbursed_on >= span.first
    if rule is Rule.CUMULATIVE:
        return true()
    if rule is Rule.SERVED:
        return in_year
    if rule is Rule.NEW:
        return and_(in_year, loan.nth == 1)
    if rule is Rule.RUNNING:
        return or_(in_year, loan.owed)
    eased: ColumnElement[bool] = loan.loan_id.in_(
        select(Schedule.loan_id).where(
            Schedule.kind.in_(RESTRUCTURING), Schedule.starts_on.between(span.first, span.last)
        )
    )
    return eased


def _owed(before: dt.date) -> ColumnElement[bool]:
    """Whether something was owed of a loan at the end of the day before the year, and it was not
    written off by then."""
    return and_(Standing.number.is_not(None), ~is_given_up(Loan.id, before))


def _withdrawn(on: dt.date) -> Select[Any]:
    """Loans whose disbursement was reversed by the end of `on`."""
    undo, first = aliased(LedgerEntry), aliased(LedgerEntry)
    return (
        select(undo.loan_id)
        .join(first, and_(first.loan_id == undo.loan_id, first.sequence == undo.reverses))
        .where(
            undo.kind == REVERSAL,
            func.coalesce(undo.effective_on, on) <= on,  # so that SQLite finds reversals, not days
            first.kind == literal_column("'disbursement'"),
        )
    )


def members(rule: Rule, span: Span) -> Select[Any]:
    """The loans that one rule counts: loan_id, borrower_id, bank_id, principal, disbursed_on, nth,
    and `leads`: whether it is the borrower's latest of them, which stands for the borrower."""
    known = loans_of(span, [rule], ordered=True).subquery("counted")
    behind = func.row_number().over(
        partition_by=known.c.borrower_id,
        order_by=(known.c.disbursed_on.desc(), known.c.loan_id.desc()),
    )
    columns = [column for column in known.c if column.key != rule.value]
    return select(*columns, case((behind == 1, 1), else_=0).label("leads")).where(
        known.c[rule.value]
    )


# What is known of a counted loan, in this order; a lock keeps exactly these.
FACTS = (
    "loan_id", "borrower_id", "bank_id", "principal", "disbursed_on", "nth", "leads", "kind", "sex",
    "kelurahan_code", "sector", "members_male", "members_female",
)  # fmt: skip


def facts(rule: Rule, span: Span) -> Select[Any]:
    """The loans that one rule counts with what splits look at: the columns of FACTS."""
    known = members(rule, span).subquery("members")
    return select(
        *(known.c[name] for name in FACTS[:7]),
        *(getattr(Borrower, name) for name in FACTS[7:]),
    ).join(Borrower, Borrower.id == known.c.borrower_id)


def locked_facts(rule: Rule, lock_id: int) -> Select[Any]:
    """The same of a locked year, as it was kept."""
    return select(*(getattr(LockedMember, name) for name in FACTS)).where(
        LockedMember.lock_id == lock_id, LockedMember.rule == rule.value
    )
