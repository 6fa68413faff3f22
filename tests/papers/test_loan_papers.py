"""The papers of a loan: what each says, when it is issued again, and when it counts no more."""

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
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import ApartClient, prepared
from wibawa.letters.actions import withdraw
from wibawa.letters.documents import PaperKind
from wibawa.letters.models import IssuedPaper
from wibawa.letters.queries import paper_data
from wibawa.loans.models import LedgerEntry
from wibawa.papers.actions import Clerk, issue
from wibawa.papers.queries import papers_of_loan, why_void
from wibawa.printing.issued import paper_pdf
from wibawa.rules.refused import Refused
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]
JOKO = "Joko Susilo"


def _loan(session: Session, people: dict[str, int]) -> int:
    """Rp5.000.000 flat at Bank Pasar, 24 months since 31 January 2026: 208.333 + 12.500 a month.

    Entry 2 paid two months and a penalty of 5.000 on 31 March, entry 3 paid 100.000 on 30 April.
    """
    by, second = people["staff"], people["approver"]
    made = factories.loan(session, by, second, name=JOKO)
    paid = 2 * 220_833 + 5_000
    factories.payment(session, made, paid, dt.date(2026, 3, 31), by, second, penalty=5_000)
    factories.payment(session, made, 100_000, dt.date(2026, 4, 30), by, second)
    return made


loan = prepared(_loan)


def clerk(people: dict[str, int]) -> Clerk:
    return Clerk(people["staff"], "Ani Lestari", now())


def issued(
    session: Session, people: dict[str, int], loan: int, kind: PaperKind, entry: int | None = None
) -> int:
    made = issue(session, loan, kind, clerk(people), entry)
    session.commit()
    return made


def said(session: Session, paper: int) -> str:
    """All that the paper says, on one line."""
    data = paper_data(session, paper)
    assert data is not None
    return flat(paper_pdf(data, "https://wibawa.example"))


def flat(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf), strict=True).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def pay_off(session: Session, people: dict[str, int], loan: int) -> None:
    rest = 5_300_000 - 2 * 220_833 - 100_000
    factories.payment(session, loan, rest, dt.date(2026, 11, 2), people["staff"],
                      people["approver"])  # fmt: skip
    session.commit()


def undo(session: Session, people: dict[str, int], loan: int, entry: int) -> None:
    """A counter-entry of today."""
    old = session.get_one(LedgerEntry, (loan, entry))
    last = session.scalar(select(func.max(LedgerEntry.sequence)).where(
        LedgerEntry.loan_id == loan))  # fmt: skip
    session.add(
        LedgerEntry(
            loan_id=loan, sequence=int(last or 0) + 1, bank_id=old.bank_id, kind="reversal",
            amount=old.amount, applied=-old.applied, effective_on=today(), booked_on=today(),
            booked_at=now(), entered_by=people["staff"], approved_by=people["approver"],
            reverses=entry, note="Salah rekening",
        )
    )  # fmt: skip
    session.commit()


def test_a_schedule_is_issued_with_its_number_and_code_once_for_its_version(
    session: Session, people: dict[str, int], loan: int, clock: time_machine.Traveller
) -> None:
    first = issued(session, people, loan, PaperKind.SCHEDULE)
    clock.shift(dt.timedelta(days=40))
    assert issued(session, people, loan, PaperKind.SCHEDULE) == first
    text_ = said(session, first)
    for part in ("Nomor 001/JADWAL/KW/XI/2026", JOKO, "220.833", "220.841", "5.300.000",
                 "Diterbitkan 24 November 2026 10.00 WIB oleh Ani Lestari", "Pindai"):  # fmt: skip
        assert part in text_


def test_a_card_has_a_row_for_each_part_of_each_payment_and_one_for_what_waits(
    session: Session, people: dict[str, int], loan: int
) -> None:
    text_ = said(session, issued(session, people, loan, PaperKind.CARD))
    for row in (
        "1 31/03/2026 28/02/2026 208.333 12.500 5.000 225.833 4.791.667",
        "2 31/03/2026 31/03/2026 208.333 12.500 220.833 4.583.334",
        "3 30/04/2026 30/04/2026 87.500 12.500 100.000 4.495.834",
        "3 30/04/2026 4 31/05/2026 5 30/06/2026",
        "24 31/01/2028",
        "Jumlah 504.166 37.500 5.000 546.666 4.495.834",
        "tunggakan Rp1.445.831, lewat jatuh tempo 208 hari",
        "KARTU ANGSURAN",
        "Nomor: 001/KARTU/KW/XI/2026",
        "Ani Lestari",
    ):
        assert row in text_, row


def test_a_card_of_the_same_day_is_the_same_paper_until_money_comes(
    session: Session, people: dict[str, int], loan: int
) -> None:
    first = issued(session, people, loan, PaperKind.CARD)
    assert issued(session, people, loan, PaperKind.CARD) == first
    factories.payment(session, loan, 50_000, today(), people["staff"], people["approver"])
    second = issued(session, people, loan, PaperKind.CARD)
    assert second != first
    assert "lebih baru" in why_void(session, first, today())
    assert why_void(session, second, today()) == ""


def test_a_receipt_says_in_words_what_came_where_it_went_and_what_is_left(
    session: Session, people: dict[str, int], loan: int
) -> None:
    paper = issued(session, people, loan, PaperKind.RECEIPT, 2)
    text_ = said(session, paper)
    for part in (
        "BUKTI PENCATATAN PEMBAYARAN",
        "Rp446.666 (empat ratus empat puluh enam ribu enam ratus enam puluh enam rupiah)",
        "1 28 Februari 2026 208.333 12.500 5.000 225.833",
        "2 31 Maret 2026 208.333 12.500 220.833",
        "Jumlah 416.666 25.000 5.000 446.666",
        "Baki debet sesudah pembayaran ini: Rp4.583.334",
        "Dicatat langsung oleh dinas",
    ):
        assert part in text_, part
    assert issued(session, people, loan, PaperKind.RECEIPT, 2) == paper


def test_a_receipt_counts_no_more_once_its_payment_is_reversed(
    session: Session, people: dict[str, int], loan: int
) -> None:
    paper = issued(session, people, loan, PaperKind.RECEIPT, 3)
    assert why_void(session, paper, today()) == ""
    undo(session, people, loan, 3)
    assert "dibatalkan" in why_void(session, paper, today())
    with pytest.raises(Refused) as refused:
        issue(session, loan, PaperKind.RECEIPT, clerk(people), 3)
    assert refused.value.code == "no_such_payment"


@pytest.mark.parametrize("entry", [None, 1, 99])
def test_only_money_that_came_in_has_a_receipt(
    session: Session, people: dict[str, int], loan: int, entry: int | None
) -> None:
    with pytest.raises(Refused):
        issue(session, loan, PaperKind.RECEIPT, clerk(people), entry)


def test_nothing_says_paid_off_while_a_rupiah_is_owed(
    session: Session, people: dict[str, int], loan: int
) -> None:
    with pytest.raises(Refused) as refused:
        issue(session, loan, PaperKind.PAYOFF, clerk(people))
    assert "Rp4.758.334" in refused.value.sentence  # 5.300.000 less 441.666 and 100.000


def test_a_payoff_statement_falls_with_a_reversal_and_a_new_one_follows_the_money(
    session: Session, people: dict[str, int], loan: int, clock: time_machine.Traveller
) -> None:
    pay_off(session, people, loan)
    paper = issued(session, people, loan, PaperKind.PAYOFF)
    text_ = said(session, paper)
    for part in ("SURAT KETERANGAN LUNAS", "lunas pada 2 November 2026", JOKO, "Rp5.000.000",
                 "Rp300.000"):  # fmt: skip
        assert part in text_, part
    assert issued(session, people, loan, PaperKind.PAYOFF) == paper
    undo(session, people, loan, 3)
    assert "dibuka kembali" in why_void(session, paper, today())
    clock.shift(dt.timedelta(days=3))
    factories.payment(session, loan, 100_000, today(), people["staff"], people["approver"])
    other = issued(session, people, loan, PaperKind.PAYOFF)
    assert other != paper
    assert "lunas pada 27 November 2026" in said(session, other)


def test_a_withdrawn_paper_may_be_issued_again(
    session: Session, people: dict[str, int], loan: int
) -> None:
    first = issued(session, people, loan, PaperKind.SCHEDULE)
    withdraw(session, first, "Nama salah eja", people["staff"], now())
    second = issued(session, people, loan, PaperKind.SCHEDULE)
    assert second != first
    states = {paper.id: paper.void for paper in papers_of_loan(session, loan, today())}
    assert states == {second: "", first: "Surat ini ditarik."}


def test_a_version_that_has_ended_voids_its_schedule(
    session: Session, people: dict[str, int], loan: int
) -> None:
    paper = issued(session, people, loan, PaperKind.SCHEDULE)
    far = dt.date(9999, 12, 30)
    assert why_void(session, paper, far) == ""
    session.execute(text("UPDATE schedules SET ends_on = :day"), {"day": today()})
    assert "diganti" in why_void(session, paper, today())


def test_a_reprint_next_year_is_byte_for_byte_the_first_print(
    session: Session, people: dict[str, int], loan: int, clock: time_machine.Traveller
) -> None:
    pay_off(session, people, loan)
    kinds = ((PaperKind.SCHEDULE, None), (PaperKind.CARD, None), (PaperKind.RECEIPT, 2),
             (PaperKind.PAYOFF, None))  # fmt: skip
    papers = [issued(session, people, loan, kind, entry) for kind, entry in kinds]
    before = [paper_pdf(paper_data(session, paper) or {}, "https://a.example") for paper in papers]
    session.execute(text("UPDATE borrowers SET name = 'Nama Lain', address = ''"))
    session.commit()
    clock.shift(dt.timedelta(days=400))
    after = [paper_pdf(paper_data(session, paper) or {}, "https://a.example") for paper in papers]
    assert before == after


@pytest.mark.parametrize(
    "name",
    ["D'Arcy (Toko) O\\Neil", "Šárka Nguyễn 陳", "W" * 120, "\u202eterbalik <b>", "Raden " * 19],
)
def test_odd_names_break_no_paper(session: Session, people: dict[str, int], name: str) -> None:
    by, second = people["staff"], people["approver"]
    loan = factories.loan(session, by, second, name=name[:120])
    factories.payment(session, loan, 220_833, dt.date(2026, 3, 31), by, second)
    for kind, entry in ((PaperKind.SCHEDULE, None), (PaperKind.CARD, None), (PaperKind.RECEIPT, 2)):
        data = paper_data(session, issued(session, people, loan, kind, entry))
        assert data is not None
        pdf = paper_pdf(data, "https://wibawa.example")
        count = len(PdfReader(io.BytesIO(pdf), strict=True).pages)
        assert count <= (2 if kind is PaperKind.CARD else 1), kind
        assert "208.333" in flat(pdf)


def test_a_plain_card_of_two_years_is_one_page_and_a_long_one_repeats_its_headings(
    session: Session, people: dict[str, int], loan: int
) -> None:
    data = paper_data(session, issued(session, people, loan, PaperKind.CARD))
    assert data is not None
    pages = PdfReader(io.BytesIO(paper_pdf(data, "https://a.example")), strict=True).pages
    assert len(pages) == 1
    grid = data["letter"]["body"][1]["grid"]
    grid[1] = grid[1] * 3
    pages = PdfReader(io.BytesIO(paper_pdf(data, "https://a.example")), strict=True).pages
    assert len(pages) >= 2
    for page in pages:
        assert "Baki debet (Rp)" in page.extract_text()


# — the page —


def page_of(client: factories.Client, loan: int) -> str:
    answer = client.get(f"/pinjaman/{loan}/cetak")
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def press(client: factories.Client, loan: int, kind: str, **more: str) -> Any:
    body = {"request_key": secrets.token_hex(16)} | more
    return client.post(f"/pinjaman/{loan}/cetak/{kind}", data=body)


def test_the_page_offers_each_paper_and_shows_what_was_issued(sign_in: SignIn, loan: int) -> None:
    client = sign_in("staff")
    page = page_of(client, loan)
    assert "Terbitkan jadwal" in page
    assert "masih ada Rp4.758.334" in page
    assert "Cetak konsep tanpa nomor" in page
    for kind, more in (("jadwal", {}), ("kartu", {}), ("bukti", {"entri": "2"})):
        assert press(client, loan, kind, **more).status_code == 302
    page = page_of(client, loan)
    for number in ("001/JADWAL/KW/XI/2026", "001/KARTU/KW/XI/2026", "001/BUKTI/KW/XI/2026"):
        assert number in page
    assert "Terbitkan jadwal" not in page
    link = re.search(rf'"(/pinjaman/{loan}/cetak/\d+\.pdf)"', page)
    assert link
    assert client.get(link[1]).mimetype == "application/pdf"


def test_a_print_of_an_issued_schedule_is_the_issued_one(sign_in: SignIn, loan: int) -> None:
    client = sign_in("staff")
    draft = flat(client.get(f"/pinjaman/{loan}/jadwal.pdf").get_data())
    assert "JADWAL/KW" not in draft
    press(client, loan, "jadwal")
    assert "001/JADWAL/KW/XI/2026" in flat(client.get(f"/pinjaman/{loan}/jadwal.pdf").get_data())


def test_the_same_press_twice_issues_once(sign_in: SignIn, session: Session, loan: int) -> None:
    client, key = sign_in("staff"), secrets.token_hex(16)
    for _ in range(2):
        assert press(client, loan, "kartu", request_key=key).status_code == 302
    session.rollback()
    assert session.scalar(select(func.count()).select_from(IssuedPaper)) == 1


def test_what_cannot_be_issued_is_said_in_words(sign_in: SignIn, loan: int) -> None:
    answer = press(sign_in("staff"), loan, "lunas")
    assert answer.status_code == 409
    assert "belum lunas" in answer.get_data(as_text=True)


def test_a_bank_prints_what_was_issued_for_its_own_loans_only(
    app: Flask, sign_in: SignIn, session: Session, people: dict[str, int], loan: int
) -> None:
    paper = issued(session, people, loan, PaperKind.SCHEDULE)
    other = factories.loan(session, people["staff"], people["approver"], number=9,
                           bank_id=factories.JATENG)  # fmt: skip
    session.commit()
    mine, theirs = sign_in("pasar"), sign_in("jateng")
    assert "Terbitkan" not in page_of(mine, loan)
    assert mine.get(f"/pinjaman/{loan}/cetak/{paper}.pdf").status_code == 200
    assert theirs.get(f"/pinjaman/{loan}/cetak/{paper}.pdf").status_code == 404
    assert theirs.get(f"/pinjaman/{other}/cetak/{paper}.pdf").status_code == 404
    assert press(mine, loan, "kartu").status_code == 403


def test_the_page_asks_as_much_of_the_database_for_many_papers_as_for_one(
    app: Flask, sign_in: SignIn, loan: int
) -> None:
    client = sign_in("staff")
    press(client, loan, "jadwal")
    page_of(client, loan)
    with factories.counted_queries(app) as few:
        page_of(client, loan)
    for entry in ("2", "3"):
        press(client, loan, "bukti", entri=entry)
    page_of(client, loan)
    with factories.counted_queries(app) as many:
        page_of(client, loan)
    assert len(few) == len(many)


def test_whoever_holds_a_receipt_learns_that_it_was_undone(
    app: Flask, session: Session, people: dict[str, int], loan: int
) -> None:
    paper = issued(session, people, loan, PaperKind.RECEIPT, 3)
    data = paper_data(session, paper)
    assert data is not None
    address = f"/cek/{data['letter']['heading']['token']}"
    session.commit()
    app.test_client_class = ApartClient
    stranger = app.test_client()
    before = stranger.get(address).get_data(as_text=True)
    assert "masih berlaku" in before
    assert "J*** S***" in before
    undo(session, people, loan, 3)
    after = stranger.get(address).get_data(as_text=True)
    assert "Pencatatan pembayaran ini sudah dibatalkan." in after
