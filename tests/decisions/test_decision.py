"""The page on which a bank decides, and what it tells about other banks: nothing by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from tests.conftest import prepared
from tests.decisions.forms import answer, decision_page
from wibawa.borrowers.models import Borrower
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.rules.facts import Method, Terms
from wibawa.rules.statuses import State
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def _sent(session: Session, people: dict[str, int]) -> int:
    return factories.application(session, people)


sent = prepared(_sent)


def test_the_officer_comes_from_the_application_and_finds_both_answers(
    sign_in: SignIn, sent: int
) -> None:
    client = sign_in("pasar")
    assert f"/permohonan/{sent}/keputusan" in text_of(client, f"/permohonan/{sent}")
    page = text_of(client, f"/permohonan/{sent}/keputusan")
    for words in ("Siti Aminah", "Rp5.000.000", "Rp4.500.000", "Membeli oven", "Tanpa agunan"):
        assert words in page
    reasons = ("SLIK", "Kemampuan bayar", "Agunan tidak memenuhi", "Dokumen tidak lengkap",
               "luar wilayah kerja", "tidak dapat dihubungi", "Alasan lain")  # fmt: skip
    assert all(words in page for words in reasons)
    assert "Perlu diperiksa" not in page


def test_the_papers_stand_beside_the_answers_and_cannot_be_changed_there(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    number = factories.document(session, people["staff"], "business_photo", application_id=sent)
    session.commit()
    page = text_of(sign_in("pasar"), f"/permohonan/{sent}/keputusan")
    assert f'href="/dokumen/{number}/isi"' in page
    assert page.count("Belum ada") == 5
    assert "Unggah" not in page


def test_nobody_else_is_offered_the_decision(sign_in: SignIn, sent: int) -> None:
    for who in ("staff", "approver", "auditor"):
        client = sign_in(who)
        assert "/keputusan" not in text_of(client, f"/permohonan/{sent}")
        assert client.get(f"/permohonan/{sent}/keputusan").status_code == 403
    assert "Menunggu keputusan bank" in text_of(sign_in("staff"), f"/permohonan/{sent}")
    assert sign_in("jateng").get(f"/permohonan/{sent}/keputusan").status_code == 404


def test_once_decided_it_leads_back_to_the_application(sign_in: SignIn, sent: int) -> None:
    client = sign_in("pasar")
    assert answer(client, sent, "setujui").status_code == 302
    again = client.get(f"/permohonan/{sent}/keputusan", follow_redirects=True)
    page = again.get_data(as_text=True)
    assert "berstatus disetujui bank" in page
    assert 'action="/permohonan' not in page


@pytest.mark.parametrize("own", [True, False])
def test_another_loan_is_told_without_its_bank_number_and_debt(
    sign_in: SignIn, session: Session, people: dict[str, int], own: bool
) -> None:
    borrower_id = factories.borrower(session, people["staff"], 7)
    sent = factories.application(session, people, borrower_id=borrower_id)
    holder = borrower_id
    if not own:
        holder = factories.borrower(session, people["staff"], 8, "Joko")
        first = session.get_one(Borrower, borrower_id)
        values = {"nik_index": first.nik_index, "kind": "cooperative", "cooperative_number": "X1"}
        session.execute(update(Borrower).where(Borrower.id == holder).values(**values))
    loan = NewLoan(factories.JATENG, holder, "0123456700", "PK/OLD",
                   Terms(3_000_000, 300, 24, Method.ANNUITY, dt.date(2026, 5, 4)))  # fmt: skip
    open_loans(session, [loan], Author(people["staff"], people["approver"], now()))
    session.commit()
    page = text_of(sign_in("pasar"), f"/permohonan/{sent}/keputusan")
    assert "belum lunas" in page
    assert "Perlu diperiksa sebelum menyetujui" in page
    for secret in ("Bank Jateng", "KW-000001", "3.000.000", "0123456700"):
        assert secret not in page
        assert secret not in text_of(sign_in("pasar"), f"/permohonan/{sent}")


def test_a_state_inside_the_office_has_no_decision_page(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = factories.application(session, people, to=State.RECOMMENDED)
    session.commit()
    assert sign_in("pasar").get(f"/permohonan/{number}/keputusan").status_code == 404
    assert "tidak ditemukan" in decision_page(sign_in("pasar"), number).casefold()
