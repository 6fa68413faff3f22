"""What the books know that a bank's file is checked against: a fixed number of queries per file."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import layout_on, thresholds_on
from wibawa.borrowers.models import Borrower
from wibawa.database import FOREVER, Base, among
from wibawa.loans.models import (
    LedgerEntry,
    Loan,
    PaymentMatch,
    Schedule,
    ScheduleRow,
    SuspenseEntry,
)
from wibawa.loans.settlements import open_settlements
from wibawa.loans.undone import (
    RECEIVED,
    is_from_suspense,
    is_given_back,
    is_reversed,
    is_waiting_for_its_row,
    undone_keys,
    write_offs,
)
from wibawa.repayments.checks import check_repayments
from wibawa.repayments.closed import closed_notices
from wibawa.repayments.differences import STATED, Books, Step, Version, differences
from wibawa.repayments.kind import REPAYMENTS
from wibawa.repayments.layout import SHAPE
from wibawa.repayments.outcome import AccountFact, Checked, Posted, Same
from wibawa.repayments.rows import RepaymentFile
from wibawa.rules.facts import BankKind
from wibawa.rules.reconciliation import Month
from wibawa.rules.references import reference_key
from wibawa.rules.refused import Problem
from wibawa.uploads.layouts import Layout


@dataclass(frozen=True)
class Options:
    """What the officer chose: leave bad rows out (with a reason), unknown accounts to titipan."""

    skip_problems: bool = False
    suspend_unknown: bool = False


@dataclass(frozen=True)
class Outcome:
    """A file checked against the books as they are now, each loan's last entry number, the loans
    that are written off since which day, and how often what was undone has been posted before."""

    file: RepaymentFile
    checked: Checked
    last_sequences: dict[int, int]
    written_off: dict[int, dt.date] = field(default_factory=dict)
    freed: Mapping[str, int] = field(default_factory=dict)


def layout_of(
    session: Session, bank: Bank, today: dt.date, known_by: dt.datetime | None = None
) -> Layout:
    """How the bank writes on a day, as far as it was known by a moment."""
    return layout_on(session, bank.id, REPAYMENTS.code, SHAPE, today, known_by)


def check_against_books(
    session: Session, bank_id: int, file: RepaymentFile, today: dt.date, options: Options
) -> Outcome:
    """Check `file` against the bank's accounts and what it has posted before: ten queries."""
    accounts, last_sequences, written_off = _accounts(
        session, bank_id, {row.account for row in file.rows}, today
    )
    posted = _posted(session, bank_id, file)
    checked = check_repayments(
        file,
        accounts,
        posted,
        today,
        suspend_unknown=options.suspend_unknown,
        skip_problems=options.skip_problems,
    )
    told = _differences(session, bank_id, file, checked)
    days = [e.paid_on for e in checked.entries] + [e.paid_on for e in checked.suspense]
    told += closed_notices(days, _last_closed(session, bank_id))
    checked.problems = sorted([*checked.problems, *told], key=lambda problem: problem.row)
    return Outcome(file, checked, last_sequences, written_off, posted.freed)


def _last_closed(session: Session, bank_id: int) -> Month | None:
    """The bank's last month that both sides have signed; its table belongs to a higher folder."""
    table = Base.metadata.tables["closed_months"]
    code = session.scalar(select(func.max(table.c.month)).where(table.c.bank_id == bank_id))
    return None if code is None else Month.from_code(code)


def _differences(
    session: Session, bank_id: int, file: RepaymentFile, checked: Checked
) -> list[Problem]:
    """Where the bank's own figures are not ours: four queries, none for a file without figures."""
    if not checked.entries or not any(file.heading(key) for key in STATED):
        return []
    last_day = max(entry.paid_on for entry in checked.entries)
    kind = session.scalars(select(Bank.kind).where(Bank.id == bank_id)).one()
    classes = thresholds_on(session, last_day)[BankKind(kind)]
    split = {entry.row for entry in checked.suspense}
    return differences(file, checked.entries, _books(session, checked), classes, split)


def _books(session: Session, checked: Checked) -> dict[int, Books]:
    """The loans that get money: what was poured over them, and the installments that the file's
    money can touch. Two queries, whatever the file."""
    days = {entry.paid_on for entry in checked.entries}
    first, last = min(days), max(days)
    sums: Counter[int] = Counter()
    for entry in checked.entries:
        sums[entry.loan_id] += entry.amount - entry.penalty
    applied, later = _applied(session, sums, first)
    found: dict[int, dict[tuple[dt.date, dt.date], list[Step]]] = {}
    rows: Any = session.execute(_steps(session, sums, first, last, max(sums.values())))
    for loan_id, starts_on, ends_on, *step in rows:
        versions = found.setdefault(loan_id, {})
        versions.setdefault((starts_on, ends_on), []).append(Step(*step))
    return {
        loan_id: Books(
            applied[loan_id],
            later.get(loan_id, ()),
            [Version(*days, steps) for days, steps in found.get(loan_id, {}).items()],
        )
        for loan_id in sums
    }


def _applied(
    session: Session, loan_ids: Collection[int], first: dt.date
) -> tuple[Counter[int], dict[int, list[tuple[dt.date, int]]]]:
    """All money poured over each loan, and what of it became effective after `first`, by day."""
    day = case((LedgerEntry.effective_on > first, LedgerEntry.effective_on))
    applied: Counter[int] = Counter()
    later: defaultdict[int, list[tuple[dt.date, int]]] = defaultdict(list)
    found: Any = session.execute(
        select(LedgerEntry.loan_id, day, func.sum(LedgerEntry.applied))
        .where(among(session, LedgerEntry.loan_id, loan_ids))
        .group_by(LedgerEntry.loan_id, day)
    )
    for loan_id, on, money in found:
        applied[loan_id] += int(money)
        if on is not None and money:
            later[loan_id].append((on, int(money)))
    return applied, later


def _steps(
    session: Session, loan_ids: Collection[int], first: dt.date, last: dt.date, most: int
) -> Select[*tuple[Any, ...]]:
    """The installments that up to `most` more rupiah can touch, of the schedules in force between
    two days: the least and the most that was ever poured over a loan since `first` are known."""
    least = case(
        (or_(LedgerEntry.effective_on <= first, LedgerEntry.applied < 0), LedgerEntry.applied),
        else_=0,
    )
    greatest = case(
        (or_(LedgerEntry.effective_on <= first, LedgerEntry.applied > 0), LedgerEntry.applied),
        else_=0,
    )
    paid = (
        select(
            LedgerEntry.loan_id,
            func.sum(least).label("least"),
            func.sum(greatest).label("most"),
        )
        .where(among(session, LedgerEntry.loan_id, loan_ids))
        .group_by(LedgerEntry.loan_id)
        .subquery("paid")
    )
    return (
        select(
            Schedule.loan_id,
            Schedule.starts_on,
            Schedule.ends_on,
            ScheduleRow.due_on,
            ScheduleRow.principal,
            ScheduleRow.interest,
            ScheduleRow.balance,
            ScheduleRow.total_before,
            ScheduleRow.total_through,
        )
        .join(ScheduleRow, ScheduleRow.schedule_id == Schedule.id)
        .join(paid, paid.c.loan_id == Schedule.loan_id)
        .where(
            Schedule.starts_on <= last,
            Schedule.ends_on > first,
            ScheduleRow.total_through > paid.c.least,
            ScheduleRow.total_before <= paid.c.most + most,
        )
        .order_by(Schedule.id, ScheduleRow.number)
    )


def _accounts(
    session: Session, bank_id: int, named: Collection[str], today: dt.date
) -> tuple[dict[str, AccountFact], dict[int, int], dict[int, dt.date]]:
    """The bank's accounts that a file names, leading zeros left out of account.

    With each loan's last entry number, and since when it is written off. What is owed is the last
    schedule's grand total less all money poured over it so far; an early settlement that was
    approved asks for less until its last day. Two queries.
    """
    settling = open_settlements(session, bank_id)
    accounts: dict[str, AccountFact] = {}
    last: dict[int, int] = {}
    written_off: dict[int, dt.date] = {}
    found: Any = session.execute(_accounts_named(session, bank_id, named, today))
    for loan_id, account, name, day, owes, chair, opened_on, sequence, applied, gone in found:
        owed = int(owes)
        quote = settling.get(loan_id)
        settles = None if quote is None else (quote.total - int(applied), quote.valid_until)
        accounts[account] = AccountFact(
            loan_id, account, name, day, owed, owed <= 0, chair, opened_on, settles
        )
        last[loan_id] = sequence
        if gone is not None:
            written_off[loan_id] = gone
    return accounts, last, written_off


def _accounts_named(
    session: Session, bank_id: int, named: Collection[str], today: dt.date
) -> Select[*tuple[Any, ...]]:
    given_up = write_offs(today)
    bare = {account.lstrip("0") for account in named if account}
    meant = and_(
        Loan.bank_id == bank_id, among(session, func.ltrim(Loan.account_number, "0"), bare)
    )
    paid = (
        select(
            LedgerEntry.loan_id,
            func.sum(LedgerEntry.applied).label("applied"),
            func.max(LedgerEntry.sequence).label("last"),
        )
        .where(LedgerEntry.loan_id.in_(select(Loan.id).where(meant)))
        .group_by(LedgerEntry.loan_id)
        .subquery("paid")
    )
    return (
        select(
            Loan.id,
            Loan.account_number,
            Borrower.name,
            Loan.disbursed_on,
            Schedule.total - func.coalesce(paid.c.applied, 0),
            Borrower.chair_name,
            Loan.opened_on,
            func.coalesce(paid.c.last, 0),
            func.coalesce(paid.c.applied, 0),
            given_up.c.written_off_on,
        )
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Schedule, and_(Schedule.loan_id == Loan.id, Schedule.ends_on == FOREVER))
        .outerjoin(paid, paid.c.loan_id == Loan.id)
        .outerjoin(given_up, given_up.c.loan_id == Loan.id)
        .where(meant)
    )


def _posted(session: Session, bank_id: int, file: RepaymentFile) -> Posted:
    """What this bank posted before that the file may hold again: three queries.

    Money that was reversed, or given back from titipan, counts as not posted. Payments without a
    reference are always looked at; those with one only when the file has rows without, since then
    account, day and amount tell them apart.
    """
    keys = {reference_key(row.reference) for row in file.rows if row.reference}
    references = _posted_references(session, bank_id, keys)
    freed = undone_keys(session, bank_id)
    days = [row.paid_on for row in file.rows if row.paid_on is not None]
    if not days:
        return Posted(references, freed=freed)
    every = any(not row.reference for row in file.rows)
    payments: Counter[Same] = Counter()
    suspended: Counter[Same] = Counter()
    unreferenced: Counter[Same] = Counter()
    taken: set[str] = set()
    by_hand: defaultdict[Same, list[tuple[int, int]]] = defaultdict(list)
    found = _posted_payments(session, bank_id, min(days), max(days), every)
    for account, written, day, amount, reference, key, waits in found:
        if reference is None and key:
            taken.add(key)
        if account is None:
            suspended[written.lstrip("0"), day, amount] += 1
            continue
        payments[account, day, amount] += 1
        if reference is None:
            unreferenced[account, day, amount] += 1
        if waits is not None:
            by_hand[account, day, amount].append(waits)
    return Posted(references, payments, suspended, unreferenced, freed, taken, by_hand)


def _posted_references(session: Session, bank_id: int, keys: Collection[str]) -> dict[str, int]:
    """All the money that this bank posted under each of these references: loans, titipan, and what
    was recorded by hand and found in a file later."""
    matched = (
        select(PaymentMatch.row_key, LedgerEntry.amount)
        .join(
            LedgerEntry,
            and_(
                LedgerEntry.loan_id == PaymentMatch.loan_id,
                LedgerEntry.sequence == PaymentMatch.entry,
            ),
        )
        .where(
            PaymentMatch.bank_id == bank_id,
            among(session, cast(Any, PaymentMatch.row_key), keys),
            ~is_reversed(LedgerEntry),
        )
    )
    matched_rest = (
        select(PaymentMatch.row_key, SuspenseEntry.amount)
        .join(
            SuspenseEntry,
            and_(
                SuspenseEntry.loan_id == PaymentMatch.loan_id,
                SuspenseEntry.entry == PaymentMatch.entry,
            ),
        )
        .where(
            PaymentMatch.bank_id == bank_id,
            among(session, cast(Any, PaymentMatch.row_key), keys),
            ~is_given_back(),
        )
    )
    rows = union_all(
        matched,
        matched_rest,
        *(
            select(table.row_key, table.amount).where(
                table.bank_id == bank_id, among(session, cast(Any, table.row_key), keys), ~undone
            )
            for table, undone in (
                (LedgerEntry, is_reversed(LedgerEntry)),
                (SuspenseEntry, is_given_back()),
            )
        ),
    ).subquery()
    query = select(rows.c.row_key, func.sum(rows.c.amount)).group_by(rows.c.row_key)
    return {key: int(amount) for key, amount in session.execute(query)}


def _posted_payments(
    session: Session, bank_id: int, first: dt.date, last: dt.date, every: bool
) -> Iterator[tuple[str | None, str, dt.date, int, str | None, str | None, tuple[int, int] | None]]:
    """(account of the loan, account as written, day, amount, reference, key) of each posted row,
    and loan and number of the entry when it was made by hand and waits for its row.

    A row that was split between its loan and titipan is one payment again, as is one recorded by
    hand; one that was moved to
    another loan is still a payment on the account that its row names.
    """
    parts = []
    by_hand = case((LedgerEntry.upload_id.is_(None), LedgerEntry.sequence))
    waiting = case((is_waiting_for_its_row(), LedgerEntry.sequence))
    rest_of = SuspenseEntry.entry
    for table, written, sequence, waits, meant in (
        (LedgerEntry, literal(""), by_hand, waiting, _came_in()),
        (SuspenseEntry, SuspenseEntry.account_text, rest_of, null(), ~is_given_back()),
    ):
        part = select(
            table.upload_id,
            table.row_number,
            table.loan_id,
            written.label("written"),
            table.effective_on,
            table.amount,
            table.bank_reference,
            table.row_key,
            sequence.label("by_hand"),
            waits.label("waits"),
        ).where(table.bank_id == bank_id, table.effective_on.between(first, last), meant)
        parts.append(part if every else part.where(table.bank_reference.is_(None)))
    rows = union_all(*parts).subquery()
    by = (
        rows.c.upload_id,
        rows.c.row_number,
        rows.c.by_hand,
        rows.c.effective_on,
        rows.c.bank_reference,
    )
    query = (
        select(
            Loan.account_number,
            func.max(rows.c.written),
            rows.c.effective_on,
            func.sum(rows.c.amount),
            rows.c.bank_reference,
            func.max(rows.c.row_key),
            rows.c.by_hand,
            func.max(rows.c.loan_id),
            func.max(rows.c.waits),
        )
        .select_from(rows)
        .outerjoin(Loan, Loan.id == rows.c.loan_id)
        .group_by(*by, Loan.account_number)
    )
    found: Any = session.execute(query)
    for account, text_account, day, amount, reference, key, moved, loan_id, waits in found:
        if moved is not None and reference is None and key:
            account = key.split("|")[0]
        waiting_entry = None if waits is None or reference else (loan_id, waits)
        yield account, text_account, day, int(amount), reference, key, waiting_entry


def _came_in() -> ColumnElement[bool]:
    """Money that came in for a loan, that nobody reversed, and that titipan does not count."""
    return and_(
        LedgerEntry.kind.in_(RECEIVED),
        ~is_reversed(LedgerEntry),
        or_(LedgerEntry.upload_id.is_not(None), ~is_from_suspense(LedgerEntry)),
    )
