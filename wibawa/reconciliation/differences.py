"""Where the bank's rows of a month say something else than our books, and the likely cause."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import thresholds_on
from wibawa.database import among
from wibawa.loans.models import LedgerEntry, PaymentMatch, SuspenseEntry
from wibawa.loans.queries import schedules_on
from wibawa.loans.undone import RECEIVED, is_reversed
from wibawa.reconciliation.books import Books
from wibawa.reconciliation.document import Difference, Note
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import BankKind, Installment
from wibawa.rules.position import position
from wibawa.rules.pouring import Receipt, pour
from wibawa.rules.reconciliation import Cause, Evidence, likely_cause

MONEY_IN = ("opening", *RECEIVED)


class Row(NamedTuple):
    """One row of a bank's file in our journal, with what the bank said of the loan."""

    loan_id: int
    sequence: int
    effective_on: dt.date
    booked_at: dt.datetime
    principal: int | None
    outstanding: int | None
    collectibility: int | None


class Entry(NamedTuple):
    loan_id: int
    sequence: int
    kind: str
    amount: int
    penalty: int
    applied: int
    effective_on: dt.date
    booked_at: dt.datetime
    reverses: int | None
    principal: int | None


class NoteOf(NamedTuple):
    """A note that counts, and what it was written about."""

    month: str
    cause: str
    difference: int | None
    note: Note


class Stated(NamedTuple):
    """The bank's last word on a loan in the month, and whether it names principal parts."""

    row: Row
    outstanding: int | None
    collectibility: int | None
    splits: bool


def stated_in(session: Session, bank_id: int, books: Books) -> dict[int, Stated]:
    """Loan → what the bank's posted rows of the month say last; one query."""
    query: Any = (
        select(
            LedgerEntry.loan_id,
            LedgerEntry.sequence,
            LedgerEntry.effective_on,
            LedgerEntry.booked_at,
            LedgerEntry.bank_principal,
            LedgerEntry.bank_outstanding,
            LedgerEntry.bank_collectibility,
        )
        .where(
            LedgerEntry.bank_id == bank_id,
            LedgerEntry.upload_id.is_not(None),
            LedgerEntry.kind.in_(RECEIVED),
            LedgerEntry.effective_on.between(books.month.first, books.month.last),
            ~is_reversed(LedgerEntry),
        )
        .order_by(LedgerEntry.loan_id, LedgerEntry.effective_on, LedgerEntry.sequence)
    )
    found: dict[int, Stated] = {}
    for row in map(Row._make, session.execute(query)):
        last = found.get(row.loan_id)
        found[row.loan_id] = Stated(
            row,
            row.outstanding,
            row.collectibility,
            row.principal is not None or (last is not None and last.splits),
        )
    return found


def named_loans(session: Session, bank_id: int, books: Books) -> set[int]:
    """Loans that a row of the month names without an entry of its own: its money was recorded by
    hand before, or went to titipan; one query."""
    first, last = books.month.first, books.month.last
    by_hand = (
        select(PaymentMatch.loan_id)
        .join(
            LedgerEntry,
            (LedgerEntry.loan_id == PaymentMatch.loan_id)
            & (LedgerEntry.sequence == PaymentMatch.entry),
        )
        .where(PaymentMatch.bank_id == bank_id, LedgerEntry.effective_on.between(first, last))
    )
    suspended = select(SuspenseEntry.loan_id).where(
        SuspenseEntry.bank_id == bank_id,
        SuspenseEntry.loan_id.is_not(None),
        SuspenseEntry.effective_on.between(first, last),
    )
    return set(session.scalars(union(by_hand, suspended)))


def differences(
    session: Session,
    bank_id: int,
    books: Books,
    stated: Mapping[int, Stated],
    before: Sequence[Difference],
    notes: Mapping[int, Sequence[NoteOf]],
    *,
    has_files: bool,
) -> tuple[Difference, ...]:
    """The differences of a month, in order of loan number: those of its own rows, and those of the
    closed month before (`before`) on which the bank has said nothing since."""
    named = set(stated) | named_loans(session, bank_id, books)
    doubtful = {loan_id for loan_id, said in stated.items() if _is_doubtful(books, loan_id, said)}
    evidence = _evidence(session, bank_id, books, {each: stated[each] for each in doubtful})
    if has_files:
        evidence |= {
            loan_id: Evidence(
                books.closing[loan_id].outstanding,
                books.closing[loan_id].collectibility,
                has_row=False,
                fell_due=True,
            )
            for loan_id in _without_row(books, named)
        }
    since = {(each.loan_id, each.cause): each.since for each in before}
    found = []
    for loan_id, seen in evidence.items():
        cause = likely_cause(seen)
        if cause is not None:
            on = stated[loan_id].row.effective_on.isoformat() if loan_id in stated else None
            head = books.heads[loan_id]
            found.append(
                Difference(
                    loan_id, head.number, head.account, head.borrower, cause.value, seen.ours,
                    seen.stated, seen.our_class, seen.stated_class, on,
                    since.get((loan_id, cause.value), books.month.text), False, False, (),
                )
            )  # fmt: skip
    fresh = {each.loan_id for each in found}
    found += [
        each
        for each in _carried(books, before)
        if each.loan_id not in named and each.loan_id not in fresh
    ]
    return tuple(
        _noted(each, notes.get(each.loan_id, ())) for each in sorted(found, key=lambda d: d.number)
    )


def _is_doubtful(books: Books, loan_id: int, said: Stated) -> bool:
    """Whether a closer look is needed: most rows agree with our books at the month's end."""
    ours = books.closing[loan_id]
    other = said.splits if said.outstanding is None else said.outstanding != ours.outstanding
    return other or said.collectibility not in (None, ours.collectibility)


def _without_row(books: Books, named: Collection[int]) -> Iterable[int]:
    """Loans that were paid up to date and whose installment of the month nobody paid or named."""
    for loan_id, ours in books.closing.items():
        was = books.before.get(loan_id)
        late = ours.uncovered_since is not None and ours.uncovered_since >= books.month.first
        unnamed = loan_id in books.heads and loan_id not in named
        if late and unnamed and not ours.gone and (was is None or not was.arrears):
            yield loan_id


def _carried(books: Books, before: Sequence[Difference]) -> Iterable[Difference]:
    """What was different when the month before was signed, was not let stand, and still is."""
    for each in before:
        ours = books.before.get(each.loan_id)
        if each.settled or ours is None:
            continue
        if each.stated is not None and each.cause != Cause.OTHER_CLASS:
            still = each.stated != ours.outstanding
        elif each.cause == Cause.MISSING_ROW:
            still = bool(books.closing[each.loan_id].arrears)
        else:
            still = True
        if still:
            yield each._replace(
                ours=ours.outstanding, our_class=ours.collectibility, carried=True, notes=()
            )


def _noted(difference: Difference, notes: Sequence[NoteOf]) -> Difference:
    own = [each for each in notes if each.month >= difference.since]
    settled = any(
        each.note.settles and (each.cause, each.difference) == (difference.cause, difference.amount)
        for each in notes
    )
    return difference._replace(notes=tuple(each.note for each in own), settled=settled)


def _evidence(
    session: Session, bank_id: int, books: Books, stated: Mapping[int, Stated]
) -> dict[int, Evidence]:
    """A closer look at some loans: their schedules and journals, two queries for all."""
    if not stated:
        return {}
    end = books.month.last
    limits = thresholds_on(session, end)[BankKind(session.get_one(Bank, bank_id).kind)]
    schedules = schedules_on(session, stated, end)
    entries: dict[int, list[Entry]] = defaultdict(list)
    query: Any = (
        select(
            LedgerEntry.loan_id,
            LedgerEntry.sequence,
            LedgerEntry.kind,
            LedgerEntry.amount,
            LedgerEntry.penalty,
            LedgerEntry.applied,
            LedgerEntry.effective_on,
            LedgerEntry.booked_at,
            LedgerEntry.reverses,
            LedgerEntry.bank_principal,
        )
        .where(among(session, LedgerEntry.loan_id, stated))
        .order_by(LedgerEntry.loan_id, LedgerEntry.effective_on, LedgerEntry.sequence)
    )
    for row in session.execute(query):
        entries[row.loan_id].append(Entry._make(row))
    return {
        loan_id: _look_at(books, loan_id, said, schedules[loan_id].rows, entries[loan_id], limits)
        for loan_id, said in stated.items()
    }


def _look_at(
    books: Books,
    loan_id: int,
    said: Stated,
    rows: Sequence[Installment],
    entries: Sequence[Entry],
    limits: Thresholds,
) -> Evidence:
    end, row, ours = books.month.last, said.row, books.closing[loan_id]
    principal = sum(each.principal for each in rows)
    day, at = row.effective_on, (row.effective_on, row.sequence)
    views = (
        [e for e in entries if e.effective_on <= day],
        [e for e in entries if (e.effective_on, e.sequence) <= at],
        [e for e in entries if e.effective_on <= end and e.booked_at <= row.booked_at],
        list(entries),
    )
    stands = [
        position(principal, rows, max(0, sum(e.applied for e in view)), day, limits)
        for view in views
    ]
    undone = {e.reverses for e in entries if e.reverses is not None}
    money = [
        e
        for e in entries
        if e.kind in MONEY_IN and e.sequence not in undone and e.effective_on <= end
    ]
    receipts = [Receipt(e.sequence, e.effective_on, e.amount, e.penalty) for e in money]
    parts: dict[int, int] = defaultdict(int)
    for share in pour(principal, rows, receipts):
        parts[share.sequence] += share.principal
    beyond = [
        (e.effective_on, e.principal - parts[e.sequence]) for e in money if e.principal is not None
    ]
    return Evidence(
        ours.outstanding,
        ours.collectibility,
        said.outstanding,
        said.collectibility,
        stands[0].collectibility,
        tuple(each.outstanding_principal for each in stands),
        (
            sum(part for on, part in beyond if books.month.holds(on)),
            sum(part for _, part in beyond),
        ),
        tuple(each.balance for each in rows if each.balance < ours.outstanding),
    )
