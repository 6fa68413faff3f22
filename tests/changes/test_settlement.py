"""Early payoff on the pages: an amount for a day, the money that ends the loan, and its undoing.

"pasar" is Rp5.000.000, flat, 3 %, 24 months from 31 January 2026; nine of 220.833 are paid, so
5.000.000 − 9 × 208.333 = 3.125.003 of principal is left. On 24 November 2026 the current month's
interest is that of the tenth installment, due on 30 November: 12.500. To be paid: 3.137.503; waived
are 14 × 12.500 = 175.000.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from sqlalchemy.orm import Session

from tests.changes.steps import (
    HOLIDAY,
    approve,
    approved,
    ask,
    broken,
    decision,
    preview,
    status,
    text_of,
    versions,
)
from tests.factories import Client
from tests.loans.steps import journal, stand
from wibawa.loans.settlements import open_settlements

SignIn = Callable[[str], Client]
TODAY = dt.date(2026, 11, 24)
FIRST = ("first", dt.date(2026, 1, 31))
WISH = {"on": "24/11/2026", "valid_until": "30/11/2026"}
SUM = 3_137_503


def quoted(sign_in: SignIn, loan_id: int, wish: dict[str, str] | None = None) -> int:
    number = ask(sign_in("staff"), loan_id, "pelunasan", wish or WISH)
    approved(sign_in("approver"), number)
    return number


def paid(sign_in: SignIn, loan_id: int, amount: int, on: str = "24/11/2026") -> None:
    """A payment that the bank reported by phone, approved."""
    wish = {
        "paid_on": on, "amount": str(amount), "penalty": "", "reference": "",
        "source": "Rina, Bank Pasar, telepon",
    }  # fmt: skip
    approved(sign_in("approver"), ask(sign_in("staff"), loan_id, "pembayaran", wish))


def test_the_preview_says_what_to_pay_what_is_waived_and_until_when(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = preview(sign_in("staff"), f"/pinjaman/{loans['pasar']}/ubah/pelunasan", WISH)
    assert "Rp3.137.503" in page
    assert "Rp175.000 (lebih Rp175.000)" in page
    assert "Begitu Rp3.137.503 masuk paling lambat 30 November 2026" in page


def test_an_approved_amount_changes_nothing_until_its_money_is_in_and_then_ends_the_loan(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    loan = loans["pasar"]
    number = ask(sign_in("staff"), loan, "pelunasan", WISH)
    approver = sign_in("approver")
    approved(approver, number)
    page = text_of(approver.get(f"/permintaan/{number}"))
    assert "Jumlah pelunasan disetujui. Pinjaman lunas begitu uangnya masuk tepat waktu." in page
    assert "sudah berlaku" not in page
    assert versions(session, loan) == [FIRST]
    assert stand(session, loan, TODAY)[0] == 3_125_003
    paid(sign_in, loan, SUM)
    assert versions(session, loan) == [FIRST, ("settlement", TODAY)]
    assert stand(session, loan, TODAY)[:3] == (0, 0, 0)
    assert stand(session, loan, dt.date(2026, 11, 23))[0] == 3_125_003
    assert "Lunas" in text_of(sign_in("staff").get(f"/pinjaman/{loan}"))
    assert broken(session) == []


def test_a_rupiah_less_ends_nothing_and_the_rupiah_that_follows_in_time_does(
    loans: dict[str, int], sign_in: SignIn, session: Session, clock: time_machine.Traveller
) -> None:
    loan = loans["pasar"]
    quoted(sign_in, loan)
    paid(sign_in, loan, SUM - 1)
    assert versions(session, loan) == [FIRST]
    clock.move_to(dt.datetime(2026, 11, 30, 3, tzinfo=dt.UTC))
    paid(sign_in, loan, 1, "30/11/2026")
    assert versions(session, loan) == [FIRST, ("settlement", dt.date(2026, 11, 30))]
    assert broken(session) == []


def test_money_that_comes_too_late_does_not_end_the_loan(
    loans: dict[str, int], sign_in: SignIn, session: Session, clock: time_machine.Traveller
) -> None:
    loan = loans["pasar"]
    quoted(sign_in, loan)
    clock.move_to(dt.datetime(2026, 12, 1, 3, tzinfo=dt.UTC))
    paid(sign_in, loan, SUM, "01/12/2026")
    assert versions(session, loan) == [FIRST]
    # 9 × 220.833 + 3.137.503 = 5.125.000 of 5.300.000: interest of every month is asked for.
    assert open_settlements(session, loan_id=loan) == {}
    assert broken(session) == []


def test_a_reversed_payoff_opens_the_loan_and_the_same_money_again_ends_it_again(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    loan = loans["pasar"]
    quoted(sign_in, loan)
    paid(sign_in, loan, SUM)
    undo = ask(sign_in("staff"), loan, "batalkan-entri", {"entry": "3", "on": ""})
    approved(sign_in("approver"), undo)
    assert [kind for kind, _ in versions(session, loan)] == ["first", "settlement", "reopen"]
    assert stand(session, loan, dt.date(2026, 11, 25))[0] == 3_125_003
    paid(sign_in, loan, SUM)
    assert versions(session, loan)[-1][0] == "settlement"
    assert broken(session) == []


def test_a_payoff_approved_by_mistake_is_taken_back_and_its_money_stays(
    loans: dict[str, int], sign_in: SignIn, session: Session, clock: time_machine.Traveller
) -> None:
    loan = loans["pasar"]
    quoted(sign_in, loan)
    paid(sign_in, loan, SUM)
    clock.move_to(dt.datetime(2026, 11, 26, 3, tzinfo=dt.UTC))
    page = preview(sign_in("staff"), f"/pinjaman/{loan}/ubah/buka-kembali", {})
    assert "Rp175.000 (lebih Rp175.000)" in page
    approved(sign_in("approver"), ask(sign_in("staff"), loan, "buka-kembali", {}))
    assert versions(session, loan)[-1] == ("reopen", dt.date(2026, 11, 26))
    # 5.125.000 of 5.300.000 are in: installments 1 to 23 are covered (23 × 220.833 = 5.079.159),
    # 45.841 lie in the last one, whose interest comes first: 208.341 − 33.341 = 175.000.
    assert stand(session, loan, dt.date(2026, 11, 26))[0] == 175_000
    assert stand(session, loan, dt.date(2026, 11, 25))[0] == 0
    assert journal(session, loan)[-1] == ("repayment", SUM, SUM)
    assert open_settlements(session, loan_id=loan) == {}
    assert broken(session) == []


def test_only_an_early_payoff_is_taken_back(loans: dict[str, int], sign_in: SignIn) -> None:
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans['pasar']}/ubah/buka-kembali"))
    assert "Pinjaman ini tidak lunas dipercepat." in page
    assert "Lihat akibatnya" not in page


def test_a_change_of_the_schedule_ends_the_amount_and_says_so_before(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    loan = loans["pasar"]
    quoted(sign_in, loan)
    page = preview(sign_in("staff"), f"/pinjaman/{loan}/ubah/jeda", HOLIDAY)
    assert "Pelunasan dipercepat yang disetujui sampai 30 November 2026 gugur" in page
    approved(sign_in("approver"), ask(sign_in("staff"), loan, "jeda", HOLIDAY))
    paid(sign_in, loan, SUM)
    assert [kind for kind, _ in versions(session, loan)] == ["first", "holiday"]
    assert broken(session) == []


def test_a_second_amount_takes_the_place_of_the_first(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    loan = loans["pasar"]
    quoted(sign_in, loan)
    address, later = f"/pinjaman/{loan}/ubah/pelunasan", {
        "on": "01/12/2026", "valid_until": "15/12/2026",
    }  # fmt: skip
    page = preview(sign_in("staff"), address, later)
    assert "yang disetujui sampai 30 November 2026 digantikan" in page
    # In December the eleventh's interest belongs to the current month too: 12.500 more.
    second = quoted(sign_in, loan, later)
    quote = open_settlements(session, loan_id=loan)[loan]
    assert (quote.request_id, quote.total) == (second, 9 * 220_833 + SUM + 12_500)


def test_an_amount_that_changed_since_it_was_shown_is_not_approved(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    loan = loans["pasar"]
    number = ask(sign_in("staff"), loan, "pelunasan", WISH)
    seen = decision(sign_in("approver"), number)
    paid(sign_in, loan, 220_833)
    page = text_of(approve(sign_in("approver"), number, seen), 409)
    assert "berubah sejak ditampilkan" in page
    assert "Rp2.929.170" not in page.split("Sebelum dan sesudah")[0]
    assert status(session, number) == "recorded"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"on": "20/11/2026", "valid_until": "23/11/2026"}, "23 November 2026 sudah lewat"),
        ({"on": "24/11/2026", "valid_until": "23/11/2026"}, "mendahului tanggal hitung"),
        (
            {"on": "24/11/2026", "valid_until": "01/12/2026"},
            "hanya berlaku sampai 30 November 2026",
        ),
        ({"on": "", "valid_until": "01/12/2026"}, "Isian ini wajib diisi."),
        ({"on": "31/11/2026", "valid_until": "01/12/2026"}, "tanggal tidak terbaca"),
    ],
)
def test_a_day_that_cannot_be_is_said_with_what_is_needed(
    loans: dict[str, int], sign_in: SignIn, wish: dict[str, str], said: str
) -> None:
    page = preview(sign_in("staff"), f"/pinjaman/{loans['pasar']}/ubah/pelunasan", wish)
    assert said in page
    assert "Ajukan permintaan" not in page


def test_an_amount_for_today_is_approved_on_a_later_day_that_it_still_holds_on(
    loans: dict[str, int], sign_in: SignIn, session: Session, clock: time_machine.Traveller
) -> None:
    number = ask(sign_in("staff"), loans["pasar"], "pelunasan", WISH)
    clock.move_to(dt.datetime(2026, 11, 27, 3, 0, tzinfo=dt.UTC))
    approved(sign_in("approver"), number)
    assert status(session, number) == "approved"
    assert open_settlements(session)[loans["pasar"]].total - 9 * 220_833 == SUM
