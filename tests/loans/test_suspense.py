"""One sum in titipan: what is open of it, which loans it may belong to, what it may become."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.loans.steps import INSTALLMENT, TODAY, do, holds, journal, post, stand, titipan
from tests.loans.test_receiving import pay
from tests.loans.test_undoing import give, refusal
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.loans.models import Loan
from wibawa.loans.suspense import (
    SuspenseFacts,
    candidates,
    outcomes,
    returned,
    suspense_facts,
    to_loan,
)
from wibawa.rules.facts import Method, Terms
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

ACCOUNT = "0234567890123"
CAME = dt.date(2026, 10, 5)


@pytest.fixture
def loan(session: Session, people: dict[str, int]) -> int:
    return factories.loan(session, people["staff"], people["approver"], account=ACCOUNT)


def suspended(session: Session, account: str, name: str = "Lain", amount: int = 250_000) -> int:
    """Money on an account that nobody knows, in a posted file; its number."""
    post(session, f"{account};{name};05-10-2026;{amount};B{account}{amount}")
    return len(titipan(session))


def facts(session: Session, number: int) -> SuspenseFacts:
    found = suspense_facts(session, number)
    assert found is not None
    return found


def test_titipan_becomes_money_of_a_loan_on_the_day_it_came(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = suspended(session, "0299", amount=INSTALLMENT + 1_000)
    give(session, people, number, loan, INSTALLMENT)
    assert journal(session, loan)[1:] == [("repayment", INSTALLMENT, INSTALLMENT)]
    assert stand(session, loan, CAME)[0] == 5_000_000 - 208_333
    assert facts(session, number).open == 1_000
    assert [(each.kind, each.amount) for each in outcomes(session, number)] == [
        ("loan", INSTALLMENT)
    ]
    assert holds(session)


def test_titipan_of_a_written_off_loan_is_a_recovery(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = suspended(session, "0299")
    factories.write_off(session, loan, 5_000_000, CAME, people["staff"], people["approver"])
    give(session, people, number, loan, 250_000)
    assert journal(session, loan)[-1][0] == "recovery"


def test_titipan_is_given_back_to_the_bank_in_parts_and_never_more_than_is_open(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = suspended(session, "0299")
    for amount in (100_000, 150_000):
        deed = returned(facts(session, number), amount, TODAY, TODAY)
        do(session, people, deed, "suspense_return", suspense_id=number)
    assert titipan(session) == [(250_000, 0)]
    assert refusal(lambda: returned(facts(session, number), 1, TODAY, TODAY)) == "nothing_open"
    again, _ = post(session, "0299;Lain;05-10-2026;250000;B0299250000", "0299;;06-10-2026;1;B2")
    assert again.suspense_rows == 2  # what was given back may come again
    assert holds(session)


@pytest.mark.parametrize(
    ("amount", "on", "code"),
    [
        (0, CAME, "amount_wrong"),
        (250_001, CAME, "amount_wrong"),
        (1_000, CAME - dt.timedelta(days=1), "date_out_of_range"),
        (1_000, TODAY + dt.timedelta(days=1), "date_in_future"),
    ],
)
def test_what_cannot_be_true_of_titipan_is_refused(
    session: Session, loan: int, amount: int, on: dt.date, code: str
) -> None:
    number = suspended(session, "0299")
    for deed in (
        lambda: to_loan(session, facts(session, number), loan, amount, on, TODAY),
        lambda: returned(facts(session, number), amount, on, TODAY),
    ):
        assert refusal(deed) == code


def test_a_loan_takes_no_more_titipan_than_it_owes_and_none_of_another_bank(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = suspended(session, "0299")
    pay(session, people, loan, 5_200_000)
    with pytest.raises(Refused) as refused:
        to_loan(session, facts(session, number), loan, 250_000, CAME, TODAY)
    assert refused.value.code == "exceeds_outstanding"
    assert "Rp100.000" in refused.value.sentence
    by, second = people["staff"], people["approver"]
    far = factories.loan(session, by, second, number=3, bank_id=factories.JATENG)
    assert refusal(lambda: to_loan(session, facts(session, number), far, 1, CAME, TODAY)) == (
        "other_bank"
    )


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("234567890123", "rekening sama, angka nol di depan berbeda"),
        ("0234567890132", "dua angka rekening tertukar"),
        ("0234567890128", "satu angka rekening berbeda"),
        ("023456789123", "satu angka rekening berbeda"),
        ("02345678901230", "satu angka rekening berbeda"),
    ],
)
def test_a_mistyped_account_leads_to_its_loan(
    session: Session, people: dict[str, int], loan: int, written: str, why: str
) -> None:
    """`loan` has the account 0234567890123; others stand by."""
    by, second = people["staff"], people["approver"]
    factories.loan(session, by, second, number=2, account="0999999999999", name="Joko")
    factories.loan(session, by, second, number=3, account=ACCOUNT, bank_id=factories.JATENG)
    number = suspended(session, written)
    found = candidates(session, facts(session, number))
    assert [(each.loan_id, each.why, each.owed) for each in found] == [(loan, why, 5_300_000)]


def test_the_same_name_leads_to_a_loan_that_still_owes(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = suspended(session, "0777", "  SITI   aminah ")
    assert [each.why for each in candidates(session, facts(session, number))] == ["nama sama"]
    pay(session, people, loan, 5_300_000)
    assert candidates(session, facts(session, number)) == []


def test_money_on_a_closed_loan_leads_to_the_borrowers_other_loan(
    session: Session, people: dict[str, int], loan: int
) -> None:
    pay(session, people, loan, 5_300_000)
    terms = Terms(5_000_000, 300, 24, Method.FLAT, dt.date(2026, 3, 1))
    owner = session.get_one(Loan, loan).borrower_id
    new = NewLoan(factories.PASAR, owner, "0999999999999", "PK/2", terms)
    other = open_loans(session, [new], Author(people["staff"], people["approver"], now()))[0]
    number = suspended(session, ACCOUNT, "")
    found = candidates(session, facts(session, number))
    assert [(each.loan_id, each.why) for each in found] == [
        (other, "pinjaman lain peminjam yang sama")
    ]


def test_titipan_of_an_account_that_is_no_number_finds_nobody(session: Session, loan: int) -> None:
    number = suspended(session, "tidak ada")
    assert candidates(session, facts(session, number)) == []
