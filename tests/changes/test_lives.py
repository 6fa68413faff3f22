"""Any life of a loan, through the real requests of two persons on a real database, against a model
of plain Python: a list of entries, a list of versions, and the money of titipan.

After each step the database must tell what the model tells, on days drawn from the whole life:
principal paid and outstanding make the loan, what came in stands in the loan or in titipan, and no
day before the step's own day stands otherwise than it did. What `wibawa check` proves is asked at
the end of each life, and after each step in the long run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.banks.queries import thresholds_on
from wibawa.changes import actions
from wibawa.changes.actions import Wish
from wibawa.changes.effect import Effect
from wibawa.changes.kinds import KINDS
from wibawa.changes.queries import change_facts
from wibawa.loans.invariants import run_checks
from wibawa.loans.models import LedgerEntry, Schedule, ScheduleRow, SuspenseEntry
from wibawa.loans.models import SuspenseResolution as Resolution
from wibawa.loans.positions import positions
from wibawa.rules.changes import (
    HolidayInterest,
    Plan,
    first_open,
    holiday,
    longer,
    on_day,
    settled,
    with_multiple,
)
from wibawa.rules.facts import BankKind, Installment, Method, Position
from wibawa.rules.position import position
from wibawa.rules.refused import Refused
from wibawa.rules.schedule import schedule_rows
from wibawa.web.clock import now, today

PRINCIPAL, BEGAN = 1_000_000, dt.date(2026, 1, 31)
# PostgreSQL: the first of the same dice
LIVES, IN_SOAK = {"sqlite": 8, "postgresql": 4}, 1_000
FIRST_DAY = dt.datetime(2026, 3, 15, 3, tzinfo=dt.UTC)


@dataclass
class Money:
    """A line of the model's journal: what lies in the loan from a day on, what of it in titipan."""

    number: int
    kind: str
    on: dt.date
    applied: int
    titipan: int = 0
    undone: bool = False


@dataclass
class Version:
    kind: str
    since: dt.date
    plan: Plan


class Life(RuleBasedStateMachine):
    """One loan of Rp1.000.000 at a rural bank, from its first month on."""

    session: Session
    people: dict[str, int]
    clock: time_machine.Traveller
    checked_at_each_step = False

    @initialize(method=st.sampled_from(list(Method)))
    def disburse(self, method: Method) -> None:
        self.clock.move_to(FIRST_DAY)
        by, second = self.people["staff"], self.people["approver"]
        self.loan = factories.loan(
            self.session, by, second, principal=PRINCIPAL, method=method, disbursed_on=BEGAN
        )
        rows = tuple(schedule_rows(PRINCIPAL, 300, 24, method, BEGAN))
        self.versions = [Version("first", BEGAN, Plan(rows, 300, method, 1, 31, 0))]
        self.journal = [Money(1, "disbursement", BEGAN, 0)]
        self.quotes: list[tuple[Plan, dt.date]] = []
        self.since = BEGAN  # from which day on the last step may have changed anything
        self.known: dict[dt.date, tuple[int, int]] = {}

    def teardown(self) -> None:
        """Nothing of this life stays for the next one."""
        try:
            assert not hasattr(self, "loan") or broken_now(self.session) == []
        finally:
            self.session.rollback()

    # — the model —

    @property
    def plan(self) -> Plan:
        """The last version with all money of today."""
        last = self.versions[-1].plan
        money = sum(each.applied for each in self.journal)
        return Plan(last.rows, last.rate, last.method, last.multiple, last.due_day, money)

    @property
    def written_off(self) -> bool:
        return any(each.kind == "write_off" and not each.undone for each in self.journal)

    def stands(self, on: dt.date) -> Position:
        version = next(each for each in reversed(self.versions) if each.since <= on)
        money = sum(each.applied for each in self.journal if each.on <= on)
        limits = thresholds_on(self.session, on)[BankKind.RURAL]
        return position(PRINCIPAL, version.plan.rows, money, on, limits)

    # — the steps —

    def do(self, code: str, data: Mapping[str, Any]) -> bool:
        """Ask and approve. Refused: nothing changed, which the invariants go on to prove."""
        kind, session = KINDS[code], self.session
        try:
            case = kind.find(session, self.loan, today())
            wrong = kind.why_not(case)
            if wrong:
                raise Refused("not_possible", wrong)
            shown = kind.effect(session, case, data).fingerprint
            wish = Wish(data, "Sebuah kehidupan", shown)
            number = actions.ask(session, kind, self.loan, wish, self.people["staff"], now())
        except Refused as refused:
            event(f"{code}: {refused.code}")
            return False
        facts = change_facts(session, number)
        assert facts is not None
        effect = actions.effect_now(session, kind, facts, today())
        assert isinstance(effect, Effect)
        actions.approve(session, number, effect.fingerprint, self.people["approver"], now())
        self.clock.shift(1)  # a second: what is booked next is booked later
        event(code)
        return True

    @rule(days=st.integers(1, 150))
    def time_passes(self, days: int) -> None:
        self.clock.move_to(now() + dt.timedelta(days=days))
        self.since = dt.date.max

    @rule(amount=st.integers(1, 300_000), back=st.integers(0, 40))
    def pay(self, amount: int, back: int) -> None:
        on = max(BEGAN, today() - dt.timedelta(days=back))
        self.receive(amount, on)

    @precondition(lambda self: self.plan.owed > 0)
    @rule(more=st.sampled_from((0, 0, 5_000)))
    def pay_all(self, more: int) -> None:
        self.receive(self.plan.owed + more, today())

    @precondition(lambda self: self.quotes)
    @rule()
    def pay_the_settlement(self) -> None:
        self.receive(self.quotes[-1][0].total - self.plan.applied, today())

    def receive(self, amount: int, on: dt.date) -> None:
        owed, gone = self.plan.owed, self.written_off
        if amount <= 0:
            return
        data = {"paid_on": on.isoformat(), "amount": amount, "penalty": 0, "reference": "",
                "source": "Telepon"}  # fmt: skip
        if not self.do("payment", data):
            assert owed <= 0
            return
        taken = self.last_applied()
        kind = "recovery" if gone else "repayment"
        self.journal.append(Money(len(self.journal) + 1, kind, on, taken, amount - taken))
        self.since = on
        if taken != min(amount, owed):  # a settlement asked for less, and this money ended the loan
            kind, _, rows = stored_versions(self.session, self.loan)[-1]
            assert kind == "settlement"
            assert sum(row.total for row in rows) == self.money(dt.date.max)

    def last_applied(self) -> int:
        query = select(LedgerEntry.applied).where(LedgerEntry.loan_id == self.loan)
        last = self.session.scalar(query.order_by(LedgerEntry.sequence.desc()).limit(1))
        assert last is not None
        return int(last)

    @rule(which=st.integers(0, 20), today_only=st.booleans())
    def reverse(self, which: int, today_only: bool) -> None:
        found = [e for e in self.journal if e.kind != "disbursement" and e.kind != "reversal"]
        alive = [each for each in found if not each.undone]
        if not alive:
            return
        entry = alive[which % len(alive)]
        on = today() if today_only else entry.on
        data = {"entry": entry.number, "on": on.isoformat() if today_only else ""}
        if not self.do("reversal", data):
            return
        entry.undone, entry.titipan = True, 0
        number = len(self.journal) + 1
        self.journal.append(Money(number, "reversal", on, -entry.applied))
        self.since = on

    def change(self, code: str, data: Mapping[str, Any], make: Any) -> None:
        """A new version by the rule of `make`; the schedule before it stays."""
        before, old = self.plan, self.versions[-1]
        if not self.do(code, data):
            return
        since = max(today(), old.since + dt.timedelta(days=1))
        new = make(before, since)
        opened = first_open(before)
        assert new.rows[: opened - 1] == before.rows[: opened - 1], "what is paid stays"
        self.versions.append(Version(code, since, new))
        self.since = since

    def first(self, ahead: int) -> int:
        return min(first_open(self.plan) + ahead, len(self.plan.rows))

    @rule(ahead=st.integers(0, 3), months=st.integers(1, 6), how=st.sampled_from(HolidayInterest))
    def take_a_holiday(self, ahead: int, months: int, how: HolidayInterest) -> None:
        first = self.first(ahead)
        data = {"first": first, "months": months, "interest": how.value}
        self.change("holiday", data, lambda plan, _: holiday(plan, first, months, how))

    @rule(ahead=st.integers(0, 3), more=st.integers(1, 12))
    def extend(self, ahead: int, more: int) -> None:
        first = self.first(ahead)
        self.change(
            "tenor",
            {"first": first, "more": more},
            lambda plan, day: longer(plan, first, more, day),
        )

    @rule(multiple=st.sampled_from((1, 100, 500, 1000)))
    def round_off(self, multiple: int) -> None:
        first = self.first(0)
        data = {"first": first, "multiple": multiple}
        self.change("multiple", data, lambda plan, _: with_multiple(plan, first, multiple))

    @rule(ahead=st.integers(0, 3), day=st.integers(1, 31))
    def move_the_due_day(self, ahead: int, day: int) -> None:
        first = self.first(ahead)
        data = {"first": first, "day": day}
        self.change("due_day", data, lambda plan, since: on_day(plan, first, day, since))

    @rule()
    def settle(self) -> None:
        plan, on = self.plan, today().isoformat()
        if self.do("settlement", {"on": on, "valid_until": on}):
            self.quotes.append((settled(plan, today()), today()))
            self.since = today()

    @rule()
    def write_off(self) -> None:
        where, gone = self.stands(today()), self.written_off
        done = self.do("write_off", {})
        lost = where.collectibility == 5 and where.outstanding_principal > 0 and not gone
        assert lost or not done
        assert done or not lost or self.versions[-1].since > today()
        if done:
            self.journal.append(Money(len(self.journal) + 1, "write_off", today(), 0))
            self.since = today()

    @rule()
    def reopen(self) -> None:
        last = self.versions[-1]
        if self.do("reopen", {}):
            assert last.kind == "settlement"
            since = max(today(), last.since + dt.timedelta(days=1))
            self.versions.append(Version("reopen", since, self.versions[-2].plan))
            self.since = since

    # — what must hold —

    @invariant()
    def the_books_are_those_of_the_model(self) -> None:
        if hasattr(self, "loan"):
            self.the_schedules_are_those_of_the_model()
            self.every_day_stands_as_the_model_says()
            self.what_came_in_stands_in_the_loan_or_in_titipan()
            assert not self.checked_at_each_step or broken_now(self.session) == []

    def the_schedules_are_those_of_the_model(self) -> None:
        found = stored_versions(self.session, self.loan)
        for place in range(len(self.versions), len(found)):
            self.ends_or_begins_again(found[place])
        assert [(v.kind, v.since, v.plan.rows) for v in self.versions] == found
        for _, _, rows in found:
            assert sum(row.principal for row in rows) == PRINCIPAL
            assert rows[-1].balance == 0

    def ends_or_begins_again(self, made: tuple[str, dt.date, tuple[Installment, ...]]) -> None:
        """A version that nobody asked for: the sum of a settlement came, or went again."""
        kind, since, rows = made
        earliest = self.versions[-1].since + dt.timedelta(days=1)  # a day has one version
        if kind == "settlement":
            plan, until = next(each for each in reversed(self.quotes) if each[0].rows == rows)
            assert self.money(since) >= plan.total
            before = self.money(since - dt.timedelta(days=1))
            assert since == earliest or (before < plan.total and since <= until)
        else:
            assert kind == "reopen"
            ended = self.versions[-1]
            assert ended.kind == "settlement"
            plan = self.versions[-2].plan
            assert rows == plan.rows
            assert self.money(dt.date.max) < ended.plan.total
        self.versions.append(Version(kind, since, plan))
        self.since = min(self.since, since)

    def money(self, on: dt.date) -> int:
        return sum(each.applied for each in self.journal if each.on <= on)

    def every_day_stands_as_the_model_says(self) -> None:
        days = {today(), self.versions[-1].since, self.journal[-1].on, *list(self.known)[-3:]}
        self.known = {day: said for day, said in self.known.items() if day < self.since}
        for day in sorted(day for day in days if day >= BEGAN):
            right = self.stands(day)
            found = stored_position(self.session, self.loan, day)
            assert found == (right.outstanding_principal, right.arrears)
            assert right.principal_paid + right.outstanding_principal == PRINCIPAL
            assert self.known.get(day, found) == found, (
                "an earlier day stands otherwise than before"
            )
            self.known[day] = found
        self.since = dt.date.max

    def what_came_in_stands_in_the_loan_or_in_titipan(self) -> None:
        applied = self.session.scalar(
            select(func.sum(LedgerEntry.applied)).where(LedgerEntry.loan_id == self.loan)
        )
        assert int(applied or 0) == self.money(dt.date.max)
        held = int(self.session.scalar(select(func.sum(SuspenseEntry.amount))) or 0)
        gone = int(self.session.scalar(select(func.sum(Resolution.amount))) or 0)
        assert held - gone == sum(each.titipan for each in self.journal)


def stored_versions(
    session: Session, loan_id: int
) -> list[tuple[str, dt.date, tuple[Installment, ...]]]:
    query = select(Schedule.id, Schedule.kind, Schedule.starts_on)
    found = session.execute(query.where(Schedule.loan_id == loan_id).order_by(Schedule.version))
    columns = (ScheduleRow.number, ScheduleRow.due_on, ScheduleRow.principal, ScheduleRow.interest)
    return [
        (
            row.kind,
            row.starts_on,
            tuple(
                Installment(*each)
                for each in session.execute(
                    select(*columns, ScheduleRow.balance)
                    .where(ScheduleRow.schedule_id == row.id)
                    .order_by(ScheduleRow.number)
                )
            ),
        )
        for row in found.all()
    ]


def stored_position(session: Session, loan_id: int, on: dt.date) -> tuple[int, int]:
    each = positions(on, thresholds_on(session, on)).subquery()
    query = select(each.c.outstanding, each.c.arrears).where(each.c.loan_id == loan_id)
    row = session.execute(query).one()
    return int(row.outstanding), int(row.arrears)


def broken_now(session: Session) -> list[str]:
    """What `wibawa check` finds wrong in what is not committed yet."""
    found = run_checks(session, today(), thresholds_on(session, today()))
    return [f"{check.name}: {check.found}" for check in found if not check.ok]


def test_any_life_of_a_loan_stands_in_the_books_as_in_the_model(
    session: Session,
    people: dict[str, int],
    clock: time_machine.Traveller,
    engine_name: str,
    request: pytest.FixtureRequest,
) -> None:
    session.rollback()
    soak = request.config.getoption("--hypothesis-profile") == "soak"

    class Here(Life):
        pass

    Here.session, Here.people, Here.clock = session, people, clock
    Here.checked_at_each_step = soak
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=IN_SOAK if soak else LIVES[engine_name],
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
