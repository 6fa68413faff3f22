"""Whatever is asked for, paid and undone, in any order: the books hold, and yesterday stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from tests import factories
from tests.changes.steps import broken
from tests.loans.steps import stand
from wibawa.changes.actions import Wish, approve, ask, effect_now, refuse
from wibawa.changes.case import LoanCase, loan_case
from wibawa.changes.effect import Effect
from wibawa.changes.kinds import KINDS
from wibawa.changes.queries import change_facts
from wibawa.loans.queries import ledger
from wibawa.rules.changes import first_open
from wibawa.rules.refused import Refused
from wibawa.web.clock import now, today

STEPS = 20
Wishes = Callable[[Random, Session, LoanCase], dict[str, Any]]


def _first(random: Random, case: LoanCase) -> int:
    opened = first_open(case.plan)
    return min(opened + random.randrange(3), len(case.plan.rows))


def _settlement(random: Random, session: Session, case: LoanCase) -> dict[str, Any]:
    on = case.today + dt.timedelta(days=random.randrange(3))
    until = on + dt.timedelta(days=random.randrange(4))
    return {"on": on.isoformat(), "valid_until": until.isoformat()}


def _payment(random: Random, session: Session, case: LoanCase) -> dict[str, Any]:
    """An installment, an odd sum, or what is needed to end the loan."""
    amount = random.choice([220_833, random.randrange(1, 900_000)])
    if case.quote is not None:
        amount = max(case.quote.total - case.plan.applied, 1)
    elif random.random() < 0.1:
        amount = case.plan.owed
    on = case.today - dt.timedelta(days=random.choice([0, 0, 1, 20]))
    return {
        "paid_on": on.isoformat(), "amount": amount, "penalty": 0, "reference": "",
        "source": "Bank, telepon",
    }  # fmt: skip


def _reversal(random: Random, session: Session, case: LoanCase) -> dict[str, Any]:
    entries = [each for each in ledger(session, case.loan.id) if each.may_be_undone]
    entry = random.choice(entries) if entries else None
    days = random.choice([0, 0, 2])
    on = min(entry.effective_on + dt.timedelta(days=days), case.today) if entry else case.today
    return {"entry": entry.sequence if entry else 1, "on": on.isoformat()}


WISHES: dict[str, Wishes] = {
    "holiday": lambda r, s, c: {
        "first": _first(r, c), "months": r.randrange(1, 4),
        "interest": r.choice(["spread", "waived"]),
    },
    "tenor": lambda r, s, c: {"first": _first(r, c), "more": r.randrange(1, 7)},
    "multiple": lambda r, s, c: {"first": _first(r, c), "multiple": r.choice([1, 100, 1000])},
    "due_day": lambda r, s, c: {"first": _first(r, c), "day": r.randrange(1, 32)},
    "settlement": _settlement,
    "reopen": lambda r, s, c: {},
    "write_off": lambda r, s, c: {},
    "payment": _payment,
    "reversal": _reversal,
}  # fmt: skip
OFTEN = (*WISHES, "payment", "payment", "payment", "settlement", "reversal", "reversal", "reopen")


def _wish(session: Session, code: str, case: LoanCase, data: dict[str, Any], by: int) -> int:
    kind = KINDS[code]
    shown = kind.effect(session, case, data).fingerprint
    return ask(session, kind, case.loan.id, Wish(data, "Sebuah alasan", shown), by, now())


def _decide(session: Session, number: int, by: int, yes: bool) -> None:
    facts = change_facts(session, number)
    assert facts is not None
    effect = effect_now(session, KINDS[facts.kind], facts, today())
    if yes and isinstance(effect, Effect):
        approve(session, number, effect.fingerprint, by, now())
    else:
        refuse(session, number, "Tidak cukup alasan", by, now())


@pytest.mark.soak  # test_lives.py says more in less time
@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_requests_payments_and_reversals_keeps_the_books_whole(
    session: Session, people: dict[str, int], clock: time_machine.Traveller, seed: int
) -> None:
    random = Random(seed)
    by, second = people["staff"], people["approver"]
    loan = factories.loan(session, by, second, disbursed_on=dt.date(2026, 1, 31))
    factories.paid(session, loan, 6 * 220_833, dt.date(2026, 7, 31), by, second)
    session.commit()
    done: dict[str, int] = {}
    for _ in range(STEPS):
        clock.shift(dt.timedelta(days=random.choice([0, 1, 3, 12])))
        yesterday = today() - dt.timedelta(days=1)
        case = loan_case(session, loan, today())
        assert case is not None
        code = random.choice([each for each in OFTEN if KINDS[each].why_not(case) is None])
        before = stand(session, loan, yesterday)
        try:
            data = WISHES[code](random, session, case)
            number = _wish(session, code, case, data, by)
            _decide(session, number, second, random.random() < 0.9)
        except Refused:
            session.rollback()
            continue
        session.commit()
        done[code] = done.get(code, 0) + 1
        assert broken(session) == [], (code, data)
        if code not in ("payment", "reversal"):
            assert stand(session, loan, yesterday) == before, (code, data)
    assert len(done) > 3, done
