"""Writing off on the pages: class 5 alone, two persons, and what comes in afterwards.

"jateng" is Rp5.000.000, annuity, 3 %, 24 months from 31 January 2026 at a commercial bank, never
paid: on 24 November 2026 the first installment, due on 28 February, is 269 days late, class 5
(more than 180). "pasar_late" is 24 days late at a rural bank: class 1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import psycopg
import pytest
import time_machine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.changes.steps import (
    approve,
    approved,
    ask,
    broken,
    decision,
    preview,
    status,
    text_of,
)
from tests.factories import Client
from tests.loans.steps import journal, stand
from wibawa.loans.journal import Author, NewEntry, add_entries
from wibawa.rules.facts import EntryKind
from wibawa.web.clock import now

SignIn = Callable[[str], Client]
TODAY = dt.date(2026, 11, 24)


def written_off(sign_in: SignIn, loan_id: int) -> int:
    number = ask(sign_in("staff"), loan_id, "hapus-buku", {})
    approved(sign_in("approver"), number)
    return number


def reported(sign_in: SignIn, loan_id: int, amount: int) -> None:
    wish = {
        "paid_on": "24/11/2026", "amount": str(amount), "penalty": "", "reference": "",
        "source": "Sari, Bank Jateng, surat",
    }  # fmt: skip
    approved(sign_in("approver"), ask(sign_in("staff"), loan_id, "pembayaran", wish))


def test_a_loan_of_class_5_is_written_off_as_a_whole_and_the_claim_remains(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    loan = loans["jateng"]
    page = preview(sign_in("staff"), f"/pinjaman/{loan}/ubah/hapus-buku", {})
    assert "269 hari" in page
    assert "Rp5.000.000" in page
    assert "tagihan tetap ada" in page
    written_off(sign_in, loan)
    assert journal(session, loan)[-1] == ("write_off", 5_000_000, 0)
    assert broken(session) == []


def test_two_recoveries_lower_the_claim_and_stay_out_of_the_portfolio(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    """100.000 + 150.000 = 250.000. The first installment takes 12.500 + 202.406 = 214.906, 35.094
    are left. The second one's interest on 5.000.000 − 202.406 = 4.797.594 is 11.993,99 → 11.994,
    its principal gets 35.094 − 11.994 = 23.100. Claim: 4.797.594 − 23.100 = 4.774.494."""
    loan = loans["jateng"]
    written_off(sign_in, loan)
    reported(sign_in, loan, 100_000)
    reported(sign_in, loan, 150_000)
    assert journal(session, loan)[-2:] == [
        ("recovery", 100_000, 100_000), ("recovery", 150_000, 150_000),
    ]  # fmt: skip
    assert stand(session, loan, TODAY)[0] == 4_774_494
    assert broken(session) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pasar_late", "kolektibilitas 1 (Lancar), 24 hari menunggak"),
        ("pasar", "kolektibilitas 1 (Lancar), 0 hari menunggak"),
    ],
)
def test_a_loan_below_class_5_is_not_written_off(
    loans: dict[str, int], sign_in: SignIn, name: str, said: str
) -> None:
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans[name]}/ubah/hapus-buku"))
    assert said in page
    assert "Lihat akibatnya" not in page


@pytest.mark.parametrize(
    ("day", "may"), [(dt.date(2027, 10, 26), False), (dt.date(2027, 10, 27), True)]
)
def test_the_class_is_that_of_the_loans_own_bank(
    loans: dict[str, int], sign_in: SignIn, clock: time_machine.Traveller, day: dt.date, may: bool
) -> None:
    # At a rural bank class 5 begins after 360 days: 31 October 2026 + 360 is 26 October 2027.
    clock.move_to(dt.datetime(day.year, day.month, day.day, 3, tzinfo=dt.UTC))
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans['pasar_late']}/ubah/hapus-buku"))
    assert ("Lihat akibatnya" in page) == may


def test_a_loan_that_left_class_5_meanwhile_is_not_written_off_but_can_be_refused(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    number = ask(sign_in("staff"), loans["jateng"], "hapus-buku", {})
    seen = decision(sign_in("approver"), number)
    reported(sign_in, loans["jateng"], 9 * 214_906)
    page = text_of(approve(sign_in("approver"), number, seen), 409)
    assert "Hanya pinjaman kolektibilitas 5" in page
    assert status(session, number) == "recorded"
    no = decision(sign_in("approver"), number, "tolak") | {"reason": "Sudah membayar lagi"}
    assert sign_in("approver").post(f"/permintaan/{number}/tolak", data=no).status_code == 302
    assert status(session, number) == "refused"


def test_a_loan_is_written_off_once(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    loan = loans["jateng"]
    number = written_off(sign_in, loan)
    page = text_of(sign_in("staff").get(f"/pinjaman/{loan}/ubah/hapus-buku"))
    assert "Pinjaman ini sudah dihapus buku 24 November 2026." in page
    again = NewEntry(loan, factories.JATENG, EntryKind.WRITE_OFF, 1, TODAY)
    author = Author(people["staff"], people["approver"], now())
    with pytest.raises((IntegrityError, psycopg.Error), match="written off already"):
        add_entries(session, [again], author, number, "Lagi")
    session.rollback()


def test_a_mistaken_write_off_is_reversed_and_may_come_again(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    loan = loans["jateng"]
    written_off(sign_in, loan)
    undo = ask(sign_in("staff"), loan, "batalkan-entri", {"entry": "2", "on": ""})
    approved(sign_in("approver"), undo)
    assert "sudah dihapus buku" not in text_of(sign_in("staff").get(f"/pinjaman/{loan}/ubah"))
    written_off(sign_in, loan)
    assert [kind for kind, *_ in journal(session, loan)] == [
        "disbursement", "write_off", "reversal", "write_off",
    ]  # fmt: skip
    assert broken(session) == []
