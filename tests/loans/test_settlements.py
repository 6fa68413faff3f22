"""An approved early settlement ends the loan when its sum lies in it in time, else nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.loans.steps import TODAY, do
from tests.loans.test_undoing import undo
from wibawa.banks.queries import bank_by_code, thresholds_on
from wibawa.loans.deeds import versions_after
from wibawa.loans.invariants import run_checks
from wibawa.loans.journal import Author
from wibawa.loans.models import Schedule, SuspenseEntry
from wibawa.loans.positions import positions
from wibawa.loans.queries import schedule_on
from wibawa.loans.receiving import payment
from wibawa.loans.settlements import kept_quote, open_settlements
from wibawa.loans.undoing import reversal
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.rules.changes import Plan, settled
from wibawa.rules.facts import Method
from wibawa.web.clock import now

ACCOUNT = "0200000000001"
PAID = 9 * 220_833
# 5.000.000 less 9 × 208.333 of principal, and 12.500 of interest for November.
SUM = 3_125_003 + 12_500
LAST_DAY = dt.date(2026, 11, 20)
HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\n"


@pytest.fixture
def loan(session: Session, people: dict[str, int]) -> int:
    """Nine installments of a flat loan are paid; its settlement until 20 November is approved."""
    by, second = people["staff"], people["approver"]
    made = factories.loan(session, by, second, account=ACCOUNT)
    _post(session, (PAID, "31-10", "A"))
    facts = schedule_on(session, made, dt.date(2026, 11, 10))
    assert facts is not None
    plan = settled(Plan(facts.rows, 300, Method.FLAT, 1, 31, PAID), dt.date(2026, 11, 10))
    assert plan.owed == SUM
    asked = factories.request(
        session, "settlement", by, second, loan_id=made,
        valid_until=LAST_DAY, result=kept_quote(1, plan),
    )  # fmt: skip
    factories.linked(session, asked)
    return made


def _post(session: Session, *paid: tuple[int, str, str]) -> None:
    bank = bank_by_code(session, "PASAR")
    assert bank is not None
    rows = [f"{ACCOUNT};Siti Aminah;{day}-2026;{amount};{said}\n" for amount, day, said in paid]
    content = (HEAD + "".join(rows)).encode()
    author = Author(1, None, now())
    outcome, upload = import_at_once(session, bank, content, "a.csv", author, Options())
    assert outcome is not None
    assert upload is not None, outcome.checked.problems


def _versions(session: Session, loan: int) -> list[tuple[str, dt.date]]:
    query = select(Schedule.kind, Schedule.starts_on).where(Schedule.loan_id == loan)
    return [(kind, day) for kind, day in session.execute(query.order_by(Schedule.version))]


def _titipan(session: Session) -> list[int]:
    return list(session.scalars(select(SuspenseEntry.amount)))


def _outstanding(session: Session, on: dt.date) -> int:
    each = positions(on, thresholds_on(session, on)).subquery()
    return int(session.scalars(select(each.c.outstanding)).one())


def _holds(session: Session) -> bool:
    day = dt.date(2026, 11, 24)
    return all(check.ok for check in run_checks(session, day, thresholds_on(session, day)))


FIRST = ("first", dt.date(2026, 1, 31))


def test_the_sum_in_time_ends_the_loan_on_its_day(session: Session, loan: int) -> None:
    _post(session, (SUM, "20-11", "B"))
    assert _versions(session, loan) == [FIRST, ("settlement", LAST_DAY)]
    assert _outstanding(session, LAST_DAY) == 0
    assert _outstanding(session, LAST_DAY - dt.timedelta(days=1)) == 3_125_003
    assert open_settlements(session) == {}
    assert _holds(session)


def test_two_parts_make_the_sum_on_the_day_of_the_second(session: Session, loan: int) -> None:
    _post(session, (SUM - 500_000, "12-11", "B"))
    assert _versions(session, loan) == [FIRST]
    _post(session, (500_000, "16-11", "C"))
    assert _versions(session, loan) == [FIRST, ("settlement", dt.date(2026, 11, 16))]
    assert _titipan(session) == []
    assert _holds(session)


@pytest.mark.parametrize(("amount", "day"), [(SUM - 1, "20-11"), (SUM, "21-11")])
def test_a_rupiah_less_or_a_day_later_changes_nothing(
    session: Session, loan: int, amount: int, day: str
) -> None:
    _post(session, (amount, day, "B"))
    assert _versions(session, loan) == [FIRST]
    assert _titipan(session) == []
    assert _holds(session)


def test_what_comes_beyond_the_sum_is_titipan(session: Session, loan: int) -> None:
    _post(session, (SUM + 70_000, "18-11", "B"))
    assert _versions(session, loan) == [FIRST, ("settlement", dt.date(2026, 11, 18))]
    assert _titipan(session) == [70_000]
    assert _holds(session)


def test_money_after_the_last_day_ends_the_settlement_though_the_sum_comes_in_afterwards(
    session: Session, loan: int
) -> None:
    _post(session, (220_833, "23-11", "B"))
    assert open_settlements(session) == {}
    _post(session, (SUM, "19-11", "C"))
    assert _versions(session, loan) == [FIRST]
    # The full schedule asks for 5.300.000 in all, and only what is beyond that is titipan.
    assert _titipan(session) == [SUM - (5_300_000 - PAID - 220_833)]
    assert _holds(session)


def test_a_second_file_after_the_end_goes_to_titipan(session: Session, loan: int) -> None:
    _post(session, (SUM, "20-11", "B"))
    _post(session, (220_833, "22-11", "C"))
    assert _titipan(session) == [220_833]
    assert _holds(session)


REOPENED = ("reopen", LAST_DAY + dt.timedelta(days=1))


def test_a_settlement_whose_money_is_reversed_is_taken_back(
    session: Session, people: dict[str, int], loan: int
) -> None:
    """The money of 20 November is reversed on its day. The schedule of before is in force again
    from the 21st; the settlement's own day keeps its version, with the principal outstanding."""
    _post(session, (SUM, "20-11", "B"))
    before = schedule_on(session, loan, dt.date(2026, 11, 10))
    undo(session, people, loan, 3)
    assert _versions(session, loan) == [FIRST, ("settlement", LAST_DAY), REOPENED]
    after = schedule_on(session, loan, TODAY)
    assert before is not None
    assert after is not None
    assert after.rows == before.rows
    for day in (LAST_DAY - dt.timedelta(days=1), LAST_DAY, TODAY):
        assert _outstanding(session, day) == 3_125_003
    assert _holds(session)


def test_a_reversal_of_a_later_day_leaves_the_loan_settled_until_then(
    session: Session, people: dict[str, int], loan: int
) -> None:
    _post(session, (SUM, "18-11", "B"))
    undo(session, people, loan, 3, dt.date(2026, 11, 23))
    assert _versions(session, loan)[2] == ("reopen", dt.date(2026, 11, 23))
    assert _outstanding(session, dt.date(2026, 11, 22)) == 0
    assert _outstanding(session, dt.date(2026, 11, 23)) == 3_125_003
    assert _holds(session)


def test_money_that_comes_again_in_time_ends_the_loan_again(
    session: Session, people: dict[str, int], loan: int
) -> None:
    _post(session, (SUM, "18-11", "B"))
    undo(session, people, loan, 3)
    assert set(open_settlements(session)) == {loan}
    _post(session, (SUM, "19-11", "C"))
    assert [kind for kind, _ in _versions(session, loan)] == [
        "first", "settlement", "reopen", "settlement",
    ]  # fmt: skip
    assert _outstanding(session, TODAY) == 0
    undo(session, people, loan, 5)
    assert _outstanding(session, TODAY) == 3_125_003
    assert set(open_settlements(session)) == {loan}
    assert _holds(session)


def test_money_reversed_after_the_last_day_does_not_end_the_loan_again(
    session: Session, people: dict[str, int], loan: int
) -> None:
    """The sum lay in the loan until the last day, but not any more."""
    _post(session, (SUM, "18-11", "B"))
    undo(session, people, loan, 3, TODAY)
    _post(session, (1_000, "19-11", "C"))
    assert [kind for kind, _ in _versions(session, loan)] == ["first", "settlement", "reopen"]
    assert _holds(session)


def test_an_older_payment_that_is_reversed_takes_a_settlement_back_too(
    session: Session, people: dict[str, int], loan: int
) -> None:
    _post(session, (SUM, "20-11", "B"))
    undo(session, people, loan, 2)
    assert _versions(session, loan)[2] == REOPENED
    # What was paid last is poured from the first installment on: 3.137.503 covers 14 of 220.833
    # (3.091.662) and of the 45.841 left 12.500 are interest: 14 × 208.333 + 33.341 of principal.
    assert _outstanding(session, TODAY) == 5_000_000 - 14 * 208_333 - 33_341
    assert _holds(session)


def test_a_reversal_of_what_came_too_late_lets_a_settlement_end_the_loan(
    session: Session, people: dict[str, int], loan: int
) -> None:
    _post(session, (220_833, "23-11", "B"))
    _post(session, (SUM, "19-11", "C"))
    assert _titipan(session)
    undo(session, people, loan, 4)
    undo(session, people, loan, 3)
    assert set(open_settlements(session)) == {loan}
    assert _holds(session)


def test_what_a_deed_would_do_to_a_version_is_known_before(
    session: Session, people: dict[str, int], loan: int
) -> None:
    paying = payment(session, loan, SUM, 0, LAST_DAY, "", TODAY)
    coming = versions_after(session, paying)[loan]
    assert (coming.starts_on, coming.ends) == (LAST_DAY, True)
    do(session, people, paying, loan_id=loan)
    assert _versions(session, loan) == [FIRST, ("settlement", LAST_DAY)]
    undoing = reversal(session, loan, 3, None, TODAY).deed
    back = versions_after(session, undoing)[loan]
    assert (back.starts_on, back.ends) == (REOPENED[1], False)


def test_a_payment_by_hand_beyond_a_settlement_is_titipan(
    session: Session, people: dict[str, int], loan: int
) -> None:
    do(session, people, payment(session, loan, SUM + 70_000, 0, LAST_DAY, "", TODAY), loan_id=loan)
    assert _titipan(session) == [70_000]
    assert _versions(session, loan) == [FIRST, ("settlement", LAST_DAY)]
    assert _holds(session)
