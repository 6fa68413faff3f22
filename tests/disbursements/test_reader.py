"""A bank's file of disbursements as it is read: every problem of every row at once."""

from __future__ import annotations

import csv
import datetime as dt
import doctest
import io
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.disbursements.payments import HEAD, line
from wibawa.disbursements.files import reader
from wibawa.disbursements.files.reader import COLUMNS, MOST_ROWS, read_payments
from wibawa.disbursements.files.rows import PaymentFile
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.workbook import template_workbook

DAY = dt.date(2026, 11, 24)


def read(rows: str) -> PaymentFile:
    return read_payments((HEAD + rows).encode(), "pencairan.csv")


def codes(file: PaymentFile) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.code) for problem in file.problems]


def test_the_examples_in_the_documentation_are_true() -> None:
    assert doctest.testmod(reader).failed == 0


def test_a_good_row_is_read_whole() -> None:
    file = read(line())
    assert file.problems == []
    assert file.rows == [
        (2, "PM-000001", "Siti Aminah", "012300001", "PK/1/2026", DAY, DAY, 4_000_000,
         dt.date(2028, 11, 24))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"number": ""}, "Nomor Permohonan", "number_missing"),
        ({"number": "7"}, "Nomor Permohonan", "number_unreadable"),
        ({"account": ""}, "Nomor Rekening", "account_missing"),
        ({"account": "1,23457E+12"}, "Nomor Rekening", "account_unreadable"),
        ({"account": "1234"}, "Nomor Rekening", "account_unreadable"),
        ({"agreement": "-"}, "Nomor Perjanjian", "agreement_missing"),
        ({"agreement": "x" * 61}, "Nomor Perjanjian", "agreement_too_long"),
        ({"agreement_on": "31-02-2026"}, "Tanggal Perjanjian", "date_unreadable"),
        ({"disbursed_on": ""}, "Tanggal Pencairan", "date_missing"),
        ({"disbursed_on": "kemarin"}, "Tanggal Pencairan", "date_unreadable"),
        ({"amount": ""}, "Jumlah Pencairan", "amount_missing"),
        ({"amount": "4.000.000,50"}, "Jumlah Pencairan", "amount_has_sen"),
        ({"amount": "empat juta"}, "Jumlah Pencairan", "amount_unreadable"),
        ({"matures_on": "13/13/2028"}, "Jatuh Tempo", "date_unreadable"),
    ],
)
def test_each_mistake_is_told_at_its_place(changes: dict[str, str], column: str, code: str) -> None:
    file = read(line(1) + line(2, **changes))
    assert codes(file) == [(3, column, code)]
    assert file.bad_rows == {3}
    assert file.problems[0].message.endswith((".", ";"))


def test_all_mistakes_of_all_rows_are_told_at_once() -> None:
    file = read(line(1, account="", amount="x") + line(2, number="", disbursed_on="y"))
    assert [each[:1] + each[2:] for each in codes(file)] == [
        (2, "account_missing"), (2, "amount_unreadable"), (3, "number_missing"),
        (3, "date_unreadable"),
    ]  # fmt: skip


def test_optional_columns_may_be_absent_and_empty_lines_are_no_payments() -> None:
    text = (
        "No Permohonan;No Rekening;No PK;Tgl Cair;Plafon\npm 7;'0123456;PK/7;24/11/2026;5\n;;;;\n"
    )
    file = read_payments(text.encode(), "cair.csv")
    assert file.problems == []
    assert file.rows == [(2, "PM-000007", "", "0123456", "PK/7", None, DAY, 5, None)]


def test_an_account_that_a_workbook_keeps_as_a_number_is_refused() -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append([column.heading for column in COLUMNS])
    sheet.append(["PM-000001", "Siti", 123456789, "PK/1", DAY, DAY, 4_000_000, None])
    content = io.BytesIO()
    book.save(content)
    assert codes(read_payments(content.getvalue(), "cair.xlsx")) == [
        (2, "Nomor Rekening", "account_unreadable")
    ]


@pytest.mark.parametrize(
    ("total", "code"),
    [("8.000.000", None), ("8.000.001", "control_total_differs"),
     ("delapan", "control_total_unreadable")],
)  # fmt: skip
def test_a_total_row_is_no_payment_and_must_agree(total: str, code: str | None) -> None:
    file = read(line(1) + line(2) + f";TOTAL;;;;;{total};\n")
    assert len(file.rows) == 2
    assert file.control_total_stated
    assert [each[2] for each in codes(file)] == ([code] if code else [])
    if code == "control_total_differs":
        assert "Rp8.000.001" in file.problems[0].message
        assert "Rp8.000.000" in file.problems[0].message


def test_a_file_of_more_rows_than_one_page_shows_is_refused_in_words() -> None:
    rows = "".join(line(number) for number in range(1, MOST_ROWS + 2))
    with pytest.raises(Unreadable) as caught:
        read(rows)
    assert "paling banyak 500" in caught.value.sentence


def test_the_template_is_read_by_its_own_reader() -> None:
    from wibawa.disbursements.files.routes import EXAMPLE

    file = read_payments(template_workbook(COLUMNS, [EXAMPLE]), "templat.xlsx")
    assert file.problems == []
    assert file.rows[0].number == "PM-000123"


def test_a_copy_that_was_saved_again_has_the_same_hash_and_another_content_another() -> None:
    first = read(line())
    assert read(line(number="pm 1", account="0123-00001", amount="Rp4.000.000,00")).rows == (
        first.rows
    )
    again = read(line(number="pm 1", account="0123-00001", amount="Rp4.000.000,00"))
    assert again.rows_hash == first.rows_hash
    assert read(line(amount="4.000.001")).rows_hash != first.rows_hash


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(st.text(max_size=30), min_size=8, max_size=8), max_size=6))
def test_whatever_stands_in_a_file_every_row_is_read_or_told(rows: list[list[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.heading for column in COLUMNS])
    writer.writerows(rows)
    try:
        file = read_payments(text.getvalue().encode("utf-8", "replace"), "cair.csv")
    except Unreadable:
        return  # the whole file is refused in words
    for row in file.rows:
        if row.row not in file.bad_rows:
            assert row.number
            assert row.account
            assert row.agreement_number
            assert row.disbursed_on is not None
            assert row.amount is not None
    assert len(file.rows_hash) == 64
