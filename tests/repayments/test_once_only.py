"""The same money is booked once, however its row comes again; other money is never taken for it."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from wibawa.banks.queries import bank_by_code, thresholds_on
from wibawa.loans.invariants import run_checks
from wibawa.loans.journal import Author, NewEntry, add_entries
from wibawa.loans.models import LedgerEntry, SuspenseEntry, SuspenseResolution
from wibawa.loans.undone import is_reversed
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.repayments.outcome import Checked
from wibawa.rules.facts import EntryKind
from wibawa.rules.references import reference_key
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\n"
ACCOUNT = "0200000000001"
ROW = f"{ACCOUNT};Siti Aminah;05-10-2026;44.000;"
FILLER = f"{ACCOUNT};Siti Aminah;07-10-2026;1.000;LAIN"  # makes the file another one


@pytest.fixture
def loan(session: Session, people: dict[str, int]) -> int:
    return factories.loan(session, people["staff"], people["approver"], account=ACCOUNT)


def post(session: Session, *rows: str, suspend: bool = False) -> Checked:
    bank = bank_by_code(session, "PASAR")
    assert bank is not None
    content = (HEAD + "".join(f"{row}\n" for row in rows)).encode()
    options = Options(suspend_unknown=suspend)
    outcome, _ = import_at_once(session, bank, content, "a.csv", Author(1, None, now()), options)
    assert outcome is not None
    return outcome.checked


def codes(checked: Checked) -> list[str]:
    return [problem.code for problem in checked.problems]


def booked(session: Session) -> int:
    """All repayments in loans and titipan that nobody undid, rupiah."""
    entries = select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(
        LedgerEntry.kind == "repayment", ~is_reversed(LedgerEntry)
    )
    suspense = select(func.coalesce(func.sum(SuspenseEntry.amount), 0))
    return int(session.scalar(entries) or 0) + int(session.scalar(suspense) or 0)


@pytest.mark.parametrize(("first", "again"), [("000777", "777"), ("ab 1", "AB1"), ("B1", "")])
def test_a_row_whose_reference_was_changed_or_lost_is_booked_once(
    session: Session, loan: int, first: str, again: str
) -> None:
    post(session, ROW + first)
    checked = post(session, ROW + again, FILLER)
    assert (checked.already_posted_rows, checked.posted_rows) == (1, 1)
    assert booked(session) == 45_000


def test_other_money_under_a_used_reference_blocks_the_file(session: Session, loan: int) -> None:
    post(session, ROW + "B1")
    checked = post(session, ROW.replace("44.000", "94.000") + "B1", FILLER)
    assert checked.blocked
    assert codes(checked) == ["reference_other_amount"]
    assert booked(session) == 44_000


def test_a_split_row_is_recognised_by_all_of_its_money(session: Session, loan: int) -> None:
    much = ROW.replace("44.000", "6.000.000")
    assert codes(post(session, much + "B1")) == ["exceeds_outstanding"]
    for again, filler in ((much + "B1", FILLER), (much, FILLER + "2")):
        assert post(session, again, filler).already_posted_rows == 1
    assert booked(session) == 6_002_000


def test_a_payment_that_gained_a_reference_is_pointed_out(session: Session, loan: int) -> None:
    post(session, ROW)
    assert codes(post(session, ROW + "B1", FILLER)) == ["row_may_be_posted"]


def test_money_in_titipan_is_not_booked_again_when_its_account_appears(
    session: Session, people: dict[str, int]
) -> None:
    unknown = ROW.replace(ACCOUNT, ACCOUNT.lstrip("0"))
    post(session, unknown, suspend=True)
    factories.loan(session, people["staff"], people["approver"], account=ACCOUNT)
    assert post(session, ROW, FILLER).already_posted_rows == 1
    assert booked(session) == 45_000


def test_money_up_to_the_cut_off_is_not_booked_on_top_of_the_opening_entry(
    session: Session, people: dict[str, int]
) -> None:
    cut_off = dt.date(2026, 9, 30)
    factories.loan(
        session, people["staff"], people["approver"],
        account=ACCOUNT, opened_on=cut_off, opening=500_000,
    )  # fmt: skip
    checked = post(session, ROW.replace("05-10", "30-09") + "B1")
    assert codes(checked) == ["date_before_cut_off"]
    assert booked(session) == 0
    assert post(session, ROW.replace("05-10", "01-10") + "B1").posted_rows == 1


def undo(session: Session, people: dict[str, int], loan: int, sequence: int) -> None:
    """Reverse an entry on its own day, as two persons of the office do."""
    entry = session.get_one(LedgerEntry, (loan, sequence))
    on, by, second = entry.effective_on, people["staff"], people["approver"]
    factories.reversal(session, loan, sequence, on, by, second)


def holds(session: Session) -> bool:
    checks = run_checks(
        session, dt.date(2026, 11, 24), thresholds_on(session, dt.date(2026, 11, 1))
    )
    assert [check for check in checks if not check.ok] == []
    return True


@pytest.mark.parametrize("reference", ["B1", ""])
def test_a_reversed_row_is_booked_again_once_however_often_it_was_reversed(
    session: Session, people: dict[str, int], loan: int, reference: str
) -> None:
    post(session, ROW + reference)
    for turn in range(3):
        undo(session, people, loan, _number_of(session, loan, 44_000))
        checked = post(session, ROW + reference, FILLER + f"A{turn}")
        assert (checked.posted_rows, checked.already_posted_rows) == (2, 0)
        assert booked(session) == 44_000 + (2 * turn + 1) * 1_000
        again = post(session, ROW + reference, FILLER + f"A{turn}", FILLER + f"B{turn}")
        assert (again.posted_rows, again.already_posted_rows) == (1, 2)
    assert holds(session)


def _number_of(session: Session, loan: int, amount: int) -> int:
    """The entry of this amount that is in force."""
    found = session.scalars(
        select(LedgerEntry.sequence).where(
            LedgerEntry.loan_id == loan,
            LedgerEntry.amount == amount,
            LedgerEntry.kind == "repayment",
            ~is_reversed(LedgerEntry),
        )
    )
    return found.one()


def test_of_two_equal_rows_one_reversed_exactly_one_is_booked_again(
    session: Session, people: dict[str, int], loan: int
) -> None:
    post(session, ROW, ROW)
    undo(session, people, loan, 2)
    checked = post(session, ROW, ROW, FILLER)
    assert (checked.already_posted_rows, checked.posted_rows) == (1, 2)
    assert booked(session) == 2 * 44_000 + 1_000
    assert post(session, ROW, ROW, FILLER + "2").already_posted_rows == 2
    assert holds(session)


def test_a_reversed_reference_leaves_the_key_of_an_equal_row_without_one_alone(
    session: Session, people: dict[str, int], loan: int
) -> None:
    post(session, ROW + "B1")
    post(session, ROW, ROW)  # the first is B1 again, the second is new
    undo(session, people, loan, 2)
    checked = post(session, ROW, ROW, FILLER)
    assert (checked.already_posted_rows, checked.posted_rows) == (1, 2)
    assert booked(session) == 2 * 44_000 + 1_000
    assert holds(session)


def test_half_of_a_split_row_undone_is_not_booked_again_in_silence(
    session: Session, people: dict[str, int], loan: int
) -> None:
    much = ROW.replace("44.000", "6.000.000") + "B1"
    post(session, much)
    undo(session, people, loan, 2)
    checked = post(session, much, FILLER)
    assert checked.blocked
    assert codes(checked) == ["reference_other_amount"]


def test_titipan_given_back_to_the_bank_may_come_again(
    session: Session, people: dict[str, int], loan: int
) -> None:
    unknown = ROW.replace(ACCOUNT, "9999") + "B1"
    post(session, unknown, suspend=True)
    entry = session.scalars(select(SuspenseEntry)).one()
    asked = factories.request(
        session, "suspense_return", people["staff"], people["approver"], suspense_id=entry.id
    )
    for sequence, amount in enumerate((14_000, 30_000), 1):
        assert post(session, unknown, FILLER + str(sequence), suspend=True).already_posted_rows == 1
        session.add(
            SuspenseResolution(
                suspense_id=entry.id, sequence=sequence, kind="returned", amount=amount,
                effective_on=entry.effective_on, booked_at=now(), request_id=asked,
            )
        )  # fmt: skip
        session.flush()
    checked = post(session, ROW + "B1", FILLER + "3")
    assert (checked.posted_rows, checked.already_posted_rows) == (2, 0)
    assert post(session, ROW + "B1", FILLER + "4").already_posted_rows == 1
    factories.linked(session, asked)
    assert holds(session)


def test_money_by_hand_with_the_banks_reference_is_not_booked_from_the_file(
    session: Session, people: dict[str, int], loan: int
) -> None:
    asked = factories.request(session, "payment", people["staff"], people["approver"], loan_id=loan)
    by_hand = NewEntry(
        loan, factories.PASAR, EntryKind.REPAYMENT, 44_000, dt.date(2026, 10, 5),
        applied=44_000, bank_reference="b 1", row_key=reference_key("b 1"),
    )  # fmt: skip
    author = Author(people["staff"], people["approver"], now())
    add_entries(session, [by_hand], author, asked, "Dilaporkan lewat telepon")
    checked = post(session, ROW + "B1", FILLER)
    assert (checked.posted_rows, checked.already_posted_rows) == (1, 1)
    assert booked(session) == 45_000


def by_hand(session: Session, people: dict[str, int], loan: int) -> int:
    """A payment that the office recorded before the bank's file came; its number."""
    by, second = people["staff"], people["approver"]
    asked = factories.request(session, "payment", by, second, loan_id=loan)
    paid = NewEntry(
        loan, factories.PASAR, EntryKind.REPAYMENT, 44_000, dt.date(2026, 10, 5), applied=44_000
    )
    made = add_entries(session, [paid], Author(by, second, now()), asked, "Lewat telepon")[0]
    factories.linked(session, asked)
    return made


def test_a_payment_by_hand_without_a_reference_is_not_booked_again_when_the_file_brings_one(
    session: Session, people: dict[str, int], loan: int
) -> None:
    by_hand(session, people, loan)
    first = post(session, ROW + "B1", FILLER)
    assert (first.posted_rows, first.already_posted_rows) == (1, 1)
    assert codes(first) == ["row_recorded_by_hand"]
    again = post(session, ROW + "B1", FILLER, FILLER + "2")
    assert (again.posted_rows, again.already_posted_rows) == (1, 2)
    assert booked(session) == 44_000 + 2 * 1_000
    assert holds(session)


def test_one_payment_by_hand_stands_for_one_row_and_no_other(
    session: Session, people: dict[str, int], loan: int
) -> None:
    by_hand(session, people, loan)
    both = post(session, ROW + "B1", ROW + "B2")
    assert (both.posted_rows, both.already_posted_rows) == (1, 1)
    later = post(session, ROW + "B3", FILLER)
    assert (later.posted_rows, later.already_posted_rows) == (2, 0)
    assert booked(session) == 3 * 44_000 + 1_000
    assert holds(session)


@pytest.mark.parametrize("rows", [("", "B1"), ("B1", "")])
def test_a_payment_by_hand_is_not_taken_for_a_row_with_and_one_without_a_reference(
    session: Session, people: dict[str, int], loan: int, rows: tuple[str, str]
) -> None:
    by_hand(session, people, loan)
    checked = post(session, *(ROW + reference for reference in rows))
    assert (checked.posted_rows, checked.already_posted_rows) == (1, 1)
    assert booked(session) == 2 * 44_000


def test_a_payment_by_hand_that_was_reversed_lets_its_row_in_again(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = by_hand(session, people, loan)
    post(session, ROW + "B1", FILLER)
    undo(session, people, loan, number)
    checked = post(session, ROW + "B1", FILLER + "2")
    assert (checked.posted_rows, checked.already_posted_rows) == (2, 0)
    assert booked(session) == 44_000 + 2 * 1_000
    assert holds(session)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"attempt": 2}, "posted already"),
        ({"attempt": 3}, "posted already"),
        ({}, "uq_ledger|UNIQUE"),
    ],
)
def test_the_database_itself_lets_no_money_in_twice(
    session: Session, people: dict[str, int], loan: int, changed: dict[str, int], said: str
) -> None:
    post(session, ROW + "B1")
    asked = factories.request(session, "payment", people["staff"], people["approver"], loan_id=loan)
    again = NewEntry(
        loan, factories.PASAR, EntryKind.REPAYMENT, 44_000, dt.date(2026, 10, 5),
        applied=44_000, row_key=reference_key("B1"), **changed,
    )  # fmt: skip
    author = Author(people["staff"], people["approver"], now())
    with pytest.raises((DBAPIError, psycopg.Error), match=said), session.begin_nested():
        add_entries(session, [again], author, asked, "")


@pytest.mark.parametrize(
    ("amount", "applied", "on"),
    [
        (44_000, -44_000, dt.date(2026, 10, 4)),
        (43_000, -43_000, dt.date(2026, 10, 5)),
        (44_000, -43_000, dt.date(2026, 10, 5)),
    ],
)
def test_the_database_itself_refuses_a_reversal_before_its_entry_or_of_a_part(
    session: Session, people: dict[str, int], loan: int, amount: int, applied: int, on: dt.date
) -> None:
    post(session, ROW + "B1")
    asked = factories.request(
        session, "reversal", people["staff"], people["approver"], loan_id=loan
    )
    undo = NewEntry(
        loan, factories.PASAR, EntryKind.REVERSAL, amount, on, applied=applied, reverses=2
    )
    author = Author(people["staff"], people["approver"], now())
    with (
        pytest.raises((DBAPIError, psycopg.Error), match="one whole entry"),
        session.begin_nested(),
    ):
        add_entries(session, [undo], author, asked, "")


def test_the_same_file_comes_again_only_after_all_that_it_booked_was_undone(
    session: Session, people: dict[str, int], loan: int
) -> None:
    bank = bank_by_code(session, "PASAR")
    assert bank is not None
    content = (HEAD + ROW + "B1\n").encode()

    def send() -> int:
        author = Author(1, None, now())
        outcome, upload = import_at_once(session, bank, content, "a.csv", author, Options())
        assert upload is not None
        return 0 if outcome is None else upload.id

    first = send()
    assert first
    assert not send()
    undo(session, people, loan, 2)
    session.get_one(Upload, first).reversed_at = now()
    session.flush()
    second = send()
    assert second not in (0, first)
    assert booked(session) == 44_000
    assert not send()
    assert holds(session)
