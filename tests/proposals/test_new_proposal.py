from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from wibawa.banks.actions import set_quota
from wibawa.banks.models import Bank
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def test_the_recommended_ones_of_one_bank_are_offered_with_their_sums(
    sign_in: SignIn, waiting: dict[int, int]
) -> None:
    page = text_of(sign_in("staff"), "/usulan/baru?bank=PASAR")
    for number in (1, 2, 3):
        assert f"PM-{waiting[number]:06d}" in page
    assert f"PM-{waiting[4]:06d}" not in page
    assert "Jumlah 3 permohonan" in page
    assert "Rp10.000.000" in page
    assert "Belum ditetapkan" in page
    assert f"PM-{waiting[4]:06d}" in text_of(sign_in("staff"), "/usulan/baru?bank=JATENG")


def test_without_a_bank_the_one_with_most_waiting_is_shown(
    sign_in: SignIn, waiting: dict[int, int]
) -> None:
    assert waiting
    assert "Usulan baru ke Bank Pasar" in text_of(sign_in("staff"), "/usulan/baru")


def test_what_was_ticked_stays_ticked_when_she_comes_back(
    sign_in: SignIn, waiting: dict[int, int]
) -> None:
    one = waiting[2]
    page = text_of(sign_in("staff"), f"/usulan/baru?bank=PASAR&pilih={one}-4")
    ticked = [part.split('"')[0] for part in page.split('id="pilih-')[1:] if " checked" in part]
    assert ticked == [str(one)]


def test_nothing_waiting_is_said(sign_in: SignIn) -> None:
    page = text_of(sign_in("staff"), "/usulan/baru?bank=JATENG")
    assert "Tidak ada yang menunggu dikirim ke Bank Jateng" in page


def test_the_quota_of_the_year_stands_above_the_list(
    sign_in: SignIn, session: Session, people: dict[str, int], waiting: dict[int, int]
) -> None:
    assert waiting
    bank = session.get_one(Bank, factories.PASAR)
    set_quota(session, bank, 2026, 0, 30_000_000, "DPA 2026", people["approver"], now())
    factories.loan(session, people["staff"], people["approver"], disbursed_on=dt.date(2026, 2, 2))
    session.commit()
    page = text_of(sign_in("staff"), "/usulan/baru?bank=PASAR")
    assert "Rp30.000.000" in page
    assert "Rp25.000.000" in page


def test_the_menu_counts_what_waits_to_be_sent_for_the_staff_only(
    sign_in: SignIn, waiting: dict[int, int]
) -> None:
    assert len(waiting) == 4
    assert "permohonan menunggu dikirim ke bank" in text_of(sign_in("staff"), "/")
    assert "permohonan menunggu dikirim ke bank" not in text_of(sign_in("approver"), "/")
