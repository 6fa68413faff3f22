from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from flask import Flask

from tests.access.steps import Enter, change, send_in
from tests.factories import PASSWORD

NEW = "lumpia basah tiga puluh"
BODY = {"old": PASSWORD, "new": NEW, "again": NEW}


def test_a_new_password_ends_all_other_sessions_and_keeps_this_one(
    app: Flask, sign_in: Enter
) -> None:
    here, there = sign_in("staff"), sign_in("staff")
    assert here.post("/akun/sandi", data=BODY).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    assert send_in(app, "staff").status_code == 200
    assert send_in(app, "staff", NEW).status_code == 302


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"old": "salah-sekali"}, "Kata sandi sekarang tidak cocok"),
        ({"again": "lumpia basah tiga belas"}, "Belum sama dengan kata sandi baru"),
        ({"new": "pendek", "again": "pendek"}, "Perlu paling sedikit 12 karakter"),
        ({"new": "Semarang-2026!", "again": "Semarang-2026!"}, "kata umum"),
        ({"new": "wibawa-demo-2026", "again": "wibawa-demo-2026"}, "kata umum"),
        ({"new": PASSWORD, "again": PASSWORD}, "harus berbeda"),
        ({"new": "", "again": ""}, "Isian ini wajib diisi."),
    ],
)
def test_each_mistake_gets_a_sentence_and_the_old_password_stays(
    app: Flask, sign_in: Enter, body: dict[str, str], sentence: str
) -> None:
    answer = sign_in("staff").post("/akun/sandi", data=BODY | body)
    assert sentence in answer.get_data(as_text=True)
    assert send_in(app, "staff").status_code == 302


def test_guessing_the_old_password_at_an_open_desk_is_slowed(sign_in: Enter) -> None:
    staff = sign_in("staff")
    for _ in range(5):
        assert staff.post("/akun/sandi", data=BODY | {"old": "salah"}).status_code == 200
    answer = staff.post("/akun/sandi", data=BODY)
    assert answer.status_code == 429
    assert "Tunggu 1 menit" in answer.get_data(as_text=True)


def test_under_the_profile_of_bssn_a_password_has_four_kinds_an_age_and_a_past(
    app: Flask, people: dict[str, int], sign_in: Enter, clock: time_machine.Traveller
) -> None:
    change(app, people["admin"], profile="bssn")
    staff = sign_in("staff")
    simple = staff.post("/akun/sandi", data=BODY).get_data(as_text=True)
    assert "masih perlu huruf besar, angka, tanda baca" not in simple  # a space is punctuation
    assert "masih perlu huruf besar, angka." in simple
    first = BODY | {"new": "Lumpia-basah-30", "again": "Lumpia-basah-30"}
    assert staff.post("/akun/sandi", data=first).status_code == 302
    second = {"old": "Lumpia-basah-30", "new": "Soto-kudus-41", "again": "Soto-kudus-41"}
    assert staff.post("/akun/sandi", data=second).status_code == 302
    back = {"old": "Soto-kudus-41", "new": "Lumpia-basah-30", "again": "Lumpia-basah-30"}
    assert "pernah dipakai" in staff.post("/akun/sandi", data=back).get_data(as_text=True)
    clock.shift(dt.timedelta(days=90, seconds=1))
    later = app.test_client()
    assert send_in(app, "staff", "Soto-kudus-41", client=later).status_code == 302
    assert later.get("/pinjaman").headers["Location"] == "/akun/sandi"
    assert "melewati masa berlakunya" in later.get("/akun/sandi").get_data(as_text=True)
