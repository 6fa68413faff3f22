"""Early settlements that were approved and wait for their money; the sum in time ends the loan."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from wibawa.database import FOREVER
from wibawa.loans.journal import Author, NewVersion, add_version
from wibawa.loans.models import LedgerEntry, Loan, LoanRequest, Schedule
from wibawa.loans.undone import is_reversed
from wibawa.rules.changes import Plan
from wibawa.rules.facts import Installment, Method


@dataclass(frozen=True)
class Quote:
    """An approved early settlement: done when `total` lies in the loan by the end of its day.

    It holds for the version of the schedule that it was made for; a later version ends it.
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
    too_late = exists().where(
        LedgerEntry.loan_id == LoanRequest.loan_id,
        LedgerEntry.effective_on > LoanRequest.valid_until,
        LedgerEntry.applied > 0,
        ~is_reversed(LedgerEntry),
    )
    query = (
        select(LoanRequest, Loan.rate, Loan.method, Schedule.version, Schedule.multiple)
        .join(Loan, Loan.id == LoanRequest.loan_id)
        .join(Schedule, (Schedule.loan_id == Loan.id) & (Schedule.ends_on == FOREVER))
        .where(
            LoanRequest.kind == "settlement",
            LoanRequest.status == "approved",
            LoanRequest.id.not_in(done),
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
    for request, rate, method, version, multiple in rows_found:
        kept = json.loads(request.result)
        if kept["version"] != version:
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


def complete_settlements(session: Session, loan_ids: Collection[int], author: Author) -> list[int]:
    """End the loans whose settlement's sum has come in time, from the day it was whole; their ids.

    Called after money was appended, in the same transaction. One query when nothing waits.
    """
    quotes = {
        loan_id: quote
        for loan_id, quote in open_settlements(session).items()
        if loan_id in loan_ids
    }
    if not quotes:
        return []
    days = session.execute(
        select(LedgerEntry.loan_id, LedgerEntry.effective_on, func.sum(LedgerEntry.applied))
        .where(LedgerEntry.loan_id.in_(quotes))
        .group_by(LedgerEntry.loan_id, LedgerEntry.effective_on)
        .order_by(LedgerEntry.loan_id, LedgerEntry.effective_on)
    )
    done = []
    for loan_id, sums in groupby(days, key=lambda row: row[0]):
        quote = quotes[loan_id]
        day = settled_on(quote, [(row[1], int(row[2])) for row in sums])
        if day is not None:
            persons = Author(quote.entered_by, quote.decided_by, author.now)
            new = NewVersion(loan_id, "settlement", quote.plan, day)
            add_version(session, new, persons, quote.request_id, quote.reason)
            done.append(loan_id)
    return done


def settled_on(quote: Quote, sums: list[tuple[dt.date, int]]) -> dt.date | None:
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
