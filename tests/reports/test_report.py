"""The one page of all reports, and its three kinds of files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import openpyxl
import pypdf
import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH, prepared
from tests.factories import counted_queries
from wibawa.banks.models import Bank
from wibawa.reports.catalogue import REPORTS

SignIn = Callable[[str], factories.Client]
PERIOD = "?dari=1/1/2026&sampai=31/10/2026&tanggal=31/10/2026"
MOST_QUERIES = 60  # of a page with its menu and session
PAGES = [
    (code, part)
    for code, definition in REPORTS.items()
    for part, _ in definition.parts or [("", "")]
]


loans = prepared(factories.two_banks)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@pytest.mark.parametrize("code", REPORTS)
def test_every_report_says_of_when_it_is_and_what_it_shows(
    loans: dict[str, int], sign_in: SignIn, code: str
) -> None:
    client = sign_in("leader")
    page = client.get(f"/laporan/{code}{PERIOD}").get_data(as_text=True)
    assert REPORTS[code].title in page
    assert "31 Oktober 2026" in page
    assert "yang dibukukan sesudah 31 Oktober 2026" in page or "bertanggal sampai" in page
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(f"/laporan/{code}/unduh.xlsx{PERIOD}").data)
    )
    for sheet in book.worksheets:
        said = [str(row[0].value) for row in sheet.iter_rows(max_row=12)]
        assert any("31 Oktober 2026" in line for line in said)
        assert any("Diekspor 24 November 2026 10.00 WIB oleh Leader" in line for line in said)
    text = client.get(f"/laporan/{code}/unduh.csv{PERIOD}").data.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text), delimiter=";"))) > 2
    paper = pypdf.PdfReader(io.BytesIO(client.get(f"/laporan/{code}/unduh.pdf{PERIOD}").data))
    assert REPORTS[code].title in str(paper.metadata and paper.metadata.title)
    assert paper.trailer["/Root"]["/Lang"] == "id-ID"
    assert len(paper.outline) == len(book.worksheets)
    assert "Halaman 1 dari" in paper.pages[0].extract_text()


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_parts_of_the_yearly_report_are_together_what_its_workbook_holds(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("leader")
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(f"/laporan/tahunan/unduh.xlsx{PERIOD}").data)
    )
    shown = []
    for part, name in REPORTS["tahunan"].parts:
        page = client.get(f"/laporan/tahunan{PERIOD}&bagian={part}").get_data(as_text=True)
        assert re.search(rf'aria-current="page">{name}<', page)
        assert f'type="hidden" name="bagian" value="{part}"' in page, "another period keeps it"
        shown += re.findall(r'<caption class="visually-hidden">([^<]*)<', page)
    assert len(shown) == len(book.sheetnames)
    for title, name in zip(shown, book.sheetnames, strict=True):
        assert title.startswith(name[:20]), "a sheet's name has no comma, and 31 characters at most"


def test_a_part_that_is_not_there_is_the_first_one(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("leader").get("/laporan/tahunan?bagian=lain").get_data(as_text=True)
    assert 'aria-current="page">Ringkasan<' in page


def test_an_unknown_report_is_not_there(sign_in: SignIn) -> None:
    assert sign_in("leader").get("/laporan/lainnya").status_code == 404


def test_a_report_of_one_bank_shows_that_bank_only(loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("leader")
    page = client.get("/laporan/pencairan?bank=PASAR&dari=1/1/2026").get_data(as_text=True)
    assert "24 November 2026, Bank Pasar" in page
    text = client.get("/laporan/pencairan/unduh.csv?bank=PASAR&dari=1/1/2026").data.decode()
    assert "Jumlah;2;10000000;0;0" in text
    assert "Bank Jateng" not in text


def test_odd_dates_are_answered_in_words(loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("leader")
    page = client.get("/laporan/pencairan?dari=besok").get_data(as_text=True)
    assert "Awal periode tidak terbaca; dipakai 1 Januari 2026." in page
    page = client.get("/laporan/pencairan?dari=31/10/2026&sampai=1/1/2026").get_data(as_text=True)
    assert "Awal periode sesudah akhirnya; keduanya ditukar." in page
    assert "1 Januari 2026 – 31 Oktober 2026" in page


def test_a_year_without_a_loan_says_that_there_is_no_data(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    text = (
        sign_in("leader")
        .get("/laporan/pencairan/unduh.csv?dari=1/1/2019&sampai=31/12/2025")
        .data.decode()
    )
    assert "2025;belum ada data;belum ada data;belum ada data;belum ada data" in text
    assert ";0" not in text


def test_a_name_that_looks_like_a_formula_stays_text(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    def rename(session: Session) -> None:
        session.get_one(Bank, factories.PASAR).name = "=1+1"

    factories.saved(app, rename)
    client = sign_in("leader")
    book = openpyxl.load_workbook(io.BytesIO(client.get("/laporan/kualitas/unduh.xlsx").data))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value == "=1+1"]
    assert [cell.data_type for cell in cells] == ["s"]
    assert "\r\n'=1+1;" in client.get("/laporan/kualitas/unduh.csv").data.decode()


def test_a_leader_reaches_loans_but_not_titipan(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("leader").get("/laporan/kuota").get_data(as_text=True)
    assert "/pinjaman?bank=PASAR&amp;cair=2026&amp;keadaan=semua" in page
    opened = sign_in("leader").get("/pinjaman?cair=2026-01&keadaan=semua").get_data(as_text=True)
    assert "Dicairkan Januari 2026" in opened
    assert "KW-000001" in opened
    later = sign_in("leader").get("/pinjaman?cair=2026-02&keadaan=semua").get_data(as_text=True)
    assert "KW-000001" not in later


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@pytest.mark.parametrize(("code", "part"), PAGES)
def test_the_number_of_queries_does_not_grow_with_the_books(
    app: Flask, people: dict[str, int], sign_in: SignIn, code: str, part: str
) -> None:
    client, address = sign_in("leader"), f"/laporan/{code}{PERIOD}&bagian={part}"
    client.get("/laporan")
    with counted_queries(app) as empty:
        client.get(address)
    factories.two_banks(app, people)
    with counted_queries(app) as filled:
        client.get(address)
    assert len(filled) == len(empty) <= MOST_QUERIES


@pytest.mark.parametrize(
    ("moment", "day", "year"),
    [
        ("2026-12-31T16:59:59+00:00", "31 Desember 2026", "1 Januari 2026"),
        ("2026-12-31T17:00:00+00:00", "1 Januari 2027", "1 Januari 2027"),
    ],
)
@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_year_begins_at_midnight_in_semarang(
    sign_in: SignIn, clock: time_machine.Traveller, moment: str, day: str, year: str
) -> None:
    clock.move_to(moment)
    page = sign_in("leader").get("/laporan/pencairan").get_data(as_text=True)
    assert f"{year} – {day}, Semua bank" in page
