from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.banks.forms import NEW_TERMS, SAME, approve, entry, proposed
from wibawa.access.models import TrailEntry
from wibawa.banks.models import LoanTerms

SignIn = Callable[[str], factories.Client]


def _count(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(LoanTerms)) or 0


def test_the_form_is_filled_with_what_is_in_force(sign_in: SignIn) -> None:
    page = sign_in("staff").get(NEW_TERMS).get_data(as_text=True)
    for value in ('value="3"', 'value="24"', 'value="50.000.000"', 'value="5.000.000"'):
        assert value in page


def test_a_look_shows_before_and_after_with_an_example_and_stores_nothing(
    sign_in: SignIn, session: Session
) -> None:
    page = sign_in("staff").post(NEW_TERMS, data=entry(lihat="1")).get_data(as_text=True)
    for text in ("24 bulan", "36 bulan", "Rp75.000.000", "Contoh pinjaman Rp5.000.000"):
        assert text in page
    assert "Rp214.906" in page  # Jateng before: annuity, 24 months
    assert "Rp151.389" in page  # Pasar after: flat, 138.889 + 12.500
    assert "lebih besar Rp150.000" in page  # flat: 450.000 instead of 300.000
    assert _count(session) == 1


def test_a_look_without_a_change_says_so(sign_in: SignIn) -> None:
    data = entry(**SAME, lihat="1")
    page = sign_in("staff").post(NEW_TERMS, data=data).get_data(as_text=True)
    assert "Belum ada yang berubah" in page


@pytest.mark.parametrize("who", ["staff", "approver"])
def test_a_proposal_waits_and_is_recorded_but_nothing_is_in_force(
    who: str, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    address = proposed(sign_in(who), rate="2,75%")
    row = session.get_one(LoanTerms, int(address.rsplit("/", 1)[1]))
    assert (row.status, row.rate, row.months, row.proposed_by) == (
        "proposed", 275, 36, people[who],
    )  # fmt: skip
    assert (row.ceiling_micro, row.ceiling_cooperative) == (75_000_000, 100_000_000)
    trail = select(TrailEntry.detail).where(TrailEntry.action == "terms_proposed")
    assert list(session.scalars(trail)) == [
        "Mulai 1 Januari 2027: Bunga: 3,00% per tahun → 2,75% per tahun; Jangka waktu: 24 bulan → "
        "36 bulan; Plafon usaha mikro: Rp50.000.000 → Rp75.000.000; Plafon koperasi: Rp50.000.000 "
        "→ Rp100.000.000; Batas tanpa agunan: Rp5.000.000 → Rp10.000.000"
    ]


def test_the_same_form_twice_is_one_proposal(sign_in: SignIn, session: Session) -> None:
    client = sign_in("staff")
    first, again = (client.post(NEW_TERMS, data=entry()) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]
    assert _count(session) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"valid_from": "23/11/2026"}, "23 November 2026 sudah lewat"),
        ({"valid_from": "besok"}, "tanggal tidak terbaca"),
        ({"rate": "3.5"}, "persen tidak terbaca"),
        ({"rate": "101"}, "Antara 0 dan 100 persen."),
        ({"months": "0"}, "Antara 1 dan 120."),
        ({"months": "dua"}, "Tulis angka bulat."),
        ({"ceiling_micro": "banyak"}, "jumlah tidak terbaca"),
        ({"ceiling_cooperative": "0"}, "Antara Rp1 dan"),
        ({"collateral_free_limit": "80.000.000"}, "melebihi plafon Rp75.000.000"),
        (SAME, "Semua angka sama dengan yang sudah berlaku"),
    ],
)
def test_what_cannot_be_is_said_at_its_place_and_nothing_is_stored(
    changes: dict[str, str], said: str, sign_in: SignIn, session: Session
) -> None:
    answer = sign_in("staff").post(NEW_TERMS, data=entry(**changes))
    assert answer.status_code in (200, 409)
    assert said in answer.get_data(as_text=True)
    assert _count(session) == 1


def test_two_versions_cannot_begin_on_one_day(sign_in: SignIn, session: Session) -> None:
    proposed(sign_in("staff"))
    answer = sign_in("approver").post(NEW_TERMS, data=entry("2", months="12"))
    assert answer.status_code == 409
    assert "berlaku mulai 1 Januari 2027" in answer.get_data(as_text=True)
    assert _count(session) == 2


def test_today_may_be_the_first_day(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.allow_direct(session, people)
    session.commit()
    approve(sign_in, proposed(sign_in("staff"), valid_from="24/11/2026"))
    page = sign_in("staff").get("/pencairan/baru?jenis=mikro").get_data(as_text=True)
    assert "Rp75.000.000" in page
