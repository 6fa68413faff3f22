from __future__ import annotations

import datetime as dt
from io import BytesIO

import pytest
from pypdf import PdfReader

from wibawa.letters.documents import (
    AttachedList,
    Facts,
    Heading,
    Letter,
    Letterhead,
    ListColumn,
    Points,
    Signatory,
)
from wibawa.printing.letters import letter_pdf

HEADING = Heading(
    "007/USULAN/KW/XI/2026",
    dt.date(2026, 11, 24),
    "Semarang",
    Letterhead(address=("Jl. Pemuda No. 175", "Kota Semarang 50139"), phone="(024) 3584077"),
    Signatory("Kepala Dinas", "Dra. Ratna Kusuma, M.M.", "19700101 199503 2 001", "Pembina"),
)


def sent(rows: int = 0, **changes: object) -> Letter:
    columns = (
        ListColumn("No", 1, right=True),
        ListColumn("Nama", 5),
        ListColumn("Jumlah", 3, True),
    )
    listed = AttachedList(
        "Daftar permohonan",
        columns,
        tuple((str(n), f"Peminjam {n}", f"{n}.000.000") for n in range(1, rows + 1)),
        ("", "Jumlah", "99"),
    )
    facts: dict[str, object] = {
        "heading": HEADING,
        "subject": "Usulan permohonan Kredit Wibawa",
        "recipient": ("Kepada", "Yth. Direktur Bank Pasar", "di Semarang"),
        "body": ("Dengan hormat,", Facts((("Jumlah", "Rp5.000.000"),)), Points(("Satu", "Dua"))),
        "attached": listed if rows else None,
    }
    return Letter(**{**facts, **changes})  # type: ignore[arg-type]


def read(pdf: bytes) -> PdfReader:
    return PdfReader(BytesIO(pdf), strict=True)


def flat(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


def test_a_letter_says_all_that_it_holds_on_one_upright_page() -> None:
    pdf = letter_pdf(sent(copies=("Wali Kota Semarang",)))
    pages = read(pdf).pages
    assert len(pages) == 1
    size = float(pages[0].mediabox.width), float(pages[0].mediabox.height)
    assert size == pytest.approx((595.28, 841.89), abs=0.01)
    text = flat(pdf)
    for said in (
        "DINAS KOPERASI DAN USAHA MIKRO", "Jl. Pemuda No. 175", "007/USULAN/KW/XI/2026",
        "Semarang, 24 November 2026", "Yth. Direktur Bank Pasar", "Rp5.000.000", "2. Dua",
        "Dra. Ratna Kusuma, M.M.", "Pembina", "NIP 19700101 199503 2 001",
        "1. Wali Kota Semarang", "Halaman 1 dari 1",
    ):  # fmt: skip
        assert said in text


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert letter_pdf(sent(60)) == letter_pdf(sent(60))


def test_a_long_list_repeats_its_head_and_ends_with_its_totals() -> None:
    pages = read(letter_pdf(sent(120))).pages
    assert len(pages) > 3
    for page in pages[1:]:
        assert float(page.mediabox.width) > float(page.mediabox.height)
        assert "Nama" in page.extract_text()
    assert "Lampiran surat nomor 007/USULAN/KW/XI/2026 tanggal 24 November 2026" in " ".join(
        pages[1].extract_text().split()
    )
    last = pages[-1].extract_text()
    assert "99" in last
    assert "Peminjam 120" in last  # totals never stand alone on a page
    assert f"Halaman {len(pages)} dari {len(pages)}" in last
    everything = " ".join(page.extract_text() for page in pages)
    assert all(f"Peminjam {n}" in everything for n in range(1, 121))


def test_the_file_tells_its_title_language_and_day() -> None:
    reader = read(letter_pdf(sent()))
    assert reader.metadata is not None
    assert reader.metadata.title == "Surat 007/USULAN/KW/XI/2026"
    assert reader.trailer["/Root"]["/Lang"] == "id-ID"  # type: ignore[index]
    assert reader.metadata.creation_date_raw == "D:20261124000000+07'00'"


def test_names_beyond_the_standard_faces_are_set_in_an_embedded_one() -> None:
    pdf = letter_pdf(sent(body=("Kepada Łukasz Nguyễn <b>&amp;</b>",)))
    assert "Łukasz Nguyễn <b>&amp;</b>" in flat(pdf)
    assert b"DejaVuSansCondensed" in pdf


def test_markup_and_control_characters_are_only_text() -> None:
    assert "a <font size=99> b" in flat(letter_pdf(sent(body=("a <font size=99>\x00\u202e b",))))


def test_without_a_name_the_line_stays_free_for_a_pen() -> None:
    head = Heading("1", dt.date(2026, 1, 1), "Semarang", Letterhead(), Signatory("Kepala Dinas"))
    text = flat(letter_pdf(sent(heading=head)))
    assert "NIP" in text
    assert "....." in text


@pytest.mark.parametrize("lines", range(20, 44))
def test_a_signature_never_stands_alone_on_a_page(lines: int) -> None:
    body = ("Dengan hormat,", Points(tuple("Satu" for _ in range(lines))), "Terima kasih.")
    pages = read(letter_pdf(sent(body=body))).pages
    signed = next(page.extract_text() for page in pages if "Dra. Ratna" in page.extract_text())
    assert "Terima kasih." in signed
