from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from tests.access.steps import long_since_proved
from tests.factories import Client
from wibawa.access.models import TrailEntry, User
from wibawa.database import db

Enter = Callable[[str], Client]


def test_every_person_is_listed_with_role_and_bank_but_not_the_command_line(
    sign_in: Enter,
) -> None:
    page = sign_in("admin").get("/pengaturan/pengguna").get_data(as_text=True)
    assert "Kepala bidang" in page
    assert "Bank Pasar" in page
    assert "baris-perintah" not in page


def test_a_disabled_user_is_out_at_once_and_cannot_come_back(
    sign_in: Enter, people: dict[str, int]
) -> None:
    staff, admin = sign_in("staff"), sign_in("admin")
    assert staff.get("/").status_code == 200
    admin.post(f"/pengaturan/pengguna/{people['staff']}/nonaktifkan")
    assert staff.get("/").status_code == 302
    answer = staff.post("/masuk", data={"username": "staff", "password": "kata-sandi-uji"})
    assert "tidak cocok" in answer.get_data(as_text=True)
    admin.post(f"/pengaturan/pengguna/{people['staff']}/aktifkan")
    assert sign_in("staff").get("/").status_code == 200


def test_an_administrator_cannot_lock_herself_out(sign_in: Enter, people: dict[str, int]) -> None:
    admin = sign_in("admin")
    page = admin.get("/pengaturan/pengguna").get_data(as_text=True)
    assert f"/pengguna/{people['staff']}/nonaktifkan" in page
    assert f"/pengguna/{people['admin']}/nonaktifkan" not in page
    answer = admin.post(
        f"/pengaturan/pengguna/{people['admin']}/nonaktifkan", follow_redirects=True
    )
    assert "tidak dapat menonaktifkan akun sendiri" in answer.get_data(as_text=True)
    assert admin.get("/").status_code == 200


def test_two_who_close_an_account_at_once_do_not_open_it_again(
    app: Flask, sign_in: Enter, people: dict[str, int]
) -> None:
    here, there = sign_in("admin"), sign_in("admin")
    page = there.get("/pengaturan/pengguna").get_data(as_text=True)
    address = f"/pengaturan/pengguna/{people['staff']}/nonaktifkan"
    assert f'action="{address}"' in page
    here.post(address)
    answer = there.post(address, follow_redirects=True)
    assert "sudah dinonaktifkan" in answer.get_data(as_text=True)
    with app.app_context():
        assert db.session.scalar(select(User.can_sign_in).where(User.username == "staff")) is False
        done = select(TrailEntry.action).where(TrailEntry.object_id == people["staff"])
        found = [each for each in db.session.scalars(done) if each.startswith("user_")]
        db.session.remove()
    assert found == ["user_disabled"]


def test_who_opens_a_closed_account_proves_first_who_she_is(
    app: Flask, sign_in: Enter, people: dict[str, int]
) -> None:
    admin = sign_in("admin")
    long_since_proved(app)
    assert admin.post(f"/pengaturan/pengguna/{people['staff']}/nonaktifkan").status_code == 302
    answer = admin.post(f"/pengaturan/pengguna/{people['staff']}/aktifkan")
    assert "Mengaktifkan kembali akun" in answer.get_data(as_text=True)
    with app.app_context():
        assert db.session.scalar(select(User.can_sign_in).where(User.username == "staff")) is False
        db.session.remove()
