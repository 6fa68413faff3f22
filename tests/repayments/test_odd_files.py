"""Files that a spreadsheet program or a tired hand made odd: money never goes astray by them."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
import xlsxwriter

from wibawa.repayments.checks import check_repayments
from wibawa.repayments.kind import REPAYMENTS
from wibawa.repayments.outcome import AccountFact, Checked, Posted
from wibawa.repayments.reader import read_repayments
from wibawa.uploads.limits import Unreadable

TODAY = dt.date(2026, 11, 24)
HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\r\n"
HEADINGS = ("Nomor Rekening", "Nama", "Tanggal Bayar", "Jumlah Bayar", "No Bukti")


def fact(loan_id: int, account: str) -> AccountFact:
    return AccountFact(loan_id, account, "Siti Aminah", dt.date(2026, 1, 31), 5_000_000)


def workbook(*cells: str | int) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADINGS)
    for column, cell in enumerate(cells):
        if isinstance(cell, str):
            sheet.write_string(1, column, cell)
        else:
            sheet.write_number(1, column, cell)
    book.close()
    return buffer.getvalue()


def checked(content: bytes, *facts: AccountFact, skip_problems: bool = False) -> Checked:
    file = read_repayments(content, "angsuran")
    accounts = {each.account: each for each in facts}
    return check_repayments(file, accounts, Posted(), TODAY, skip_problems=skip_problems)


def test_a_numeric_account_is_refused_when_several_differ_by_zeros_only() -> None:
    content = workbook(77123, "Siti Aminah", "20-10-2026", 33_000, "N1")
    both = checked(content, fact(1, "77123"), fact(2, "0077123"))
    assert [problem.code for problem in both.problems] == ["account_unknown"]
    assert both.entries == []


@pytest.mark.parametrize("known", ["77123", "0077123"])
def test_a_numeric_account_is_found_when_only_one_fits(known: str) -> None:
    content = workbook(77123, "Siti Aminah", "20-10-2026", 33_000, "N1")
    assert [entry.loan_id for entry in checked(content, fact(7, known)).entries] == [7]


def total_below_the_rows(total: str) -> bytes:
    rows = (
        "'001;Siti;20-10-2026;10.000;T1\r\n'001;Siti;20-10-2026;20.000;T2\r\n"
        "'001;Siti;20-10-2026;xx;T3\r\n"
    )
    return f"{HEAD}{rows}JUMLAH;;;{total};\r\n".encode()


def test_a_total_below_the_rows_that_can_be_read_blocks_even_when_bad_rows_are_skipped() -> None:
    result = checked(total_below_the_rows("5.000"), fact(1, "001"), skip_problems=True)
    assert result.blocked
    assert "control_total_differs" in {problem.code for problem in result.problems}


def test_a_total_above_the_rows_that_can_be_read_is_what_the_skipped_rows_hold() -> None:
    result = checked(total_below_the_rows("42.000"), fact(1, "001"), skip_problems=True)
    assert not result.blocked
    assert (result.posted_total, result.skipped_total) == (30_000, 12_000)


def test_rows_that_add_up_to_more_than_any_column_holds_are_refused_in_words() -> None:
    rows = "".join(f"'001;X;20-10-2026;999.999.999.999.999;H{i}\r\n" for i in range(2))
    with pytest.raises(Unreadable) as refused:
        read_repayments((HEAD + rows).encode(), "a.csv")
    assert refused.value.problem.code == "file_too_large"
    assert "Jumlah Bayar" in refused.value.problem.message


def test_a_nul_that_excel_hides_in_a_text_is_read_as_a_sign_that_can_be_stored() -> None:
    content = workbook("001", "SiQQQti", "20-10-2026", 1_000, "RQQQ1")
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as odd:
        for name in source.namelist():
            odd.writestr(name, source.read(name).replace(b"QQQ", b"_x0000_"))
    row = read_repayments(target.getvalue(), "a.xlsx").rows[0]
    assert (row.name, row.reference) == ("Si\ufffdti", "R\ufffd1")


def test_every_kind_of_problem_has_an_indonesian_name() -> None:
    for code in (
        "collectibility_unreadable",
        "control_total_unreadable",
        "days_past_due_unreadable",
        "formula_without_value",
        "reference_unreadable",
        "row_without_payment",
        "rows_below_total",
        "rows_hidden",
        "sheet_hidden",
        "sheet_not_read",
    ):
        assert REPAYMENTS.label_of(code) != code.replace("_", " ")
