"""One file per mistake: what each must say stands in a table that was written by hand.

Each is read and checked as a file of Bank Pasar against the sample portfolio and a few payments of
October that are in the books already (`making.BEFORE`). It is 24 November 2026.
"""

from __future__ import annotations

import csv
import io
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.files import making
from tests.files.making import BUILT, MISTAKES
from tests.repayments.conftest import Books
from wibawa.repayments.outcome import Checked
from wibawa.repayments.reader import read_repayments
from wibawa.rules.refused import Problem
from wibawa.siumi.reader import read_register
from wibawa.uploads.limits import Unreadable

SAMPLES = Path(__file__).parent.parent / "files" / "samples"
ENGLISH = ("unexpected", "expected", "error", "line ", "field", "None", "Error", "invalid", "[")


class Answer(NamedTuple):
    """A line of the table: a problem as it must be told, or a file that is right (no code)."""

    row: str
    column: str
    code: str
    found: str
    blocks: str
    total: str


@cache
def answers() -> dict[str, list[Answer]]:
    by_file: dict[str, list[Answer]] = {}
    text = (MISTAKES / "answers.csv").read_text(encoding="utf-8")
    for name, *cells in list(csv.reader(io.StringIO(text), delimiter=";"))[1:]:
        by_file.setdefault(name, []).append(Answer(*cells))
    return by_file


def content_of(name: str) -> bytes:
    return BUILT[name]() if name in BUILT else (MISTAKES / name).read_bytes()


pytestmark = pytest.mark.usefixtures("it_is_november")


def told(problem: Problem) -> tuple[str, ...]:
    blocks = "yes" if problem.blocking else "no"
    return str(problem.row), problem.column, problem.code, problem.found, blocks


@pytest.mark.parametrize("name", sorted(answers()))
def test_each_mistake_is_told_with_its_code_row_and_column(books: Books, name: str) -> None:
    expected = answers()[name]
    try:
        file = read_repayments(content_of(name), name)
    except Unreadable as refusal:
        problems, total = [refusal.problem], ""  # the whole file is refused
    else:
        checked = books.check(file)
        problems, total = checked.problems, str(checked.total)
        assert_agrees(books.check(file, skip_problems=True, suspend_unknown=True))
    assert [told(problem) for problem in problems] == [each[:5] for each in expected if each.code]
    assert total == expected[0].total
    for problem in problems:
        assert_plain(problem)


def assert_plain(problem: Problem) -> None:
    """A sentence for an officer: Indonesian, complete, and it says what is needed."""
    assert problem.message.endswith(".")
    assert problem.message[0].isupper()
    words = problem.message.replace(problem.found, "") if problem.found else problem.message
    assert [word for word in ENGLISH if word in words] == []


def test_every_file_has_its_answer_and_there_are_enough_of_them() -> None:
    kept = {path.name for path in MISTAKES.iterdir()} - {"answers.csv"}
    assert kept | BUILT.keys() == answers().keys()
    assert len(kept) >= 60
    assert sum(path.stat().st_size for path in MISTAKES.iterdir()) < 400_000


def test_every_code_that_the_rules_name_has_a_file() -> None:
    codes = {answer.code for lines in answers().values() for answer in lines}
    assert codes >= {
        "account_missing", "account_unknown", "account_unreadable", "amount_has_sen",
        "amount_not_positive", "amount_unreadable", "column_ambiguous", "column_missing",
        "control_total_differs", "control_total_unreadable", "date_before_cut_off",
        "date_before_disbursement", "date_in_future", "date_unreadable", "exceeds_outstanding",
        "file_too_large", "file_unreadable", "formula_without_value", "loan_closed",
        "name_differs", "parts_differ", "reference_already_posted", "reference_duplicate",
        "reference_other_amount", "reference_unreadable", "row_already_posted",
        "row_may_be_posted", "row_without_payment", "rows_below_total", "rows_hidden",
        "sheet_hidden", "sheet_not_read",
    }  # fmt: skip


def test_the_files_can_be_made_again() -> None:
    for path, make in making.files().items():
        made, kept = make(), path.read_bytes()
        assert made == kept or parts_of(made) == parts_of(kept), path.name


def parts_of(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return {"": b"broken"}


def assert_agrees(checked: Checked) -> None:
    """Bad rows can be left out, and the sums still agree, unless the whole file is refused."""
    if checked.blocked:
        assert any(problem.row == 0 and problem.blocking for problem in checked.problems)
        return
    parts = (checked.posted_total, checked.suspense_total, checked.already_posted_total)
    assert sum(parts) + checked.skipped_total == checked.control_total


def test_a_hidden_sheet_with_the_only_table_is_named() -> None:
    with pytest.raises(Unreadable, match=r"Angsuran”.*disembunyikan"):
        read_repayments(content_of("sheet_hidden_with_the_only_table.xlsx"), "a.xlsx")


def test_a_nik_in_a_numeric_cell_of_the_register_is_refused() -> None:
    content = (making.REGISTER / "nik_as_a_number.xlsx").read_bytes()
    problems = read_register(content, "a.xlsx").problems
    assert [(p.row, p.column, p.code, p.blocking) for p in problems] == [
        (2, "NIK", "nik_unreadable", True)
    ]
