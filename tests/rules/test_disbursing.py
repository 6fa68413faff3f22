"""What may be paid out of an application, and what of none: every obstacle with its figures."""

from __future__ import annotations

import datetime as dt

import pytest

from wibawa.rules import disbursing
from wibawa.rules.disbursing import (
    Approval,
    OpenApplication,
    approval_problems,
    direct_problems,
)
from wibawa.rules.statuses import State

DAY = dt.date(2026, 11, 20)
GOOD = Approval("PM-000007", State.APPROVED, 4_000_000, DAY)


def said(found: list[disbursing.Problem]) -> dict[str, str]:
    return {each.code: each.message for each in found}


@pytest.mark.parametrize("principal", [1, 3_999_999, 4_000_000, None])
@pytest.mark.parametrize("day", [DAY, dt.date(2027, 1, 1), None])
def test_up_to_what_was_approved_from_that_day_on_may_be_paid_out(
    principal: int | None, day: dt.date | None
) -> None:
    assert approval_problems(GOOD, day, principal) == []


def test_more_than_was_approved_is_told_with_both_figures() -> None:
    assert said(approval_problems(GOOD, DAY, 4_000_001)) == {
        "above_approved": "Jumlah Rp4.000.001 melebihi yang disetujui bank, Rp4.000.000; tulis "
        "paling banyak jumlah itu."
    }


def test_a_day_before_the_bank_was_asked_is_told_with_both_days() -> None:
    assert said(approval_problems(GOOD, dt.date(2026, 11, 19), 1)) == {
        "date_before_sending": "Tanggal pencairan 19 November 2026 sebelum permohonan PM-000007 "
        "dikirim ke bank, 20 November 2026; periksa tanggalnya."
    }


@pytest.mark.parametrize("state", [each for each in State if each is not State.APPROVED])
def test_only_an_approved_application_is_paid_out(state: State) -> None:
    found = approval_problems(Approval("PM-000007", state, 4_000_000, None), DAY, 9_000_000)
    code = "already_disbursed" if state is State.DISBURSED else "application_not_approved"
    assert [each.code for each in found] == [code]
    assert "PM-000007" in found[0].message


def test_without_an_application_the_bank_must_allow_it_and_the_borrower_have_none_open() -> None:
    assert direct_problems("Bank Pasar", True, None) == []
    assert direct_problems("", False, None) == []
    waiting = OpenApplication("PM-000007", "Bank Jateng", State.SENT)
    assert said(direct_problems("Bank Pasar", False, waiting)) == {
        "direct_not_allowed": "Pencairan tanpa permohonan di Bank Pasar tidak diperbolehkan; catat "
        "permohonannya lebih dahulu.",
        "application_open": "Peminjam ini mempunyai permohonan PM-000007 di Bank Jateng, berstatus "
        "dikirim ke bank; pencairannya hanya lewat permohonan itu.",
    }
