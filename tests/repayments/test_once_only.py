"""The same money is booked once, however its row comes again; other money is never taken for it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.banks.queries import bank_by_code
from wibawa.loans.journal import Author
from wibawa.loans.models import LedgerEntry, SuspenseEntry
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.repayments.outcome import Checked
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
    """All repayments in loans and titipan, rupiah."""
    entries = select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(
        LedgerEntry.kind == "repayment"
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
