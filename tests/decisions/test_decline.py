from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import state, text_of
from tests.conftest import prepared
from tests.decisions.forms import answer, decision_page, kept
from wibawa.decisions.models import DeclineReason
from wibawa.decisions.queries import reasons_on

SignIn = Callable[[str], factories.Client]


def _sent(session: Session, people: dict[str, int]) -> int:
    return factories.application(session, people)


sent = prepared(_sent)


def test_a_refusal_keeps_its_reason_and_text_and_everybody_concerned_reads_it(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    said = "Tunggakan di bank lain."
    client = sign_in("pasar")
    assert answer(client, sent, "tolak", explanation=said).status_code == 302
    assert kept(session) == [(sent, "refused", None, "slik", said, people["pasar"])]
    assert state(session, sent) == "refused_by_bank"
    for who in ("pasar", "staff", "auditor"):
        page = text_of(sign_in(who), f"/permohonan/{sent}")
        assert f"Riwayat kredit pada SLIK buruk: {said}" in page
        assert "Ditolak bank oleh Pasar" in page


def test_the_borrower_may_apply_again(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    assert answer(sign_in("pasar"), sent, "tolak").status_code == 302
    session.rollback()
    borrower = session.scalar(text("SELECT borrower_id FROM applications"))
    assert factories.application(session, people, borrower_id=borrower, bank_id=factories.JATENG)


@pytest.mark.parametrize("reason", ["", "nothing"])
def test_a_refusal_needs_a_reason_of_the_list(
    sign_in: SignIn, session: Session, sent: int, reason: str
) -> None:
    response = answer(sign_in("pasar"), sent, "tolak", reason_code=reason, explanation="Tulis ini")
    page = html.unescape(response.get_data(as_text=True))
    assert "Keputusan belum tersimpan" in page
    assert "Tulis ini" in page
    assert (kept(session), state(session, sent)) == ([], "sent")


def test_another_reason_needs_words_of_its_own(
    sign_in: SignIn, session: Session, sent: int
) -> None:
    client = sign_in("pasar")
    response = answer(client, sent, "tolak", reason_code="other", explanation=" abc ")
    assert "tulis penjelasannya" in html.unescape(response.get_data(as_text=True))
    assert kept(session) == []
    said = "Usaha pindah ke luar kota."
    assert answer(client, sent, "tolak", reason_code="other", explanation=said).status_code == 302
    assert f"Alasan lain: {said}" in text_of(client, f"/permohonan/{sent}")


def test_the_longest_text_fits_the_history(sign_in: SignIn, session: Session, sent: int) -> None:
    client = sign_in("pasar")
    response = answer(client, sent, "tolak", explanation="x" * 201)
    assert "Paling banyak 200 karakter" in response.get_data(as_text=True)
    assert answer(client, sent, "tolak", explanation="x" * 200).status_code == 302
    assert state(session, sent) == "refused_by_bank"


def test_a_reason_that_ended_is_offered_no_more_and_stays_readable(
    sign_in: SignIn, session: Session, sent: int
) -> None:
    ended = update(DeclineReason).where(DeclineReason.code == "area")
    session.execute(ended.values(valid_until=dt.date(2026, 11, 23)))
    session.commit()
    assert "area" not in {each.code for each in reasons_on(session, dt.date(2026, 11, 24))}
    assert "area" in {each.code for each in reasons_on(session, dt.date(2026, 11, 23))}
    session.rollback()
    client = sign_in("pasar")
    assert "luar wilayah kerja" not in decision_page(client, sent)
    response = answer(client, sent, "tolak", reason_code="area")
    assert "Pilihan ini tidak ada dalam daftar" in response.get_data(as_text=True)
