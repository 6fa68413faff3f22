from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.siumi.files import HEADINGS, JOKO, SITI, csv_of, xlsx_of
from wibawa.siumi.reader import COLUMNS, read_register
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.workbook import template_workbook


def only(**cells: str) -> tuple[Any, list[Any]]:
    """The facts and problems of a file of one row."""
    file = read_register(csv_of(SITI | cells), "a.csv")
    return file.rows[0].facts, [(p.column, p.code, p.found) for p in file.problems]


def test_a_row_is_read_into_typed_facts_and_empty_cells_say_nothing() -> None:
    file = read_register(csv_of(JOKO | {"ALAMAT": "-"}), "a.csv")
    assert file.problems == []
    assert file.rows[0].row == 2
    assert file.rows[0].nik == "3374011205790002"
    assert file.rows[0].facts == {
        "name": "Joko Susilo",
        "sex": "L",
        "birth_date": dt.date(1979, 5, 12),
        "business_name": "Bengkel Joko",
        "sector": "Jasa",
        "business_started_on": dt.date(2018, 1, 1),
        "kelurahan_code": "Miroto",
        "phone": "081311112222",
    }


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"NIK": ""}, "NIK", "nik_missing"),
        ({"NIK": "3,37401E+15"}, "NIK", "nik_unreadable"),
        ({"JENIS KELAMIN": "X"}, "JENIS KELAMIN", "sex_unknown"),
        ({"TANGGAL LAHIR": "31-02-1985"}, "TANGGAL LAHIR", "date_unreadable"),
        ({"TANGGAL MULAI USAHA": "2018"}, "TANGGAL MULAI USAHA", "date_unreadable"),
        ({"NO HP": "12"}, "NO HP", "phone_unreadable"),
        ({"NIB": "123"}, "NIB", "nib_unreadable"),
        ({"NAMA": "x" * 121}, "NAMA", "text_too_long"),
        ({"ALAMAT": "Jl. A\u200b"}, "ALAMAT", "text_unreadable"),
        ({"ALAMAT": "KTP 337401 480485 0001"}, "ALAMAT", "nik_in_text"),
    ],
)
def test_each_fault_of_a_cell_is_told_at_its_column(
    cells: dict[str, str], column: str, code: str
) -> None:
    _, problems = only(**cells)
    assert [(found[0], found[1]) for found in problems] == [(column, code)]


def test_a_nik_in_a_numeric_cell_is_refused_and_its_digits_are_not_repeated() -> None:
    file = read_register(
        xlsx_of(("NIK", "NAMA", "KELURAHAN"), (3374014804850001, "Siti", "Miroto")), "a.xlsx"
    )
    assert [(p.code, p.column) for p in file.problems] == [("nik_unreadable", "NIK")]
    assert "337401480485" not in str(file.problems)
    assert "337401480485" not in str(file.shown_cells(2, str))


def test_numbers_that_excel_made_of_phone_and_nib_get_their_zero_back() -> None:
    file = read_register(
        xlsx_of(
            ("NIK", "NAMA", "KELURAHAN", "NO HP", "NIB"),
            ("3374014804850001", "Siti", 3374011001, 81234567890, 220012345678),
        ),
        "a.xlsx",
    )
    assert file.problems == []
    assert file.rows[0].facts["phone"] == "081234567890"
    assert file.rows[0].facts["nib"] == "0220012345678"
    assert file.rows[0].facts["kelurahan_code"] == "3374011001"


def test_every_nik_in_the_cells_beside_a_problem_is_masked_wherever_it_stands() -> None:
    file = read_register(csv_of(SITI | {"NAMA": "3374014804850001", "NO HP": "x"}), "a.csv")
    shown = file.shown_cells(2, str)
    assert shown[0] == shown[1] == "************0001"


def test_a_file_without_a_needed_column_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        read_register(b"NIK;NAMA;ALAMAT\n1;2;3\n", "a.csv")
    assert refused.value.problem.code == "column_missing"
    assert "KELURAHAN" in refused.value.problem.message


def test_a_saved_copy_says_the_same_and_another_fact_something_else() -> None:
    rows = [tuple(row[name] for name in HEADINGS) for row in (SITI, JOKO)]
    one = read_register(csv_of(SITI, JOKO), "a.csv").said
    assert read_register(xlsx_of(HEADINGS, *rows), "a.xlsx").said == one
    assert read_register(csv_of(SITI, JOKO | {"NO HP": "x"}), "a.csv").said != one
    assert read_register(csv_of(JOKO, SITI), "a.csv").said != one


def test_the_template_is_read_without_a_problem() -> None:
    example = ("3374014804850012", "Siti", "P", "08-04-1985", "Roti", "Kuliner", "01-06-2019",
               "Pekunden", "", "Jl. A", "081234567890", "")  # fmt: skip
    file = read_register(template_workbook(COLUMNS, [example]), "templat.xlsx")
    assert file.problems == []
    assert file.rows[0].facts["phone"] == "081234567890"


CELL = st.one_of(
    st.text(max_size=40),
    st.sampled_from(("3374014804850001", "08-04-1985", "P", "-", "1e300", "0812", "\ud800")),
)


@given(st.lists(st.lists(CELL, min_size=12, max_size=12), max_size=5))
def test_whatever_stands_in_the_cells_is_read_or_told(rows: list[list[str]]) -> None:
    text = ";".join(HEADINGS) + "\n"
    for row in rows:
        text += ";".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n"
    try:
        file = read_register(text.encode("utf-8", "surrogatepass"), "a.csv")
    except Unreadable:
        return
    for row in file.rows:
        assert row.nik or row.row in file.bad_rows
    for problem in file.problems:
        assert problem.message
        assert problem.column in HEADINGS
