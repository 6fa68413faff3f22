"""A payment that somebody reported by phone: what the loan takes, what is left over, once only."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.loans.steps import (
    INSTALLMENT,
    TODAY,
    do,
    holds,
    journal,
    post,
    stand,
    titipan,
)
from wibawa.loans.journal import Author, NewSuspense, add_suspense
from wibawa.loans.receiving import alike, payment
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

ACCOUNT = "0200000000001"
DAY = dt.date(2026, 10, 5)


@pytest.fixture
def loan(session: Session, people: dict[str, int]) -> int:
    return factories.loan(session, people["staff"], people["approver"], account=ACCOUNT)


def pay(
    session: Session,
    people: dict[str, int],
    loan: int,
    amount: int,
    on: dt.date = DAY,
    *,
    penalty: int = 0,
    reference: str = "",
) -> None:
    deed = payment(session, loan, amount, penalty, on, reference, TODAY)
    do(session, people, deed, loan_id=loan)


def test_a_payment_is_poured_without_its_penalty(
    session: Session, people: dict[str, int], loan: int
) -> None:
    pay(session, people, loan, INSTALLMENT + 5_000, penalty=5_000)
    assert journal(session, loan)[1:] == [("repayment", INSTALLMENT + 5_000, INSTALLMENT)]
    assert stand(session, loan, DAY)[0] == 5_000_000 - 208_333
    assert holds(session)


def test_what_the_loan_does_not_owe_goes_to_titipan(
    session: Session, people: dict[str, int], loan: int
) -> None:
    pay(session, people, loan, 6_000_000, penalty=1_000)
    # The schedule asks for 5.300.000 in all.
    assert journal(session, loan)[1:] == [("repayment", 5_301_000, 5_300_000)]
    assert titipan(session) == [(699_000, 699_000)]
    assert stand(session, loan, TODAY) == (0, 0, 0, 1)
    assert holds(session)


@pytest.mark.parametrize("reference", ["", "TLP-1"])
def test_the_row_of_a_payment_with_a_rest_in_titipan_is_booked_once(
    session: Session, people: dict[str, int], loan: int, reference: str
) -> None:
    pay(session, people, loan, 6_000_000, reference=reference)
    row = f"{ACCOUNT};Siti Aminah;05-10-2026;6.000.000;TLP-1"
    first, _ = post(session, row)
    assert (first.already_posted_rows, first.posted_rows, first.suspense_rows) == (1, 0, 0)
    again, _ = post(session, row, "0299;Lain;06-10-2026;1.000;B9")
    assert (again.already_posted_rows, again.suspense_rows) == (1, 1)
    assert titipan(session) == [(700_000, 700_000), (1_000, 1_000)]
    assert holds(session)


@pytest.mark.parametrize(
    ("amount", "penalty", "on", "code"),
    [
        (0, 0, DAY, "amount_wrong"),
        (1_000, 1_001, DAY, "amount_wrong"),
        (1_000, 0, TODAY + dt.timedelta(days=1), "date_in_future"),
        (1_000, 0, dt.date(2026, 1, 30), "date_before_disbursement"),
    ],
)
def test_what_cannot_be_true_is_refused(
    session: Session, loan: int, amount: int, penalty: int, on: dt.date, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        payment(session, loan, amount, penalty, on, "", TODAY)
    assert refused.value.code == code


def test_money_up_to_the_cut_off_is_in_the_opening_entry(
    session: Session, people: dict[str, int]
) -> None:
    cut_off = dt.date(2026, 9, 30)
    made = factories.loan(
        session, people["staff"], people["approver"], opened_on=cut_off, opening=500_000
    )
    with pytest.raises(Refused) as refused:
        payment(session, made, 1_000, 0, cut_off, "", TODAY)
    assert refused.value.code == "date_before_cut_off"
    assert payment(session, made, 1_000, 0, cut_off + dt.timedelta(days=1), "", TODAY).entries


def test_a_loan_that_owes_nothing_takes_nothing(
    session: Session, people: dict[str, int], loan: int
) -> None:
    pay(session, people, loan, 5_300_000)
    with pytest.raises(Refused) as refused:
        payment(session, loan, 1_000, 0, DAY, "", TODAY)
    assert refused.value.code == "nothing_owed"


def test_a_reference_is_used_once_also_the_one_that_a_file_brought_for_a_payment_by_hand(
    session: Session, people: dict[str, int], loan: int
) -> None:
    pay(session, people, loan, 44_000)
    post(session, f"{ACCOUNT};Siti Aminah;05-10-2026;44.000;B1", f"{ACCOUNT};;06-10-2026;7.000;B2")
    for used in ("b 1", "0B2"):
        with pytest.raises(Refused) as refused:
            payment(session, loan, 1_000, 0, DAY, used, TODAY)
        assert refused.value.code == "reference_already_posted"


def test_money_of_the_same_day_and_amount_is_pointed_out(
    session: Session, people: dict[str, int], loan: int
) -> None:
    pay(session, people, loan, 44_000)
    assert alike(session, loan, 44_000, DAY) == [2]
    assert alike(session, loan, 44_001, DAY) == []


def test_a_written_off_loan_and_its_two_recoveries(
    session: Session, people: dict[str, int]
) -> None:
    """Reckoned by hand. Rp5.000.000 flat since 31 January 2025 at a rural bank; the installments
    of February and March are paid, so the one of 30 April 2025 is the oldest uncovered: 550 days
    on 1 November 2026, class 5. Outstanding 5.000.000 − 2 × 208.333 = 4.583.334, written off.

    300.000 + 200.000 come in: two installments (441.666), then 58.334, of which 12.500 interest
    and 45.834 principal. Principal recovered 2 × 208.333 + 45.834 = 462.500, the claim that
    remains 4.583.334 − 462.500 = 4.120.834. The first money, of the day before the write-off but
    reported late, is a repayment still: 4.120.834 − 1.000.
    """
    by, second = people["staff"], people["approver"]
    start = dt.date(2025, 1, 31)
    made = factories.loan(session, by, second, disbursed_on=start, account=ACCOUNT)
    pay(session, people, made, 2 * INSTALLMENT, dt.date(2025, 3, 31))
    day = dt.date(2026, 11, 1)
    assert stand(session, made, day)[0::2] == (4_583_334, 550)
    assert stand(session, made, day)[3] == 5
    factories.write_off(session, made, 4_583_334, day, by, second)
    pay(session, people, made, 300_000, dt.date(2026, 11, 10))
    pay(session, people, made, 200_000, dt.date(2026, 11, 20))
    assert [kind for kind, _, _ in journal(session, made)[3:]] == ["recovery", "recovery"]
    assert stand(session, made, TODAY)[0] == 4_120_834
    pay(session, people, made, 1_000, day - dt.timedelta(days=1))
    assert journal(session, made)[-1] == ("repayment", 1_000, 1_000)
    assert stand(session, made, TODAY)[0] == 4_119_834
    assert holds(session)


@pytest.mark.parametrize("entry", [1, 9])
def test_the_database_itself_knows_no_titipan_without_a_file_or_an_entry_by_hand(
    session: Session, people: dict[str, int], loan: int, entry: int
) -> None:
    left = NewSuspense(loan, factories.PASAR, entry, ACCOUNT, "Siti", 1_000, DAY)
    author = Author(people["staff"], people["approver"], now())
    with (
        pytest.raises((DBAPIError, psycopg.Error), match="an entry by hand left over"),
        session.begin_nested(),
    ):
        add_suspense(session, [left], author)
