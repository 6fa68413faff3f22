"""The proof before an approval: asked once, the form goes on, wrong answers count."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.access.steps import Enter, change, code_of, send_in, set_up
from tests.conftest import SOAK_ON_BOTH, ApartClient
from tests.disbursements.forms import KEY, counts, decision, recorded
from tests.factories import PASSWORD

pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
LATER = dt.timedelta(minutes=30)


@pytest.fixture
def waiting(app: Flask, session: Session, people: dict[str, int], sign_in: Enter) -> list[int]:
    """Two disbursements that wait for the approver."""
    app.test_client_class = ApartClient
    factories.allow_direct(session, people)
    session.commit()
    staff = sign_in("staff")
    other = {
        "request_key": f"{KEY}2",
        "nik": "3374014804850002",
        "account_number": "30011235",
        "agreement_number": "PK/78/2026",
    }
    return [recorded(staff), recorded(staff, **other)]


def _hidden(answer: Any) -> dict[str, str]:
    page = answer.get_data(as_text=True)
    assert "Pastikan ini Anda" in page
    form = page[page.index("data-resend>", page.index("<main")) :]
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    return {name: unescape(value) for name, value in fields}


def test_an_approval_long_after_signing_in_asks_once_and_then_goes_on(
    sign_in: Enter, session: Session, waiting: list[int], clock: time_machine.Traveller
) -> None:
    approver = sign_in("approver")
    clock.shift(LATER)
    address = f"/pencairan/{waiting[0]}/setujui"
    asked = approver.post(address, data=decision(approver, waiting[0], "setujui"))
    assert counts(session)[1] == 0
    said = re.sub(r"<[^>]+>", " ", asked.get_data(as_text=True))
    for words in ("Menyetujui pencairan", "Rp5.000.000", "Bank Pasar", "30011234"):
        assert words in said  # what the password is asked for
    assert "Sesudah itu 30 menit tidak ditanyakan lagi" in said
    sent = _hidden(asked)
    wrong = approver.post(address, data=sent | {"proof_password": "salah-sekali"})
    assert "Kata sandi tidak cocok" in wrong.get_data(as_text=True)
    assert counts(session)[1] == 0
    done = approver.post(address, data=_hidden(wrong) | {"proof_password": PASSWORD})
    assert done.headers["Location"].startswith("/pinjaman/")
    again = approver.post(address, data=sent | {"proof_password": PASSWORD})
    assert again.headers["Location"] == done.headers["Location"]  # the same click twice
    second = f"/pencairan/{waiting[1]}/setujui"
    next_one = approver.post(second, data=decision(approver, waiting[1], "setujui"))
    assert next_one.headers["Location"].startswith("/pinjaman/")
    assert counts(session)[1] == 2
    trail = sign_in("auditor").get("/jejak").get_data(as_text=True)
    rows = trail[trail.index("<tbody") :]
    assert rows.count("Membuktikan diri sebelum persetujuan") == 1
    assert rows.count("Gagal membuktikan diri") == 1


def test_a_form_that_asks_for_a_proof_comes_back_with_what_was_typed(
    sign_in: Enter, clock: time_machine.Traveller
) -> None:
    admin = sign_in("admin")
    typed = {"username": "hana", "name": "Hana Dewi", "role": "office_staff", "bank_id": ""}
    clock.shift(LATER)
    asked = admin.post("/pengaturan/pengguna/baru", data=typed)
    assert "Menambah pengguna" in asked.get_data(as_text=True)
    sent = _hidden(asked)
    assert {name: sent[name] for name in typed} == typed
    done = admin.post("/pengaturan/pengguna/baru", data=sent | {"proof_password": PASSWORD})
    assert "Hana Dewi" in done.get_data(as_text=True)
    users = admin.get("/pengaturan/pengguna").get_data(as_text=True)
    assert users.count("hana") >= 1


def test_within_the_time_nobody_is_asked_and_refusing_never_asks(
    sign_in: Enter, session: Session, waiting: list[int], clock: time_machine.Traveller
) -> None:
    approver = sign_in("approver")
    clock.shift(LATER - dt.timedelta(seconds=1))
    done = approver.post(
        f"/pencairan/{waiting[0]}/setujui", data=decision(approver, waiting[0], "setujui")
    )
    assert done.status_code == 302
    clock.shift(dt.timedelta(hours=1))
    body = decision(approver, waiting[1], "tolak") | {"reason": "Rekening salah"}
    refused = approver.post(f"/pencairan/{waiting[1]}/tolak", data=body)
    assert refused.headers["Location"] == f"/pencairan/{waiting[1]}"


def test_who_has_a_second_factor_proves_with_both(
    app: Flask,
    sign_in: Enter,
    people: dict[str, int],
    session: Session,
    waiting: list[int],
    clock: time_machine.Traveller,
) -> None:
    secret, _ = set_up(app, people["approver"])
    approver = app.test_client()
    send_in(app, "approver", client=approver)
    approver.post("/masuk/kode", data={"code": code_of(secret)})
    clock.shift(LATER)
    address = f"/pencairan/{waiting[0]}/setujui"
    sent = _hidden(approver.post(address, data=decision(approver, waiting[0], "setujui")))
    half = approver.post(address, data=sent | {"proof_password": PASSWORD, "proof_code": ""})
    assert "Kode tidak cocok" in half.get_data(as_text=True)
    assert counts(session)[1] == 0
    proof = {"proof_password": PASSWORD, "proof_code": code_of(secret)}
    assert approver.post(address, data=sent | proof).headers["Location"].startswith("/pinjaman/")


def test_who_lost_the_telephone_proves_with_a_recovery_code_once(
    app: Flask,
    people: dict[str, int],
    session: Session,
    waiting: list[int],
    clock: time_machine.Traveller,
) -> None:
    _, codes = set_up(app, people["approver"])
    approver = app.test_client()
    send_in(app, "approver", client=approver)
    approver.post("/masuk/kode", data={"code": codes[0]})
    clock.shift(LATER)
    address = f"/pencairan/{waiting[0]}/setujui"
    sent = _hidden(approver.post(address, data=decision(approver, waiting[0], "setujui")))
    proof = {"proof_password": PASSWORD}
    used = approver.post(address, data=sent | proof | {"proof_code": codes[0]})
    assert "Kode tidak cocok atau sudah dipakai" in used.get_data(as_text=True)
    assert counts(session)[1] == 0
    done = approver.post(address, data=sent | proof | {"proof_code": codes[1]})
    assert done.headers["Location"].startswith("/pinjaman/")
    page = approver.get(done.headers["Location"]).get_data(as_text=True)
    assert f"Kode pemulihan itu sudah terpakai; sisa {len(codes) - 2}." in page


def test_guessing_the_proof_is_slowed_and_the_time_is_a_setting(
    app: Flask,
    sign_in: Enter,
    people: dict[str, int],
    session: Session,
    waiting: list[int],
    clock: time_machine.Traveller,
) -> None:
    session.rollback()
    change(app, people["admin"], proof_minutes=1)
    approver = sign_in("approver")
    clock.shift(60)
    address = f"/pencairan/{waiting[0]}/setujui"
    sent = _hidden(approver.post(address, data=decision(approver, waiting[0], "setujui")))
    for _ in range(5):
        assert approver.post(address, data=sent | {"proof_password": "x"}).status_code == 200
    slowed = approver.post(address, data=sent | {"proof_password": PASSWORD})
    assert slowed.status_code == 429
    assert counts(session)[1] == 0
    assert _hidden(slowed) == sent
