from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask

from tests import factories

SignIn = Callable[[str], factories.Client]


@pytest.fixture
def loans(app: Flask, people: dict[str, int]) -> dict[str, int]:
    return factories.two_banks(app, people)


def test_published_years_show_all_five_printed_ratios(sign_in: SignIn) -> None:
    page = sign_in("leader").get("/indikator?tahun=2024").get_data(as_text=True)
    for text in ("188,33%", "163,38%", "113,86%", "107,20%", "99,25%", "angka terbitan"):
        assert text in page
    assert "36.613" in page  # SI-UMI 2024


def test_the_numerator_from_the_book_leads_to_a_list_that_counts_the_same(
    app: Flask, people: dict[str, int], loans: dict[str, int], sign_in: SignIn
) -> None:
    def second_loan(session: factories.Session) -> None:
        factories.loan(
            session,
            people["staff"],
            people["approver"],
            number=1,
            disbursed_on=dt.date(2026, 6, 1),
            account="0200000000099",
        )

    factories.saved(app, second_loan)
    client = sign_in("staff")
    page = client.get("/indikator").get_data(as_text=True)
    address = "/pinjaman?keadaan=semua&tanggal=2026-11-24"
    assert f'href="{address.replace("&", "&amp;")}">3</a>' in page
    assert "penyebut belum dimasukkan" in page
    assert "Jumlah 4 pinjaman dari 3 peminjam" in client.get(address).get_data(as_text=True)


def test_cooperatives_of_the_year_lead_to_their_own_loans(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    page = client.get("/indikator?tahun=2026").get_data(as_text=True)
    address = "/pinjaman?keadaan=semua&jenis=koperasi&cair=2026&tanggal=2026-11-24"
    assert address.replace("&", "&amp;") in page
    assert "Tidak ada pinjaman yang cocok" in client.get(address).get_data(as_text=True)


def test_a_year_to_come_has_targets_only(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("auditor").get("/indikator?tahun=2030").get_data(as_text=True)
    assert "Tahun ini belum tiba" in page
    assert "81,00%" in page
    assert "belum ada data" in page


def test_a_year_that_is_none_falls_back_to_this_one(sign_in: SignIn) -> None:
    client = sign_in("leader")
    for year in ("1999", "abc", "20260"):
        page = client.get(f"/indikator?tahun={year}").get_data(as_text=True)
        assert "Indikator kinerja 2026" in page


def test_bank_officers_do_not_answer_for_indicators(sign_in: SignIn) -> None:
    assert sign_in("pasar").get("/indikator").status_code == 403
