"""Who is due which reminder letter, what it says, and what was issued before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, literal, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.arrears.models import Reminder, ReminderBatch, ReminderSetting
from wibawa.arrears.queries import Promise, latest_of_each_loan
from wibawa.arrears.reminders.letter import OpenRow, Reminded
from wibawa.banks.models import Bank, Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.letters.documents import Letter, letter_from
from wibawa.letters.models import IssuedPaper, PaperWithdrawal
from wibawa.letters.queries import opened
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.loans.positions import Classes, positions
from wibawa.loans.queries import LoanFacts, facts_of_loans, schedules_on
from wibawa.loans.statement import paid_rows
from wibawa.rules.arrears import ReminderSteps

MOST_AT_ONCE = 100
MOST_BATCHES = 20


@dataclass(frozen=True)
class Steps:
    """The days of the reminders from a day on."""

    id: int
    valid_from: dt.date
    first_days: int
    second_days: int
    third_days: int
    gap_days: int
    pay_days: int
    by: str | None
    at: dt.datetime | None

    @property
    def rule(self) -> ReminderSteps:
        return ReminderSteps(self.first_days, self.second_days, self.third_days, self.gap_days)

    @property
    def days(self) -> dict[str, int]:
        """What is set, by the name of the field."""
        names = ("first_days", "second_days", "third_days", "gap_days", "pay_days")
        return {name: getattr(self, name) for name in names}


def _settings() -> Any:
    return select(ReminderSetting, User.name).outerjoin(User, User.id == ReminderSetting.entered_by)


def _steps(row: Any) -> Steps:
    one, by = row
    return Steps(one.id, one.valid_from, one.first_days, one.second_days, one.third_days,
                 one.gap_days, one.pay_days, by, one.entered_at)  # fmt: skip


def steps_on(session: Session, day: dt.date) -> Steps:
    """What is in force on a day. The first setting came with the program, so there is one."""
    at = ReminderSetting.valid_from
    query = _settings().where(at <= day).order_by(at.desc(), ReminderSetting.id.desc()).limit(1)
    return _steps(session.execute(query).one())


def step_history(session: Session) -> list[Steps]:
    """Every setting, the newest entry first."""
    return [_steps(row) for row in session.execute(_settings().order_by(ReminderSetting.id.desc()))]


@dataclass(frozen=True)
class DueLine:
    """A loan whose next reminder is due, and the letter about the same arrears before it."""

    id: int
    number: str
    bank_id: int
    borrower: str
    bank: str
    kecamatan: str
    arrears: int
    uncovered_since: dt.date
    grade: int
    last_grade: int | None
    last_on: dt.date | None
    promise: Promise | None

    @property
    def key(self) -> str:
        """What a tick stands for: this letter, with the arrears that were seen."""
        return f"{self.id}-{self.grade}-{self.arrears}"

    def days(self, today: dt.date) -> int:
        return (today - self.uncovered_since).days


def _last(column: Any, since: Any) -> Any:
    """SQL: the greatest of a column over the letters about the arrears that last since a day.

    A letter is about the present arrears when the oldest installment that is still open was past
    due on the letter's day already: else all that it asked for has been paid. A letter that was
    withdrawn does not count.
    """
    withdrawn = exists().where(PaperWithdrawal.paper_id == Reminder.paper_id)
    return (
        select(func.max(column))
        .where(Reminder.loan_id == Loan.id, Reminder.dated > since, ~withdrawn)
        .correlate_except(Reminder, PaperWithdrawal)
        .scalar_subquery()
    )


def _late(today: dt.date, classes: Classes, steps: ReminderSteps) -> Select[Any]:
    """Every late loan with the grade that is due (NULL: none): `rules.arrears.due_grade` in SQL."""
    each = positions(today, classes).subquery("each")
    since = each.c.uncovered_since
    inner = (
        select(
            Loan.id,
            each.c.arrears,
            since.label("since"),
            _last(Reminder.grade, since).label("last_grade"),
            _last(Reminder.dated, since).label("last_on"),
        )
        .join(each, each.c.loan_id == Loan.id)
        .where(each.c.arrears > 0, each.c.written_off_on.is_(None))
        .subquery("late")
    )
    waited = inner.c.last_on <= today - dt.timedelta(days=steps.gap)

    def old(days: int) -> Any:
        return inner.c.since <= today - dt.timedelta(days=days)

    grade = case(
        (and_(inner.c.last_grade.is_(None), old(steps.first)), 1),
        (and_(inner.c.last_grade == 1, old(steps.second), waited), 2),
        (and_(inner.c.last_grade == 2, old(steps.third), waited), 3),
        else_=None,
    )
    return select(inner, grade.label("grade"))


def due_count(session: Session, today: dt.date, classes: Classes) -> int:
    """How many letters are due on a day."""
    late = _late(today, classes, steps_on(session, today).rule).subquery("due")
    query = select(func.count()).select_from(late).where(late.c.grade.is_not(None))
    return int(session.scalar(query) or 0)


def next_grade(session: Session, today: dt.date, classes: Classes, loan_id: int) -> int | None:
    """The grade that is due for one loan on a day, None when none is."""
    late = _late(today, classes, steps_on(session, today).rule).subquery("due")
    found = session.scalar(select(late.c.grade).where(late.c.id == loan_id))
    return None if found is None else int(found)


def due_lines(
    session: Session,
    today: dt.date,
    classes: Classes,
    *,
    bank_id: int | None = None,
    only: Collection[int] | None = None,
) -> list[DueLine]:
    """The loans whose letter is due, the oldest arrears first, at most `MOST_AT_ONCE`: one query
    beside the settings'."""
    late = _late(today, classes, steps_on(session, today).rule).subquery("due")
    promise = latest_of_each_loan(promises=True)
    query: Any = (
        select(
            late, Loan.number, Loan.bank_id, Borrower.name.label("borrower"),
            Bank.name.label("bank"), Kecamatan.name.label("kecamatan"),
            promise.c.promise_amount, promise.c.promise_on, promise.c.received,
        )
        .join(Loan, Loan.id == late.c.id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Bank, Bank.id == Loan.bank_id)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .outerjoin(promise, promise.c.loan_id == Loan.id)
        .where(late.c.grade.is_not(None))
        .order_by(late.c.since, late.c.id)
        .limit(MOST_AT_ONCE)
    )  # fmt: skip
    if bank_id is not None:
        query = query.where(Loan.bank_id == bank_id)
    if only is not None:
        query = query.where(Loan.id.in_(only))
    return [_due_line(row) for row in session.execute(query)]


def _due_line(row: Any) -> DueLine:
    promise = None
    if row.promise_on is not None:
        promise = Promise(row.promise_amount, row.promise_on, int(row.received))
    return DueLine(row.id, row.number, row.bank_id, row.borrower, row.bank, row.kecamatan,
                   int(row.arrears), row.since, int(row.grade), row.last_grade, row.last_on,
                   promise)  # fmt: skip


def reminded(session: Session, due: Iterable[DueLine], today: dt.date) -> dict[int, Reminded]:
    """What each letter would say today, by loan: five queries, whatever the number of loans."""
    lines = {line.id: line for line in due}
    facts = facts_of_loans(session, lines)
    schedules = schedules_on(session, lines, today)
    until = today + dt.timedelta(days=steps_on(session, today).pay_days)
    applied = {
        loan_id: int(paid)
        for loan_id, paid in session.execute(
            select(LedgerEntry.loan_id, func.sum(LedgerEntry.applied))
            .where(LedgerEntry.loan_id.in_(lines), LedgerEntry.effective_on <= today)
            .group_by(LedgerEntry.loan_id)
        )
    }
    before = _papers_before(session, lines.values())
    return {
        each.id: _told(
            each,
            lines[each.id],
            [
                OpenRow(
                    row.number, row.due_on, row.principal, row.interest, row.total - row.missing
                )
                for row in paid_rows(schedules[each.id].rows, applied.get(each.id, 0), today)
                if row.missing and row.due_on < today
            ],
            (until, lines[each.id].days(today)),
            before.get(each.id),
        )
        for each in facts
    }


def _papers_before(session: Session, due: Iterable[DueLine]) -> dict[int, tuple[str, dt.date]]:
    """Number and day of the former letter about the same arrears, by loan."""
    wanted = {line.id: line.last_on for line in due if line.last_on is not None}
    found = session.execute(
        select(Reminder.loan_id, IssuedPaper.number, Reminder.dated)
        .join(IssuedPaper, IssuedPaper.id == Reminder.paper_id)
        .where(Reminder.loan_id.in_(wanted))
        .order_by(Reminder.paper_id)
    )
    return {row[0]: (row[1], row[2]) for row in found if row[2] == wanted[row[0]]}


def _told(
    facts: LoanFacts,
    line: DueLine,
    rows: list[OpenRow],
    days: tuple[dt.date, int],
    before: tuple[str, dt.date] | None,
) -> Reminded:
    return Reminded(
        grade=line.grade,
        loan_number=facts.number,
        cooperative=facts.borrower_kind == "cooperative",
        name=facts.borrower,
        business_name=facts.business_name,
        address=facts.address,
        kelurahan=facts.kelurahan,
        kecamatan=facts.kecamatan,
        bank=facts.bank,
        account_number=facts.account_number,
        agreement_number=facts.agreement_number,
        principal=facts.principal,
        rows=tuple(rows),
        days_past_due=days[1],
        until=days[0],
        before=before,
    )


@dataclass(frozen=True)
class IssuedReminder:
    """A reminder that was issued; `withdrawn` says that it counts no more."""

    paper_id: int
    batch_id: int
    loan_id: int
    loan_number: str
    bank_id: int
    borrower: str
    grade: int
    number: str
    dated: dt.date
    by: str
    at: dt.datetime
    withdrawn: bool


def _issued() -> Any:
    return (
        select(
            Reminder.paper_id,
            Reminder.batch_id,
            Reminder.loan_id,
            Loan.number,
            Reminder.bank_id,
            Borrower.name,
            Reminder.grade,
            IssuedPaper.number,
            Reminder.dated,
            User.name,
            IssuedPaper.issued_at,
            exists().where(PaperWithdrawal.paper_id == Reminder.paper_id),
        )
        .join(IssuedPaper, IssuedPaper.id == Reminder.paper_id)
        .join(Loan, Loan.id == Reminder.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(User, User.id == IssuedPaper.issued_by)
    )


def reminders_of_loan(session: Session, loan_id: int) -> list[IssuedReminder]:
    """The reminders of a loan, the newest first."""
    query = _issued().where(Reminder.loan_id == loan_id).order_by(Reminder.paper_id.desc())
    return [IssuedReminder(*row) for row in session.execute(query)]


def reminders_of_batch(session: Session, batch_id: int) -> list[IssuedReminder]:
    """The letters of a batch, in the order in which they were issued."""
    query = _issued().where(Reminder.batch_id == batch_id).order_by(Reminder.paper_id)
    return [IssuedReminder(*row) for row in session.execute(query)]


def letters_of_batch(session: Session, batch_id: int) -> list[Letter]:
    """The letters of a batch as they were issued: one query."""
    found = session.execute(
        select(IssuedPaper.number, IssuedPaper.data, IssuedPaper.data_hash)
        .join(Reminder, Reminder.paper_id == IssuedPaper.id)
        .where(Reminder.batch_id == batch_id)
        .order_by(Reminder.paper_id)
    )
    return [letter_from(opened(*row)["letter"]) for row in found]


@dataclass(frozen=True)
class BatchLine:
    id: int
    at: dt.datetime
    by: str
    count: int


def batch(session: Session, batch_id: int) -> BatchLine | None:
    return next(iter(_batches(session, ReminderBatch.id == batch_id)), None)


def last_batches(session: Session) -> list[BatchLine]:
    """The newest batches."""
    return _batches(session, literal(True), MOST_BATCHES)


def _batches(session: Session, condition: Any, most: int = 1) -> list[BatchLine]:
    count = (
        select(func.count())
        .where(Reminder.batch_id == ReminderBatch.id)
        .correlate(ReminderBatch)
        .scalar_subquery()
    )
    found: Any = session.execute(
        select(ReminderBatch.id, ReminderBatch.created_at, User.name, count)
        .join(User, User.id == ReminderBatch.created_by)
        .where(condition)
        .order_by(ReminderBatch.id.desc())
        .limit(most)
    )
    return [BatchLine(*row) for row in found]
