"""A bank's file of answers as it is read: the sent list filled in, or any table with its names."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wibawa.decisions.answers import AnswerFile
from wibawa.decisions.reader import COLUMNS, read_answers
from wibawa.decisions.routes import EXAMPLES
from wibawa.proposals.letter import HEADINGS
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.workbook import list_workbook, template_workbook

HEAD = "Nomor Permohonan;Nama;KEPUTUSAN;JUMLAH DISETUJUI;ALASAN\n"


def read(text: str | bytes) -> AnswerFile:
    return read_answers(text.encode() if isinstance(text, str) else text, "keputusan")


def codes(file: AnswerFile) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.code) for problem in file.problems]


def sent_list(*answers: Sequence[str | int]) -> bytes:
    """The list as the office sends it, its last three columns filled in by the bank."""
    usual = {"Jenis": "Usaha mikro", "NIK": "************0012", "Jumlah Diminta": 5_000_000}
    rows = []
    for place, answer in enumerate(answers, 1):
        known = usual | {"No.": place, "Nomor Permohonan": f"PM-{place:06d}", "Nama": "Siti Aminah"}
        rows.append([known.get(heading, "") for heading in HEADINGS[:-3]] + list(answer))
    notes = ["Surat 001/USULAN/KW/XI/2026", "Isi KEPUTUSAN (setuju atau tolak), JUMLAH DISETUJUI"]
    return list_workbook("Usulan Kredit Wibawa", HEADINGS, rows, notes)


def test_the_sent_list_filled_in_is_read_below_its_title_and_notes() -> None:
    file = read(sent_list(("DISETUJUI", 4_000_000, ""), ("TOLAK", "", "SLIK: kol 5"), ("", "", "")))
    assert file.problems == []
    assert [row[1:] for row in file.rows] == [
        ("PM-000001", "Siti Aminah", "approved", True, 4_000_000, "", ""),
        ("PM-000002", "Siti Aminah", "refused", True, None, "SLIK: kol 5", ""),
        ("PM-000003", "Siti Aminah", None, False, None, "", ""),
    ]
    assert [row.row for row in file.rows] == [6, 7, 8], "as Excel numbers them"


@pytest.mark.parametrize(
    ("word", "outcome"),
    [("DISETUJUI", "approved"), ("setuju", "approved"), ("Di setujui", "approved"),
     ("ditolak", "refused"), (" Tolak ", "refused"), ("TOLAK.", "refused")],
)  # fmt: skip
def test_the_words_of_a_decision_are_known_in_any_case(word: str, outcome: str) -> None:
    assert read(HEAD + f"PM-000001;Ani;{word};5;\n").rows[0].outcome == outcome


@pytest.mark.parametrize("number", ["PM-000012", "pm-12", "PM 000012", "'PM000012"])
def test_the_number_is_known_as_people_write_it(number: str) -> None:
    assert read(HEAD + f"{number};Ani;TOLAK;;slik\n").rows[0].number == "PM-000012"


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("PM-000001;Ani;MUNGKIN;5.000;", "KEPUTUSAN", "decision_unknown"),
        ("PM-000001;Ani;;5.000;", "KEPUTUSAN", "decision_missing"),
        ("PM-000001;Ani;;;SLIK", "KEPUTUSAN", "decision_missing"),
        ("PM-000001;Ani;SETUJU;5.00.0;", "JUMLAH DISETUJUI", "amount_unreadable"),
        ("PM-000001;Ani;SETUJU;empat juta;", "JUMLAH DISETUJUI", "amount_unreadable"),
        ("PM-000001;Ani;SETUJU;4.000.000,50;", "JUMLAH DISETUJUI", "amount_has_sen"),
        (";Ani;SETUJU;5.000;", "Nomor Permohonan", "number_missing"),
        ("12;Ani;SETUJU;5.000;", "Nomor Permohonan", "number_unreadable"),
    ],
)
def test_one_mistake_is_told_once_with_its_row_and_column(row: str, column: str, code: str) -> None:
    file = read(HEAD + "PM-000009;Budi;TOLAK;;slik\n" + row + "\n")
    assert codes(file) == [(3, column, code)]
    assert file.bad_rows == {3}


def test_every_mistake_of_a_row_is_told_at_once() -> None:
    file = read(HEAD + "x;Ani;ya;1.5.0;\n")
    assert {code for _, _, code in codes(file)} == {
        "number_unreadable", "decision_unknown", "amount_unreadable",
    }  # fmt: skip


def test_an_unanswered_row_is_no_mistake_even_with_a_remark_or_a_zero() -> None:
    head = "Nomor Permohonan;Nama;KEPUTUSAN;JUMLAH DISETUJUI;ALASAN;CATATAN\n"
    file = read(head + "PM-000001;Ani;-;0;-;menunggu SLIK\nPM-000002;Budi;;;;\n")
    assert file.problems == []
    assert [row.answered for row in file.rows] == [False, False]


def test_a_row_without_number_and_answer_says_nothing() -> None:
    assert read(HEAD + ";Catatan: rapat komite 3 Desember;;;\n").rows == []


def test_without_the_columns_it_needs_a_file_is_refused() -> None:
    with pytest.raises(Unreadable) as caught:
        read("Nama;JUMLAH DISETUJUI;ALASAN\nAni;5;\n")
    assert caught.value.code == "column_missing"
    assert "KEPUTUSAN" in caught.value.sentence


def test_the_total_row_must_be_the_sum_of_the_approvals() -> None:
    rows = "PM-000001;Ani;SETUJU;4.000.000;\nPM-000002;Budi;SETUJU;3.000.000;\n"
    right = read(HEAD + rows + ";JUMLAH;;7.000.000;\n")
    assert (right.problems, right.control_total_stated) == ([], True)
    wrong = read(HEAD + rows + ";JUMLAH;;8.000.000;\n")
    assert codes(wrong) == [(0, "JUMLAH DISETUJUI", "control_total_differs")]
    assert "Rp8.000.000" in wrong.problems[0].message
    assert "Rp7.000.000" in wrong.problems[0].message
    unread = read(HEAD + rows + ";JUMLAH;;7 juta;\n")
    assert codes(unread) == [(0, "JUMLAH DISETUJUI", "control_total_unreadable")]


def test_a_copy_that_was_saved_again_says_the_same() -> None:
    book = sent_list(("DISETUJUI", 4_000_000, ""))
    as_csv = HEAD + "PM-000001;Siti Aminah;disetujui;4.000.000;\n"
    assert read(book).rows_hash == read(as_csv).rows_hash
    other = HEAD + "PM-000001;Siti Aminah;disetujui;4.000.001;\n"
    assert read(other).rows_hash != read(as_csv).rows_hash
    one, two = (HEAD + f"PM-000001;Ani;{word};;\n" for word in ("ya", "oke"))
    assert read(one).rows_hash != read(two).rows_hash, "what is wrong is looked at too"


def test_the_template_is_read_by_the_reader_that_it_is_made_for() -> None:
    file = read(template_workbook(COLUMNS, EXAMPLES))
    assert file.problems == []
    assert [row.outcome for row in file.rows] == ["approved", "refused"]


def test_a_formula_without_result_in_the_amount_is_a_problem_of_its_row() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEAD.strip().split(";"))
    sheet.append(["PM-000001", "Ani", "SETUJU", "=4000*1000", ""])
    buffer = io.BytesIO()
    book.save(buffer)
    assert codes(read(buffer.getvalue())) == [(2, "JUMLAH DISETUJUI", "formula_without_value")]


CELLS = st.one_of(
    st.sampled_from(
        ["", "PM-000001", "setuju", "TOLAK", "5.000", "JUMLAH", "x", "-5", "1E+9", "–"]
    ),
    st.text(max_size=12),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=5), max_size=8))
def test_any_table_is_read_with_its_problems_or_refused(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";").writerows(rows)
    try:
        file = read(HEAD + buffer.getvalue())
    except Unreadable:
        return
    assert file.bad_rows == {problem.row for problem in file.problems if problem.row}
    assert len(file.rows_hash) == 64
    for row in file.rows:
        if row.answered and row.row not in file.bad_rows:
            assert row.number.startswith("PM-")
            assert row.outcome in ("approved", "refused")
