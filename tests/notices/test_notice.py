"""The letter to an applicant: its kind, what it says, and that it is issued once and stays."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from tests.notices.steps import WHY, bring, flat, issued, page_of, press, shown_of, told
from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Role
from wibawa.applications.actions import submit
from wibawa.applications.moves import Author
from wibawa.borrowers.models import Borrower
from wibawa.letters.models import IssuedPaper
from wibawa.letters.queries import paper_data
from wibawa.notices.letter import months_in_words
from wibawa.notices.models import Notice
from wibawa.notices.queries import TOLD
from wibawa.rules.statuses import State
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def papers(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    found = select(IssuedPaper.number, IssuedPaper.subject).order_by(IssuedPaper.id)
    return [tuple(row) for row in session.execute(found)]


def printed(client: factories.Client, paper_id: int = 1) -> bytes:
    answer = client.get(f"/surat-keluar/{paper_id}/surat.pdf")
    assert answer.mimetype == "application/pdf"
    return bytes(answer.get_data())


LETTERS = {
    State.APPROVED: (
        "001/SETUJU/KW/XI/2026",
        ("Pemberitahuan persetujuan Kredit Wibawa", "PM-000001", "24 November 2026",
         "Rp5.000.000 (lima juta rupiah)", "Rp4.000.000 (empat juta rupiah)", "Bank Pasar",
         "24 (dua puluh empat) bulan", "3,00% per tahun", "lebih rendah dari yang diminta",
         "hari akad kredit", "KTP asli dan kartu keluarga", "1. Direktur Bank Pasar"),
    ),
    State.REFUSED_BY_OFFICE: (
        "001/TOLAK/KW/XI/2026",
        ("Pemberitahuan hasil pemeriksaan permohonan", WHY, "lima juta rupiah",
         "belum dapat kami rekomendasikan"),
    ),
    State.REFUSED_BY_BANK: (
        "001/TOLAK-BANK/KW/XI/2026",
        ("Pemberitahuan keputusan bank", "Riwayat kredit pada SLIK buruk", "Bank Pasar"),
    ),
    State.RETURNED: (
        "001/LENGKAPI/KW/XI/2026",
        ("Permintaan kelengkapan permohonan", WHY, "Dokumen wajib yang belum kami terima",
         "1. KTP", "paling lambat 8 Desember 2026"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", LETTERS)
def test_the_letter_that_fits_the_state_is_shown_issued_and_printed(
    sign_in: SignIn, session: Session, people: dict[str, int], state: State
) -> None:
    made = told(session, people, state, note="rincian SLIK: kol 5 di bank lain")
    session.commit()
    number, says = LETTERS[state]
    client = sign_in("staff")
    assert f"/permohonan/{made}/surat" in text_of(client, f"/permohonan/{made}")
    page = page_of(client, made)
    assert papers(session) == [], "looking issues nothing"
    assert press(client, made) == 302
    assert papers(session) == [(number, "Permohonan PM-000001")]
    pdf = printed(client)
    said = flat(pdf)
    for part in (number, "Semarang, 24 November 2026", "Siti Aminah", "Yth. Saudari",
                 "Jl. Pekunden No. 1", *says):  # fmt: skip
        assert part in said, part
        if part not in (number, "Semarang, 24 November 2026", "1. KTP", "1. Direktur Bank Pasar"):
            assert part in page, part
    assert "kol 5" not in said + page, "what a bank writes besides is not for the applicant"
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.metadata is not None
    assert reader.metadata.title == f"Surat {number}"
    assert reader.trailer["/Root"]["/Lang"] == "id-ID"  # type: ignore[index]
    assert len(reader.pages) == 1
    assert "33740148" not in said, "no NIK"


def test_every_state_with_a_letter_is_tried() -> None:
    assert LETTERS.keys() | {State.RECOMMENDED, State.SENT} == TOLD.keys()


@pytest.mark.parametrize("state", [State.RECOMMENDED, State.SENT])
def test_a_recommended_application_has_its_letter_to_the_bank_once_sent_or_not(
    sign_in: SignIn, session: Session, people: dict[str, int], state: State
) -> None:
    made = factories.application(session, people, to=state)
    session.commit()
    client = sign_in("staff")
    assert "Surat rekomendasi</a>" in text_of(client, f"/permohonan/{made}")
    assert press(client, made) == 302
    number = "001/REKOMENDASI/KW/XI/2026"
    assert papers(session) == [(number, "Permohonan PM-000001")]
    said = flat(printed(client))
    for part in (number, "Yth. Direktur Bank Pasar", "Siti Aminah", "Roti Siti", "Rp5.000.000",
                 "24 (dua puluh empat) bulan", "bukan persetujuan kredit"):  # fmt: skip
        assert part in said, part
    assert "33740148" not in said, "no NIK"


@pytest.mark.parametrize("state", [State.DRAFT, State.SUBMITTED])
def test_where_nothing_is_decided_there_is_no_letter(
    sign_in: SignIn, session: Session, people: dict[str, int], state: State
) -> None:
    made = factories.application(session, people, to=state)
    session.commit()
    client = sign_in("staff")
    assert "Surat kepada pemohon</a>" not in text_of(client, f"/permohonan/{made}")
    assert "Belum ada yang disampaikan" in page_of(client, made)
    assert press(client, made, shown="x") == 409
    assert papers(session) == []


def test_it_is_issued_once_however_often_it_is_pressed(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = told(session, people, State.APPROVED)
    session.commit()
    client, other, key = sign_in("staff"), sign_in("staff2"), "k" * 32
    seen = page_of(other, made).partition('name="shown" value="')[2].partition('"')[0]
    assert press(client, made, key=key) == 302
    assert press(client, made, key=key, shown=seen) == 302
    assert press(other, made, shown=seen) == 302
    assert len(papers(session)) == 1
    page = page_of(other, made)
    assert "Surat nomor 001/" in page
    assert "oleh Staff." in page
    assert "Terbitkan surat" not in page


def test_what_was_not_shown_is_not_issued(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = told(session, people, State.APPROVED)
    session.commit()
    client = sign_in("staff")
    assert press(client, made, shown="0" * 64) == 409
    assert papers(session) == []


def test_the_paper_stays_as_it_was_issued(
    sign_in: SignIn, session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    made = told(session, people, State.APPROVED)
    paper = issued(session, people, made)
    session.commit()
    client = sign_in("staff")
    before, page = printed(client, paper), page_of(client, made)
    for borrower in session.scalars(select(Borrower)):
        borrower.name, borrower.address = "Nama Baru", "Pindah"
    session.commit()
    clock.move_to(dt.datetime(2027, 3, 1, 3, 0, tzinfo=dt.UTC))
    client = sign_in("approver")
    assert printed(client, paper) == before
    again = page_of(client, made)
    assert "Siti Aminah" in again
    assert "Pindah" not in again
    assert "Terbit 24 November 2026" in page
    session.rollback()
    data: Any = paper_data(session, paper)
    assert data["letter"]["recipient"][1] == "Siti Aminah"


def test_what_is_returned_twice_is_told_twice(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = told(session, people, State.RETURNED)
    issued(session, people, made)
    clerk = Author(people["staff"], Role.OFFICE_STAFF, now())
    submit(session, made, shown=shown_of(session, made), author=clerk, elsewhere=lambda *_: [])
    bring(session, people, made, State.RETURNED)
    session.commit()
    client = sign_in("staff")
    assert "Terbitkan surat" in page_of(client, made)
    assert press(client, made) == 302
    assert [number[:3] for number, _ in papers(session)] == ["001", "002"]
    page = page_of(client, made)
    assert "002/" in page
    assert "Surat yang sudah terbit untuk permohonan ini" in page


def test_a_disbursed_one_keeps_its_letter_to_be_printed_again(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = told(session, people, State.APPROVED)
    issued(session, people, made)
    session.commit()
    session.execute(text("UPDATE applications SET state = 'disbursed', due_on = NULL"))
    session.commit()
    page = page_of(sign_in("staff"), made)
    assert "001/SETUJU" in page
    assert "Terbitkan surat" not in page


def test_a_reason_that_only_the_office_may_read_is_not_told(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = told(session, people, State.REFUSED_BY_BANK, reason="other", note="Kenal debitur macet")
    paper = issued(session, people, made)
    session.commit()
    said = flat(printed(sign_in("staff"), paper))
    assert "Pertimbangan lain dari bank" in said
    assert "Alasan lain" not in said
    assert "Kenal" not in said


def test_the_whole_amount_is_told_without_less(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = told(session, people, State.APPROVED, amount=5_000_000, name="Nguyễn Thị Łucja")
    paper = issued(session, people, made)
    session.commit()
    said = flat(printed(sign_in("staff"), paper))
    assert "lebih rendah" not in said
    assert "Nguyễn Thị Łucja" in said


def test_a_date_that_is_over_is_not_written_into_a_letter(
    sign_in: SignIn, session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    made = told(session, people, State.RETURNED)
    session.commit()
    clock.move_to(dt.datetime(2027, 3, 1, 3, 0, tzinfo=dt.UTC))
    paper = issued(session, people, made)
    session.commit()
    assert "melengkapinya secepatnya di kantor kami" in flat(printed(sign_in("staff"), paper))


def test_only_the_staff_issues_and_neither_bank_sees_it(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = told(session, people, State.APPROVED)
    session.commit()
    for who in ("approver", "auditor"):
        page = page_of(sign_in(who), made)
        assert "Petugas dinas menerbitkan surat ini" in page
        assert sign_in(who).post(f"/permohonan/{made}/surat/terbitkan").status_code == 403
    for who in ("pasar", "jateng", "leader", "admin"):
        assert sign_in(who).get(f"/permohonan/{made}/surat").status_code == 403
    assert sign_in("staff").get("/permohonan/999/surat").status_code == 404
    assert sign_in("staff").get("/surat-keluar/999/surat.pdf").status_code == 404


def test_issuing_and_each_printing_are_recorded(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = told(session, people, State.APPROVED)
    session.commit()
    client = sign_in("staff")
    assert press(client, made) == 302
    printed(client)
    session.rollback()
    actions = ("paper_issued", "paper_printed")
    kept = select(TrailEntry.action, TrailEntry.detail).where(TrailEntry.action.in_(actions))
    assert [tuple(row) for row in session.execute(kept.order_by(TrailEntry.id))] == [
        ("paper_issued", "001/SETUJU/KW/XI/2026: Permohonan PM-000001"),
        ("paper_printed", ""),
    ]


@pytest.mark.parametrize("statement", ["UPDATE notices SET paper_id = 1", "DELETE FROM notices"])
def test_the_database_keeps_which_paper_told_what(
    session: Session, people: dict[str, int], statement: str
) -> None:
    made = told(session, people, State.APPROVED)
    issued(session, people, made)
    session.commit()
    assert session.scalars(select(Notice.paper_id)).all() == [1]
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))


@pytest.mark.parametrize(("months", "said"), [(12, "12 (dua belas) bulan"), (1, "1 (satu) bulan")])
def test_months_are_written_in_figures_and_words(months: int, said: str) -> None:
    assert months_in_words(months) == said
