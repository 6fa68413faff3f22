from __future__ import annotations

from collections.abc import Callable

from tests.factories import Client

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
    admin.post(f"/pengaturan/pengguna/{people['staff']}/saklar")
    assert staff.get("/").status_code == 302
    answer = staff.post("/masuk", data={"username": "staff", "password": "kata-sandi-uji"})
    assert "tidak cocok" in answer.get_data(as_text=True)
    admin.post(f"/pengaturan/pengguna/{people['staff']}/saklar")
    assert sign_in("staff").get("/").status_code == 200


def test_an_administrator_cannot_lock_herself_out(sign_in: Enter, people: dict[str, int]) -> None:
    admin = sign_in("admin")
    answer = admin.post(f"/pengaturan/pengguna/{people['admin']}/saklar", follow_redirects=True)
    assert "tidak dapat menonaktifkan akun sendiri" in answer.get_data(as_text=True)
    assert admin.get("/").status_code == 200
