"""The installment schedule as it is handed out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from wibawa.letters.documents import Letterhead, Signatory
from wibawa.printing.documents import (
    DEFAULT_LETTERHEAD,
    WIB,
    Paper,
    ScheduleDocument,
    schedule_document,
)
from wibawa.printing.fonts import BOLD, ITALIC, REGULAR, fit, tidy, width
from wibawa.printing.pdf import (
    FOOT,
    Sheet,
    _geometry,
    _page_sizes,
    _sign_line,
    schedule_pdf,
    schedules_pdf,
)
from wibawa.rules.dates import long_date, pay_by
from wibawa.rules.facts import HolidayRule, Method, Terms
from wibawa.rules.money import number
from wibawa.rules.schedule import schedule

PRINTED_ON = dt.datetime(2026, 11, 24, 9, 14, tzinfo=WIB)
EIGHTY = "Raden Ayu Kusumaningtyas Wirjodiningrat Sosrodiningrat Hadiwidjojo Poerwokoesoem"
HEADINGS = "No Jatuh tempo Pokok (Rp) Bunga (Rp) Jumlah angsuran (Rp) Sisa pokok (Rp)"
STRANGE_NAMES = (
    "D'Arcy (Toko) O\\Neil",
    EIGHTY,
    "Šárka Nguyễn 陳",
    "\u202eterbalik\u202c שלום مرحبا",
    "😀 Siti 🏠",
    "Siti\nRahayu\tW\x00\ud800",
    "W" * 300,
    "",
    "   ",
    "Café “Renée” – €5",
)


def document(months: int = 24, principal: int = 5_000_000, **changes: Any) -> ScheduleDocument:
    terms = Terms(principal, 300, months, Method.ANNUITY, dt.date(2026, 1, 31))
    facts: dict[str, Any] = {
        "terms": terms,
        "installments": schedule(terms),
        "loan_number": "KW-2026-000123",
        "agreement_number": "123/PK-KW/I/2026",
        "bank_name": "Bank Jateng",
        "account_number": "3-012-04567-8",
        "borrower_name": "Siti Rahayu Wulandari",
        "business_name": "Warung Makan Bu Siti",
        "address": "Jl. Kelud Raya No. 12",
        "kelurahan": "Petompon",
        "kecamatan": "Gajahmungkur",
        "printed_on": PRINTED_ON,
        "printed_by": "Ani Lestari",
        "officer": Signatory("Petugas", "Ani Lestari, S.E.", "19880417 201402 2 003"),
    }
    return schedule_document(**{**facts, **changes})


def read(pdf: bytes) -> PdfReader:
    return PdfReader(BytesIO(pdf), strict=True)


def flat(pdf: bytes) -> str:
    """All text of the file with single spaces, so that broken lines do not matter."""
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


def test_a_loan_of_24_months_fills_one_page_on_either_paper() -> None:
    for paper in Paper:
        pages = read(schedule_pdf(document(letterhead=Letterhead(paper=paper.name)))).pages
        assert len(pages) == 1
        size = float(pages[0].mediabox.width), float(pages[0].mediabox.height)
        assert size == pytest.approx(paper.value, abs=0.01)


def test_every_date_and_amount_of_the_schedule_stands_in_its_row() -> None:
    printed = document()
    text = flat(schedule_pdf(printed))
    for row in printed.rows:
        amounts = (row.principal, row.interest, row.total, row.balance)
        line = " ".join((str(row.number), long_date(row.due_on), *map(number, amounts)))
        assert line in text


def test_totals_foot_and_the_loan_is_written_out_in_words() -> None:
    printed = document()
    assert printed.totals == (5_000_000, 157_747, 5_157_747)
    assert printed.principal_in_words == "lima juta rupiah"
    text = flat(schedule_pdf(printed))
    assert "5.000.000 157.747 5.157.747" in text
    assert printed.principal_in_words in text


def test_the_paper_says_whose_loan_it_is_and_how_to_pay() -> None:
    text = flat(schedule_pdf(document()))
    for part in (
        "PEMERINTAH KOTA SEMARANG",
        "DINAS KOPERASI DAN USAHA MIKRO",
        "JADWAL ANGSURAN",
        "Siti Rahayu Wulandari",
        "Warung Makan Bu Siti",
        "Kelurahan Petompon, Kecamatan Gajahmungkur",
        "123/PK-KW/I/2026",
        "Rp5.000.000",
        "3,00% per tahun, anuitas",
        "24 bulan",
        "31 Januari 2026",
        "ke rekening nomor 3-012-04567-8 di Bank Jateng",
        "Semarang, 24 November 2026",
        "Ani Lestari, S.E.",
        "NIP 19880417 201402 2 003",
    ):
        assert part in text


def test_the_foot_tells_loan_version_page_moment_and_printer() -> None:
    text = flat(schedule_pdf(document(version=2, status_note="Menggantikan versi 1")))
    assert "Pinjaman KW-2026-000123 · Jadwal versi 2 · Dicetak 24 November 2026 09.14 WIB" in text
    assert "oleh Ani Lestari" in text
    assert "Halaman 1 dari 1" in text
    assert "Menggantikan versi 1" in text


def test_a_moment_in_another_zone_is_printed_in_western_indonesian_time() -> None:
    moment = dt.datetime(2026, 12, 31, 17, 30, tzinfo=dt.UTC)
    text = flat(schedule_pdf(document(printed_on=moment)))
    assert "Dicetak 1 Januari 2027 00.30 WIB" in text
    assert "Semarang, 1 Januari 2027" in text


def test_a_moment_without_a_zone_is_read_as_western_indonesian_time() -> None:
    printed = document(printed_on=PRINTED_ON.replace(tzinfo=None))
    assert printed.printed_on == PRINTED_ON


def test_the_day_to_pay_by_is_shown_only_when_a_holiday_moves_it() -> None:
    assert "Bayar paling lambat" not in flat(schedule_pdf(document()))
    moved = document(pay_by=lambda day: pay_by(day, HolidayRule.FOLLOWING, ()))
    text = flat(schedule_pdf(moved))
    assert "Jatuh tempo Bayar paling lambat Pokok (Rp)" in text
    assert "1 28 Februari 2026 2 Maret 2026 202.406" in text
    assert "paling lambat pada tanggal dalam kolom Bayar paling lambat" in text


def test_60_rows_go_on_with_repeated_headings_and_numbered_pages() -> None:
    pages = [
        " ".join(page.extract_text().split()) for page in read(schedule_pdf(document(60))).pages
    ]
    assert len(pages) == 2
    for index, page in enumerate(pages, 1):
        assert HEADINGS in page
        assert "JADWAL ANGSURAN" in page
        assert f"Halaman {index} dari 2" in page
        assert "KW-2026-000123" in page
    assert "Plafon terbilang" not in pages[0]
    assert "Plafon terbilang" in pages[1]
    assert "60 31 Januari 2031" in pages[1]


@pytest.mark.parametrize("paper", Paper)
def test_no_number_of_rows_runs_into_the_foot_or_leaves_a_signature_alone(paper: Paper) -> None:
    for rows in range(1, 241):
        sizes = _page_sizes(rows, paper)
        assert sum(sizes) == rows
        assert min(sizes) >= 1
        for page, size in enumerate(sizes, 1):
            last = page == len(sizes)
            sheet = Sheet(paper, DEFAULT_LETTERHEAD, 2, document().columns, page == 1, last, size)
            at = _geometry(sheet)
            lowest = _sign_line(sheet, at) - 13 if last else at.rules[-1]
            assert lowest >= FOOT


def test_pages_break_after_whole_years() -> None:
    assert _page_sizes(24, Paper.A4) == (24,)
    assert _page_sizes(36, Paper.A4) == (24, 12)
    assert _page_sizes(60, Paper.A4) == (36, 24)


def test_a_schedule_without_rows_still_prints() -> None:
    text = flat(schedule_pdf(document(installments=[])))
    assert "lima juta rupiah" in text
    assert "Halaman 1 dari 1" in text


def test_the_file_names_its_title_author_subject_and_language() -> None:
    reader = read(schedule_pdf(document()))
    about = reader.metadata
    assert about is not None
    assert about.title == "Jadwal Angsuran KW-2026-000123"
    assert about.author == "DINAS KOPERASI DAN USAHA MIKRO PEMERINTAH KOTA SEMARANG"
    assert about.subject == "Jadwal angsuran pinjaman Kredit Wibawa"
    assert about.creation_date == PRINTED_ON
    catalog: Any = reader.root_object
    assert catalog["/Lang"] == "id-ID"
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"].value is True


def test_the_same_data_gives_the_same_bytes() -> None:
    strange: dict[str, Any] = {"borrower_name": "Šárka Nguyễn"}
    assert schedule_pdf(document()) == schedule_pdf(document())
    assert schedule_pdf(document(**strange)) == schedule_pdf(document(**strange))
    assert schedule_pdf(document()) != schedule_pdf(document(version=2))


def test_a_plain_page_embeds_no_font_and_stays_small() -> None:
    pdf = schedule_pdf(document())
    assert b"/FontFile" not in pdf
    assert len(pdf) < 6 * 1024


def test_a_name_beyond_cp1252_embeds_only_what_it_needs() -> None:
    pdf = schedule_pdf(document(borrower_name="Šárka Nguyễn 陳"))
    assert b"/FontFile2" in pdf
    assert len(pdf) < 40 * 1024
    assert "Šárka Nguyễn □" in flat(pdf)


@pytest.mark.parametrize("name", STRANGE_NAMES, ids=ascii)
def test_strange_names_print_on_one_page_without_losing_an_amount(name: str) -> None:
    everywhere: dict[str, Any] = dict.fromkeys(
        ("borrower_name", "business_name", "address", "bank_name", "loan_number", "printed_by"),
        name,
    )
    text = flat(schedule_pdf(document(**everywhere, status_note=name, place=name)))
    assert "Halaman 1 dari 1" in text
    assert "24 31 Januari 2028 214.373 536 214.909 0" in text


def test_an_apostrophe_and_brackets_print_as_they_are() -> None:
    assert "D'Arcy (Toko) O\\Neil" in flat(
        schedule_pdf(document(borrower_name="D'Arcy (Toko) O\\Neil"))
    )
    assert "Café “Renée” – €5" in flat(schedule_pdf(document(business_name="Café “Renée” – €5")))


def test_a_name_of_eighty_characters_prints_in_full() -> None:
    assert EIGHTY in flat(schedule_pdf(document(borrower_name=EIGHTY)))


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=300),
    st.sampled_from((REGULAR, BOLD, ITALIC)),
    st.integers(60, 480),
    st.integers(1, 3),
)
def test_whatever_is_written_stays_within_its_place(
    text: str, face: Any, limit: int, lines: int
) -> None:
    fitted = fit(text, face, 9.2, limit, lines=lines, tight_lines=lines + 1)
    assert len(fitted.lines) <= lines + 1
    for line in fitted.lines:
        assert width(line, fitted.font, fitted.size) <= limit + 0.001


def test_characters_without_a_shape_of_their_own_are_left_out() -> None:
    assert tidy(" Siti\u200b \u202eRahayu\u202c\n\x07 W ") == "Siti Rahayu W"
    assert tidy("S\u030ca\u0301rka") == "Šárka"


def test_a_letterhead_prints_the_address_and_contacts_it_was_given() -> None:
    head = Letterhead(address=("Gedung A", "Jalan B", "Kota C"), phone="024 1", email="a@b.go.id")
    text = flat(schedule_pdf(document(letterhead=head)))
    assert "Gedung A, Jalan B, Kota C" in text
    assert "Telepon 024 1 · a@b.go.id" in text


@pytest.mark.parametrize("count", [0, 1, 3])
def test_any_number_of_signatories_stands_side_by_side(count: int) -> None:
    people = tuple(Signatory(f"Peran {n}", f"Nama {n}") for n in range(count))
    text = flat(schedule_pdf(replace(document(), signatories=people)))
    for who in people:
        assert who.role in text
        assert who.name in text


def test_a_batch_is_one_file_with_a_bookmark_for_each_loan() -> None:
    out = BytesIO()
    loans = (
        document(months, loan_number=f"KW-{months}", borrower_name=name)
        for months, name in ((24, "Ani"), (60, "Šárka 陳"), (12, "Budi"))
    )
    assert schedules_pdf(loans, out, "Jadwal November") == 4
    reader = read(out.getvalue())
    assert len(reader.pages) == 4
    assert reader.metadata is not None
    assert reader.metadata.title == "Jadwal November"
    marks = [
        (mark.title, reader.get_destination_page_number(mark))  # type: ignore[union-attr, arg-type]
        for mark in reader.outline
    ]
    assert marks == [("KW-24 · Ani", 0), ("KW-60 · Šárka 陳", 1), ("KW-12 · Budi", 3)]
    catalog: Any = reader.root_object
    assert catalog["/PageMode"] == "/UseOutlines"
    assert "Halaman 1 dari 1" in reader.pages[3].extract_text()


def test_a_batch_draws_what_pages_share_only_once() -> None:
    out = BytesIO()
    schedules_pdf((document(loan_number=f"KW-{n}") for n in range(50)), out, "Jadwal")
    assert out.getvalue().count(b"/Subtype /Form") == 1
    assert len(out.getvalue()) / 50 < 4 * 1024


def test_a_batch_of_nothing_writes_nothing() -> None:
    out = BytesIO()
    with pytest.raises(ValueError, match="no schedule"):
        schedules_pdf([], out, "Jadwal")
    assert out.getvalue() == b""
