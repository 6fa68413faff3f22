"""Makes the files of `mistakes/` again: `python -m tests.files.making`.

One file per fault (and a few that look odd but are right), small enough to be kept. What each must
say stands in `mistakes/answers.csv`, written by hand from the rules for files, not by running the
reader. `BUILT` are those too large to be kept; they are made when they are read.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import xlsxwriter

from tests.files import hostile

MISTAKES = Path(__file__).parent / "mistakes"
REGISTER = Path(__file__).parent / "register_mistakes"

HEADINGS = ("Nomor Rekening", "Nama", "Tanggal Bayar", "Jumlah Bayar", "Denda", "No Bukti")
ACCOUNT = "05698091148001"  # Wahyu Prasetyo's at Bank Pasar in the sample portfolio
DAY = dt.date(2026, 10, 15)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Row = Sequence[Any]
Make = Callable[[], bytes]


def row(
    account: Any = ACCOUNT,
    date: Any = "15-10-2026",
    amount: Any = "215.000,00",
    reference: Any = "A2",
    name: Any = "Wahyu Prasetyo",
    penalty: Any = "0",
) -> Row:
    return (account, name, date, amount, penalty, reference)


FIRST = row(reference="A1")


def csv(
    *rows: Row,
    head: Row | None = HEADINGS,
    mark: str = ";",
    encoding: str = "utf-8",
    end: str = "\r\n",
) -> bytes:
    lines = [*([head] if head else []), *rows]
    return "".join(mark.join(map(str, line)) + end for line in lines).encode(encoding)


def fault(**cells: Any) -> bytes:
    """A good row, and below it, in row 3, one with these cells."""
    return csv(FIRST, row(**cells))


def column(key: str, *cells: str, **more: Any) -> bytes:
    """A good row for each of these cells of one column."""
    return csv(*(row(**{key: cell, "reference": f"A{n}"}, **more) for n, cell in enumerate(cells)))


def book(
    *rows: Row,
    top: int = 0,
    left: int = 0,
    head: Row = HEADINGS,
    options: dict[str, Any] | None = None,
    touch: Callable[[Any, Any], None] | None = None,
) -> bytes:
    """A workbook of one sheet; `touch(book, sheet)` does what else is asked."""
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer, options or {})
    made.set_properties({"created": dt.datetime(2026, 11, 1)})  # noqa: DTZ001
    sheet = made.add_worksheet("Angsuran")
    fill(made, sheet, (head, *rows), top, left)
    if touch is not None:
        touch(made, sheet)
    made.close()
    return buffer.getvalue()


def fill(made: Any, sheet: Any, rows: Sequence[Row], top: int = 0, left: int = 0) -> None:
    day = made.add_format({"num_format": "dd-mm-yyyy"})
    moment = made.add_format({"num_format": "dd-mm-yyyy hh:mm"})
    for line, cells in enumerate(rows, top):
        for place, cell in enumerate(cells, left):
            if isinstance(cell, dt.datetime):
                sheet.write_datetime(line, place, cell, moment)
            elif isinstance(cell, dt.date):
                sheet.write_datetime(line, place, cell, day)
            elif isinstance(cell, bool):
                sheet.write_boolean(line, place, cell)
            elif isinstance(cell, (int, float)):
                sheet.write_number(line, place, cell)
            elif isinstance(cell, str) and cell.startswith("#"):
                sheet.write_formula(line, place, "=NA()", None, cell)
            elif isinstance(cell, str) and cell != "":
                sheet.write_string(line, place, cell)


def typed(**cells: Any) -> Row:
    """A row with a real date and a real number."""
    return row(**({"date": DAY, "amount": 215_000, "penalty": 0} | cells))


TYPED = typed(reference="A1")


def cell(**cells: Any) -> bytes:
    """A workbook with a good row, and below it, in row 3, one with these cells."""
    return book(TYPED, typed(**cells))


def titles(made: Any, sheet: Any) -> None:
    bold = made.add_format({"bold": True, "align": "center"})
    sheet.merge_range(0, 0, 0, 5, "PERUMDA BPR BANK PASAR KOTA SEMARANG", bold)
    sheet.merge_range(1, 0, 1, 5, "LAPORAN ANGSURAN KREDIT WIBAWA OKTOBER 2026", bold)
    sheet.write_string(2, 0, "Cabang: Johar")


def two_heading_rows() -> bytes:
    head = ("Nomor Rekening", "Nama", "Tanggal Bayar", "Angsuran", "", "", "No Bukti")
    below = ("", "", "", "Pokok", "Bunga", "Jumlah Bayar", "")

    def merge(made: Any, sheet: Any) -> None:
        for place in (0, 1, 2, 6):
            sheet.merge_range(0, place, 1, place, head[place])
        sheet.merge_range(0, 3, 0, 5, "Angsuran")

    payment = (ACCOUNT, "Wahyu Prasetyo", DAY, 200_000, 15_000, 215_000, "A1")
    return book(below, payment, head=head, touch=merge)


def more_sheet(name: str, hide: bool, *rows: Row) -> Callable[[Any, Any], None]:
    def add(made: Any, sheet: Any) -> None:
        other = made.add_worksheet(name)
        fill(made, other, rows)
        if hide:
            other.hide()

    return add


def only_sheet_hidden() -> bytes:
    def swap(made: Any, sheet: Any) -> None:
        made.add_worksheet("Depan").activate()
        made.get_worksheet_by_name("Depan").set_first_sheet()
        sheet.hide()

    return book(TYPED, touch=swap)


def formula(stored: Any) -> Callable[[Any, Any], None]:
    return lambda made, sheet: sheet.write_formula(2, 3, "=D2*1", None, stored)


def raw_row(number: int, amount: str) -> str:
    """A payment as XML, its amount `<v>215000</v>` or whatever else."""
    texts = {"A": ACCOUNT, "B": "15-10-2026"}
    cells = "".join(hostile.text_cell(f"{c}{number}", text) for c, text in texts.items())
    return f'<row r="{number}">{cells}<c r="C{number}">{amount}</c></row>'


def formula_without_value() -> bytes:
    """As a program writes it that does not reckon: a formula without its result."""
    rows = raw_row(2, "<v>215000</v>") + raw_row(3, "<f>C2*1</f>")
    return hostile.xlsx(hostile.heading_row() + rows)


def total_without_value() -> bytes:
    label = hostile.text_cell("A3", "TOTAL")
    total = f'<row r="3">{label}<c r="C3"><f>SUM(C2)</f></c></row>'
    return hostile.xlsx(hostile.heading_row() + raw_row(2, "<v>215000</v>") + total)


def rezipped(change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> bytes:
    """A good workbook whose parts were changed."""
    source = zipfile.ZipFile(io.BytesIO(book(TYPED)))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in change({name: source.read(name) for name in source.namelist()}).items():
            target.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def without_workbook(parts: dict[str, bytes]) -> dict[str, bytes]:
    return {"word/document.xml": b"<document/>", "[Content_Types].xml": parts["xl/styles.xml"]}


def open_document(parts: dict[str, bytes]) -> dict[str, bytes]:
    return {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}


def binary_workbook(parts: dict[str, bytes]) -> dict[str, bytes]:
    return {"xl/workbook.bin": b"\x83\x01\x00", "[Content_Types].xml": b"<Types/>"}


def broken_zip() -> bytes:
    """The directory at the end of the zip is written over."""
    good = book(TYPED)
    at = good.rindex(b"PK\x01\x02")
    return good[:at] + b"XXXX" + good[at + 4 :]


def damaged_sheet() -> bytes:
    """The packed bytes of the sheet are written over, the zip around them is whole."""
    good = book(TYPED)
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    at = info.header_offset + 30 + len(info.filename) + 40
    return good[:at] + b"\xff" * 60 + good[at + 60 :]


def total(label: str, amount: str, penalty: str = "", place: int = 1) -> Row:
    cells = ["", "", "", amount, penalty, ""]
    cells[place] = label
    return cells


def parts(*rows: Row, head: Row = ("Pokok", "Bunga")) -> bytes:
    return csv(*rows, head=(*HEADINGS, *head))


def ten_megabytes_and_one() -> bytes:
    start = csv(FIRST)
    return start + b" " * (10 * 1024 * 1024 + 1 - len(start) - 1) + b"x"


PAGE = (FIRST, row(reference="A2"), total("JUMLAH HALAMAN 1", "430.000"))
SECOND_PAGE = (HEADINGS, row(reference="A3"), total("Jumlah halaman 2", "215.000"))

CSV: dict[str, Make] = {
    # amounts
    "amounts_right": lambda: column(
        "amount", "215000", "215.000", "215.000,00", "215,000.00", "Rp215.000,-", "Rp 215.000",
        "215.000,-", "IDR 215.000", "Rp. 215.000,00", "215,000", " 215.000 ", "215000,00",
    ),
    "amount_with_sen_behind_a_point": lambda: fault(amount="215,000.50"),
    "amount_one_dot_five": lambda: fault(amount="1.5"),
    "amount_with_separators_mixed": lambda: fault(amount="2,15.000"),
    "amount_grouped_irregularly": lambda: fault(amount="21.50.00"),
    "amount_in_parentheses": lambda: fault(amount="(215.000)"),
    "amount_with_a_minus_behind": lambda: fault(amount="215.000-"),
    "amount_zero": lambda: fault(amount="0"),
    "amount_with_letter_o": lambda: fault(amount="215.O00"),
    "amount_with_spaces_inside": lambda: fault(amount="215 000"),
    "amount_empty": lambda: fault(amount=""),
    "amount_in_words": lambda: fault(amount="215 ribu"),
    "amount_in_dollars": lambda: fault(amount="$215"),
    "amount_in_scientific_notation": lambda: fault(amount="2,15E+05"),
    "amount_of_sixteen_digits": lambda: fault(amount="1234567890123456"),
    "penalty_negative": lambda: fault(penalty="-5.000"),
    "penalty_larger_than_the_amount": lambda: fault(penalty="300.000"),
    "penalty_unreadable": lambda: fault(penalty="lima ribu"),
    "parts_with_sen": lambda: parts((*FIRST, "200.000,25", "14.999,75")),
    "parts_without_amount": lambda: csv(
        (ACCOUNT, "Wahyu Prasetyo", "15-10-2026", "200.000", "15.000", "A1"),
        head=(*HEADINGS[:3], "Pokok", "Bunga", "No Bukti"),
    ),
    "parts_half_missing": lambda: csv(
        (ACCOUNT, "Wahyu Prasetyo", "15-10-2026", "200.000", "A1"),
        head=(*HEADINGS[:3], "Pokok", "No Bukti"),
    ),
    # dates
    "dates_right": lambda: column(
        "date", "15-10-2026", "15/10/2026", "2026-10-15", "15 Okt 2026", "15 Oktober 2026",
        "15.10.2026", "5-10-2026", "15-10-2026 13:45", "15-Oct-2026",
    ),
    "date_month_first": lambda: fault(date="10/25/2026"),
    "date_31_february": lambda: fault(date="31-02-2026"),
    "date_29_february_of_a_common_year": lambda: fault(date="29/02/2026"),
    "date_with_two_digit_year": lambda: fault(date="15-10-26"),
    "date_without_year": lambda: fault(date="15 Okt"),
    "date_of_eight_digits": lambda: fault(date="20261015"),
    "date_in_words": lambda: fault(date="kemarin"),
    "date_empty": lambda: fault(date=""),
    "date_zero": lambda: fault(date="00-00-0000"),
    "date_in_future": lambda: fault(date="15-10-2031"),
    "date_before_disbursement": lambda: fault(
        account="05384200896025", name="KSP Tanaman hias 25", date="03-08-2026"
    ),
    "date_before_cut_off": lambda: fault(date="30-09-2026"),
    # accounts
    "accounts_right": lambda: column(
        "account", f"'{ACCOUNT}", f" {ACCOUNT} ", "056-980.91148001", "05698 0911 48001"
    ),
    "account_of_nobody": lambda: fault(account="0999999999999"),
    "account_of_the_other_bank": lambda: fault(account="36296057401002", name="Mulyono Utomo"),
    "account_without_its_zero": lambda: fault(account="5698091148001"),
    "account_with_letter_o": lambda: fault(account="O5698091148001"),
    "account_of_spaces": lambda: fault(account="   "),
    "account_with_a_fraction": lambda: fault(account="5698091148001,5"),
    "account_in_scientific_notation": lambda: fault(account="5.69809E+12"),
    "account_of_question_marks": lambda: fault(account="????"),
    "account_of_41_digits": lambda: fault(account="1" * 41),
    "account_with_an_error": lambda: fault(account="#N/A"),
    # totals
    "total_labelled_in_the_account_column": lambda: csv(FIRST, total("JUMLAH", "215.000", place=0)),
    "total_labelled_grand_total": lambda: csv(FIRST, total("Grand Total :", "215.000")),
    "total_labelled_with_a_count": lambda: csv(FIRST, total("TOTAL 1 DEBITUR", "215.000")),
    "total_labelled_jumlah_keseluruhan": lambda: csv(
        FIRST, total("Jumlah Keseluruhan", "Rp 215.000,00", place=2)
    ),
    "total_of_the_penalties_wrong": lambda: csv(FIRST, total("TOTAL", "215.000", "1.000")),
    "total_below_the_readable_rows": lambda: csv(
        FIRST, row(amount="l"), total("TOTAL", "200.000")
    ),
    "totals_two_of_which_the_last_is_wrong": lambda: csv(
        FIRST, total("JUMLAH", "215.000"), total("TOTAL", "216.000")
    ),
    "totals_of_pages_right": lambda: csv(*PAGE, *SECOND_PAGE, total("GRAND TOTAL", "645.000")),
    "totals_of_pages_without_a_grand_total": lambda: csv(*PAGE, *SECOND_PAGE),
    "totals_of_pages_wrong": lambda: csv(*PAGE, *SECOND_PAGE, total("GRAND TOTAL", "640.000")),
    # rows
    "rows_blank_between": lambda: csv(FIRST, "", [""] * 6, row()),
    "headings_repeated_on_pages": lambda: csv(FIRST, HEADINGS, row()),
    "columns_numbered_below_the_headings": lambda: csv([1, 2, 3, 4, 5, 6], FIRST),
    "headings_only": lambda: csv(),
    "rows_with_too_few_cells": lambda: csv(FIRST, (ACCOUNT, "Wahyu Prasetyo")),
    # columns
    "columns_in_another_order": lambda: csv(
        *[[each[n] for n in (5, 3, 0, 2, 1, 4)] for each in (HEADINGS, FIRST)], head=None
    ),
    "columns_61": lambda: csv((*FIRST, *["x"] * 55), head=(*HEADINGS, *["K"] * 55)),
    "columns_61_of_which_one_is_blank": lambda: csv(
        (*FIRST, *[""] * 55), head=(*HEADINGS, *["K"] * 54, "")
    ),
    "column_of_accounts_missing": lambda: csv(FIRST[1:], head=HEADINGS[1:]),
    "column_of_amounts_missing": lambda: csv(FIRST[:3], head=HEADINGS[:3]),
    "column_of_dates_missing": lambda: csv(
        (ACCOUNT, "Wahyu", "215.000"), head=("No Rek", "Nama", "Jumlah")
    ),
    "column_of_amounts_by_a_surer_name": lambda: csv(
        (*FIRST, "999"), head=(*HEADINGS, "Jumlah")
    ),
    "columns_unknown_with_one_name": lambda: csv((*FIRST, "a", "b"), head=(*HEADINGS, "X", "X")),
    "headings_missing": lambda: csv(FIRST, row(), head=None),
    # references
    "reference_twice": lambda: fault(reference="A1"),
    "reference_twice_in_other_case_and_spaces": lambda: fault(reference="a 1"),
    "reference_twice_without_its_zeros": lambda: csv(
        row(reference="00771"), row(reference="771")
    ),
    "reference_too_long": lambda: fault(reference="B" * 65),
    "reference_with_an_error": lambda: fault(reference="#REF!"),
    "references_left_out": lambda: csv(row(reference="-"), row(reference="")),
    # against the books, see BEFORE
    "reference_already_posted": lambda: fault(date="05-10-2026", amount="100.000", reference="B1"),
    "reference_already_posted_in_small_letters": lambda: fault(
        date="05-10-2026", amount="100.000", reference="b 1"
    ),
    "reference_other_amount": lambda: fault(date="05-10-2026", amount="101.000", reference="B1"),
    "row_already_posted": lambda: fault(date="06-10-2026", amount="110.000", reference=""),
    "row_may_be_posted": lambda: fault(date="06-10-2026", amount="110.000", reference="A9"),
    "loan_closed": lambda: fault(account="05443254615003", name="Tutik Utomo"),
    "exceeds_outstanding": lambda: fault(
        account="04687291312008", name="Puspita Wibowo", amount="400.000"
    ),
    "name_differs": lambda: fault(name="Budi Hartanto"),
    # kinds, encodings, broken files
    "text_in_utf8_with_bom": lambda: csv(row(name="Wahyu “Prasetyo” é"), encoding="utf-8-sig"),
    "text_in_utf16_little_endian": lambda: csv(FIRST, mark="\t", encoding="utf-16"),
    "text_in_utf16_big_endian": lambda: csv(FIRST, mark=",", encoding="utf-16-be"),
    "text_in_windows_1252": lambda: csv(row(name="Wahyu – Prasetyo é"), encoding="cp1252"),
    "text_with_commas": lambda: csv(row(amount="215000"), mark=",", end="\n"),
    "text_with_tabs": lambda: csv(FIRST, mark="\t"),
    "text_with_lines_of_an_old_mac": lambda: csv(FIRST, row(), end="\r"),
    "text_with_its_separator_named": lambda: b"sep=;\r\n" + csv(FIRST, row(amount="x")),
    "text_with_a_break_in_a_cell": lambda: csv(
        row(name='"Wahyu\nPrasetyo"', reference="A1"), row(amount="x")
    ),
    "text_with_nul_bytes": lambda: csv(FIRST) + b"\0\0\0",
    "text_with_control_characters": lambda: csv(row(name="Wahyu\x01\x02")),
    "text_with_an_open_quotation_mark": lambda: csv(FIRST, row(name='"Wahyu')),
    "text_with_half_a_utf16_sign": lambda: csv(FIRST, encoding="utf-16") + b"\x01",
    "file_empty": lambda: b"",
    "file_of_blanks": lambda: b" \r\n\r\n\t",
    "web_page_named_excel": lambda: b"<html><body><table><tr><td>Nomor Rekening</td></tr></table>",
    "pdf": lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "picture": lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "letter": lambda: b"Dengan hormat,\r\nbersama ini kami kirim laporan angsuran.\r\n",
}  # fmt: skip

XLSX: dict[str, Make] = {
    "amount_as_a_number_with_sen": lambda: cell(amount=215_000.5),
    "amount_true": lambda: cell(amount=True),
    "amount_with_an_error": lambda: cell(amount="#N/A"),
    "amount_as_a_date": lambda: cell(amount=dt.date(2488, 8, 23)),
    "amount_as_text": lambda: cell(amount="215.000"),
    "amount_negative_number": lambda: cell(amount=-215_000),
    "dates_from_1900": lambda: book(TYPED),
    "dates_from_1904": lambda: book(TYPED, options={"date_1904": True}),
    "dates_with_a_time": lambda: book(
        typed(date=dt.datetime(2026, 10, 15, 23, 59), reference="A1")  # noqa: DTZ001
    ),
    "date_as_a_number": lambda: cell(date=46_310),
    "date_with_an_error": lambda: cell(date="#REF!"),
    "date_true": lambda: cell(date=True),
    "account_as_a_number": lambda: cell(account=5_698_091_148_001),
    "account_as_a_number_that_fits_two": lambda: cell(account=77_123, name="Siti Aminah"),
    "account_as_a_number_of_16_digits": lambda: cell(account=5_698_091_148_001_234),
    "account_as_a_number_with_a_fraction": lambda: cell(account=5_698_091_148.5),
    "account_as_a_date": lambda: cell(account=DAY),
    "account_with_an_error_in_a_cell": lambda: cell(account="#VALUE!"),
    "reference_as_a_number": lambda: cell(reference=771),
    "reference_as_a_number_with_a_fraction": lambda: cell(reference=7.5),
    "total_as_a_formula": lambda: book(
        TYPED,
        total("TOTAL", ""),
        touch=lambda made, sheet: sheet.write_formula(2, 3, "=SUM(D2:D2)", None, 215_000),
    ),
    "total_as_a_formula_without_value": total_without_value,
    "formula_with_value": lambda: book(TYPED, typed(amount=""), touch=formula(215_000)),
    "formula_with_an_error": lambda: book(TYPED, typed(amount=""), touch=formula("#DIV/0!")),
    "formula_without_value": formula_without_value,
    "titles_in_merged_cells": lambda: book(TYPED, top=4, touch=titles),
    "columns_blank_before": lambda: book(TYPED, typed(amount="x"), top=2, left=3),
    "headings_in_two_rows": two_heading_rows,
    "headings_with_line_breaks": lambda: book(
        TYPED, head=("NO.\nREKENING", "NAMA\nDEBITUR", "TGL\nBAYAR", "JUMLAH\n(Rp)", "DENDA", "REF")
    ),
    "rows_hidden": lambda: book(
        TYPED, typed(), touch=lambda made, sheet: sheet.set_row(2, None, None, {"hidden": True})
    ),
    "columns_hidden": lambda: book(
        TYPED,
        touch=lambda made, sheet: sheet.set_column(3, 4, None, None, {"hidden": True}),
    ),
    "sheet_hidden": lambda: book(TYPED, touch=more_sheet("Lama", True, HEADINGS, TYPED)),
    "sheet_hidden_with_the_only_table": only_sheet_hidden,
    "sheet_not_read": lambda: book(TYPED, touch=more_sheet("November", False, HEADINGS, TYPED)),
    "sheet_of_notes_beside": lambda: book(TYPED, touch=more_sheet("Catatan", False, ("Catatan",))),
    "workbook_empty": lambda: book(head=()),
    "workbook_headings_only": lambda: book(),
    "workbook_cut_in_half": lambda: book(TYPED)[:2500],
    "workbook_with_a_broken_directory": broken_zip,
    "workbook_with_a_damaged_sheet": damaged_sheet,
    "workbook_with_a_password": lambda: OLE + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le"),
    "workbook_of_the_old_excel": lambda: OLE + b"\0" * 600,
    "workbook_of_open_document": partial(rezipped, open_document),
    "workbook_in_binary": partial(rezipped, binary_workbook),
    "zip_without_a_workbook": partial(rezipped, without_workbook),
    "columns_61_in_a_workbook": lambda: book((*TYPED, *["x"] * 55), head=(*HEADINGS, *["K"] * 55)),
}

BUILT: dict[str, Make] = {
    "rows_100001.csv": lambda: csv(*[FIRST] * 100_001),
    "cell_of_200000_signs.csv": lambda: csv(row(name="W" * 200_000)),
    "bytes_10_mb_and_one.csv": ten_megabytes_and_one,
    "cell_at_xfd1048576.xlsx": hostile.far_cell,
    "xml_bomb.xlsx": hostile.xml_bomb,
}

REGISTER_FILES: dict[str, Make] = {
    "nik_as_a_number.xlsx": lambda: book(
        (3374014804850001, "Siti Aminah", "Miroto"), head=("NIK", "NAMA", "KELURAHAN")
    ),
}

# What Bank Pasar's books hold before any of these files comes: payments of October, one of them
# without a reference, and the last Rp16.645.308 that Tutik Utomo owed (flat: Rp25.125.000 + 6 %
# less Rp9.987.192 paid up to the cut-off).
BEFORE = csv(
    row(date="05-10-2026", amount="100.000", reference="B1"),
    row(date="06-10-2026", amount="110.000", reference=""),
    row("05443254615003", "07-10-2026", "16.645.308", "LUNAS", "Tutik Utomo"),
)


def files() -> dict[Path, Make]:
    """Every file that is kept, by its path."""
    return (
        {MISTAKES / f"{name}.csv": make for name, make in CSV.items()}
        | {MISTAKES / f"{name}.xlsx": make for name, make in XLSX.items()}
        | {REGISTER / name: make for name, make in REGISTER_FILES.items()}
    )


def main() -> None:
    for path, make in files().items():
        path.write_bytes(make())


if __name__ == "__main__":
    main()
