"""A loan as every request about it finds it: its last schedule, its money, where it stands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.banks.queries import thresholds_on
from wibawa.database import FOREVER
from wibawa.loans.models import LedgerEntry, Schedule, ScheduleRow
from wibawa.loans.queries import LoanFacts, loan_facts
from wibawa.loans.settlements import Quote, open_settlements
from wibawa.loans.undone import write_offs
from wibawa.rules.changes import Plan
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import BankKind, Installment, Method, Position
from wibawa.rules.position import position


@dataclass(frozen=True)
class Subject:
    """What a request is about: a loan, titipan or a posted file, of one bank."""

    bank_id: int
    loan_id: int | None = None
    suspense_id: int | None = None
    upload_id: int | None = None


@dataclass(frozen=True)
class LoanCase:
    """One loan today. `plan` is the last version of its schedule with all money poured over it,
    `entries` how many entries its journal has, `quote` an approved early settlement that waits for
    its money."""

    today: dt.date
    loan: LoanFacts
    version: int
    version_kind: str
    version_since: dt.date
    plan: Plan
    entries: int
    limits: Thresholds
    written_off_on: dt.date | None
    quote: Quote | None

    @property
    def subject(self) -> Subject:
        return Subject(self.loan.bank_id, loan_id=self.loan.id)

    @property
    def title(self) -> str:
        return self.loan.number

    @property
    def begins_on(self) -> dt.date:
        """The first day on which a further version can be in force."""
        return max(self.today, self.version_since + dt.timedelta(days=1))

    @property
    def depends(self) -> tuple[object, ...]:
        """What anything reckoned from this case depends on, whatever it shows."""
        return (self.loan.id, self.version, self.entries, self.plan.applied, self.begins_on,
                self.written_off_on)  # fmt: skip

    def position(self, plan: Plan) -> Position:
        """Where the loan stands under `plan` on the day on which a further version begins."""
        return position(plan.principal, plan.rows, plan.applied, self.begins_on, self.limits)


def loan_case(session: Session, loan_id: int, today: dt.date) -> LoanCase | None:
    """The loan as it is now; None when there is none. Five queries, a sixth for a quote."""
    facts = loan_facts(session, loan_id)
    if facts is None:
        return None
    last: Any = session.execute(
        select(
            Schedule.id,
            Schedule.version,
            Schedule.kind,
            Schedule.starts_on,
            Schedule.due_day,
            Schedule.multiple,
        ).where(Schedule.loan_id == loan_id, Schedule.ends_on == FOREVER)
    ).one()
    entries, applied = session.execute(
        select(func.count(), func.coalesce(func.sum(LedgerEntry.applied), 0)).where(
            LedgerEntry.loan_id == loan_id
        )
    ).one()
    gone = write_offs(today)
    plan = Plan(
        rows_of(session, last.id), facts.rate, Method(facts.method), last.multiple, last.due_day,
        int(applied),
    )  # fmt: skip
    return LoanCase(
        today,
        facts,
        last.version,
        last.kind,
        last.starts_on,
        plan,
        int(entries),
        thresholds_on(session, today)[BankKind(facts.bank_kind)],
        session.scalar(select(gone.c.written_off_on).where(gone.c.loan_id == loan_id)),
        open_settlements(session, loan_id=loan_id).get(loan_id),
    )


def rows_of(session: Session, schedule_id: int) -> tuple[Installment, ...]:
    """The installments of one version of a schedule."""
    found: Any = session.execute(
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
    return tuple(Installment(*row) for row in found)
