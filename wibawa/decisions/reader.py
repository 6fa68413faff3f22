"""A bank's file of answers → typed rows, with every problem of every row at once.

The file is the list that was sent with a proposal, filled in, or any table with those headings.
Plain Python.
"""

from __future__ import annotations

import re
from typing import Final

from wibawa.decisions.answers import AnswerFile, AnswerRow, Outcome
from wibawa.rules.money import AmountError, rupiah
from wibawa.uploads.cells import text_of
from wibawa.uploads.columns import Column, squeeze
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.layouts import Layout, Shape, read_recognised, usual_layout
from wibawa.uploads.limits import DEFAULT_LIMITS, Limits
from wibawa.uploads.table import Cell, Table
from wibawa.uploads.tally import Tally

COLUMNS: Final = (
    Column(
        "number",
        "Nomor Permohonan",
        ("NO PERMOHONAN", "NOMOR APLIKASI", "NO APLIKASI", "NOMOR PENGAJUAN", "NO PENGAJUAN"),
        needed=True,
    ),
    Column("name", "Nama", ("NAMA PEMOHON", "NAMA PEMINJAM", "NAMA DEBITUR", "NAMA LENGKAP")),
    Column(
        "decision",
        "KEPUTUSAN",
        ("KEPUTUSAN BANK", "HASIL KEPUTUSAN", "STATUS KEPUTUSAN"),
        needed=True,
    ),
    Column(
        "amount",
        "JUMLAH DISETUJUI",
        ("JML DISETUJUI", "JUMLAH YANG DISETUJUI", "PLAFON DISETUJUI", "NOMINAL DISETUJUI"),
    ),
    Column("reason", "ALASAN", ("ALASAN PENOLAKAN", "ALASAN DITOLAK", "ALASAN BANK")),
    Column("note", "CATATAN", ("PENJELASAN", "CATATAN BANK")),
)
SHAPE: Final = Shape(COLUMNS)
DEFAULT_LAYOUT: Final = usual_layout(SHAPE)
ANSWERING: Final = ("decision", "amount", "reason")
WORDS: Final[dict[str, Outcome]] = {
    "disetujui": "approved",
    "setuju": "approved",
    "ditolak": "refused",
    "tolak": "refused",
}
_NUMBER: Final = re.compile(r"PM[- ]?0*([1-9][0-9]{0,9})", re.IGNORECASE)
_NOTHING: Final = frozenset({"", "-", "–", "—"})


def read_answers(
    content: bytes,
    filename: str,
    layout: Layout = DEFAULT_LAYOUT,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> AnswerFile:
    """Read a bank's answers into typed rows and all their problems.

    Amounts in rupiah. Source: file rules §1 and §2, "Keputusan". Raises `Unreadable` (codes of
    `read_table`) when the whole file is refused.

    >>> text = b"Nomor Permohonan;Nama;KEPUTUSAN;JUMLAH DISETUJUI\\nPM-000007;Ani;Setuju;4.000.000"
    >>> read_answers(text, "daftar.csv").rows[0][1:6]
    ('PM-000007', 'Ani', 'approved', True, 4000000)
    """
    with collector_paused():
        return _Reading(*read_recognised(content, filename, layout, limits=limits)).file()


def application_number(text: str) -> str | None:
    """The number of an application as it is stored; None for what can be none.

    >>> application_number(" pm 7 "), application_number("7")
    ('PM-000007', None)
    """
    found = _NUMBER.fullmatch(text.strip())
    return f"PM-{int(found[1]):06d}" if found else None


class _Reading:
    """The reading of one table, row by row; collects problems on the way."""

    def __init__(self, table: Table, layout: Layout) -> None:
        self.table = table
        self.layout = layout
        self.tally = Tally(list(table.problems), {problem.row for problem in table.problems})
        self.unfit = {(problem.row, problem.column) for problem in table.problems}

    def file(self) -> AnswerFile:
        rows = [self.answer(row, cells) for row, cells in self.table.rows]
        file = AnswerFile(self.table, [row for row in rows if row.number or row.answered])
        file.control_total_stated = self.control_total(file.rows)
        file.bad_rows = self.tally.bad_rows
        file.problems = sorted(self.tally.closed(), key=lambda problem: problem.row)
        file.notices = list(self.table.notices)
        return file

    def text(self, key: str, cells: list[Cell]) -> str:
        """A cell as text, "" for none and for a dash."""
        index = self.table.columns.get(key)
        text = "" if index is None else text_of(cells[index])
        return "" if text in _NOTHING else text

    def problem(self, row: int, key: str, code: str, found: str, message: str) -> None:
        """Note a problem, unless the cell already has one."""
        heading = self.table.heading(key)
        if (row, heading) not in self.unfit:
            self.unfit.add((row, heading))
            self.tally.add(row, heading, code, found[:64], message)

    def answer(self, row: int, cells: list[Cell]) -> AnswerRow:
        word, reason = self.text("decision", cells), self.text("reason", cells)
        amount = self.amount(row, cells)
        # A remark alone is no answer: banks write there that they are still waiting for something.
        unread = any((row, self.table.heading(key)) in self.unfit for key in ANSWERING)
        answered = bool(word or reason or amount) or unread
        number = self.number(row, self.text("number", cells), answered)
        outcome = self.outcome(row, word, answered)
        name = self.text("name", cells)
        note = self.text("note", cells)
        return AnswerRow(row, number, name, outcome, answered, amount, reason, note)

    def number(self, row: int, text: str, answered: bool) -> str:
        number = application_number(text)
        if number is not None or not answered:
            return number or ""
        if text:
            sentence = (
                f"Nomor permohonan “{text[:40]}” tidak terbaca; tulis seperti pada daftar usulan, "
                "misalnya PM-000123."
            )
            self.problem(row, "number", "number_unreadable", text, sentence)
        else:
            sentence = (
                "Nomor permohonan kosong; salin nomornya dari daftar usulan, misalnya PM-000123."
            )
            self.problem(row, "number", "number_missing", "", sentence)
        return ""

    def outcome(self, row: int, word: str, answered: bool) -> Outcome | None:
        known = WORDS.get(squeeze(word))
        if known is not None or not answered:
            return known
        if word:
            sentence = f"Keputusan “{word[:40]}” tidak dikenal; tulis DISETUJUI atau DITOLAK."
            self.problem(row, "decision", "decision_unknown", word, sentence)
        else:
            sentence = (
                "Keputusan kosong, padahal jumlah atau alasannya terisi; tulis DISETUJUI atau "
                "DITOLAK."
            )
            self.problem(row, "decision", "decision_missing", "", sentence)
        return None

    def amount(self, row: int, cells: list[Cell]) -> int | None:
        """The amount of a row; a zero, as banks write it beside a refusal, stays a zero."""
        index = self.table.columns.get("amount")
        if index is None or text_of(cells[index]) in _NOTHING:
            return None
        try:
            return self.layout.amount(cells[index])
        except AmountError as error:
            self.problem(row, "amount", error.code, error.found, error.sentence)
            return None

    def control_total(self, rows: list[AnswerRow]) -> bool:
        """Whether the file states a total of what is approved; it must be the sum of the rows."""
        index = self.table.columns.get("amount")
        if index is None:
            return False
        stated = []
        for row, cells in self.table.totals:
            if text_of(cells[index]) in _NOTHING:
                continue
            try:
                stated.append(self.layout.amount(cells[index]))
            except AmountError as error:
                sentence = f"Baris jumlah (baris {row}): {error.sentence}"
                heading = self.table.heading("amount")
                self.tally.add(0, heading, "control_total_unreadable", error.found, sentence)
                return True
        counted = sum(row.amount or 0 for row in rows)
        heading = self.table.heading("amount")
        complete = not any(column == heading for _, column in self.unfit)
        if stated and complete and counted not in (stated[-1], sum(stated)):
            sentence = (
                f"Baris jumlah menyatakan {heading} {rupiah(stated[-1])}, sedangkan jumlah semua "
                f"baris {rupiah(counted)}; perbaiki barisnya atau baris jumlahnya."
            )
            found = f"{stated[-1]} ≠ {counted}"
            self.tally.add(0, heading, "control_total_differs", found, sentence)
        return bool(stated)
