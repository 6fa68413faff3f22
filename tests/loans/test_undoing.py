"""What is booked can be undone, whole and visibly: an entry, an entry of another loan, a file."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.loans.steps import (
    INSTALLMENT,
    TODAY,
    do,
    holds,
    is_reversed_file,
    journal,
    post,
    stand,
    titipan,
)
from tests.loans.test_receiving import pay
from wibawa.loans.deeds import carry_out
from wibawa.loans.journal import Author
from wibawa.loans.models import LoanRequest
from wibawa.loans.suspense import suspense_facts, to_loan
from wibawa.loans.undoing import move, reversal, whole_file
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

ACCOUNT, OTHER = "0200000000001", "0200000000002"
ENDS = [
    dt.date(2026, 2, 28),
    dt.date(2026, 3, 31),
    dt.date(2026, 4, 30),
    dt.date(2026, 5, 31),
    dt.date(2026, 6, 30),
]
ROW = f"{ACCOUNT};Siti Aminah;05-10-2026;44.000;B1"
FILLER = f"{ACCOUNT};Siti Aminah;06-10-2026;7.000;B2"


@pytest.fixture
def loan(session: Session, people: dict[str, int]) -> int:
    return factories.loan(session, people["staff"], people["approver"], account=ACCOUNT)


@pytest.fixture
def other(session: Session, people: dict[str, int]) -> int:
    by, second = people["staff"], people["approver"]
    return factories.loan(session, by, second, number=2, account=OTHER, name="Joko Susilo")


def undo(
    session: Session,
    people: dict[str, int],
    loan: int,
    sequence: int,
    on: dt.date | None = None,
) -> None:
    deed = reversal(session, loan, sequence, on, TODAY).deed
    do(session, people, deed, "reversal", loan_id=loan)


def carry_over(
    session: Session, people: dict[str, int], loan: int, sequence: int, other: int
) -> None:
    _, deed = move(session, loan, sequence, other, TODAY)
    do(session, people, deed, "move", loan_id=loan)


def take_back_file(session: Session, people: dict[str, int], upload_id: int) -> None:
    by, second = people["staff"], people["approver"]
    deed = whole_file(session, upload_id)
    asked = LoanRequest(
        kind="upload_reversal", status="approved", bank_id=factories.PASAR, upload_id=upload_id,
        data="{}", reason="Berkas keliru", entered_by=by, entered_at=now(), shown="",
        decided_by=second, decided_at=now(),
    )  # fmt: skip
    session.add(asked)
    session.flush()
    carry_out(session, deed, Author(by, second, now()), asked.id, "Berkas keliru")
    factories.linked(session, asked.id)


def refusal(deed: object) -> str:
    with pytest.raises(Refused) as refused:
        deed()  # type: ignore[operator]
    return refused.value.code


def test_reversing_the_first_of_five_payments_leaves_the_fifth_installment_open(
    session: Session, people: dict[str, int], loan: int
) -> None:
    """Reckoned by hand. Five installments of 220.833 are paid on their days. The first payment is
    reversed on its own day, 28 February: 4 × 220.833 = 883.332 remain, which cover installments 1
    to 4. So on 1 July the fifth, of 30 June, is one day late: arrears 220.833, outstanding
    5.000.000 − 4 × 208.333 = 4.166.668. On 1 March nothing at all was paid: one day late, and
    5.000.000 outstanding. Each payment covers the installment before its own: on 30 April two are
    paid (4.583.334 outstanding) and the one of 31 March is 30 days late.
    """
    for day in ENDS:
        pay(session, people, loan, INSTALLMENT, day)
    assert stand(session, loan, dt.date(2026, 7, 1)) == (3_958_335, 0, 0, 1)
    undo(session, people, loan, 2)
    assert stand(session, loan, dt.date(2026, 3, 1)) == (5_000_000, INSTALLMENT, 1, 1)
    assert stand(session, loan, dt.date(2026, 4, 30)) == (4_583_334, 0, 0, 1)
    assert stand(session, loan, dt.date(2026, 5, 1)) == (4_583_334, INSTALLMENT, 1, 1)
    assert stand(session, loan, dt.date(2026, 7, 1)) == (4_166_668, INSTALLMENT, 1, 1)
    assert journal(session, loan)[-1] == ("reversal", INSTALLMENT, -INSTALLMENT)
    assert holds(session)


def test_a_reversal_of_a_later_day_leaves_the_days_before_it_as_they_were(
    session: Session, people: dict[str, int], loan: int
) -> None:
    """15 June: four payments less one cover three installments, 5.000.000 − 3 × 208.333; the one
    of 31 May is 15 days late. On 14 June the books say what they said."""
    for day in ENDS:
        pay(session, people, loan, INSTALLMENT, day)
    undo(session, people, loan, 2, dt.date(2026, 6, 15))
    assert stand(session, loan, dt.date(2026, 6, 14)) == (4_166_668, 0, 0, 1)
    assert stand(session, loan, dt.date(2026, 6, 15)) == (4_375_001, INSTALLMENT, 15, 1)
    assert holds(session)


def test_an_entry_is_undone_once_whole_and_not_before_its_day(
    session: Session, people: dict[str, int], loan: int
) -> None:
    pay(session, people, loan, 44_000, ENDS[0])
    for day in (ENDS[0] - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)):
        assert refusal(lambda day=day: reversal(session, loan, 2, day, TODAY)) == (
            "date_out_of_range"
        )
    assert refusal(lambda: reversal(session, loan, 1, None, TODAY)) == "cannot_be_undone"
    assert refusal(lambda: reversal(session, loan, 9, None, TODAY)) == "not_there"
    undo(session, people, loan, 2)
    assert refusal(lambda: reversal(session, loan, 2, None, TODAY)) == "undone_already"
    assert refusal(lambda: reversal(session, loan, 3, None, TODAY)) == "cannot_be_undone"


def test_a_reversal_on_a_loan_that_was_paid_off_opens_it_again(
    session: Session, people: dict[str, int], loan: int
) -> None:
    pay(session, people, loan, 5_300_000, ENDS[4])
    assert stand(session, loan, TODAY) == (0, 0, 0, 1)
    undo(session, people, loan, 2)
    assert stand(session, loan, TODAY)[0] == 5_000_000
    pay(session, people, loan, INSTALLMENT)
    assert holds(session)


def test_the_rest_in_titipan_is_undone_with_its_row(
    session: Session, people: dict[str, int], loan: int
) -> None:
    post(session, ROW.replace("44.000", "6.000.000"))
    undoing = reversal(session, loan, 2, None, TODAY)
    assert undoing.amount == 6_000_000
    undo(session, people, loan, 2)
    assert titipan(session) == [(700_000, 0)]
    checked, _ = post(session, ROW)  # the bank sends the row again, corrected
    assert (checked.posted_rows, checked.posted_total) == (1, 44_000)
    assert holds(session)


def test_a_rest_that_was_used_must_come_back_first(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    post(session, ROW.replace("44.000", "6.000.000"))
    give(session, people, 1, other, 100_000)
    assert refusal(lambda: reversal(session, loan, 2, None, TODAY)) == "rest_is_used"
    undo(session, people, other, 2)
    undo(session, people, loan, 2)
    assert titipan(session) == [(700_000, 0)]
    assert holds(session)


def give(session: Session, people: dict[str, int], number: int, loan: int, amount: int) -> None:
    """Make a part of titipan money of a loan, on the day it came in."""
    facts = suspense_facts(session, number)
    assert facts is not None
    deed = to_loan(session, facts, loan, amount, facts.effective_on, TODAY)
    do(session, people, deed, "suspense_loan", loan_id=loan, suspense_id=number)


def test_money_from_titipan_is_titipan_again_when_its_entry_is_reversed(
    session: Session, people: dict[str, int], loan: int
) -> None:
    post(session, "0299;Lain;05-10-2026;250.000;B7")
    give(session, people, 1, loan, 200_000)
    assert titipan(session) == [(250_000, 50_000)]
    undo(session, people, loan, 2)
    assert titipan(session) == [(250_000, 250_000)]
    assert holds(session)


def test_a_payment_moved_to_another_loan_is_gone_here_and_stands_there(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    post(session, ROW)
    carry_over(session, people, loan, 2, other)
    assert journal(session, loan)[1:] == [
        ("repayment", 44_000, 44_000),
        ("reversal", 44_000, -44_000),
    ]
    assert journal(session, other)[1:] == [("repayment", 44_000, 44_000)]
    again, _ = post(session, ROW, FILLER)
    assert (again.already_posted_rows, again.posted_rows) == (1, 1)
    assert holds(session)


def test_a_moved_payment_can_be_moved_on_and_reversed(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    post(session, ROW)
    carry_over(session, people, loan, 2, other)
    carry_over(session, people, other, 2, loan)
    assert journal(session, loan)[-1] == ("repayment", 44_000, 44_000)
    undo(session, people, loan, 4)
    checked, _ = post(session, ROW, FILLER)
    assert (checked.posted_rows, checked.already_posted_rows) == (2, 0)
    assert holds(session)


def test_a_payment_by_hand_that_is_moved_still_stands_for_the_row_it_was_matched_with(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    pay(session, people, loan, 44_000)
    post(session, ROW)
    carry_over(session, people, loan, 2, other)
    again, _ = post(session, ROW, FILLER)
    assert (again.already_posted_rows, again.posted_rows) == (1, 1)
    assert holds(session)


def test_a_payment_by_hand_that_is_moved_waits_for_its_row_on_the_right_loan(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    pay(session, people, loan, 44_000)
    carry_over(session, people, loan, 2, other)
    checked, _ = post(session, ROW.replace(ACCOUNT, OTHER))
    assert (checked.already_posted_rows, checked.posted_rows) == (1, 0)
    assert holds(session)


def test_what_the_other_loan_does_not_owe_becomes_titipan_and_a_rest_comes_along(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    post(session, ROW.replace("44.000", "6.000.000"))
    pay(session, people, other, 300_000)
    carry_over(session, people, loan, 2, other)
    assert journal(session, other)[-1] == ("repayment", 5_000_000, 5_000_000)
    assert titipan(session) == [(700_000, 0), (1_000_000, 1_000_000)]
    again, _ = post(session, ROW.replace("44.000", "6.000.000"), "0299;Lain;06-10-2026;1.000;B9")
    assert again.already_posted_rows == 1
    assert holds(session)


def test_money_from_titipan_that_is_moved_stays_titipan_as_far_as_the_other_loan_is_full(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    post(session, "0299;Lain;05-10-2026;250.000;B7")
    give(session, people, 1, loan, 250_000)
    pay(session, people, other, 5_200_000)
    carry_over(session, people, loan, 2, other)
    assert journal(session, other)[-1] == ("repayment", 100_000, 100_000)
    assert titipan(session) == [(250_000, 150_000)]
    assert holds(session)


def test_money_is_moved_within_a_bank_and_to_another_loan_only(
    session: Session, people: dict[str, int], loan: int
) -> None:
    by, second = people["staff"], people["approver"]
    far = factories.loan(session, by, second, number=3, bank_id=factories.JATENG)
    pay(session, people, loan, 44_000)
    for to in (far, loan):
        assert refusal(lambda to=to: move(session, loan, 2, to, TODAY)) == "other_loan_wanted"
    late = factories.loan(session, by, second, number=4, disbursed_on=dt.date(2026, 11, 1))
    assert refusal(lambda: move(session, loan, 2, late, TODAY)) == "date_before_disbursement"
    factories.write_off(session, loan, 1, TODAY, by, second)
    assert refusal(lambda: move(session, loan, 3, late, TODAY)) == "not_money"


def test_a_whole_file_is_undone_and_comes_again_corrected(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    wrong = [ROW, f"{OTHER};Joko Susilo;05-10-2026;6.000.000;B2", "0299;Lain;06-10-2026;9.000;B3"]
    _, upload_id = post(session, *wrong)
    assert titipan(session) == [(700_000, 700_000), (9_000, 9_000)]
    take_back_file(session, people, upload_id)
    assert is_reversed_file(session, upload_id)
    assert titipan(session) == [(700_000, 0), (9_000, 0)]
    for made in (loan, other):
        assert sum(applied for _, _, applied in journal(session, made)) == 0
    assert refusal(lambda: whole_file(session, upload_id)) == "undone_already"
    checked, second = post(session, ROW, f"{OTHER};Joko Susilo;05-10-2026;60.000;B2")
    assert (checked.posted_rows, checked.posted_total) == (2, 104_000)
    assert holds(session)
    take_back_file(session, people, second)
    checked, _ = post(session, *wrong)  # the very first file, again
    assert (checked.posted_rows, checked.suspense_rows) == (2, 1)
    assert holds(session)


def test_what_was_undone_before_is_left_alone_when_the_file_is_undone(
    session: Session, people: dict[str, int], loan: int
) -> None:
    _, upload_id = post(session, ROW, FILLER)
    undo(session, people, loan, 2)
    assert [entry.amount for entry in whole_file(session, upload_id).entries] == [7_000]
    take_back_file(session, people, upload_id)
    assert holds(session)


def test_a_file_whose_money_went_further_is_undone_only_after_that(
    session: Session, people: dict[str, int], loan: int, other: int
) -> None:
    _, upload_id = post(session, ROW, "0299;Lain;06-10-2026;9.000;B3")
    carry_over(session, people, loan, 2, other)
    give(session, people, 1, loan, 4_000)
    with pytest.raises(Refused) as refused:
        whole_file(session, upload_id)
    assert refused.value.code == "went_further"
    assert "baris 2 (sekarang entri 2 pinjaman KW-000002)" in refused.value.sentence
    assert "titipan baris 3" in refused.value.sentence
    undo(session, people, other, 2)
    undo(session, people, loan, 4)
    take_back_file(session, people, upload_id)
    assert titipan(session) == [(9_000, 0)]
    assert holds(session)


def test_a_file_in_which_nothing_is_left_cannot_be_undone(
    session: Session, people: dict[str, int], loan: int
) -> None:
    _, upload_id = post(session, ROW)
    undo(session, people, loan, 2)
    assert refusal(lambda: whole_file(session, upload_id)) == "nothing_to_undo"
