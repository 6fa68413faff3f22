from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests import factories
from tests.access.steps import long_since_proved
from wibawa.access.models import TrailEntry
from wibawa.banks.models import Bank
from wibawa.database import db

SignIn = Callable[[str], factories.Client]
ADDRESS = f"/pengaturan/bank/{factories.PASAR}"
SAME = {"name": "Bank Pasar", "method": "flat", "multiple": "1", "holiday_rule": "following"}


def _seen(client: factories.Client) -> str:
    page = client.get(ADDRESS).get_data(as_text=True)
    found = re.search(r'name="seen"[^>]* value="(\w{64})"', page)
    assert found, "the form says nothing of what it showed"
    return found[1]


def _send(client: factories.Client, wanted: dict[str, str], seen: str = "") -> TestResponse:
    return client.post(ADDRESS, data=wanted | {"seen": seen or _seen(client)})


def _bank(app: Flask) -> tuple[str, int, bool]:
    with app.app_context():
        bank = db.session.get_one(Bank, factories.PASAR)
        return bank.method, bank.multiple, bank.posts_clean_files


def _changes(app: Flask) -> list[str]:
    with app.app_context():
        query = select(TrailEntry.detail).where(TrailEntry.action == "bank_changed")
        return list(db.session.scalars(query))


def test_a_change_is_kept_and_recorded_as_before_and_after(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("admin")
    wanted = SAME | {"method": "annuity", "multiple": "500", "posts_clean_files": "y"}
    assert _send(client, wanted).status_code == 302
    assert _bank(app) == ("annuity", 500, True)
    assert _changes(app) == [
        "Metode: flat → anuitas; Kelipatan: 1 → 500; Langsung dibukukan: tidak → ya"
    ]
    assert "Mengubah pengaturan bank" in client.get("/jejak").get_data(as_text=True)


def test_saving_without_a_change_records_nothing(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("admin")
    _send(client, SAME)
    assert "Tidak ada yang berubah" in client.get("/pengaturan/bank").get_data(as_text=True)
    assert _changes(app) == []


def test_loans_that_were_disbursed_keep_their_terms(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    loan = factories.saved(app, lambda s: factories.loan(s, people["staff"], people["approver"]))
    _send(sign_in("admin"), SAME | {"method": "annuity", "multiple": "1000"})
    assert _bank(app) == ("annuity", 1000, False)
    page = sign_in("staff").get(f"/pinjaman/{loan}").get_data(as_text=True)
    assert "<dd>Flat</dd>" in page
    assert "220.833" in page


def test_an_old_form_does_not_take_back_what_somebody_set_meanwhile(
    app: Flask, sign_in: SignIn
) -> None:
    client = sign_in("admin")
    seen = _seen(client)
    newer = SAME | {"method": "annuity", "posts_clean_files": "y"}
    assert _send(client, newer).status_code == 302
    older = SAME | {"multiple": "500"}
    for sent in (seen, "x"):
        answer = _send(client, older, sent)
        assert answer.status_code == 409
        page = answer.get_data(as_text=True)
        assert "diubah orang lain sejak formulir dibuka" in page
        said = "Metode: anuitas → flat; Kelipatan: 1 → 500; Langsung dibukukan: ya → tidak"
        assert said in page
        assert _bank(app) == ("annuity", 1, True)
    assert _send(client, newer, seen).status_code == 302, "the same again changes nothing"
    assert _send(client, older).status_code == 302, "who looked again may"
    assert _bank(app) == ("flat", 500, False)
    assert len(_changes(app)) == 2


def test_a_change_asks_who_is_there_and_names_what_would_change(
    app: Flask, sign_in: SignIn
) -> None:
    client = sign_in("admin")
    seen = _seen(client)
    long_since_proved(app)
    wanted = SAME | {"multiple": "500", "posts_clean_files": "y", "seen": seen}
    page = client.post(ADDRESS, data=wanted).get_data(as_text=True)
    for said in ("Pastikan ini Anda", "Mengubah pengaturan bank", "Bank Pasar",
                 "Kelipatan: 1 → 500; Langsung dibukukan: tidak → ya"):  # fmt: skip
        assert said in page
    assert _bank(app) == ("flat", 1, False)
    answer = client.post(ADDRESS, data=wanted | {"proof_password": factories.PASSWORD})
    assert answer.status_code == 302
    assert _bank(app) == ("flat", 500, True)


def test_a_mistake_is_answered_at_the_field_and_nothing_is_saved(
    app: Flask, sign_in: SignIn
) -> None:
    wrong = SAME | {"name": "   ", "method": "riba", "multiple": "7"}
    page = _send(sign_in("admin"), wrong).get_data(as_text=True)
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
