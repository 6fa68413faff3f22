from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from tests.loans.steps import TODAY, do
from wibawa.loans.suspense import returned, suspense_facts, to_loan

SignIn = Callable[[str], factories.Client]


loans = prepared(factories.two_banks)


def test_titipan_shows_age_reason_file_and_row_and_adds_up(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get("/titipan").get_data(as_text=True)
    assert "Rekening tidak dikenal" in page
    assert ">50<" in page  # days from 5 October to 24 November
    assert 'href="/angsuran/berkas/1?baris=2#baris-2">angsuran_1.csv</a>' in page
    assert "baris 2" in page
    assert "650.000" in page
    assert "Jumlah 2 titipan" in page


def test_a_bank_officer_sees_only_the_own_banks_titipan(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("pasar").get("/titipan?bank=JATENG").get_data(as_text=True)
    assert "0288888888888" in page
    assert "0177777777777" not in page
    assert "Jumlah 1 titipan" in page


def test_the_dinas_may_look_at_one_bank(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("staff").get("/titipan?bank=JATENG").get_data(as_text=True)
    assert "0177777777777" in page
    assert "0288888888888" not in page


def test_without_titipan_the_page_says_what_would_come_here(sign_in: SignIn) -> None:
    assert "Tidak ada titipan" in sign_in("staff").get("/titipan").get_data(as_text=True)


def test_leadership_has_no_titipan_page(sign_in: SignIn) -> None:
    assert sign_in("leader").get("/titipan").status_code == 403


def test_only_what_is_open_is_listed_and_counted_unless_asked(
    app: Flask, loans: dict[str, int], people: dict[str, int], sign_in: SignIn
) -> None:
    """Of Rp400.000 at Bank Pasar Rp150.000 become an installment, then the rest is given back."""
    client = sign_in("staff")

    def give(session: Session) -> None:
        facts = suspense_facts(session, 2)
        assert facts is not None
        deed = to_loan(session, facts, loans["pasar_late"], 150_000, facts.effective_on, TODAY)
        do(session, people, deed, "suspense_loan", loan_id=loans["pasar_late"], suspense_id=2)

    factories.saved(app, give)
    page = client.get("/titipan").get_data(as_text=True)
    assert ">250.000<" in page
    assert "Jumlah 2 titipan" in page

    def send_back(session: Session) -> None:
        facts = suspense_facts(session, 2)
        assert facts is not None
        deed = returned(facts, 250_000, TODAY, TODAY)
        do(session, people, deed, "suspense_return", suspense_id=2)

    factories.saved(app, send_back)
    page = client.get("/titipan").get_data(as_text=True)
    assert "0288888888888" not in page
    assert "Jumlah 1 titipan" in page
    assert '<span class="menu-count">1<' in page
    page = client.get("/titipan?keadaan=selesai").get_data(as_text=True)
    assert "0288888888888" in page
    assert "0177777777777" not in page
    page = client.get("/titipan/2").get_data(as_text=True)
    for said in ("Menjadi angsuran", "Dikembalikan ke bank", "KW-000003, entri 3", "Selesai"):
        assert said in page, said
    assert "Jadikan angsuran" not in page


def test_titipan_older_than_a_week_is_called_old_and_can_be_listed_alone(
    app: Flask, loans: dict[str, int], people: dict[str, int], sign_in: SignIn
) -> None:
    young = dt.date(2026, 11, 17)  # seven days before today
    factories.saved(
        app, lambda s: factories.suspense(s, people["staff"], number=3, on=young, account="0333")
    )
    client = sign_in("staff")
    page = client.get("/titipan").get_data(as_text=True)
    assert "2 titipan masih terbuka sesudah lebih dari 7 hari" in page
    assert "Jumlah 3 titipan" in page
    page = client.get("/titipan?umur=lama").get_data(as_text=True)
    assert "0333" not in page
    assert "Jumlah 2 titipan" in page


def test_the_export_holds_what_is_shown(loans: dict[str, int], sign_in: SignIn) -> None:
    said = sign_in("staff").get("/titipan/ekspor.csv?bank=JATENG").get_data(as_text=True)
    assert "0177777777777" in said
    assert "0288888888888" not in said
    assert ";250000;250000" in said


def test_another_banks_titipan_is_not_found(loans: dict[str, int], sign_in: SignIn) -> None:
    assert sign_in("pasar").get("/titipan/1").status_code == 404
    page = sign_in("pasar").get("/titipan/2").get_data(as_text=True)
    assert "Rp400.000" in page
    assert "Jadikan angsuran" not in page
    assert "Pinjaman yang mungkin dimaksud" not in page
