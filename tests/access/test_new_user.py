from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import REAL_HASHER
from tests.factories import PASSWORD, Client
from wibawa.access.models import User
from wibawa.database import db

Enter = Callable[[str], Client]
FORM = {
    "username": "hesti",
    "name": "Hesti Wulandari",
    "role": "office_staff",
    "bank_id": "",
    "password": "kata-sandi-uji",
}


def test_a_new_user_can_sign_in_and_her_password_is_nowhere_in_plain(
    app: Flask, sign_in: Enter
) -> None:
    answer = sign_in("admin").post("/pengaturan/pengguna/baru", data=FORM)
    assert answer.status_code == 302
    with app.app_context():
        user = db.session.scalars(select(User).where(User.username == "hesti")).one()
        assert user.password_hash.startswith("$argon2id$")
    assert sign_in("hesti").get("/").status_code == 200


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"username": "staff"}, "sudah dipakai"),
        ({"username": "Hesti W!"}, "tidak dapat dipakai"),
        ({"password": "pendek"}, "paling sedikit 10 karakter"),
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
