"""Whatever happens to loans across months that are closed at any moment: every month foots, opens
with what was signed, ends where the portfolio stands, and a closed one never changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.reconciliation.steps import frozen_text, of
from wibawa.banks.queries import thresholds_on
from wibawa.changes import actions
from wibawa.changes.actions import Wish
from wibawa.changes.effect import Effect
from wibawa.changes.kinds import KINDS
from wibawa.changes.queries import change_facts
from wibawa.loans.portfolio import portfolio
from wibawa.loans.queries import ledger
from wibawa.reconciliation.document import read_again
from wibawa.rules.facts import Method
from wibawa.rules.reconciliation import Month
from wibawa.rules.refused import Refused
from wibawa.web.clock import now, today

RUNS, IN_SOAK = 2, 200
FIRST_DAY = dt.datetime(2026, 2, 20, 3, tzinfo=dt.UTC)
LOANS = 3


class Months(RuleBasedStateMachine):
    """A few loans of one bank, and its months."""

    session: Session
    people: dict[str, int]
    clock: time_machine.Traveller

    @initialize(methods=st.lists(st.sampled_from(list(Method)), min_size=LOANS, max_size=LOANS))
    def disburse(self, methods: list[Method]) -> None:
        self.clock.move_to(FIRST_DAY)
        self.signed: dict[Month, str] = {}
        self.loans = [
            self.lend(number, method, dt.date(2026, 1, 10 + number))
            for number, method in enumerate(methods, 1)
        ]

    def teardown(self) -> None:
        self.session.rollback()

    def lend(self, number: int, method: Method, on: dt.date) -> int:
        by, second = self.people["staff"], self.people["approver"]
        return factories.loan(
            self.session, by, second, number=number, principal=1_000_000, method=method,
            disbursed_on=on,
        )  # fmt: skip

    def do(self, code: str, loan: int, data: Mapping[str, Any]) -> None:
        kind, session = KINDS[code], self.session
        try:
            case = kind.find(session, loan, today())
            wrong = kind.why_not(case)
            if wrong:
                raise Refused("not_possible", wrong)
            shown = kind.effect(session, case, data).fingerprint
            wish = Wish(data, "Sebuah kehidupan", shown)
            number = actions.ask(session, kind, loan, wish, self.people["staff"], now())
        except Refused as refused:
            event(f"{code}: {refused.code}")
            return
        facts = change_facts(session, number)
        assert facts is not None
        effect = actions.effect_now(session, kind, facts, today())
        assert isinstance(effect, Effect)
        actions.approve(session, number, effect.fingerprint, self.people["approver"], now())
        self.clock.shift(1)
        event(code)

    @rule(days=st.integers(5, 60))
    def time_passes(self, days: int) -> None:
        self.clock.move_to(now() + dt.timedelta(days=days))

    @rule(which=st.integers(0, 9), amount=st.integers(1, 300_000), back=st.integers(0, 90))
    def pay(self, which: int, amount: int, back: int) -> None:
        on = max(dt.date(2026, 1, 20), today() - dt.timedelta(days=back))
        data = {"paid_on": on.isoformat(), "amount": amount, "penalty": 0, "reference": "",
                "source": "Telepon"}  # fmt: skip
        self.do("payment", self.loans[which % len(self.loans)], data)

    @rule(which=st.integers(0, 9), entry=st.integers(0, 20), today_only=st.booleans())
    def reverse(self, which: int, entry: int, today_only: bool) -> None:
        loan = self.loans[which % len(self.loans)]
        found = [each for each in ledger(self.session, loan) if each.may_be_undone]
        if found:
            on = today().isoformat() if today_only else ""
            self.do("reversal", loan, {"entry": found[entry % len(found)].sequence, "on": on})

    @rule(which=st.integers(0, 9), months=st.integers(1, 6))
    def take_a_holiday(self, which: int, months: int) -> None:
        loan = self.loans[which % len(self.loans)]
        for first in (1, 3, 6):
            self.do("holiday", loan, {"first": first, "months": months, "interest": "spread"})

    @rule(which=st.integers(0, 9))
    def pay_off_early(self, which: int) -> None:
        loan, on = self.loans[which % len(self.loans)], today().isoformat()
        self.do("settlement", loan, {"on": on, "valid_until": on})
        case = KINDS["payment"].find(self.session, loan, today())
        if case is not None and case.quote is not None:
            owed = max(case.quote.total - case.plan.applied, 1)
            data = {"paid_on": on, "amount": owed, "penalty": 0, "reference": "", "source": "X Y"}
            self.do("payment", loan, data)

    @rule(which=st.integers(0, 9))
    def write_off(self, which: int) -> None:
        self.do("write_off", self.loans[which % len(self.loans)], {})

    @rule(back=st.integers(0, 80))
    def lend_more(self, back: int) -> None:
        if len(self.loans) < 2 * LOANS:
            on = max(dt.date(2026, 1, 1), today() - dt.timedelta(days=back))
            self.loans.append(self.lend(len(self.loans) + 1, Method.FLAT, on))

    @rule(skip=st.integers(0, 2))
    def close(self, skip: int) -> None:
        """The month that follows; the first one may be any."""
        month = max(self.signed).plus(1) if self.signed else Month(2026, 1).plus(skip)
        if month.last < today():
            factories.close_month(self.session, self.people, factories.PASAR, month)
            self.signed[month] = frozen_text(self.session, month)
            event("closed")

    @invariant()
    def closed_months_are_as_signed_and_open_ones_follow(self) -> None:
        if not hasattr(self, "loans"):
            return
        before: int | None = None
        titipan: int | None = None
        for month in sorted(self.signed):
            assert frozen_text(self.session, month) == self.signed[month]
            document = read_again(self.signed[month])
            assert before in (None, document.movement.opening)
            assert document.movement.foots
            assert document.suspense.foots
            before, titipan = document.movement.closing, document.suspense.closing
        first = max(self.signed).plus(1) if self.signed else Month(2026, 1)
        for month in (first, first.plus(1), first.plus(2)):
            if month > Month.of(today()):
                break
            found = of(self.session, month)
            assert found.movement.foots
            assert found.suspense.foots
            assert before in (None, found.movement.opening)
            assert titipan in (None, found.suspense.opening)
            assert found.movement.closing == self.stands(month.last)
            assert sum(line.movement.closing for line in found.lines) == found.movement.closing
            assert found.movement.late == 0 or month == first
            before, titipan = found.movement.closing, found.suspense.closing

    def stands(self, on: dt.date) -> int:
        """The portfolio's own figure, which knows nothing of months."""
        classes = thresholds_on(self.session, on)
        found = portfolio(self.session, on, classes, factories.PASAR)
        return found.banks[0].outstanding_principal


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_any_months_of_any_loans_foot_and_stay_as_signed(
    session: Session,
    people: dict[str, int],
    clock: time_machine.Traveller,
    request: pytest.FixtureRequest,
) -> None:
    session.rollback()
    soak = request.config.getoption("--hypothesis-profile") == "soak"

    class Here(Months):
        pass

    Here.session, Here.people, Here.clock = session, people, clock
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=IN_SOAK if soak else RUNS,
            stateful_step_count=18 if soak else 12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
