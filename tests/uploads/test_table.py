"""From bytes to rows: headings by name, Excel's row numbers, and files that are no tables."""

from __future__ import annotations

import datetime as dt
import io
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.files import hostile
from tests.measuring import processor_seconds
from wibawa.uploads.limits import DEFAULT_LIMITS, Limits
from wibawa.uploads.table import Cell, Column, Table, Unreadable, read_table

SAMPLES = Path(__file__).parent.parent / "files" / "samples"
LAYOUT = (
    Column("account", "Nomor Rekening", ("NO REKENING",), needed=True),
    Column("paid_on", "Tanggal Bayar", ("TGL BAYAR",), needed=True),
    Column("amount", "Jumlah Bayar", ("JUMLAH",)),
    Column("principal", "Pokok"),
    Column("interest", "Bunga"),
)
HEAD = "No Rekening;Tgl Bayar;Jumlah\n"


def read(text: str | bytes, **limits: int) -> Table:
    content = text.encode() if isinstance(text, str) else text
    return read_table(content, "berkas", LAYOUT, limits=Limits(**limits))


def refused(text: str | bytes, **limits: int) -> tuple[str, str]:
    with pytest.raises(Unreadable) as caught:
        read(text, **limits)
    problem = caught.value.problem
    assert problem.row == 0
    assert problem.blocking
    return problem.code, problem.message


def workbook(*rows: list[Cell | None], **sheets: list[list[Cell | None]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


HEADINGS: list[Cell | None] = ["No Rekening", "Tgl Bayar", "Jumlah"]
PAYMENT: list[Cell | None] = ["001", dt.date(2026, 10, 5), 5000]


class TestHeadings:
    def test_are_found_below_title_rows_of_a_bank(self) -> None:
        content = (SAMPLES / "angsuran_jateng_2026-10.xlsx").read_bytes()
        table = read_table(content, "a.xlsx", LAYOUT)
        assert table.header_row == 5
        assert (table.rows[0][0], table.rows[-1][0], len(table.rows)) == (6, 121, 116)
        assert table.total_row is not None
        assert table.total_row[0] == 122
        assert table.sheet == "Angsuran"
        assert table.headings[7] == "JUMLAH"

    @pytest.mark.parametrize(
        "heading", ["NO. REKENING", "no_rekening", " No\n Rekening ", "NOREKENING", "No Rekening *"]
    )
    def test_are_known_whatever_the_case_spaces_dots_and_line_breaks(self, heading: str) -> None:
        table = read(f'"{heading}";Tgl. Bayar;Jumlah (Rp)\n1;2;3\n')
        assert table.columns == {"account": 0, "paid_on": 1, "amount": 2}

    def test_may_stand_after_blank_rows_and_columns(self) -> None:
        book = workbook()
        sheet = book.active
        assert sheet is not None
        for index, (heading, cell) in enumerate(zip(HEADINGS, PAYMENT, strict=True)):
            sheet.cell(7, 4 + index, heading)
            sheet.cell(8, 4 + index, cell)
        table = read(saved(book))
        assert table.header_row == 7
        assert table.columns == {"account": 3, "paid_on": 4, "amount": 5}
        assert table.rows == [(8, ["", "", "", *PAYMENT])]

    def test_may_take_two_rows_under_merged_cells(self) -> None:
        book = workbook(
            ["No Rekening", "Tgl Bayar", "Angsuran", None, None],
            [None, None, "Pokok", "Bunga", "Jumlah"],
            ["001", "05-10-2026", 4000, 1000, 5000],
        )
        assert book.active is not None
        book.active.merge_cells("C1:E1")
        table = read(saved(book))
        assert table.columns["principal"] == 2
        assert table.columns["amount"] == 4
        assert [row for row, _ in table.rows] == [3]

    def test_repeated_on_printed_pages_are_no_rows(self) -> None:
        table = read(HEAD + "1;2;3\n" + HEAD.upper() + "4;5;6\n")
        assert [row for row, _ in table.rows] == [2, 4]

    def test_may_be_followed_by_a_row_that_numbers_the_columns(self) -> None:
        head = "No Rekening;Nama;Tgl Bayar;Jumlah\n"
        assert [row for row, _ in read(head + "(1);(2);(3);(4)\n7;x;y;8\n").rows] == [3]

    def test_missing_are_named_with_what_stands_there(self) -> None:
        code, message = refused("No Rekening;Nama;Jumlah;Pokok\n1;2;3;4\n")
        assert code == "column_missing"
        assert "Tanggal Bayar" in message
        assert "No Rekening, Nama, Jumlah, Pokok" in message

    def test_not_found_at_all_name_what_is_needed(self) -> None:
        code, message = refused("apel;jeruk\n1;2\n")
        assert code == "column_missing"
        assert "Nomor Rekening, Tanggal Bayar" in message
        assert "apel, jeruk" in message

    def test_that_two_columns_claim_are_refused(self) -> None:
        code, message = refused("No Rekening;Tgl Bayar;Jumlah;JUMLAH\n1;2;3;4\n")
        assert code == "column_ambiguous"
        assert "JUMLAH" in message

    def test_of_the_surer_name_win(self) -> None:
        layout = (*LAYOUT[:2], Column("amount", "Jumlah Bayar", ("JUMLAH BAYAR", "JUMLAH")))
        content = b"No Rekening;Tgl Bayar;Jumlah;Jumlah Bayar\n1;2;3;4\n"
        assert read_table(content, "", layout).columns["amount"] == 3


class TestRows:
    def test_have_the_numbers_that_excel_shows_blank_lines_counted(self) -> None:
        table = read("Judul\n\n" + HEAD + '"00\n1";2;3\n\n;;\n4;5;6\n')
        assert [row for row, _ in table.rows] == [4, 7]

    @pytest.mark.parametrize(
        "label", ["JUMLAH", "Total", "GRAND TOTAL", "Total :", "jumlah seluruhnya"]
    )
    def test_labelled_as_total_are_no_payments(self, label: str) -> None:
        table = read(HEAD + f"1;2;3\n;{label};3\n")
        assert [row for row, _ in table.rows] == [2]
        assert table.total_row is not None
        assert table.total_row[0] == 3

    def test_of_an_account_whose_owner_is_called_total_are_payments(self) -> None:
        table = read("No Rekening;Tgl Bayar;Jumlah;Nama\n1;2;3;TOTAL\n")
        assert len(table.rows) == 1
        assert table.total_row is None

    def test_below_the_total_are_signatures_and_listed(self) -> None:
        table = read(HEAD + "1;2;3\n;TOTAL;3\n\n;;Semarang 31 Oktober\n;;Kepala Cabang\n")
        assert len(table.rows) == 1
        assert [(n.code, n.found, n.blocking) for n in table.notices] == [
            ("rows_below_total", "5–6", False)
        ]

    def test_short_of_cells_are_filled_up(self) -> None:
        assert read(HEAD + "1\n").rows == [(2, ["1", "", ""])]

    def test_hidden_in_excel_are_read_and_listed(self) -> None:
        book = workbook(HEADINGS, PAYMENT, PAYMENT, PAYMENT, PAYMENT)
        assert book.active is not None
        for row in (3, 4, 9):
            book.active.row_dimensions[row].hidden = True
        table = read(saved(book))
        assert len(table.rows) == 4
        assert [(n.row, n.code, n.found) for n in table.notices] == [(3, "rows_hidden", "3–4")]


class TestSheets:
    def test_the_one_with_the_headings_is_read(self) -> None:
        table = read(saved(workbook(["Catatan"], Data=[HEADINGS, PAYMENT])))
        assert table.sheet == "Data"

    def test_hidden_ones_are_listed_and_not_read(self) -> None:
        book = workbook(HEADINGS, PAYMENT, Lama=[HEADINGS, PAYMENT, PAYMENT])
        book["Lama"].sheet_state = "hidden"
        table = read(saved(book))
        assert len(table.rows) == 1
        assert [(n.code, n.found) for n in table.notices] == [("sheet_hidden", "Lama")]

    def test_a_second_one_with_headings_is_listed(self) -> None:
        table = read(saved(workbook(HEADINGS, PAYMENT, Nopember=[HEADINGS, PAYMENT])))
        assert [(n.code, n.found) for n in table.notices] == [("sheet_not_read", "Nopember")]

    def test_hidden_rows_belong_to_the_sheet_that_is_read(self) -> None:
        book = workbook(["Catatan"], [1], [2], Data=[HEADINGS, PAYMENT, PAYMENT])
        book["Data"].row_dimensions[3].hidden = True
        assert [n.row for n in read(saved(book)).notices] == [3]


class TestCells:
    def test_dates_of_both_bases_are_dates(self) -> None:
        book = workbook(HEADINGS, PAYMENT)
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        for content in (saved(book), saved(workbook(HEADINGS, PAYMENT))):
            assert read(content).rows[0][1][1] == dt.date(2026, 10, 5)

    def test_moments_keep_their_time(self) -> None:
        moment = dt.datetime(2026, 10, 5, 13, 14, 15)  # noqa: DTZ001
        assert read(saved(workbook(HEADINGS, ["1", moment, 5]))).rows[0][1][1] == moment

    @pytest.mark.parametrize("stored", ["", "<v></v>", "<v/>"])
    def test_a_formula_without_a_stored_value_is_a_problem_of_its_row(self, stored: str) -> None:
        amount = f"<f>SUM(A1:A2)</f>{stored}"
        content = hostile.xlsx(
            hostile.heading_row() + hostile.payment_row(2) + hostile.payment_row(3, amount=amount)
        )
        problems = read(content).problems
        assert [(p.row, p.column, p.code) for p in problems] == [
            (3, "JUMLAH", "formula_without_value")
        ]

    def test_a_formula_with_a_stored_value_gives_the_value(self) -> None:
        rows = hostile.heading_row() + hostile.payment_row(2, amount="<f>2500*2</f><v>5000</v>")
        table = read(hostile.xlsx(rows))
        assert table.rows[0][1][2] == 5000
        assert table.problems == []

    def test_a_styled_but_empty_cell_far_away_does_no_harm(self) -> None:
        far = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
        table = read(hostile.xlsx(hostile.heading_row() + hostile.payment_row(2) + far))
        assert [row for row, _ in table.rows] == [2]


class TestText:
    GOOD = "No Rekening{d}Tgl Bayar{d}Jumlah{d}Nama\r\n'001{d}05-10-2026{d}5000{d}Café D'Ëe\r\n"

    @pytest.mark.parametrize("delimiter", [";", ",", "\t"])
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
    )
    def test_is_read_in_every_usual_encoding_and_delimiter(
        self, encoding: str, delimiter: str
    ) -> None:
        table = read(self.GOOD.format(d=delimiter).encode(encoding))
        assert table.rows == [(2, ["'001", "05-10-2026", "5000", "Café D'Ëe"])]

    def test_may_name_its_delimiter_as_excel_does(self) -> None:
        assert [row for row, _ in read("sep=,\nNo Rekening,Tgl Bayar,Jumlah\n1,2,3\n").rows] == [2]

    def test_with_delimiters_inside_quotes_stays_whole(self) -> None:
        assert read(HEAD + '"1;2";"3 ""x""";4\n').rows[0][1] == ["1;2", '3 "x"', "4"]

    def test_with_a_quotation_mark_that_never_closes_swallows_no_rows(self) -> None:
        code, message = refused(HEAD + '"Toko;2;3\n4;5;6\n')
        assert code == "file_unreadable"
        assert "kutip" in message

    def test_with_nul_bytes_is_no_text(self) -> None:
        assert refused(HEAD.encode() + b"1;2;3\0\n")[0] == "file_unreadable"

    def test_kind_is_told_by_content_not_by_name(self) -> None:
        content = saved(workbook(HEADINGS, PAYMENT))
        assert len(read_table(content, "angsuran.csv", LAYOUT).rows) == 1
        assert len(read_table((HEAD + "1;2;3").encode(), "angsuran.xlsx", LAYOUT).rows) == 1


class TestLimits:
    def test_of_rows_columns_and_cells_refuse_in_words(self) -> None:
        assert refused(HEAD + "1;2;3\n" * 11, rows=10)[0] == "file_too_large"
        assert refused(HEAD + "1;" * 61 + "1\n")[0] == "file_too_large"
        assert refused(HEAD + "1;2;3\n" * 11, cells=20)[0] == "file_too_large"
        assert refused(HEAD + "1;2;3\n", content=10)[0] == "file_too_large"

    def test_let_exactly_as_many_rows_pass(self) -> None:
        assert len(read(HEAD + "1;2;3\n" * 10, rows=10).rows) == 10

    def test_hold_for_workbooks(self) -> None:
        many = saved(workbook(HEADINGS, *[PAYMENT] * 11))
        assert refused(many, rows=10)[0] == "file_too_large"
        assert refused(many, rows=2, spare_rows=0)[0] == "file_too_large"
        assert refused(many, cells=20)[0] == "file_too_large"
        assert refused(many, unpacked=1000)[0] == "file_too_large"
        wide = saved(workbook([*HEADINGS, *["x"] * 60]))
        assert refused(wide)[0] == "file_too_large"

    def test_of_time_end_the_child(self) -> None:
        with pytest.raises(Unreadable) as caught:
            read_table(saved(workbook(HEADINGS, PAYMENT)), "", LAYOUT, limits=Limits(seconds=0))
        assert caught.value.problem.code == "file_too_large"


class TestHostileFiles:
    @pytest.mark.parametrize("name", hostile.UNREADABLE)
    def test_that_are_no_tables_are_refused(self, name: str) -> None:
        code, message = refused(hostile.UNREADABLE[name]())
        assert code == "file_unreadable"
        assert message.endswith(".")

    def test_with_a_password_say_so(self) -> None:
        ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
        assert "kata sandi" in refused(ole)[1]

    def test_of_the_old_excel_say_how_to_save(self) -> None:
        assert ".xlsx" in refused(hostile.UNREADABLE["old Excel file"]())[1]

    @pytest.mark.parametrize("name", hostile.TOO_LARGE)
    def test_that_are_too_large_are_refused_in_words(self, name: str) -> None:
        content = hostile.TOO_LARGE[name]()
        start = processor_seconds()
        code, message = refused(content)
        assert code == "file_too_large"
        assert message.endswith(".")
        assert processor_seconds() - start < 3  # two seconds and what starting the child takes

    def test_stay_below_300_megabytes(self, tmp_path: Path) -> None:
        """Read in a fresh process whose memory is then measured; its children have a limit."""
        for number, build in enumerate(hostile.TOO_LARGE.values()):
            (tmp_path / f"{number}.bin").write_bytes(build())
        script = (
            "import pathlib, sys\n"
            "from wibawa.repayments.reader import Unreadable, read_repayments\n"
            "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
            "    try: read_repayments(path.read_bytes(), path.name)\n"
            "    except Unreadable: continue\n"
            "    raise SystemExit(path.name)\n"
            "status = pathlib.Path('/proc/self/status').read_text()\n"
            "print(status.split('VmHWM:')[1].split()[0])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert int(done.stdout) < 300 * 1024

    def test_the_child_may_not_take_more_than_300_megabytes(self) -> None:
        assert DEFAULT_LIMITS.memory < 300 * 1024 * 1024


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    read_or_refuse(content)


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="No Rekening;Tgl Bayar,Jumlah\n\r\t\"'0123456789.-é\x00\ufeff", max_size=300)
)
def test_any_text_with_headings_is_read_or_refused_in_words(text: str) -> None:
    read_or_refuse((HEAD + text).encode())


XLSX = saved(workbook(HEADINGS, PAYMENT, PAYMENT))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(XLSX) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_read_or_refused_in_words(place: int, damage: bytes) -> None:
    read_or_refuse(b"PK" + (XLSX[:place] + damage + XLSX[place + len(damage) :])[2:])


def read_or_refuse(content: bytes) -> None:
    try:
        read(content)
    except Unreadable as refusal:
        assert refusal.problem.message.endswith(".")  # noqa: PT017 - may be read as well
