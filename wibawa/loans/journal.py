"""Writing the journal: loans with their first schedule, and entries, in bulk and only appended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from wibawa.database import (
    FOREVER,
    allocate_ids,
    among,
    bulk_insert,
    is_sqlite,
    stored_date,
    stored_moment,
)
from wibawa.loans.models import LedgerEntry, Loan, Schedule, SuspenseResolution
from wibawa.loans.standings.actions import Moved, count_dues, count_money, stand_anew
from wibawa.rules.changes import Plan
from wibawa.rules.facts import EntryKind, Method, Terms
from wibawa.rules.schedule import running, schedule
from wibawa.web.clock import in_wib

LOAN_COLUMNS = (
    "id", "number", "bank_id", "borrower_id", "account_number", "agreement_number", "disbursed_on",
    "principal", "rate", "months", "method", "multiple", "opened_on",
)  # fmt: skip
SCHEDULE_COLUMNS = (
    "id", "loan_id", "version", "starts_on", "ends_on", "total", "reason", "made_by", "approved_by",
    "made_at", "kind", "due_day", "multiple",
)  # fmt: skip
ROW_COLUMNS = (
    "schedule_id", "number", "due_on", "next_due_on", "principal", "interest", "balance",
    "total_before", "total_through",
)  # fmt: skip
ENTRY_COLUMNS = (
    "loan_id", "sequence", "bank_id", "kind", "amount", "penalty", "applied", "effective_on",
    "booked_on", "booked_at", "entered_by", "approved_by", "bank_reference", "row_key", "upload_id",
    "row_number", "reverses", "bank_principal", "bank_interest", "bank_outstanding",
    "bank_collectibility", "note",
)  # fmt: skip
SUSPENSE_COLUMNS = (
    "id", "bank_id", "loan_id", "account_text", "name", "amount", "effective_on", "booked_on",
    "booked_at", "reason", "bank_reference", "row_key", "upload_id", "row_number", "entered_by",
    "approved_by",
)  # fmt: skip

RESOLUTION_COLUMNS = (
    "suspense_id", "sequence", "kind", "amount", "effective_on", "booked_at", "loan_id", "entry",
    "request_id",
)  # fmt: skip


@dataclass(frozen=True)
class Author:
    """Who enters, who approves, when: the same for all entries of one deed."""

    entered_by: int
    approved_by: int | None
    now: dt.datetime

    @property
    def booked_on(self) -> dt.date:
        return in_wib(self.now).date()


@dataclass(frozen=True)
class NewLoan:
    """A loan to be opened. `opened_on` and `opening` only for one from an opening portfolio."""

    bank_id: int
    borrower_id: int
    account_number: str
    agreement_number: str
    terms: Terms
    upload_id: int | None = None
    row_number: int | None = None
    opened_on: dt.date | None = None
    opening: int = 0


def open_loans(session: Session, new: Sequence[NewLoan], author: Author) -> list[int]:
    """Write loans, their first schedule and first entries; the ids in the order of `new`.

    A loan of an opening portfolio also gets ONE opening entry, effective on the cut-off day.
    """
    ids = allocate_ids(session, "loans", len(new))
    schedule_ids = allocate_ids(session, "schedules", len(new))
    loans, schedules, rows, entries, moved = [], [], [], [], Moved()
    moment = stored_moment(session, author.now)
    stored = cache(partial(stored_date, session))  # a portfolio has far fewer days than rows
    for loan_id, schedule_id, each in zip(ids, schedule_ids, new, strict=True):
        terms = each.terms
        loans.append(_loan_row(session, loan_id, each))
        sums = running(schedule(terms))
        schedules.append(
            (schedule_id, loan_id, 1, stored_date(session, terms.disbursed_on),
             stored_date(session, FOREVER), sums[-1].total_through, "Pencairan",
             author.entered_by, author.approved_by, moment, "first", terms.disbursed_on.day,
             terms.multiple)
        )  # fmt: skip
        rows += [
            (schedule_id, row_number, stored(due_on), stored(next_due_on), *amounts)
            for row_number, due_on, next_due_on, *amounts in sums
        ]  # fmt: skip
        entries += _first_entries(session, loan_id, each, author, moment, moved)
    bulk_insert(session, "loans", LOAN_COLUMNS, loans)
    bulk_insert(session, "schedules", SCHEDULE_COLUMNS, schedules)
    bulk_insert(session, "schedule_rows", ROW_COLUMNS, rows)
    bulk_insert(session, "ledger_entries", ENTRY_COLUMNS, entries)
    count_dues(session, schedule_ids)
    count_money(session, moved)
    if new:
        stand_anew(session, ids, min(each.terms.disbursed_on for each in new))
    return ids


def _loan_row(session: Session, loan_id: int, new: NewLoan) -> tuple[object, ...]:
    terms = new.terms
    return (
        loan_id,
        f"KW-{loan_id:06d}",
        new.bank_id,
        new.borrower_id,
        new.account_number,
        new.agreement_number,
        stored_date(session, terms.disbursed_on),
        terms.principal,
        terms.rate,
        terms.months,
        Method(terms.method).value,
        terms.multiple,
        stored_date(session, new.opened_on),
    )


def _first_entries(
    session: Session, loan_id: int, new: NewLoan, author: Author, moment: object, moved: Moved
) -> list[tuple[object, ...]]:
    firsts = [(EntryKind.DISBURSEMENT, new.terms.principal, 0, new.terms.disbursed_on)]
    if new.opened_on is not None:
        firsts.append((EntryKind.OPENING, new.opening, new.opening, new.opened_on))
    for kind, amount, applied, effective in firsts:
        moved.add(new.bank_id, effective, kind.value, amount, applied)
    booked = stored_date(session, author.booked_on)
    return [
        (loan_id, sequence, new.bank_id, kind.value, amount, 0, applied,
         stored_date(session, effective), booked, moment, author.entered_by, author.approved_by,
         None, None, new.upload_id, new.row_number, None, None, None, None, None, "")
        for sequence, (kind, amount, applied, effective) in enumerate(firsts, 1)
    ]  # fmt: skip


@dataclass(frozen=True)
class NewEntry:
    """An entry made by hand. `reverses` names the entry of the same loan that it undoes."""

    loan_id: int
    bank_id: int
    kind: EntryKind
    amount: int
    effective_on: dt.date
    penalty: int = 0
    applied: int = 0
    reverses: int | None = None
    bank_reference: str | None = None
    row_key: str | None = None
    attempt: int = 1


@dataclass(frozen=True)
class NewSuspense:
    """What an entry by hand leaves over; `entry` is the number of that entry."""

    loan_id: int
    bank_id: int
    entry: int
    account: str
    name: str
    amount: int
    effective_on: dt.date
    bank_reference: str | None = None
    row_key: str | None = None
    attempt: int = 1


@dataclass(frozen=True)
class NewResolution:
    """What becomes of titipan; `loan_id` and `entry` only where an entry stands for it."""

    suspense_id: int
    kind: str
    amount: int
    effective_on: dt.date
    loan_id: int | None = None
    entry: int | None = None


@dataclass(frozen=True)
class NewVersion:
    """A schedule that follows the last one of a loan, at the earliest on the day after it began."""

    loan_id: int
    kind: str
    plan: Plan
    starts_on: dt.date


def add_entries(
    session: Session, new: Sequence[NewEntry], author: Author, request_id: int, note: str
) -> list[int]:
    """Append entries that two persons made; their numbers. The loans are locked before."""
    lock_loans(session, [entry.loan_id for entry in new])
    last = _last_numbers(session, {entry.loan_id for entry in new})
    numbers, moved = [], Moved()
    for entry in new:
        last[entry.loan_id] += 1
        numbers.append(last[entry.loan_id])
        moved.add(entry.bank_id, entry.effective_on, entry.kind.value, entry.amount, entry.applied)
    session.flush()
    moment, booked = stored_moment(session, author.now), stored_date(session, author.booked_on)
    bulk_insert(
        session,
        "ledger_entries",
        (*ENTRY_COLUMNS, "attempt", "request_id"),
        [
            (each.loan_id, number, each.bank_id, each.kind.value, each.amount, each.penalty,
             each.applied, stored_date(session, each.effective_on), booked, moment,
             author.entered_by, author.approved_by, each.bank_reference, each.row_key, None, None,
             each.reverses, None, None, None, None, note[:300], each.attempt, request_id)
            for number, each in zip(numbers, new, strict=True)
        ],
    )  # fmt: skip
    if new:
        since = min(each.effective_on for each in new)
        stand_anew(session, {each.loan_id for each in new}, since)
    count_money(session, moved)
    return numbers


def add_suspense(session: Session, new: Sequence[NewSuspense], author: Author) -> None:
    """Append titipan that two persons made."""
    moment, booked = stored_moment(session, author.now), stored_date(session, author.booked_on)
    ids = allocate_ids(session, "suspense_entries", len(new))
    bulk_insert(
        session,
        "suspense_entries",
        (*SUSPENSE_COLUMNS, "attempt", "entry"),
        [
            (number, each.bank_id, each.loan_id, each.account[:80], each.name[:120], each.amount,
             stored_date(session, each.effective_on), booked, moment, "exceeds_outstanding",
             each.bank_reference, each.row_key, None, None, author.entered_by, author.approved_by,
             each.attempt, each.entry)
            for number, each in zip(ids, new, strict=True)
        ],
    )  # fmt: skip


def add_resolutions(
    session: Session, new: Sequence[NewResolution], author: Author, request_id: int
) -> None:
    """Append what becomes of titipan, numbered for each; a trigger keeps it within what is open."""
    query = (
        select(SuspenseResolution.suspense_id, func.max(SuspenseResolution.sequence))
        .where(
            among(
                session,
                SuspenseResolution.suspense_id,
                {each.suspense_id for each in new},
            )
        )
        .group_by(SuspenseResolution.suspense_id)
    )
    last = {number: int(sequence) for number, sequence in session.execute(query)} if new else {}
    moment = stored_moment(session, author.now)
    rows = []
    for each in new:
        last[each.suspense_id] = sequence = last.get(each.suspense_id, 0) + 1
        rows.append(
            (each.suspense_id, sequence, each.kind, each.amount,
             stored_date(session, each.effective_on), moment, each.loan_id, each.entry, request_id)
        )  # fmt: skip
    bulk_insert(session, "suspense_resolutions", RESOLUTION_COLUMNS, rows)


def _last_numbers(session: Session, loan_ids: Collection[int]) -> dict[int, int]:
    """The number of the last entry of each loan."""
    ids = sorted(loan_ids)
    found: dict[int, int] = {}
    for start in range(0, len(ids), 500):
        query = (
            select(LedgerEntry.loan_id, func.max(LedgerEntry.sequence))
            .where(LedgerEntry.loan_id.in_(ids[start : start + 500]))
            .group_by(LedgerEntry.loan_id)
        )
        found |= {loan_id: int(number) for loan_id, number in session.execute(query)}
    return found


def add_version(
    session: Session, new: NewVersion, author: Author, request_id: int, reason: str
) -> None:
    """Let a new version of a loan's schedule follow the last one."""
    last = session.execute(
        select(Schedule.id, Schedule.version, Schedule.starts_on).where(
            Schedule.loan_id == new.loan_id, Schedule.ends_on == FOREVER
        )
    ).one()
    starts_on = max(new.starts_on, last.starts_on + dt.timedelta(days=1))
    session.execute(update(Schedule).where(Schedule.id == last.id).values(ends_on=starts_on))
    made = Schedule(
        loan_id=new.loan_id,
        version=last.version + 1,
        starts_on=starts_on,
        total=new.plan.total,
        reason=reason[:300],
        made_by=author.entered_by,
        approved_by=author.approved_by,
        made_at=author.now,
        kind=new.kind,
        due_day=new.plan.due_day,
        multiple=new.plan.multiple,
        request_id=request_id,
    )
    session.add(made)
    session.flush()
    bulk_insert(
        session,
        "schedule_rows",
        ROW_COLUMNS,
        [
            (made.id, row.number, stored_date(session, row.due_on),
             stored_date(session, row.next_due_on), *row[3:])
            for row in running(new.plan.rows)
        ],
    )  # fmt: skip
    count_dues(session, [made.id])
    stand_anew(session, [new.loan_id], starts_on)


def lock_loans(session: Session, loan_ids: Sequence[int]) -> None:
    """Hold the loans until the transaction ends, in id order (SQLite: the writer holds all)."""
    if not is_sqlite(session) and loan_ids:
        session.execute(
            select(Loan.id)
            .where(Loan.id == func.any(sorted(set(loan_ids))))
            .order_by(Loan.id)
            .with_for_update()
        )
