from __future__ import annotations

from flask import Flask

from tests.access.steps import Enter, issued_in, send_in


def test_a_reset_ends_every_session_and_the_old_password(
    app: Flask, sign_in: Enter, people: dict[str, int]
) -> None:
    staff, admin = sign_in("staff"), sign_in("admin")
    for _ in range(6):
        send_in(app, "staff", "salah-sekali")
    answer = admin.post(f"/pengaturan/pengguna/{people['staff']}/sandi-baru")
    issued = issued_in(answer.get_data(as_text=True))
    assert staff.get("/").status_code == 302
    again = app.test_client()
    assert send_in(app, "staff", issued, client=again).status_code == 302  # no waiting either
    assert again.get("/").headers["Location"] == "/akun/sandi"
    assert send_in(app, "staff").status_code == 200
    page = admin.get("/jejak").get_data(as_text=True)
    assert "Memberi kata sandi sekali pakai" in page
    assert issued not in page


def test_whose_account_is_closed_that_is_said_beside_the_password(
    sign_in: Enter, people: dict[str, int]
) -> None:
    admin, address = sign_in("admin"), f"/pengaturan/pengguna/{people['staff']}"
    assert "masih nonaktif" not in admin.post(f"{address}/sandi-baru").get_data(as_text=True)
    admin.post(f"{address}/nonaktifkan")
    assert "masih nonaktif" in admin.post(f"{address}/sandi-baru").get_data(as_text=True)
