from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from tests.access.steps import Enter, issued_in, send_in
from tests.conftest import REAL_HASHER
from tests.factories import PASSWORD
from wibawa.access.models import User
from wibawa.access.passwords import one_time
from wibawa.database import db

FORM = {"username": "hesti", "name": "Hesti Wulandari", "role": "office_staff", "bank_id": ""}
NEW = "lumpia basah tiga puluh"


def test_a_new_user_gets_a_password_for_once_and_must_choose_her_own(
    app: Flask, sign_in: Enter
) -> None:
    page = sign_in("admin").post("/pengaturan/pengguna/baru", data=FORM).get_data(as_text=True)
    issued = issued_in(page)
    assert "1 Desember 2026" in page  # seven days after 24 November
    with app.app_context():
        user = db.session.scalars(select(User).where(User.username == "hesti")).one()
        assert user.password_hash.startswith("$argon2id$")
        assert issued not in user.password_hash
    hesti = app.test_client()
    assert send_in(app, "hesti", issued, client=hesti).headers["Location"] == "/"
    for address in ("/", "/pinjaman", "/akun/perangkat"):
        assert hesti.get(address).headers["Location"] == "/akun/sandi", address
    assert hesti.post("/pencairan/1/setujui").headers["Location"] == "/akun/sandi"
    same = hesti.post("/akun/sandi", data={"new": issued, "again": issued})
    assert "harus berbeda" in same.get_data(as_text=True)
    assert hesti.post("/akun/sandi", data={"new": NEW, "again": NEW}).status_code == 302
    assert hesti.get("/").status_code == 200
    assert send_in(app, "hesti", issued).status_code == 200
    assert send_in(app, "hesti", NEW).status_code == 302


def test_a_one_time_password_is_worth_nothing_after_its_days(
    app: Flask, sign_in: Enter, clock: time_machine.Traveller
) -> None:
    page = sign_in("admin").post("/pengaturan/pengguna/baru", data=FORM).get_data(as_text=True)
    issued = issued_in(page)
    clock.shift(dt.timedelta(days=7) - dt.timedelta(seconds=1))
    assert send_in(app, "hesti", issued).status_code == 302
    clock.shift(dt.timedelta(seconds=1))
    late = send_in(app, "hesti", issued)
    assert "sekali pakai ini sudah lewat" in late.get_data(as_text=True)


def test_one_time_passwords_are_easy_to_read_out_and_never_the_same() -> None:
    made = {one_time() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"(?:[a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}", p) for p in made)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"username": "staff"}, "sudah dipakai"),
        ({"username": "Hesti W!"}, "tidak dapat dipakai"),
        ({"role": "bank_officer"}, "Petugas bank harus punya bank"),
        ({"bank_id": "1"}, "peran lain tidak boleh punya bank"),
        ({"name": ""}, "Isian ini wajib diisi."),
        ({"role": "raja"}, "Pilihan ini tidak ada dalam daftar."),
    ],
)
def test_each_mistake_gets_a_sentence_and_nobody_is_added(
    app: Flask, sign_in: Enter, change: dict[str, str], sentence: str
) -> None:
    answer = sign_in("admin").post("/pengaturan/pengguna/baru", data=FORM | change)
    assert answer.status_code == 200
    assert sentence in answer.get_data(as_text=True)
    with app.app_context():
        assert db.session.scalar(select(User.id).where(User.name == "Hesti Wulandari")) is None


def test_outside_of_tests_a_password_costs_what_owasp_asks() -> None:
    assert REAL_HASHER.hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_missing_bank_is_said_at_the_bank(sign_in: Enter) -> None:
    page = sign_in("admin").post("/pengaturan/pengguna/baru", data=FORM | {"role": "bank_officer"})
    assert re.search(r'id="bank_id-error".*?Petugas bank harus punya bank', page.text, re.S)
    assert 'id="username-error"' not in page.text


def test_who_must_choose_a_password_first_sees_no_menu_that_leads_nowhere(
    app: Flask, sign_in: Enter
) -> None:
    made = sign_in("admin").post("/pengaturan/pengguna/baru", data=FORM).get_data(as_text=True)
    hesti = app.test_client()
    sent = {"username": "hesti", "password": issued_in(made)}
    page = hesti.post("/masuk", data=sent, follow_redirects=True).get_data(as_text=True)
    assert "Pilih kata sandi Anda sendiri" in page
    assert "Menu utama" not in page
    assert 'role="search"' not in page
    assert "Akun saya" not in page
    assert "Keluar" in page
