"""The opening portfolio: typed rows, and every problem of all of them at once."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from wibawa.loans.checks import check_portfolio
from wibawa.loans.reader import COLUMNS, DefaultTerms, PortfolioFile, read_portfolio
from wibawa.rules.facts import BorrowerKind, Method
from wibawa.rules.refused import Problem
from wibawa.uploads.table import Cell, Unreadable
from wibawa.uploads.workbook import template_workbook

SAMPLE = (Path(__file__).parent.parent / "files" / "samples" / "data_awal.xlsx").read_bytes()
TODAY = dt.date(2026, 11, 24)
BANKS = {"JATENG", "PASAR"}

GOOD: dict[str, Cell] = {
    "kind": "USAHA MIKRO",
    "name": "Wahyu Prasetyo",
    "nik": "3374031106718118",
    "sex": "L",
    "birth_date": dt.date(1971, 6, 11),
    "kelurahan_code": "33.74.03.1007",
    "phone": "087207890733",
    "bank_code": "PASAR",
    "account": "05698091148001",
    "agreement_number": "PK/P/2025/0001",
    "disbursed_on": dt.date(2025, 6, 7),
    "principal": 25_250_000,
    "method": "FLAT",
    "principal_paid": 15_781_245,
    "interest_paid": 946_875,
    "cut_off": dt.date(2026, 9, 30),
}


def content(*changes: dict[str, Cell]) -> bytes:
    rows: list[Sequence[Cell]] = [
        [(GOOD | change).get(column.key, "") for column in COLUMNS] for change in changes
    ]
    return template_workbook(COLUMNS, rows)


def read(*changes: dict[str, Cell]) -> PortfolioFile:
    return read_portfolio(content(*changes), "data_awal.xlsx")


def check(
    *changes: dict[str, Cell], existing: frozenset[tuple[str, str]] = frozenset()
) -> list[Problem]:
    return check_portfolio(read(*changes), BANKS, {"33.74.03.1007"}, existing, TODAY)


def codes(problems: Sequence[Problem]) -> list[tuple[int, str]]:
    return [(problem.row, problem.code) for problem in problems]


class TestTheSample:
    def test_is_read_whole_and_without_a_problem(self) -> None:
        file = read_portfolio(SAMPLE, "data_awal.xlsx")
        assert file.problems == []
        assert len(file.rows) == 240
        wilayah = {row.kelurahan_code for row in file.rows}
        assert check_portfolio(file, BANKS, wilayah, frozenset(), TODAY) == []

    def test_knows_cooperatives_by_number_chair_and_members(self) -> None:
        rows = read_portfolio(SAMPLE, "data_awal.xlsx").rows
        cooperatives = [row for row in rows if row.kind is BorrowerKind.COOPERATIVE]
        assert len(cooperatives) == 9
        first = cooperatives[0]
        assert (first.cooperative_number, first.chair_name) == ("3374000000025", "Yuliana Maryati")
        assert (first.members_male, first.members_female) == (79, 48)

    def test_gives_terms_completed_by_the_product(self) -> None:
        row = read_portfolio(SAMPLE, "data_awal.xlsx").rows[0]
        terms = row.terms(DefaultTerms(rate=300, months=24, method=Method.ANNUITY))
        assert (terms.principal, terms.method, terms.months) == (25_250_000, Method.FLAT, 24)
        assert row.paid == 15_781_245 + 946_875

    def test_shows_no_nik_when_a_row_is_printed(self) -> None:
        file = read_portfolio(SAMPLE, "data_awal.xlsx")
        assert file.rows[0].nik not in repr(file.rows[0])


class TestCells:
    @pytest.mark.parametrize(
        ("key", "cell", "code"),
        [
            ("nik", 337403110671811, "nik_unreadable"),
            ("nik", "", "nik_missing"),
            ("account", 5698091148001, "account_unreadable"),
            ("account", "5,69E+12", "account_unreadable"),
            ("account", "", "account_missing"),
            ("name", "", "text_missing"),
            ("bank_code", "", "text_missing"),
            ("sex", "X", "sex_unknown"),
            ("kind", "PT", "kind_unknown"),
            ("method", "BALON", "method_unknown"),
            ("kelurahan_code", "Miroto", "kelurahan_unreadable"),
            ("birth_date", "31-02-1971", "date_unreadable"),
            ("disbursed_on", "", "date_unreadable"),
            ("principal", 0, "amount_not_positive"),
            ("principal", 100.5, "amount_has_sen"),
            ("principal_paid", "", "amount_unreadable"),
            ("interest_paid", -1, "amount_not_positive"),
            ("members_male", "banyak", "count_unreadable"),
            ("months", "dua tahun", "months_unreadable"),
            ("rate", "tiga", "rate_unreadable"),
        ],
    )
    def test_that_cannot_be_read_say_why(self, key: str, cell: Cell, code: str) -> None:
        file = read({key: cell}, {"account": "05698091148002"})
        assert codes(file.problems) == [(2, code)]
        assert file.problems[0].column.removesuffix(" *") == next(
            column.heading for column in COLUMNS if column.key == key
        )
        assert [row.row for row in file.rows] == [3]

    def test_with_a_nik_never_show_it_in_a_problem(self) -> None:
        for problem in check({"nik": "3374031106718"}, {"nik": 337403110671811}):
            assert "3374031106718" not in problem.found + problem.message

    def test_are_read_in_their_usual_spellings(self) -> None:
        row = read(
            {
                "sex": "laki-laki", "method": "anuitas", "kind": "", "months": "24 bulan",
                "rate": "3,00%", "kelurahan_code": "3374031007", "bank_code": "pasar",
                "phone": 87207890733.0, "account": "0569-8091.148001",
            }
        ).rows[0]  # fmt: skip
        assert (row.sex, row.method, row.kind) == ("L", Method.ANNUITY, BorrowerKind.MICRO)
        assert (row.months, row.rate, row.kelurahan_code) == (24, 300, "33.74.03.1007")
        assert (row.bank_code, row.phone, row.account) == (
            "PASAR",
            "087207890733",
            "05698091148001",
        )

    def test_of_a_percent_format_are_percent(self) -> None:
        assert read({"rate": 0.03}).rows[0].rate == 300
        assert read({"rate": 3}).rows[0].rate == 300

    def test_all_wrong_in_one_row_are_told_at_once(self) -> None:
        problems = check({"nik": "", "principal": 0, "bank_code": "BCA", "cut_off": "x"})
        assert {problem.code for problem in problems} == {
            "nik_missing", "amount_not_positive", "bank_unknown", "date_unreadable",
        }  # fmt: skip

    def test_of_a_csv_file_may_be_used_too(self) -> None:
        sheet = openpyxl.load_workbook(io.BytesIO(SAMPLE)).active
        assert sheet is not None
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=";")
        for row in sheet.iter_rows(values_only=True):
            writer.writerow(
                ["" if c is None else f"{c:%d-%m-%Y}" if isinstance(c, dt.date) else c for c in row]
            )
        file = read_portfolio(buffer.getvalue().encode(), "data_awal.csv")
        assert file.problems == []
        assert file.rows == read_portfolio(SAMPLE, "data_awal.xlsx").rows

    def test_of_a_missing_column_refuse_the_file(self) -> None:
        text = ";".join(column.heading for column in COLUMNS if column.key != "nik")
        with pytest.raises(Unreadable) as caught:
            read_portfolio(text.encode(), "data_awal.csv")
        assert caught.value.problem.code == "column_missing"
        assert "NIK" in caught.value.problem.message

    def test_of_a_total_row_are_compared(self) -> None:
        head = ";".join(column.heading for column in COLUMNS)
        one = ";".join(
            f"{c:%d-%m-%Y}" if isinstance(c, dt.date) else str(c)
            for c in (GOOD.get(column.key, "") for column in COLUMNS)
        )
        total = ";".join(
            {"name": "JUMLAH", "principal": "1"}.get(column.key, "") for column in COLUMNS
        )
        file = read_portfolio(f"{head}\n{one}\n{total}\n".encode(), "a.csv")
        assert codes(file.problems) == [(0, "control_total_differs")]


class TestChecks:
    def test_find_nothing_wrong_with_a_good_row(self) -> None:
        assert check({}) == []

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"bank_code": "BCA"}, "bank_unknown"),
            ({"kelurahan_code": "33.74.99.1007"}, "kelurahan_unknown"),
            ({"sex": "P"}, "nik_sex_differs"),
            ({"birth_date": dt.date(1971, 6, 12)}, "nik_birth_date_differs"),
            ({"nik": "3374033206718118"}, "nik_birth_date_impossible"),
            ({"nik": "337403110671811"}, "nik_unreadable"),
            ({"cut_off": dt.date(2026, 11, 25)}, "date_in_future"),
            ({"cut_off": dt.date(2025, 6, 6)}, "date_before_disbursement"),
            ({"principal_paid": 25_250_001, "interest_paid": 0}, "paid_exceeds_schedule"),
            ({"principal_paid": 25_250_000, "interest_paid": 9_000_000}, "paid_exceeds_schedule"),
            ({"kind": "KOPERASI", "chair_name": "Ani"}, "text_missing"),
            ({"months": 121}, "months_out_of_range"),
        ],
    )
    def test_block_with_a_code(self, change: dict[str, Cell], code: str) -> None:
        problems = check(change)
        assert codes(problems) == [(2, code)]
        assert problems[0].blocking
        assert problems[0].message.endswith(".")

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"principal_paid": 15_781_244, "interest_paid": 946_876}, "split_differs"),
            ({"nik": "3322031106718118"}, "nik_not_semarang"),
        ],
    )
    def test_only_remark(self, change: dict[str, Cell], code: str) -> None:
        problems = check(change)
        assert codes(problems) == [(2, code)]
        assert not problems[0].blocking

    def test_compare_no_century_of_a_nik_but_refuse_a_birth_in_the_future(self) -> None:
        assert codes(check({"birth_date": dt.date(2071, 6, 11)})) == [(2, "date_in_future")]

    def test_refuse_an_account_twice_in_the_file(self) -> None:
        problems = [problem for problem in check({}, {}) if problem.blocking]
        assert codes(problems) == [(3, "account_duplicate")]

    def test_refuse_an_account_that_is_stored_already(self) -> None:
        existing = frozenset({("PASAR", "05698091148001")})
        assert codes(check({}, existing=existing)) == [(2, "account_exists")]
        assert check({}, existing=frozenset({("JATENG", "05698091148001")})) == []

    def test_remark_a_second_loan_of_the_same_person_and_another_cut_off(self) -> None:
        other = {"account": "05698091148002", "cut_off": dt.date(2026, 8, 31)}
        assert codes(check({}, other)) == [(3, "nik_repeated"), (3, "cut_offs_differ")]

    def test_use_the_terms_of_the_day_of_disbursement(self) -> None:
        def terms_for(bank: str, day: dt.date) -> DefaultTerms:
            assert (bank, day) == ("PASAR", dt.date(2025, 6, 7))
            return DefaultTerms(months=12)

        file = read({"principal_paid": 20_000_000, "interest_paid": 1_000_000})
        problems = check_portfolio(file, BANKS, {"33.74.03.1007"}, frozenset(), TODAY, terms_for)
        assert [problem.code for problem in problems if problem.blocking] == []


@pytest.mark.parametrize("typed", ["nan", "NaN%", "inf", "-1", "1e9"])
def test_a_rate_that_is_no_number_is_refused(typed: str) -> None:
    head = [column.heading for column in COLUMNS]
    row = ["3" if heading != "SUKU BUNGA" else typed for heading in head]
    content = (";".join(head) + "\n" + ";".join(row)).encode()
    codes = {problem.code for problem in read_portfolio(content, "a.csv").problems}
    assert "rate_unreadable" in codes
