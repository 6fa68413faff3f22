"""What no clerk sends and no column holds is answered in words on both engines, never a crash."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.access.steps import issued_in, send_in
from wibawa.access.models import TrailEntry, User
from wibawa.database import db

SignIn = Callable[[str], factories.Client]
NUL = "a%00b"


@pytest.mark.parametrize("number", ["2147483648", "9223372036854775808", "9" * 20, "9" * 5000])
@pytest.mark.parametrize(
    "address", ["/pinjaman/{}", "/pinjaman/{}/jadwal.pdf", "/angsuran/berkas/{}", "/pencairan/{}"]
)
def test_a_number_that_no_column_holds_is_not_found(
    sign_in: SignIn, address: str, number: str
) -> None:
    assert sign_in("staff").get(address.format(number)).status_code == 404


@pytest.mark.parametrize(
    "address", [f"/pinjaman?q={NUL}", f"/pinjaman/jadwal-bank/{NUL}.pdf", f"/titipan?bank={NUL}"]
)
def test_a_nul_in_an_address_is_refused(sign_in: SignIn, address: str) -> None:
    assert sign_in("staff").get(address).status_code == 400


def test_a_nul_in_a_form_is_refused(app: Flask, sign_in: SignIn) -> None:
    assert app.test_client().post("/masuk", data={"username": "a\0b"}).status_code == 400
    answer = sign_in("staff").post("/pencairan/baru/peminjam", data={"text": "a\0b"})
    assert answer.status_code == 400


def test_a_nul_in_the_name_of_a_file_is_refused(sign_in: SignIn) -> None:
    answer = sign_in("pasar").post(
        "/angsuran/berkas/baru", data={"file": (io.BytesIO(b"x"), "a\0b.csv")}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("text", ["²", "٣", "½", "٣" * 80])
def test_digits_of_other_scripts_are_sought_as_text(sign_in: SignIn, text: str) -> None:
    assert sign_in("staff").get("/pinjaman", query_string={"q": text}).status_code == 200


@pytest.mark.parametrize("number", ["3000000000", "9" * 20, "9" * 5000, "x"])
def test_a_replaced_file_that_cannot_be_is_passed_over(sign_in: SignIn, number: str) -> None:
    head = b"Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\r\n"
    content = head + b"'0200000000001;Siti;15-11-2026;220.833,00;R1\r\n"
    answer = sign_in("pasar").post(
        "/angsuran/berkas/baru", data={"replaces": number, "file": (io.BytesIO(content), "a.csv")}
    )
    assert answer.status_code == 302


@pytest.mark.parametrize(
    "target", ["//[", "///elsewhere", "/\t/elsewhere", "/a\r\nX: y", "/\\elsewhere"]
)
def test_after_signing_in_an_odd_target_leads_to_the_first_page(
    app: Flask, people: dict[str, int], target: str
) -> None:
    answer = app.test_client().post(
        "/masuk",
        data={"username": "staff", "password": factories.PASSWORD, "lanjut": target},
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_bank_of_spaces_is_no_bank(sign_in: SignIn) -> None:
    answer = sign_in("admin").post(
        "/pengaturan/pengguna/baru",
        data={
            "username": "baru",
            "name": "Baru",
            "role": "office_staff",
            "bank_id": "   ",
        },
    )
    assert "Kata sandi sekali pakai untuk Baru" in answer.get_data(as_text=True)


def test_a_crash_inside_a_transaction_still_gets_its_page_and_leaves_nothing(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL answers nothing in a failed transaction, so the page begins a new one."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = sign_in("admin")

    def fail() -> str:
        db.session.add(TrailEntry(at=None, action="half done"))
        db.session.flush()
        return ""

    monkeypatch.setitem(app.view_functions, "access.user_list", fail)
    answer = client.post("/pengaturan/pengguna/baru", data={})
    assert answer.status_code == 200
    answer = client.get("/pengaturan/pengguna")
    assert answer.status_code == 500
    assert "Nomor tiket: " in answer.get_data(as_text=True)
    assert "Jejak kegiatan" in answer.get_data(as_text=True)  # the menu, read from the database
    with app.app_context():
        found = select(TrailEntry).where(TrailEntry.action == "half done")
        assert db.session.scalar(found) is None


def test_what_nobody_sees_is_not_kept_and_a_password_is_as_it_was_typed(
    app: Flask, sign_in: SignIn
) -> None:
    sent = {"username": "hesti", "name": "He\u200bsti \u202eWulandari\u2069", "bank_id": ""}
    page = (
        sign_in("admin")
        .post("/pengaturan/pengguna/baru", data=sent | {"role": "office_staff"})
        .get_data(as_text=True)
    )
    issued, typed = issued_in(page), "lumpia\u200d basah tiga puluh"
    with app.app_context():
        name = db.session.scalar(select(User.name).where(User.username == "hesti"))
        db.session.remove()
    assert name == "Hesti Wulandari"
    hesti = app.test_client()
    send_in(app, "hesti", issued, client=hesti)
    assert hesti.post("/akun/sandi", data={"new": typed, "again": typed}).status_code == 302
    assert send_in(app, "hesti", typed.replace("\u200d", "")).status_code == 200
    assert send_in(app, "hesti", typed).status_code == 302
