from __future__ import annotations

from flask import Flask

from tests.access.steps import Enter, code_of, send_in, set_up


def test_an_administrator_sees_one_account_and_the_own_one_without_buttons(
    sign_in: Enter, people: dict[str, int]
) -> None:
    admin = sign_in("admin")
    page = admin.get(f"/pengaturan/pengguna/{people['pasar']}").get_data(as_text=True)
    assert "Bank Pasar" in page
    assert "belum pernah" in page
    assert "Buat kata sandi sekali pakai" in page
    own = admin.get(f"/pengaturan/pengguna/{people['admin']}").get_data(as_text=True)
    assert "Buat kata sandi sekali pakai" not in own
    assert admin.get("/pengaturan/pengguna/99999").status_code == 404


def test_who_lost_telephone_and_paper_signs_in_by_password_after_a_recorded_reset(
    app: Flask, sign_in: Enter, people: dict[str, int]
) -> None:
    secret, _ = set_up(app, people["staff"])
    staff = app.test_client()
    assert send_in(app, "staff", client=staff).headers["Location"] == "/masuk/kode"
    staff.post("/masuk/kode", data={"code": code_of(secret)})
    assert staff.get("/").status_code == 200
    admin = sign_in("admin")
    admin.post(f"/pengaturan/pengguna/{people['staff']}/hapus-kode")
    assert staff.get("/").status_code == 302
    assert send_in(app, "staff").headers["Location"] == "/"
    trail = admin.get("/jejak").get_data(as_text=True)
    assert "Menghapus kode masuk pengguna lain" in trail


def test_nobody_resets_the_own_account(sign_in: Enter, people: dict[str, int]) -> None:
    admin = sign_in("admin")
    for deed, target in (("sandi-baru", "/akun/sandi"), ("hapus-kode", "/akun/kode")):
        answer = admin.post(f"/pengaturan/pengguna/{people['admin']}/{deed}")
        assert answer.headers["Location"] == target
