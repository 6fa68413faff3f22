from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.models import TrailEntry
from wibawa.banks.queries import holidays

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pengaturan/libur"
NEW_YEAR = {"day": "01/01/2027", "name": "Tahun Baru Masehi"}


def _trail(session: Session, action: str) -> list[str]:
    return list(session.scalars(select(TrailEntry.detail).where(TrailEntry.action == action)))


def test_a_day_off_is_kept_shown_in_its_year_and_recorded(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    assert "Belum ada hari libur 2026" in client.get(ADDRESS).get_data(as_text=True)
    answer = client.post(ADDRESS, data=NEW_YEAR)
    assert answer.headers["Location"] == f"{ADDRESS}?tahun=2027"
    page = client.get(f"{ADDRESS}?tahun=2027").get_data(as_text=True)
    assert "Tahun Baru Masehi" in page
    assert "Jumat" in page
    assert "Tahun Baru Masehi" not in client.get(ADDRESS).get_data(as_text=True)
    assert holidays(session) == {dt.date(2027, 1, 1)}
    assert _trail(session, "holiday_added") == ["1 Januari 2027, Tahun Baru Masehi"]


def test_a_day_off_can_be_taken_out_again_which_is_recorded(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    client.post(ADDRESS, data=NEW_YEAR)
    answer = client.post(f"{ADDRESS}/hapus", data={"day": "2027-01-01"})
    assert answer.headers["Location"] == f"{ADDRESS}?tahun=2027"
    assert "bukan lagi hari libur" in client.get(ADDRESS).get_data(as_text=True)
    assert holidays(session) == set()
    assert _trail(session, "holiday_removed") == ["1 Januari 2027, Tahun Baru Masehi"]
    client.post(f"{ADDRESS}/hapus", data={"day": "2027-01-01"})
    assert "tidak tercatat sebagai hari libur" in client.get(ADDRESS).get_data(as_text=True)
    client.post(f"{ADDRESS}/hapus", data={"day": "kapan"})
    assert len(_trail(session, "holiday_removed")) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day": "31/02/2027"}, "tanggal tidak terbaca"),
        ({"day": "01/01/1999"}, "Pilih tanggal antara 1 Januari 2000"),
        ({"name": "  "}, "Isian ini wajib diisi."),
        ({}, "1 Januari 2027 sudah tercatat: Tahun Baru Masehi."),
    ],
)
def test_what_cannot_be_kept_is_said_at_the_field(
    changes: dict[str, str], said: str, sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    client.post(ADDRESS, data=NEW_YEAR)
    answer = client.post(ADDRESS, data=NEW_YEAR | changes)
    assert answer.status_code in (200, 409)
    assert said in answer.get_data(as_text=True)
    assert len(_trail(session, "holiday_added")) == 1


def test_only_administrators_keep_days_off(sign_in: SignIn) -> None:
    for who in ("staff", "approver", "auditor", "leader", "pasar"):
        assert sign_in(who).post(ADDRESS, data=NEW_YEAR).status_code == 403
