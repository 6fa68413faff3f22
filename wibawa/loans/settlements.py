"""Early settlements: approved ones wait for their money, whose sum in time ends the loan; when that
money is reversed, the schedule of before comes back."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.database import FOREVER, among
from wibawa.loans.journal import Author, NewVersion, add_version
from wibawa.loans.models import LedgerEntry, Loan, LoanRequest, Schedule, ScheduleRow
from wibawa.loans.undone import is_reversed
from wibawa.rules.changes import Plan
from wibawa.rules.facts import Installment, Method

last = aliased(Schedule, name="newest_version")
before = aliased(Schedule, name="version_before")
maker = aliased(LoanRequest, name="maker")


@dataclass(frozen=True)
class Quote:
    """An approved early settlement: done when `total` lies in the loan by the end of its day.

    It holds for the version of the schedule that it was made for; a later version ends it, unless
    that version only took the settlement back because its money was reversed.
    """

    request_id: int
    loan_id: int
    version: int
    total: int
    valid_until: dt.date
    plan: Plan
    reason: str
    entered_by: int
    decided_by: int


def kept_quote(version: int, plan: Plan) -> str:
    """What a request keeps of the settlement that was approved."""
    rows = [[row[0], row[1].isoformat(), *row[2:]] for row in plan.rows]
    return json.dumps({"version": version, "due_day": plan.due_day, "rows": rows})


def open_settlements(
    session: Session, bank_id: int | None = None, loan_id: int | None = None
) -> dict[int, Quote]:
    """The settlements that may still be paid, the newest of each loan: one query.

    Whether their last day has passed is left to the caller, since money may be booked late. Money
    that came after that day ends them: with it the loan would hold more than its settlement.
    """
    done = select(Schedule.request_id).where(Schedule.request_id.is_not(None))
    revived = and_(maker.id.is_not(None), before.request_id == LoanRequest.id)
    too_late = exists().where(
        LedgerEntry.loan_id == LoanRequest.loan_id,
        LedgerEntry.effective_on > LoanRequest.valid_until,
        LedgerEntry.applied > 0,
        ~is_reversed(LedgerEntry),
    )
    query = (
        select(LoanRequest, Loan.rate, Loan.method, Schedule.version, Schedule.multiple, revived)
        .join(Loan, Loan.id == LoanRequest.loan_id)
        .join(Schedule, (Schedule.loan_id == Loan.id) & (Schedule.ends_on == FOREVER))
        .outerjoin(
            maker,
            (maker.id == Schedule.request_id)
            & (Schedule.kind == "reopen")
            & (maker.kind != "reopen"),
        )
        .outerjoin(before, (before.loan_id == Loan.id) & (before.version == Schedule.version - 1))
        .where(
            LoanRequest.kind == "settlement",
            LoanRequest.status == "approved",
            or_(LoanRequest.id.not_in(done), revived),
            ~too_late,
        )
        .order_by(LoanRequest.id)
    )
    if bank_id is not None:
        query = query.where(LoanRequest.bank_id == bank_id)
    if loan_id is not None:
        query = query.where(LoanRequest.loan_id == loan_id)
    found: dict[int, Quote] = {}
    rows_found: Any = session.execute(query)
    for request, rate, method, version, multiple, again in rows_found:
        kept = json.loads(request.result)
        if kept["version"] != version and not again:
            continue
        rows = tuple(
            Installment(number, dt.date.fromisoformat(day), *amounts)
            for number, day, *amounts in kept["rows"]
        )
        plan = Plan(rows, rate, Method(method), multiple, kept["due_day"], 0)
        found[request.loan_id] = Quote(
            request.id, request.loan_id, version, plan.total, request.valid_until, plan,
            request.reason, request.entered_by, request.decided_by,
        )  # fmt: skip
    return found


Sums = Sequence[tuple[dt.date, int]]


def complete_settlements(session: Session, loan_ids: Collection[int], author: Author) -> list[int]:
    """End the loans whose settlement's sum has come in time, from the day it was whole; their ids.

    Called after money was appended, in the same transaction. One query when nothing waits.
    """
    done = []
    for quote, new in completed(session, loan_ids, {}):
        persons = Author(quote.entered_by, quote.decided_by, author.now)
        add_version(session, new, persons, quote.request_id, quote.reason)
        done.append(new.loan_id)
    return done


def completed(
    session: Session, loan_ids: Collection[int], more: Mapping[int, Sums]
) -> list[tuple[Quote, NewVersion]]:
    """The versions that end these loans, with the money in their journals and `more` besides."""
    quotes = {
        loan_id: quote
        for loan_id, quote in open_settlements(session).items()
        if loan_id in loan_ids
    }
    found = []
    for loan_id, sums in _sums(session, quotes, more).items():
        quote = quotes[loan_id]
        day = settled_on(quote, sums)
        if day is not None and sum(amount for _, amount in sums) >= quote.total:
            found.append((quote, NewVersion(loan_id, "settlement", quote.plan, day)))
    return found


def taken_back(
    session: Session, loan_ids: Collection[int], more: Mapping[int, Sums]
) -> list[NewVersion]:
    """The versions that bring back the schedule of before the settlement of these loans, since the
    settlement's sum is not in them any more, with the money in their journals and `more` besides.

    Each begins on the day from which on the sum is missing, but the settlement's own first day
    stays with it, since a day has one version. One query when none was settled.
    """
    if not loan_ids:
        return []
    rows: Any = session.execute(
        select(
            last.loan_id,
            last.total,
            last.starts_on,
            before.id,
            before.due_day,
            before.multiple,
            Loan.rate,
            Loan.method,
        )
        .join(before, (before.loan_id == last.loan_id) & (before.version == last.version - 1))
        .join(Loan, Loan.id == last.loan_id)
        .where(
            last.kind == "settlement",
            last.ends_on == FOREVER,
            among(session, last.loan_id, loan_ids),
        )
        .order_by(last.loan_id)
    )
    settled = {row.loan_id: row for row in rows}
    found = []
    for loan_id, sums in _sums(session, settled, more).items():
        row = settled[loan_id]
        day = _short_since(row.total, row.starts_on, sums)
        if day is not None:
            plan = Plan(
                _rows_of(session, row.id), row.rate, Method(row.method), row.multiple, row.due_day,
                sum(amount for _, amount in sums),
            )  # fmt: skip
            found.append(NewVersion(loan_id, "reopen", plan, day))
    return found


def _sums(
    session: Session, loan_ids: Iterable[int], more: Mapping[int, Sums]
) -> dict[int, list[tuple[dt.date, int]]]:
    """What came into each loan on each day, in order of the days. One query, none for no loans."""
    wanted = set(loan_ids)
    if not wanted:
        return {}
    found: defaultdict[int, defaultdict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
    rows = session.execute(
        select(LedgerEntry.loan_id, LedgerEntry.effective_on, func.sum(LedgerEntry.applied))
        .where(among(session, LedgerEntry.loan_id, wanted))
        .group_by(LedgerEntry.loan_id, LedgerEntry.effective_on)
    )
    for loan_id, day, amount in rows:
        found[loan_id][day] += int(amount)
    for loan_id in wanted & more.keys():
        for day, amount in more[loan_id]:
            found[loan_id][day] += amount
    return {loan_id: sorted(found[loan_id].items()) for loan_id in sorted(wanted)}


def _short_since(total: int, starts_on: dt.date, sums: Sums) -> dt.date | None:
    """The day from which on less than `total` lies in a loan to the end, None when it is whole."""
    day, so_far = starts_on, 0
    for on, amount in sums:
        enough = so_far >= total
        so_far += amount
        if enough and so_far < total:
            day = on
    return None if so_far >= total else max(day, starts_on + dt.timedelta(days=1))


def _rows_of(session: Session, schedule_id: int) -> tuple[Installment, ...]:
    rows: Any = session.execute(
        select(
            ScheduleRow.number,
            ScheduleRow.due_on,
            ScheduleRow.principal,
            ScheduleRow.interest,
            ScheduleRow.balance,
        )
        .where(ScheduleRow.schedule_id == schedule_id)
        .order_by(ScheduleRow.number)
    )
    return tuple(Installment(*row) for row in rows)


def settled_on(quote: Quote, sums: Sums) -> dt.date | None:
    """The day from which on the settlement's sum lay in the loan until its last day, if ever."""
    day, so_far = None, 0
    for on, amount in sums:
        if on > quote.valid_until:
            break
        so_far += amount
        if so_far < quote.total:
            day = None
        elif day is None:
            day = on
    return day
