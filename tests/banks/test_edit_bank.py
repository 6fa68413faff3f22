from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from tests import factories
from wibawa.access.models import TrailEntry
from wibawa.banks.models import Bank
from wibawa.database import db

SignIn = Callable[[str], factories.Client]
ADDRESS = f"/pengaturan/bank/{factories.PASAR}"
SAME = {"name": "Bank Pasar", "method": "flat", "multiple": "1", "holiday_rule": "following"}


def _changes(app: Flask) -> list[str]:
    with app.app_context():
        query = select(TrailEntry.detail).where(TrailEntry.action == "bank_changed")
        return list(db.session.scalars(query))


def test_a_change_is_kept_and_recorded_as_before_and_after(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("admin")
    wanted = SAME | {"method": "annuity", "multiple": "500", "posts_clean_files": "y"}
    assert client.post(ADDRESS, data=wanted).status_code == 302
    with app.app_context():
        bank = db.session.get(Bank, factories.PASAR)
        assert bank is not None
        assert (bank.method, bank.multiple, bank.posts_clean_files) == ("annuity", 500, True)
    assert _changes(app) == [
        "Metode: flat → anuitas; Kelipatan: 1 → 500; Langsung dibukukan: tidak → ya"
    ]
    assert "Mengubah pengaturan bank" in client.get("/jejak").get_data(as_text=True)


def test_saving_without_a_change_records_nothing(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("admin")
    client.post(ADDRESS, data=SAME)
    assert "Tidak ada yang berubah" in client.get("/pengaturan/bank").get_data(as_text=True)
    assert _changes(app) == []


def test_loans_that_were_disbursed_keep_their_terms(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    loan = factories.saved(app, lambda s: factories.loan(s, people["staff"], people["approver"]))
    sign_in("admin").post(ADDRESS, data=SAME | {"method": "annuity", "multiple": "1000"})
    page = sign_in("staff").get(f"/pinjaman/{loan}").get_data(as_text=True)
    assert "<dd>Flat</dd>" in page
    assert "220.833" in page


def test_a_mistake_is_answered_at_the_field_and_nothing_is_saved(
    app: Flask, sign_in: SignIn
) -> None:
    wrong = SAME | {"name": "   ", "method": "riba", "multiple": "7"}
    page = sign_in("admin").post(ADDRESS, data=wrong).get_data(as_text=True)
    assert "Ada isian yang perlu diperbaiki" in page
    assert "Isian ini wajib diisi." in page
    assert "Pilihan ini tidak ada dalam daftar." in page
    with app.app_context():
        bank = db.session.get(Bank, factories.PASAR)
        assert bank is not None
        assert bank.name == "Bank Pasar"


def test_the_page_leads_to_the_banks_own_column_names(sign_in: SignIn) -> None:
    page = sign_in("admin").get(ADDRESS).get_data(as_text=True)
    assert f'href="{ADDRESS}/berkas"' in page


def test_a_bank_that_is_not_there_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("admin").get("/pengaturan/bank/99").status_code == 404
