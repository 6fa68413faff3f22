"""Workbooks that go out: templates from the readers' own column lists, and checked files.

Every cell is written by its type; a text that begins with `= + - @`, tab or CR stays text and is
never a formula.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterable, Sequence, Set
from decimal import Decimal
from typing import Any, NamedTuple

import xlsxwriter

from wibawa.rules.refused import Problem
from wibawa.uploads.columns import Cell, Column

STATUS_HEADING = "STATUS"
MESSAGE_HEADING = "KETERANGAN"
SAME_PROBLEM = "Masalah yang sama seperti pada baris-baris sebelumnya."
LONGEST_TEXT = 32_767


class _Book:
    """A workbook in memory with the few formats that are needed."""

    def __init__(self, sheet_name: str) -> None:
        self.buffer = io.BytesIO()
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": False,
        }
        self.book = xlsxwriter.Workbook(self.buffer, options)
        self.sheet = self.book.add_worksheet(sheet_name)
        self.date = self.book.add_format({"num_format": "dd-mm-yyyy"})
        self.moment = self.book.add_format({"num_format": "dd-mm-yyyy hh:mm:ss"})
        self.money = self.book.add_format({"num_format": "#,##0"})
        self.bold = self.book.add_format({"bold": True, "bg_color": "#E7EEF7", "text_wrap": True})
        self.text = self.book.add_format({"num_format": "@"})
        self.wrong = self.book.add_format({"bg_color": "#FBE3E1", "text_wrap": True})
        self.noted = self.book.add_format({"bg_color": "#FFF4D6", "text_wrap": True})

    def write(self, row: int, column: int, cell: Cell, style: Any = None) -> None:
        """Write one cell by its type; whole numbers without decimals, empty cells not at all."""
        if isinstance(cell, str):
            if cell:
                self.sheet.write_string(row, column, cell[:LONGEST_TEXT], style)
        elif isinstance(cell, bool):
            self.sheet.write_boolean(row, column, cell, style)
        elif isinstance(cell, dt.datetime):
            self.sheet.write_datetime(row, column, cell, style or self.moment)
        elif isinstance(cell, dt.date):
            self.sheet.write_datetime(row, column, cell, style or self.date)
        elif abs(cell) < 1e15 and cell == cell:
            self.sheet.write_number(row, column, cell, style)
        else:
            self.sheet.write_string(row, column, str(cell), style)

    def content(self) -> bytes:
        self.book.close()
        return self.buffer.getvalue()


def template_workbook(
    columns: Sequence[Column], example_rows: Iterable[Sequence[Cell]], sheet_name: str = "Data"
) -> bytes:
    """The XLSX template of a kind of file, made from the column list that its reader uses.

    Text columns are formatted as text, so that leading zeros of accounts and NIK stay. Headings of
    needed columns end with `*`, a sign that the reader ignores.
    """
    book = _Book(sheet_name)
    examples = [list(row) for row in example_rows]
    book.sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sample = next((row[index] for row in examples if index < len(row) and row[index] != ""), "")
        style = book.text if isinstance(sample, str) else None
        book.sheet.set_column(index, index, max(14, len(column.heading) + 3), style)
    for index, column in enumerate(columns):
        book.write(0, index, column.heading + (" *" if column.needed else ""), book.bold)
    for number, row in enumerate(examples, 1):
        for index, cell in enumerate(row):
            style = book.text if isinstance(cell, str) else None
            whole = isinstance(cell, int) and not isinstance(cell, bool)
            book.write(number, index, cell, book.money if whole else style)
    return book.content()


def marked_workbook(
    headings: Sequence[str],
    rows_with_cells: Iterable[tuple[int, Sequence[Cell]]],
    problems: Iterable[Problem],
    sheet_name: str = "Hasil pemeriksaan",
    bad_rows: Set[int] = frozenset(),
) -> bytes:
    """The officer's own file back ("Hasil pemeriksaan"): own columns, then STATUS and KETERANGAN.

    `rows_with_cells` are (Excel row number, cells) as they were read; cells with a problem are
    coloured, and BARIS, the last column, names the row of the file that was sent. Problems of the
    whole file (row 0) stand above the headings. `bad_rows` are wrong even when their problem was
    told in the sentence of another row (a file with tens of thousands of equal problems).
    """
    book = _Book(sheet_name)
    by_row: dict[int, list[Problem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row, []).append(problem)
    width = len(headings)
    line = 0
    for problem in by_row.get(0, []):
        book.write(line, 0, problem.message, book.wrong if problem.blocking else book.noted)
        line += 1
    for index, heading in enumerate((*headings, STATUS_HEADING, MESSAGE_HEADING, "BARIS")):
        book.write(line, index, heading, book.bold)
    book.sheet.set_column(0, max(width - 1, 0), 16)
    book.sheet.set_column(width, width, 14)
    book.sheet.set_column(width + 1, width + 1, 90)
    for row, cells in rows_with_cells:
        line += 1
        found = by_row.get(row, [])
        styles = {problem.column: book.noted for problem in found if not problem.blocking}
        styles |= {problem.column: book.wrong for problem in found if problem.blocking}
        for index, cell in enumerate(cells[:width]):
            style = None if isinstance(cell, dt.date) else styles.get(headings[index])
            book.write(line, index, cell, style)
        told = " ".join(problem.message for problem in found)
        silent = row in bad_rows and not any(problem.blocking for problem in found)
        book.write(line, width, "PERBAIKI" if silent else status_of(found))
        book.write(line, width + 1, f"{told} {SAME_PROBLEM}".strip() if silent else told)
        book.write(line, width + 2, row)
    return book.content()


class Sheet(NamedTuple):
    """A table of a workbook: its title, headings, rows, and what is noted under the title. With
    `widths` (characters of each column) it also prints on one page's breadth, headings repeated;
    the last row is set bold when it has `totals`."""

    title: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Cell | Decimal | None]]
    notes: Sequence[str] = ()
    widths: Sequence[int] = ()
    totals: bool = False


def list_workbook(
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell | Decimal | None]],
    notes: Sequence[str] = (),
    made_at: dt.datetime | None = None,
) -> bytes:
    """A list: title, notes, headings, rows. Whole numbers get thousands separators,
    a `Decimal` two decimals; None leaves the cell empty. A workbook says when it was made: with
    `made_at` the same list always gives the same bytes."""
    return sheets_workbook(title, [Sheet("Data", headings, rows)], notes, made_at)


def sheets_workbook(
    title: str,
    sheets: Sequence[Sheet],
    notes: Sequence[str] = (),
    made_at: dt.datetime | None = None,
) -> bytes:
    """Tables as sheets of one workbook, each as `list_workbook` writes its only one; with several
    the title of each stands under that of the workbook."""
    names = _sheet_names([sheet.title for sheet in sheets])
    book = _Book(names[0])
    if made_at is not None:
        book.book.set_properties({"created": made_at.astimezone(dt.UTC).replace(tzinfo=None)})
    formats = {
        "share": book.book.add_format({"num_format": "#,##0.00"}),
        "large": book.book.add_format({"bold": True, "font_size": 14}),
        "total": book.book.add_format({"bold": True, "bg_color": "#E7EEF7", "top": 1}),
    }
    for name, sheet in zip(names, sheets, strict=True):
        if name != names[0]:
            book.sheet = book.book.add_worksheet(name)
        above = [sheet.title, *notes] if len(sheets) > 1 else notes
        _fill(book, title, sheet, [*above, *sheet.notes], formats)
    return book.content()


def _sheet_names(titles: Sequence[str]) -> list[str]:
    """Titles as Excel allows them for sheets: 31 characters, none of []:*?/\\, no two alike."""
    found: list[str] = []
    for title in titles:
        plain = re.sub(r"[\[\]:*?/\\]", " ", title).split(",")[0]
        name, again = plain.strip("' ")[:31] or "Data", 1
        while name.casefold() in (each.casefold() for each in found):
            again += 1
            name = f"{plain[:27]} {again}"
        found.append(name)
    return found


def _fill(
    book: _Book, title: str, sheet: Sheet, notes: Sequence[str], formats: dict[str, Any]
) -> None:
    book.write(0, 0, title, formats["large"])
    for line, note in enumerate(notes, 1):
        book.write(line, 0, note)
    top = len(notes) + 2
    book.sheet.freeze_panes(top + 1, 0)
    for index, heading in enumerate(sheet.headings):
        width = sheet.widths[index] if sheet.widths else max(14, len(heading) + 3)
        book.sheet.set_column(index, index, width)
        book.write(top, index, heading, book.bold)
    line = top
    for line, row in enumerate(sheet.rows, top + 1):
        for index, cell in enumerate(row):
            if isinstance(cell, Decimal):
                book.sheet.write_number(line, index, cell, formats["share"])
            elif cell is not None:
                whole = isinstance(cell, int) and not isinstance(cell, bool)
                style = book.money if whole else book.text if isinstance(cell, str) else None
                book.write(line, index, cell, style)
    if sheet.widths:
        book.sheet.set_landscape()
        book.sheet.set_paper(9)  # A4
        book.sheet.fit_to_pages(1, 0)
        book.sheet.repeat_rows(top)
    if sheet.totals and line > top:
        bold = {"type": "no_errors", "format": formats["total"]}
        book.sheet.conditional_format(line, 0, line, len(sheet.headings) - 1, bold)


def status_of(problems: Sequence[Problem]) -> str:
    """The word in the STATUS column: PERBAIKI, PERHATIKAN or BENAR."""
    if any(problem.blocking for problem in problems):
        return "PERBAIKI"
    return "PERHATIKAN" if problems else "BENAR"
