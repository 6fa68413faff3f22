"""Repayment files become typed rows; every problem of every row is told at once."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measuring import processor_seconds
from wibawa.repayments.layout import COLUMNS, DEFAULT_LAYOUT, Layout, layout_from
from wibawa.repayments.reader import RepaymentFile, Unreadable, read_repayments
from wibawa.rules.money import AmountError, parse_amount
from wibawa.rules.refused import Refused
from wibawa.uploads import tally
from wibawa.uploads.cells import usual_amounts
from wibawa.uploads.columns import squeeze
from wibawa.uploads.workbook import marked_workbook, template_workbook

SAMPLES = Path(__file__).parent.parent / "files" / "samples"
HEAD = "No Rekening;Tgl Bayar;Jumlah;Denda;No Bukti\n"
PARTS = "No Rekening;Tgl Bayar;Pokok;Bunga;Denda;Jumlah\n"


def read(text: str | bytes, layout: Layout | None = None) -> RepaymentFile:
    content = text.encode() if isinstance(text, str) else text
    return read_repayments(content, "angsuran", layout or DEFAULT_LAYOUT)


def sample(name: str) -> RepaymentFile:
    return read((SAMPLES / name).read_bytes())


def codes(file: RepaymentFile) -> list[tuple[int, str]]:
    return [(problem.row, problem.code) for problem in file.problems]


def xlsx(*rows: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


class TestTheSamples:
    def test_of_bank_jateng_is_read_to_the_rupiah(self) -> None:
        file = sample("angsuran_jateng_2026-10.xlsx")
        assert (len(file.rows), file.control_total, file.readable_total) == (
            116, 68_764_555, 68_764_555,
        )  # fmt: skip
        assert file.control_total_stated
        assert file.problems == []
        first = file.rows[0]
        assert first[:6] == (
            6, "31171899776012", False, "JUWITA SAPUTRA", dt.date(2026, 10, 1), 42_981,
        )  # fmt: skip
        assert (first.principal, first.interest, first.outstanding) == (41_298, 1_683, 632_006)
        assert (first.collectibility, first.reference) == (1, "JTG261000011")

    def test_of_bank_pasar_is_read_to_the_rupiah(self) -> None:
        file = sample("angsuran_pasar_2026-10.csv")
        assert (len(file.rows), file.control_total) == (96, 52_022_819)
        assert file.problems == []
        assert file.rows[0].account == "05678363706080"
        assert file.rows[0].amount == 441_667
        assert file.cells(2)[1] == "'05678363706080"
        assert file.cells(9999) == []

    def test_with_faults_has_those_that_the_file_alone_can_tell(self) -> None:
        assert codes(sample("angsuran_pasar_salah.csv")) == [
            (2, "amount_unreadable"), (3, "amount_has_sen"), (4, "date_unreadable"),
            (9, "amount_not_positive"), (10, "amount_not_positive"), (11, "account_missing"),
            (14, "account_unreadable"),
        ]  # fmt: skip


class TestAccounts:
    @pytest.mark.parametrize(
        ("cell", "account"),
        [("'0012", "0012"), (" 0012 ", "0012"), ("00-12.34 5", "0012345"), ("12A/7", "12A/7")],
    )
    def test_are_text_without_the_signs_around_them(self, cell: str, account: str) -> None:
        assert read(HEAD + f"{cell};05-10-2026;5;0;X\n").rows[0].account == account

    @pytest.mark.parametrize("cell", ["1,23457E+12", "1.2E+9", "123,5", "#N/A", "??", "9" * 41])
    def test_whose_digits_are_lost_are_refused(self, cell: str) -> None:
        file = read(HEAD + f"{cell};05-10-2026;5;0;X\n")
        assert codes(file) == [(2, "account_unreadable")]
        assert file.rows[0].account == ""
        assert "teks" in file.problems[0].message

    def test_in_numeric_cells_are_marked_as_numbers_up_to_15_digits(self) -> None:
        rows = [["No Rekening", "Tgl Bayar", "Jumlah"]]
        for account in (5678363706080, 12345678901234567, 12.5, -3):
            rows.append([account, dt.date(2026, 10, 5), 5])  # type: ignore[list-item]
        file = read(xlsx(*rows))
        assert (file.rows[0].account, file.rows[0].account_is_number) == ("5678363706080", True)
        assert codes(file) == [(row, "account_unreadable") for row in (3, 4, 5)]


class TestAmounts:
    def test_and_parts_must_agree(self) -> None:
        file = read(PARTS + "1;05-10-2026;100;20;5;125\n2;05-10-2026;100;20;5;120\n")
        assert codes(file) == [(3, "parts_differ")]
        assert "Rp125" in file.problems[0].message

    def test_are_the_sum_of_the_parts_when_none_is_stated(self) -> None:
        file = read(
            "No Rekening;Tgl Bayar;Pokok;Bunga;Denda\n1;05-10-2026;100;20;5\n;TOTAL;100;20;5"
        )
        assert (file.rows[0].amount, file.rows[0].penalty) == (125, 5)
        assert (file.control_total, file.control_total_stated) == (125, True)

    def test_may_stand_without_parts_in_single_rows(self) -> None:
        file = read(PARTS + "1;05-10-2026;;;;125\n2;05-10-2026;100;25;;\n")
        assert [row.amount for row in file.rows] == [125, 125]
        assert file.problems == []

    def test_that_are_unreadable_are_not_replaced_by_the_parts(self) -> None:
        file = read(PARTS + "1;05-10-2026;100;20;5;12S\n2;05-10-2026;l00;20;5;125\n")
        assert codes(file) == [(2, "amount_unreadable"), (3, "amount_unreadable")]
        assert [row.amount for row in file.rows] == [None, 125]

    def test_missing_altogether_are_one_problem_a_row(self) -> None:
        assert codes(read(PARTS + "1;05-10-2026;;;;\n")) == [(2, "amount_unreadable")]
        assert codes(read(HEAD + "1;05-10-2026;-;0;X\n")) == [(2, "amount_unreadable")]

    def test_with_neither_column_refuse_the_file(self) -> None:
        with pytest.raises(Unreadable) as caught:
            read("No Rekening;Tgl Bayar;Pokok;Nama\n1;2;3;4\n")
        assert caught.value.problem.code == "column_missing"
        assert "Jumlah Bayar (atau Pokok dan Bunga)" in caught.value.problem.message

    @pytest.mark.parametrize("amount", ["0", "-5", "(5)"])
    def test_must_be_positive(self, amount: str) -> None:
        assert codes(read(HEAD + f"1;05-10-2026;{amount};0;X\n")) == [(2, "amount_not_positive")]

    def test_do_not_leave_room_for_a_larger_or_negative_penalty(self) -> None:
        assert codes(read(HEAD + "1;05-10-2026;5;6;X\n")) == [(2, "parts_differ")]
        assert codes(read(HEAD + "1;05-10-2026;5;-1;X\n")) == [(2, "amount_not_positive")]

    def test_that_are_true_or_false_are_no_amounts(self) -> None:
        file = read(xlsx(["No Rekening", "Tgl Bayar", "Jumlah"], ["1", "05-10-2026", True]))
        assert codes(file) == [(2, "amount_unreadable")]

    @given(st.lists(st.from_regex(r"(Rp ?)?[0-9.,]{0,9}(,00|,-|\n|-)?", fullmatch=True)))
    def test_read_many_at_a_time_are_those_read_one_by_one(self, cells: list[str]) -> None:
        for cell, amount in usual_amounts(cells).items():
            assert parse_amount(cell) == amount

    @given(st.lists(st.integers(0, 10**14)))
    def test_of_the_usual_kind_are_read_many_at_a_time(self, amounts: list[int]) -> None:
        cells = [
            f"Rp {amount:,},00".replace(",", ".", f"{amount:,}".count(",")) for amount in amounts
        ]
        assert list(usual_amounts(cells).values()) == list(dict.fromkeys(amounts))

    @pytest.mark.parametrize(
        ("mark", "cell", "good"),
        [(",", "1.500", True), (",", "1,500", False), (",", "15.00", False), (".", "1.500", False),
         (".", "1,500", True), (".", "15.00", True), (",", "15,00", True)],
    )  # fmt: skip
    def test_that_contradict_the_decimal_mark_of_the_bank_are_refused(
        self, mark: str, cell: str, good: bool
    ) -> None:
        layout = layout_from(None, decimal_mark="," if mark == "," else ".")
        file = read(HEAD + f"1;05-10-2026;{cell};0;X\n", layout)
        assert codes(file) == ([] if good else [(2, "amount_unreadable")])


class TestDates:
    def test_year_first_without_separators_need_the_layout(self) -> None:
        text = HEAD + "1;20261005;5;0;X\n"
        assert codes(read(text)) == [(2, "date_unreadable")]
        assert read(text, layout_from(None, "ymd")).rows[0].paid_on == dt.date(2026, 10, 5)

    def test_are_never_month_first(self) -> None:
        assert codes(read(HEAD + "1;10/25/2026;5;0;X\n")) == [(2, "date_unreadable")]

    def test_missing_are_unreadable(self) -> None:
        assert codes(read(HEAD + "1;;5;0;X\n")) == [(2, "date_unreadable")]


class TestOtherColumns:
    def test_that_only_inform_never_block(self) -> None:
        file = read("No Rekening;Tgl Bayar;Jumlah;Kol;DPD\n1;05-10-2026;5;VI;banyak\n")
        assert file.problems == []
        assert [notice.code for notice in file.notices] == [
            "collectibility_unreadable", "days_past_due_unreadable",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("cell", "number"), [("1", 1), ("2 - DPK", 2), ("KOL 3", 3), ("Macet", 5), ("", None)]
    )
    def test_collectibility_is_read_as_number_or_word(self, cell: str, number: int | None) -> None:
        file = read(f"No Rekening;Tgl Bayar;Jumlah;Kol\n1;05-10-2026;5;{cell}\n")
        assert file.rows[0].collectibility == number
        assert file.notices == []

    def test_references_are_text_even_from_numeric_cells(self) -> None:
        head = ["No Rekening", "Tgl Bayar", "Jumlah", "No Bukti"]
        file = read(xlsx(head, ["1", "05-10-2026", 5, 771], ["1", "05-10-2026", 5, " - "]))
        assert [row.reference for row in file.rows] == ["771", None]
        file = read(xlsx(head, ["1", "05-10-2026", 5, 1.5], ["1", "05-10-2026", 5, 10**16]))
        assert codes(file) == [(2, "reference_unreadable"), (3, "reference_unreadable")]


class TestControlTotals:
    def test_that_differ_are_a_problem_of_the_file_with_both_figures(self) -> None:
        file = read(HEAD + "1;05-10-2026;5.000;0;X\n;TOTAL;6.000;0;\n")
        assert codes(file) == [(0, "control_total_differs")]
        assert "Rp6.000" in file.problems[0].message
        assert "Rp5.000" in file.problems[0].message
        assert file.bad_rows == set()

    def test_of_other_money_columns_are_compared_too(self) -> None:
        file = read(HEAD + "1;05-10-2026;5.000;1;X\n;TOTAL;5.000;2;\n")
        assert [(p.code, p.column) for p in file.problems] == [("control_total_differs", "Denda")]

    def test_are_not_compared_while_an_amount_is_unreadable(self) -> None:
        file = read(HEAD + "1;05-10-2026;5.000;0;X\n2;05-10-2026;l;0;Y\n;TOTAL;6.000;0;\n")
        assert codes(file) == [(3, "amount_unreadable")]
        assert (file.control_total, file.readable_total) == (6000, 5000)

    def test_of_pages_are_added_up(self) -> None:
        page = "1;05-10-2026;5.000;0;X{n}\n;JUMLAH;5.000;0;\n"
        pages = HEAD + page.format(n=1) + HEAD + page.format(n=2)
        assert read(pages).control_total == 10_000
        assert read(pages + ";GRAND TOTAL;10.000;0;\n").problems == []
        assert codes(read(pages + ";GRAND TOTAL;9.000;0;\n")) == [(0, "control_total_differs")]

    def test_absent_are_replaced_by_the_sum(self) -> None:
        file = read(HEAD + "1;05-10-2026;5.000;0;X\n")
        assert (file.control_total, file.control_total_stated) == (5000, False)


class TestLayouts:
    def test_of_a_bank_come_before_the_usual_words(self) -> None:
        text = "Rek;Tgl Bayar;Jumlah;Total\n1;05-10-2026;5;6\n"
        file = read(text, layout_from({"account": ["REK"], "amount": ["TOTAL"]}))
        assert file.rows[0].amount == 6

    def test_take_a_word_away_from_other_columns(self) -> None:
        text = "No Rekening;Tgl Bayar;Jumlah;Bunga\n1;05-10-2026;5;6\n"
        assert read(text, layout_from({"principal": ["JUMLAH"]})).rows[0].amount == 11

    def test_with_an_unknown_column_are_refused(self) -> None:
        with pytest.raises(Refused):
            layout_from({"saldo": ["X"]})

    def test_give_no_word_to_two_columns(self) -> None:
        words = [
            word
            for column in COLUMNS
            for word in {squeeze(name) for name in (*column.names, column.heading)}
        ]
        assert len(words) == len(set(words))


class TestTheHash:
    ROWS = (
        ("0012", dt.date(2026, 10, 5), 5000, "X1"),
        ("0013", dt.date(2026, 10, 6), 7000, "X2"),
    )

    def csv_copy(self, rows: Sequence[tuple[str, dt.date, int, str]]) -> bytes:
        text = "".join(f"'{a};{d:%d/%m/%Y};Rp{m:,},-;0;{r}\n" for a, d, m, r in rows)
        return (HEAD + text.replace("Rp5,000", "Rp5.000").replace("Rp7,000", "Rp7.000")).encode()

    def xlsx_copy(self) -> bytes:
        head = ["No Rekening", "Tgl Bayar", "Jumlah", "No Bukti"]
        return xlsx(["Judul"], [], head, *self.ROWS)

    def test_is_the_same_for_a_copy_saved_again(self) -> None:
        copies = [
            read(self.csv_copy(self.ROWS)),
            read(self.xlsx_copy()),
            read(self.csv_copy(self.ROWS) + b";TOTAL;12.000;;\n"),
            read(
                HEAD.replace(";", ",").encode() + b"12,2026-10-05,5000,0,X1\n13,6 Okt 2026,7000,,X2"
            ),
        ]
        assert len({copy.rows_hash for copy in copies}) == 1

    def test_differs_for_other_rows_another_order_or_another_total(self) -> None:
        first, second = self.ROWS
        others = [
            self.csv_copy((first,)),
            self.csv_copy((second, first)),
            self.csv_copy(self.ROWS) + b";TOTAL;12.001;;\n",
            self.csv_copy(self.ROWS).replace(b"X2", b"X3"),
            self.csv_copy(self.ROWS).replace(b"06/10", b"07/10"),
        ]
        hashes = {read(content).rows_hash for content in (self.csv_copy(self.ROWS), *others)}
        assert len(hashes) == 6

    def test_of_rows_with_problems_sees_what_stands_in_them(self) -> None:
        one, two = (HEAD + f"1;05-10-2026;{amount};0;X\n" for amount in ("l", "I"))
        assert read(one).rows_hash != read(two).rows_hash


class TestManyProblems:
    def test_of_one_kind_end_in_one_sentence_but_every_row_is_known(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tally, "MOST_ALIKE", 3)
        file = read(HEAD + "1;05-10-2026;x;0;\n" * 10)
        assert len(file.problems) == 4
        assert "6 baris lagi" in file.problems[-1].message
        assert file.bad_rows == set(range(2, 12))


class TestTheTemplate:
    EXAMPLE = ("0012", "Ani", dt.date(2026, 10, 5), 125, 100, 20, 5, 900, 1, 0, "X1")

    def test_is_understood_by_the_reader(self) -> None:
        file = read(template_workbook(COLUMNS, [self.EXAMPLE]))
        assert file.problems == []
        assert file.rows[0] == (
            2, "0012", False, "Ani", dt.date(2026, 10, 5), 125, 5, 100, 20, 900, 1, 0, "X1",
        )  # fmt: skip

    def test_marked_gives_the_officers_own_columns_back_first(self) -> None:
        file = read(HEAD + "=1+1;05-10-2026;x;0;@y\n0012;05-10-2026;5;0;X\n")
        rows = [(row.row, file.cells(row.row)) for row in file.rows]
        content = marked_workbook(file.headings, rows, file.problems)
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        assert sheet is not None
        written = [list(row) for row in sheet.iter_rows(values_only=True)]
        assert written[0] == [*file.headings, "STATUS", "KETERANGAN", "BARIS"]
        assert written[1][:5] == ["=1+1", "05-10-2026", "x", "0", "@y"]
        assert [row[5] for row in written] == ["STATUS", "PERBAIKI", "BENAR"]
        assert sheet["A2"].data_type == "s"


CELLS = st.one_of(
    st.sampled_from(["", "0012", "'0012", "05-10-2026", "5.000", "TOTAL", "x", "1E+9", "-5", "é"]),
    st.text(max_size=12),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=8))
def test_any_table_is_read_with_its_problems_or_refused(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";").writerows(rows)
    try:
        file = read(HEAD + buffer.getvalue())
    except Unreadable:
        return
    assert file.readable_total == sum(row.amount or 0 for row in file.rows)
    assert file.bad_rows == {problem.row for problem in file.problems if problem.row}
    assert len(file.rows_hash) == 64
    for row in file.rows:
        if row.row not in file.bad_rows:
            assert row.account
            assert row.paid_on is not None
            assert row.amount is not None
            assert row.amount > 0


def test_a_hundred_thousand_rows_are_read_in_about_a_second() -> None:
    rows = "".join(
        f"'{n:014d};{n % 28 + 1:02d}-10-2026;Rp {n % 900 + 1}.{n % 1000:03d},00;0;B{n}\n"
        for n in range(100_000)
    )
    content = (HEAD + rows).encode()
    start = processor_seconds()
    assert len(read(content).rows) == 100_000
    assert processor_seconds() - start < 4  # 0,6 s on an idle machine


def test_amount_errors_carry_a_sentence() -> None:
    with pytest.raises(AmountError):
        parse_amount("1.5.0")
