"""What the bank says of each loan beside ours: the cause, the notes, and what is carried over."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.reconciliation.steps import (
    INSTALLMENT,
    NOVEMBER,
    OCTOBER,
    PRINCIPAL,
    SEPTEMBER,
    left,
    of,
    post,
    row,
    two_loans,
)
from wibawa.banks.models import Bank
from wibawa.reconciliation import actions
from wibawa.reconciliation.document import Difference
from wibawa.rules.reconciliation import Month
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

PAID = dt.date(2026, 10, 27)


def _differences(session: Session, month: Month = OCTOBER) -> list[Difference]:
    return list(of(session, month).differences)


def _causes(session: Session, month: Month = OCTOBER) -> dict[int, str]:
    return {each.loan_id: each.cause for each in _differences(session, month)}


def test_money_that_only_one_side_knew_is_named_as_such(
    session: Session, people: dict[str, int]
) -> None:
    one, two = two_loans(session, people)
    post(session, people, "o.csv", row(session, one, PAID, left(9), "B1"),
         row(session, two, PAID, left(10), "B2"))  # fmt: skip
    # Ours counts one more payment of October; the bank counted November's already, before us.
    by, second = people["staff"], people["approver"]
    factories.payment(session, one, INSTALLMENT, dt.date(2026, 10, 30), by, second)
    factories.payment(session, two, INSTALLMENT, dt.date(2026, 11, 3), by, second)
    found = _differences(session)
    assert [(each.loan_id, each.cause, each.amount) for each in found] == [
        (one, "posted_later", PRINCIPAL),
        (two, "posted_later", -PRINCIPAL),
    ]


def test_a_row_that_never_came_is_missed_by_its_principal(
    session: Session, people: dict[str, int]
) -> None:
    one, two = two_loans(session, people)
    post(session, people, "o.csv", row(session, one, PAID, left(11), "B1"),
         row(session, two, PAID, left(9), "B2"))  # fmt: skip
    assert _causes(session) == {one: "missing_row"}


def test_a_loan_that_paid_until_now_and_is_in_no_file_of_the_month_is_listed(
    session: Session, people: dict[str, int]
) -> None:
    one, two = two_loans(session, people)
    old = factories.loan(session, people["staff"], people["approver"], number=3)  # never paid
    post(session, people, "o.csv", row(session, one, PAID, left(9), "B1"))
    # What fell due on 30 September and 31 October is late on 1 November; Two was up to date.
    factories.payment(session, two, INSTALLMENT, dt.date(2026, 9, 30), people["staff"],
                      people["approver"])  # fmt: skip
    assert old not in _causes(session)
    assert _causes(session) == {}
    month = of(session, NOVEMBER)
    assert month.differences == ()  # no file of November at all: that is said once, not per loan


def test_a_loan_without_a_row_is_listed_once_its_installment_is_late(
    session: Session, people: dict[str, int]
) -> None:
    one = factories.loan(session, people["staff"], people["approver"], number=1,
                         disbursed_on=dt.date(2026, 9, 10))  # fmt: skip
    two = factories.loan(session, people["staff"], people["approver"], number=2,
                         disbursed_on=dt.date(2026, 9, 10))  # fmt: skip
    post(session, people, "o.csv", row(session, one, dt.date(2026, 10, 10), left(1), "B1"))
    found = _differences(session)
    assert [(each.loan_id, each.cause, each.stated) for each in found] == [
        (two, "missing_row", None)
    ]


def test_a_class_that_neither_the_day_nor_the_months_end_explains_is_a_difference(
    session: Session, people: dict[str, int]
) -> None:
    one, two = two_loans(session, people)
    post(session, people, "o.csv", row(session, one, PAID, left(9), "B1", kol=3),
         row(session, two, PAID, left(9), "B2", kol=1))  # fmt: skip
    (found,) = _differences(session)
    assert (found.loan_id, found.cause, found.stated_class, found.our_class) == (
        one, "other_class", 3, 1,
    )  # fmt: skip


def test_a_balance_that_nothing_explains_is_said_to_be_unknown(
    session: Session, people: dict[str, int]
) -> None:
    one, two = two_loans(session, people)
    post(session, people, "o.csv", row(session, one, PAID, left(9) + 7, "B1"),
         row(session, two, PAID, "", "B2"))  # fmt: skip
    (found,) = _differences(session)
    assert (found.cause, found.amount) == ("unknown", 7)


def test_a_bank_that_divides_principal_and_interest_otherwise_is_recognised(
    session: Session, people: dict[str, int]
) -> None:
    one, _ = two_loans(session, people)
    head = "Nomor Rekening;Tanggal Bayar;Pokok;Bunga;Jumlah Bayar;Sisa Pokok;No Bukti\n"
    account = row(session, one, PAID, 0, "").split(";")[0]
    content = f"{head}{account};27-10-2026;212500;8333;220833;{left(8) - 212_500};B1\n"
    from wibawa.loans.journal import Author
    from wibawa.repayments.actions import import_at_once
    from wibawa.repayments.facts import Options

    bank = session.get_one(Bank, factories.PASAR)
    author = Author(people["pasar"], people["staff"], now())
    outcome, upload = import_at_once(session, bank, content.encode(), "o.csv", author, Options())
    assert upload is not None, outcome
    (found,) = _differences(session)
    assert (found.cause, found.amount) == ("other_split", PRINCIPAL - 212_500)


# — notes, and the next month —


def _note(
    session: Session, people: dict[str, int], loan: int, *, settles: bool, month: Month = OCTOBER
) -> int:
    bank = session.get_one(Bank, factories.PASAR)
    return actions.add_note(
        session, bank, month, loan, "Sudah ditanyakan ke bank", settles, people["staff"], now()
    )


def _with_a_missing_row(session: Session, people: dict[str, int]) -> int:
    one, two = two_loans(session, people)
    factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    post(session, people, "o.csv", row(session, one, PAID, left(10), "B1"),
         row(session, two, PAID, left(9), "B2"))  # fmt: skip
    return one


def test_a_difference_is_carried_over_until_the_missing_row_comes(
    session: Session, people: dict[str, int]
) -> None:
    one = _with_a_missing_row(session, people)
    _note(session, people, one, settles=False)
    factories.close_month(session, people, factories.PASAR, OCTOBER)
    (found,) = _differences(session, NOVEMBER)
    assert (found.loan_id, found.since, found.carried) == (one, "2026-10", True)
    assert [note.text for note in found.notes] == ["Sudah ditanyakan ke bank"]
    post(session, people, "susulan.csv", row(session, one, dt.date(2026, 10, 29), left(10), "B3"))
    assert _differences(session, NOVEMBER) == []
    assert of(session, NOVEMBER).movement.late == -PRINCIPAL


def test_a_difference_that_is_let_stand_is_not_carried_over_but_another_amount_is_new(
    session: Session, people: dict[str, int]
) -> None:
    one = _with_a_missing_row(session, people)
    _note(session, people, one, settles=True)
    month = of(session, OCTOBER)
    assert (len(month.differences), month.open_differences) == (1, 0)
    factories.close_month(session, people, factories.PASAR, OCTOBER)
    assert _differences(session, NOVEMBER) == []
    post(session, people, "n.csv",
         row(session, one, dt.date(2026, 11, 20), left(12), "C1"))  # fmt: skip
    (found,) = _differences(session, NOVEMBER)
    assert (found.settled, found.since, found.amount) == (False, "2026-10", -2 * PRINCIPAL)


def test_a_struck_note_lets_nothing_stand(session: Session, people: dict[str, int]) -> None:
    one = _with_a_missing_row(session, people)
    number = _note(session, people, one, settles=True)
    bank = session.get_one(Bank, factories.PASAR)
    actions.strike_note(session, bank, number, "Keliru pinjaman", people["staff"], now())
    (found,) = _differences(session)
    assert (found.settled, found.notes) == (False, ())
    with pytest.raises(Refused, match="sudah dicoret"):
        actions.strike_note(session, bank, number, "Keliru pinjaman", people["staff"], now())


def test_only_what_differs_in_an_open_month_can_be_noted(
    session: Session, people: dict[str, int]
) -> None:
    one = _with_a_missing_row(session, people)
    with pytest.raises(Refused, match="sudah tidak ada"):
        _note(session, people, one + 1, settles=False)
    factories.close_month(session, people, factories.PASAR, OCTOBER)
    with pytest.raises(Refused, match="sudah ditutup"):
        _note(session, people, one, settles=False)
