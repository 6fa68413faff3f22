"""Reminders issued together: all or nothing, numbered, in one PDF, the same when printed again."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from pypdf import PdfReader
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from tests.conftest import prepared
from wibawa.access.models import TrailEntry
from wibawa.arrears.models import Reminder
from wibawa.letters.models import IssuedPaper
from wibawa.web.clock import today

SignIn = Callable[[str], factories.Client]
ISSUE = "/tunggakan/surat/terbitkan"


loans = prepared(factories.two_banks)


def ticks(client: factories.Client) -> list[str]:
    page = client.get("/tunggakan/surat").get_data(as_text=True)
    return re.findall(r'name="pilih" value="([\d-]+)"', page)


def body(*chosen: str, key: str = "") -> dict[str, Any]:
    return {"pilih": list(chosen), "request_key": key or secrets.token_hex(16)}


def read(client: factories.Client, address: str) -> PdfReader:
    answer = client.get(address)
    assert answer.mimetype == "application/pdf", address
    return PdfReader(io.BytesIO(answer.get_data()), strict=True)


def flat(pages: Any) -> str:
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def count(session: Session, model: Any) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(model)) or 0)


def test_the_letters_are_previewed_issued_and_printed_in_one_file(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    chosen = ticks(client)
    assert chosen == ["1-1-1934154", "3-1-220833"], "9 × 214.906, and one installment"
    query = "&".join(f"pilih={each}" for each in chosen)
    page = text_of(client, f"/tunggakan/surat/periksa?{query}&lihat=3")
    for said in ("Surat Peringatan I (pertama)", "Rahayu Lestari", "Terbitkan 2 surat",
                 "Rp220.833 (dua ratus dua puluh ribu delapan ratus tiga puluh tiga rupiah)",
                 "paling lambat 1 Desember 2026", "0200000000003"):  # fmt: skip
        assert said in page, said
    assert count(session, IssuedPaper) == 0, "looking issues nothing"
    answer = client.post(ISSUE, data=body(*chosen))
    assert answer.headers["Location"] == "/tunggakan/surat/1"
    page = text_of(client, "/tunggakan/surat/1")
    assert "001/PERINGATAN/KW/XI/2026" in page
    assert "002/PERINGATAN/KW/XI/2026" in page
    assert ticks(client) == [], "nothing is left to send"
    book = read(client, "/tunggakan/surat/1/surat.pdf")
    assert [each.title for each in book.outline] == [  # type: ignore[union-attr]
        "Surat 001/PERINGATAN/KW/XI/2026", "Surat 002/PERINGATAN/KW/XI/2026",
    ]  # fmt: skip
    starts = [book.get_destination_page_number(each) for each in book.outline]  # type: ignore[arg-type]
    first, second = flat(book.pages[: starts[1]]), flat(book.pages[starts[1] :])
    for said in ("001/PERINGATAN/KW/XI/2026", "Siti Aminah", "Rp1.934.154", "28 Februari 2026",
                 "31 Oktober 2026", "lewat jatuh tempo 269 hari", "Bank Jateng"):  # fmt: skip
        assert said in first, said
        assert said in ("31 Oktober 2026",) or said not in second, said
    for said in ("002/PERINGATAN/KW/XI/2026", "Rahayu Lestari", "208.333", "12.500",
                 "Halaman 1 dari 1", "PK/0003"):  # fmt: skip
        assert said in second, said
    assert "33740148" not in first + second, "no NIK"
    assert book.metadata is not None
    assert book.metadata.title == "Surat peringatan, 2 surat"
    assert book.trailer["/Root"]["/Lang"] == "id-ID"  # type: ignore[index]


def test_the_file_and_each_letter_stay_as_they_were_issued(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int],
    clock: time_machine.Traveller,
) -> None:  # fmt: skip
    factories.reminders(session, people["staff"], loans["jateng"], loans["pasar_late"])
    session.commit()
    addresses = ("/tunggakan/surat/1/surat.pdf", "/tunggakan/3/surat/2.pdf",
                 "/surat-keluar/2/surat.pdf")  # fmt: skip
    client = sign_in("staff")
    before = [client.get(each).get_data() for each in addresses]
    assert before[1] == before[2]
    session.execute(text("UPDATE borrowers SET name = 'Nama Baru', address = ''"))
    factories.payment(session, 3, 220_833, today(), people["staff"], people["approver"])
    session.commit()
    clock.move_to(dt.datetime(2027, 3, 1, 3, 0, tzinfo=dt.UTC))
    client = sign_in("staff")
    assert [client.get(each).get_data() for each in addresses] == before


def test_the_second_and_third_letter_name_the_one_before_and_grow_firmer(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int],
    clock: time_machine.Traveller,
) -> None:  # fmt: skip
    for _ in range(3):
        factories.reminders(session, people["staff"], loans["jateng"])
        session.commit()
        clock.shift(14 * 86_400)
    client = sign_in("staff")
    said = [flat(read(client, f"/tunggakan/1/surat/{n}.pdf").pages) for n in (1, 2, 3)]
    assert "Surat Peringatan III (ketiga dan terakhir)" in said[2]
    assert "nomor 001/PERINGATAN/KW/XI/2026 tanggal 24 November 2026" in said[1]
    assert "nomor 002/PERINGATAN/KW/XII/2026 tanggal 8 Desember 2026" in said[2]
    assert "Ini peringatan terakhir" in said[2]
    assert "Menunjuk" not in said[0]
    assert "Tembusan" not in said[0]
    assert "1. Direktur Bank Jateng" in said[1]
    page = text_of(client, "/tunggakan/1")
    for grade in (1, 2, 3):
        assert f"Peringatan {grade}, " in page


def test_it_is_issued_once_however_often_it_is_pressed(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client, other = sign_in("staff"), sign_in("staff2")
    chosen, key = ticks(client), "k" * 32
    for _ in range(2):
        assert client.post(ISSUE, data=body(*chosen, key=key)).status_code == 302
    late = other.post(ISSUE, data=body(*chosen))
    assert late.status_code == 409
    assert "berubah sejak ditampilkan" in html.unescape(late.get_data(as_text=True))
    assert count(session, Reminder) == 2


@pytest.mark.parametrize("odd", ["3-1-220832", "3-2-220833", "2-1-1", "99-1-1"])
def test_what_changed_since_it_was_shown_stops_all_of_it(
    loans: dict[str, int], sign_in: SignIn, session: Session, odd: str
) -> None:
    client = sign_in("staff")
    assert client.post(ISSUE, data=body("1-1-1934154", odd)).status_code == 409
    assert count(session, IssuedPaper) == 0


def test_a_bank_prints_its_own_loans_letters_only(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.reminders(session, people["staff"], loans["jateng"], loans["pasar_late"])
    session.commit()
    client = sign_in("pasar")
    assert "/tunggakan/3/surat/2.pdf" in text_of(client, "/tunggakan/3")
    assert client.get("/tunggakan/3/surat/2.pdf").status_code == 200
    for address in ("/tunggakan/1/surat/1.pdf", "/tunggakan/3/surat/1.pdf",
                    "/tunggakan/3/surat/99.pdf"):  # fmt: skip
        assert client.get(address).status_code == 404, address
    assert client.get("/tunggakan/surat/1/surat.pdf").status_code == 403
    assert sign_in("leader").get("/tunggakan/3/surat/2.pdf").status_code == 403


def test_issuing_and_printing_are_recorded(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    assert client.post(ISSUE, data=body(*ticks(client))).status_code == 302
    read(client, "/tunggakan/surat/1/surat.pdf")
    session.rollback()
    kept = select(TrailEntry.action, TrailEntry.detail).where(TrailEntry.action.like("reminders%"))
    assert [tuple(row) for row in session.execute(kept.order_by(TrailEntry.id))] == [
        ("reminders_issued", "2 surat peringatan"),
        ("reminders_printed", ""),
    ]


def test_a_name_from_elsewhere_and_many_installments_never_break_a_page(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    name = "Nguyễn Thị Łucja O'Connor-" + "Panjang " * 12
    made = factories.loan(session, people["staff"], people["approver"], name=name[:120].strip(),
                          disbursed_on=dt.date(2024, 11, 1))  # fmt: skip
    factories.reminders(session, people["staff"], made)
    session.commit()
    said = flat(read(sign_in("staff"), "/tunggakan/surat/1/surat.pdf").pages)
    assert "Nguyễn Thị Łucja O'Connor" in said
    assert "1 November 2026" in said
    assert "Rp5.300.000 (lima juta tiga ratus ribu rupiah)" in said
    assert "Halaman 2 dari 2" in said
