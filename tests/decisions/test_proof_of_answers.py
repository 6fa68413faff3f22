"""A bank's approval asks for the password again when the last proof is old; refusing never does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import time_machine
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from tests.decisions.files import send, shown_on, text, upload
from tests.decisions.forms import answer, kept

SignIn = Callable[[str], factories.Client]
LATER = dt.timedelta(minutes=30)


def _sent(session: Session, people: dict[str, int]) -> int:
    return factories.application(session, people)


sent = prepared(_sent)


def test_an_approval_long_after_signing_in_asks_once_and_names_both_amounts(
    sign_in: SignIn, session: Session, sent: int, clock: time_machine.Traveller
) -> None:
    officer = sign_in("pasar")
    clock.shift(LATER)
    asked = answer(officer, sent, "setujui").get_data(as_text=True)
    for words in ("Pastikan ini Anda", "Menyetujui permohonan pinjaman", "Bank Pasar",
                  "Rp5.000.000", "Rp4.000.000"):  # fmt: skip
        assert words in asked
    assert kept(session) == []
    wrong = answer(officer, sent, "setujui", proof_password="salah-sekali")
    assert "Kata sandi tidak cocok" in wrong.get_data(as_text=True)
    assert kept(session) == []
    right = answer(officer, sent, "setujui", proof_password=factories.PASSWORD)
    assert right.status_code == 302
    assert [each[1:3] for each in kept(session)] == [("approved", 4_000_000)]


def test_an_amount_that_is_none_is_asked_about_and_then_refused_by_the_form(
    sign_in: SignIn, session: Session, sent: int, clock: time_machine.Traveller
) -> None:
    officer = sign_in("pasar")
    clock.shift(LATER)
    for amount in ("", "banyak", "-1"):
        asked = answer(officer, sent, "setujui", amount=amount)
        assert "Pastikan ini Anda" in asked.get_data(as_text=True), amount
    given = {"amount": "banyak", "proof_password": factories.PASSWORD}
    said = answer(officer, sent, "setujui", **given).get_data(as_text=True)
    assert "Pastikan ini Anda" not in said
    assert 'id="amount-error"' in said
    assert kept(session) == []


def test_refusing_is_never_asked_for(
    sign_in: SignIn, session: Session, sent: int, clock: time_machine.Traveller
) -> None:
    officer = sign_in("pasar")
    clock.shift(LATER)
    assert answer(officer, sent, "tolak").status_code == 302
    assert [each[1] for each in kept(session)] == ["refused"]


def test_a_file_of_answers_asks_once_for_all_and_names_their_sum(
    sign_in: SignIn, session: Session, sent: int, clock: time_machine.Traveller
) -> None:
    officer = sign_in("pasar")
    url = upload(officer, "PM-000001;Siti Aminah;DISETUJUI;4.000.000;\n").partition("?")[0]
    clock.shift(LATER)
    asked = send(officer, url)
    for words in ("Pastikan ini Anda", "Mengirim semua keputusan", "Bank Pasar", "Rp4.000.000"):
        assert words in asked
    assert kept(session) == []
    body = {"shown": shown_on(text(officer, url)), "proof_password": factories.PASSWORD}
    assert officer.post(f"{url}/kirim", data=body).status_code == 302
    assert [each[1:3] for each in kept(session)] == [("approved", 4_000_000)]
