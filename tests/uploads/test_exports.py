"""What every list and report is as a workbook: typed, readable, and fit to be printed."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from wibawa.rules.refused import Problem
from wibawa.uploads.workbook import Sheet, list_workbook, marked_workbook, sheets_workbook

HEADINGS = ("Nama peminjam", "Nomor rekening", "Tanggal pencairan", "Plafon (Rp)", "Bagian (%)")
ROWS: tuple[tuple[Any, ...], ...] = (
    ("Siti", "0012345", dt.date(2026, 1, 31), 5_000_000, Decimal("7.94")),
    ("Toko " + "Maju " * 30, "0012346", dt.date(2026, 2, 1), 123_456_789_012, None),
)
NOTE = "Saringan: " + "semua pinjaman yang berjalan, " * 12
TOTALS = ("Jumlah", None, None, 123_461_789_012, None)


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.fixture(scope="module")
def sheet() -> Any:
    tables = [Sheet("Per bank", HEADINGS, (*ROWS, TOTALS), (), True, ["Cara membaca."])]
    return opened(sheets_workbook("Daftar A & B", tables, [NOTE])).worksheets[0]


def test_its_cells_are_typed_and_shown_as_the_office_writes_them(sheet: Any) -> None:
    name, account, day, amount, share = sheet[5]
    assert (account.value, account.data_type, account.number_format) == ("0012345", "s", "@")
    assert (day.value.date(), day.number_format) == (dt.date(2026, 1, 31), "dd/mm/yyyy")
    assert (amount.value, amount.number_format) == (5_000_000, "#,##0")
    assert (share.value, share.number_format) == (7.94, "#,##0.00")
    assert name.value == "Siti"


def test_its_head_stays_in_sight_and_its_totals_are_bold(sheet: Any) -> None:
    assert sheet.freeze_panes == "A5"
    assert [cell.value for cell in sheet[4]] == list(HEADINGS)
    assert [cell.alignment.horizontal for cell in sheet[4]] == ["left"] * 3 + ["right"] * 2
    assert all(cell.font.bold for row in (sheet[4], sheet[7]) for cell in row)
    assert sheet["A9"].value == "Cara membaca."


def test_every_column_is_as_broad_as_its_figures_and_long_texts_are_wrapped(sheet: Any) -> None:
    widths = [
        sheet.column_dimensions[get_column_letter(place)].width
        for place in range(1, len(HEADINGS) + 1)
    ]
    assert widths[0] == pytest.approx(48, abs=1)
    assert widths[2] >= len("31/01/2026")
    assert widths[3] >= len("123.461.789.012")
    assert sheet["A6"].alignment.wrap_text
    assert sheet.row_dimensions[2].height >= 4 * 15  # 370 characters over about a hundred


def test_it_prints_on_one_breadth_with_headings_and_page_numbers(sheet: Any) -> None:
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == "$4:$4"
    assert sheet.oddFooter.left.text == "Daftar A && B"
    assert sheet.oddFooter.right.text == "Halaman &P dari &N"


def test_a_narrow_list_stands_upright_and_its_sheet_has_its_name() -> None:
    book = opened(list_workbook("Selisih 2025", ("Kode", "Isi"), [("A", 1)], [NOTE]))
    assert book.sheetnames == ["Selisih 2025"]
    assert book.active.page_setup.orientation != "landscape"
    assert [str(each) for each in book.active.merged_cells.ranges] == ["A2:J2"]


def test_the_officers_own_file_keeps_its_head_in_sight_too() -> None:
    problems = [Problem(0, "", "sum_differs", "5", "Jumlah berkas tidak cocok.")]
    sheet = opened(marked_workbook(("NAMA",), [(2, ("Siti",))], problems)).active
    assert sheet.freeze_panes == "A3"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_years_and_numbers_of_things_have_no_thousands_and_no_rows_are_said_in_words() -> None:
    rows = [(2026, 1_234, 2_416)]
    sheet = opened(list_workbook("Masukan", ("Tahun", "Nomor", "Jumlah"), rows)).active
    assert [cell.number_format for cell in sheet[4]] == ["0", "0", "#,##0"]
    empty = opened(list_workbook("Selisih", ("Kode", "Sisa (Rp)"), [])).active
    assert empty["A4"].value == "Tidak ada baris."
    assert empty["B3"].alignment.horizontal == "right"
