"""A month is closed by two persons and stays as it was signed, whatever is booked later."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from tests import factories
from tests.reconciliation.steps import (
    INSTALLMENT,
    NOVEMBER,
    OCTOBER,
    PRINCIPAL,
    SEPTEMBER,
    frozen_text,
    left,
    of,
    post,
    row,
    two_loans,
)
from wibawa.banks.models import Bank
from wibawa.loans.chain.queries import head
from wibawa.reconciliation import actions, queries
from wibawa.reconciliation.document import read_again, written
from wibawa.reconciliation.invariants import month_checks
from wibawa.rules.reconciliation import Month
from wibawa.rules.refused import Refused
from wibawa.web.clock import now


def _bank(session: Session) -> Bank:
    return session.get_one(Bank, factories.PASAR)


def test_a_month_foots_by_hand(session: Session, people: dict[str, int]) -> None:
    one, two = two_loans(session, people)
    new = factories.loan(
        session, people["staff"], people["approver"], number=3, disbursed_on=dt.date(2026, 10, 9)
    )
    post(
        session, people, "oktober.csv",
        row(session, one, dt.date(2026, 10, 27), left(9), "B1"),
        row(session, two, dt.date(2026, 10, 28), left(9), "B2"),
    )  # fmt: skip
    month = of(session, OCTOBER)
    assert month.movement.opening == 2 * left(8)
    assert month.movement.disbursed == 5_000_000
    assert month.movement.repaid == 2 * PRINCIPAL
    assert month.movement.corrections == 0
    assert month.movement.closing == 2 * left(9) + 5_000_000
    assert (month.received, month.interest, month.penalty) == (2 * INSTALLMENT, 2 * 12_500, 0)
    assert (month.loans_opening, month.loans_new, month.loans_closing) == (2, 1, 3)
    assert [(file.rows, file.total) for file in month.files] == [(2, 2 * INSTALLMENT)]
    assert month.differences == ()
    assert {line.loan_id for line in month.lines} == {one, two, new}


def test_the_document_is_read_again_as_it_was_written(
    session: Session, people: dict[str, int]
) -> None:
    two_loans(session, people)
    month = of(session, SEPTEMBER)
    assert read_again(written(month)) == month


def test_later_entries_leave_a_closed_month_alone_and_count_in_the_open_one(
    session: Session, people: dict[str, int]
) -> None:
    one, two = two_loans(session, people)
    factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    factories.close_month(session, people, factories.PASAR, OCTOBER)
    september, october = frozen_text(session, SEPTEMBER), frozen_text(session, OCTOBER)
    by, second = people["staff"], people["approver"]
    post(
        session, people, "oktober_terlambat.csv",
        row(session, one, dt.date(2026, 10, 27), left(9), "B1"),
        row(session, two, dt.date(2026, 11, 20), left(9), "B2"),
    )  # fmt: skip
    factories.reversal(session, two, 2, dt.date(2026, 9, 1), by, second)  # money of February
    old = factories.loan(session, by, second, number=3, disbursed_on=dt.date(2026, 9, 10))

    assert frozen_text(session, SEPTEMBER) == september
    assert frozen_text(session, OCTOBER) == october
    month = of(session, NOVEMBER)
    moved = month.movement
    assert moved.opening == 2 * left(8) == read_again(october).movement.closing
    # −208.333 came late, +208.333 was taken back on a closed day, +5.000.000 was disbursed then.
    assert moved.late == -PRINCIPAL + PRINCIPAL + 5_000_000
    assert moved.repaid == PRINCIPAL
    assert moved.foots
    assert moved.closing == left(9) + left(8) + 5_000_000
    assert [(each.loan_id, each.kind) for each in month.late] == [
        (two, "reversal"), (old, "disbursement"), (one, "repayment"),
    ]  # fmt: skip
    closed = queries.closed_month(session, factories.PASAR, SEPTEMBER)
    assert closed is not None
    later = queries.later_entries(session, closed)
    assert [(line.entry.loan_id, line.counts_in) for line in later] == [
        (two, NOVEMBER), (old, NOVEMBER),
    ]  # fmt: skip


def test_a_later_entry_counts_in_the_month_that_was_open_when_it_came(
    session: Session, people: dict[str, int], clock: object
) -> None:
    one, _ = two_loans(session, people)
    factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    by, second = people["staff"], people["approver"]
    factories.payment(session, one, INSTALLMENT, dt.date(2026, 9, 30), by, second)
    factories.close_month(session, people, factories.PASAR, OCTOBER)
    factories.payment(session, one, INSTALLMENT, dt.date(2026, 9, 30), by, second)
    closed = queries.closed_month(session, factories.PASAR, SEPTEMBER)
    assert closed is not None
    assert [line.counts_in for line in queries.later_entries(session, closed)] == [
        OCTOBER, NOVEMBER,
    ]  # fmt: skip
    october = read_again(frozen_text(session, OCTOBER)).movement
    assert (october.opening, october.late, october.closing) == (
        2 * left(8), -PRINCIPAL, 2 * left(8) - PRINCIPAL,
    )  # fmt: skip


def test_a_reversal_dated_in_the_open_month_is_a_correction_of_it(
    session: Session, people: dict[str, int]
) -> None:
    one, _ = two_loans(session, people)
    factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    by, second = people["staff"], people["approver"]
    factories.reversal(session, one, 9, dt.date(2026, 10, 15), by, second)
    moved = of(session, OCTOBER).movement
    assert (moved.restored, moved.late, moved.repaid) == (PRINCIPAL, 0, 0)
    assert moved.foots


def test_months_are_closed_in_order_once_over_and_by_two_persons(
    session: Session, people: dict[str, int]
) -> None:
    two_loans(session, people)
    bank, by, head = _bank(session), people["staff"], people["approver"]

    def refused(month: Month, seen: str | None = None, who: int = by) -> str:
        fingerprint = seen or actions.shown(of(session, month))
        with pytest.raises(Refused) as caught:
            actions.propose(session, bank, month, fingerprint, "", who, now())
        return caught.value.code

    assert refused(NOVEMBER) == "not_over"
    assert refused(SEPTEMBER, "something else") == "changed"
    factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    assert refused(SEPTEMBER) == "closed"
    assert refused(SEPTEMBER.plus(-1)) == "not_next"
    seen = actions.shown(of(session, OCTOBER))
    with pytest.raises(Refused, match="Tidak ada usulan"):
        actions.close(session, bank, OCTOBER, seen, head, now())
    actions.propose(session, bank, OCTOBER, seen, "", by, now())
    with pytest.raises(Refused, match="Minta orang lain"):
        actions.close(session, bank, OCTOBER, seen, by, now())


def test_a_month_whose_books_changed_since_it_was_shown_is_not_closed(
    session: Session, people: dict[str, int]
) -> None:
    one, _ = two_loans(session, people)
    bank, by, head = _bank(session), people["staff"], people["approver"]
    seen = actions.shown(of(session, OCTOBER))
    actions.propose(session, bank, OCTOBER, seen, "", by, now())
    factories.payment(session, one, INSTALLMENT, dt.date(2026, 10, 30), by, head)
    with pytest.raises(Refused, match="Angkanya berubah"):
        actions.close(session, bank, OCTOBER, seen, head, now())
    again = actions.shown(of(session, OCTOBER))
    with pytest.raises(Refused, match="Angkanya berubah"):
        actions.close(session, bank, OCTOBER, again, head, now())  # nobody proposed these
    actions.propose(session, bank, OCTOBER, again, "", by, now())
    assert actions.close(session, bank, OCTOBER, again, head, now())


def test_a_proposal_that_was_given_back_cannot_be_closed(
    session: Session, people: dict[str, int]
) -> None:
    two_loans(session, people)
    bank, by, head = _bank(session), people["staff"], people["approver"]
    seen = actions.shown(of(session, OCTOBER))
    actions.propose(session, bank, OCTOBER, seen, "", by, now())
    actions.give_back(session, bank, OCTOBER, "Catat selisihnya dahulu", head, now())
    with pytest.raises(Refused, match="Tidak ada usulan"):
        actions.close(session, bank, OCTOBER, seen, head, now())
    with pytest.raises(Refused, match="Tidak ada usulan"):
        actions.give_back(session, bank, OCTOBER, "Sekali lagi saja", head, now())


TABLES = (
    "closing_proposals", "closed_months", "reconciled_loans", "reconciliation_papers",
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("what", ["UPDATE {} SET bank_id = bank_id", "DELETE FROM {}"])
def test_what_was_signed_is_never_changed(
    session: Session, people: dict[str, int], table: str, what: str
) -> None:
    two_loans(session, people)
    closed_id = factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    closed = queries.closed_month(session, factories.PASAR, SEPTEMBER)
    assert closed is not None
    assert closed.id == closed_id
    actions.issue(session, closed, _bank(session), people["staff"], now())
    with pytest.raises(DatabaseError):
        session.execute(text(what.format(table)))


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ("month = 202613, previous = NULL", "month_sane"),
        ("month = 202611, previous = 202609", "month_follows"),
        ("closed_by = proposed_by", "two_persons"),
    ],
)
def test_the_database_itself_refuses_a_month_that_cannot_be(
    session: Session, people: dict[str, int], changes: str, constraint: str
) -> None:
    two_loans(session, people)
    factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    columns = ("bank_id", "month", "previous", "proposal_id", "shown", "data", "data_hash",
               "opening", "closing", "suspense", "differences", "proposed_by", "closed_by",
               "closed_at")  # fmt: skip
    new = dict(each.split(" = ") for each in changes.split(", "))
    chosen = {name: new.get(name, name) for name in columns}
    if "month" not in new:
        chosen |= {"month": "202610", "previous": "202609"}
    copy = (
        f"INSERT INTO closed_months ({', '.join(chosen)}) "
        f"SELECT {', '.join(chosen.values())} FROM closed_months"
    )
    with pytest.raises(DatabaseError, match=constraint):
        session.execute(text(copy))


def test_a_document_that_somebody_altered_is_noticed(
    session: Session, people: dict[str, int]
) -> None:
    two_loans(session, people)
    closed_id = factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    stored = session.get_one(queries.ClosedMonth, closed_id)
    stored.data_hash = "0" * 64
    with session.no_autoflush, pytest.raises(queries.DamagedMonth):
        queries.frozen_text(session, closed_id)
    session.expire(stored)


def test_the_check_of_the_books_proves_closed_months_and_names_a_wrong_one(
    session: Session, people: dict[str, int]
) -> None:
    two_loans(session, people)
    factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    number = factories.close_month(session, people, factories.PASAR, OCTOBER)
    assert {check.found for check in month_checks(session)} == {""}
    where = "" if session.get_bind().dialect.name == "sqlite" else " ON closed_months"
    session.execute(text(f"DROP TRIGGER closed_months_no_update{where}"))
    session.execute(text(f"UPDATE closed_months SET opening = opening + 1 WHERE id = {number}"))
    wrong = {check.name: check.found for check in month_checks(session) if not check.ok}
    assert wrong == {
        "closed_months_open_as_the_one_before_was_signed": str(number),
        "closed_months_are_their_documents": str(number),
    }


def test_a_signed_month_names_the_head_of_the_chain_of_its_moment(
    session: Session, people: dict[str, int]
) -> None:
    two_loans(session, people)
    before = head(session, factories.PASAR)
    factories.close_month(session, people, factories.PASAR, SEPTEMBER)
    closed = queries.closed_month(session, factories.PASAR, SEPTEMBER)
    assert closed is not None
    assert before is not None
    assert (closed.chain_number, closed.chain_hash) == (before.number, before.hash)
