"""Workbooks that go out: templates from the readers' own column lists, and checked files.

Every cell is written by its type; a text that begins with `= + - @`, tab or CR stays text and is
never a formula.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import textwrap
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
DAY, MOMENT, WHOLE, SHARE = "dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss", "#,##0", "#,##0.00"
PLAIN = {"tahun", "nomor", "no", "versi", "baris"}  # headings whose figures are names: 2026
NOTHING = "Tidak ada baris."
SHADE = "#E7EEF7"
HEAD = {"bold": True, "bg_color": SHADE, "text_wrap": True, "valign": "vcenter", "border": 1,
        "border_color": "#B8C7D9"}  # fmt: skip
NARROWEST, USUAL, WIDEST = 10, 15, 48  # characters of a column
UNITS = ("(Rp)", "(%)")  # at the end of a heading: figures, also where there is none yet
LINE, HIGHEST = 15, 409  # points of a line; Excel knows no higher row
UPRIGHT = 92  # characters that a sheet of A4 holds upright, and the least breadth of a note
LONGEST_AS_TEXT = 255  # Excel shows # for a longer one in a cell of the format "text"


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
        self._styles: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.date = self.style(num_format=DAY, align="left")
        self.moment = self.style(num_format=MOMENT, align="left")
        self.money = self.style(num_format=WHOLE)
        self.bold = self.style(**HEAD)
        self.text = self.style(num_format="@")
        self.wrong = self.style(bg_color="#FBE3E1", text_wrap=True)
        self.noted = self.style(bg_color="#FFF4D6", text_wrap=True)

    def style(self, **properties: Any) -> Any:
        """The one format of these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._styles:
            self._styles[key] = self.book.add_format(properties)
        return self._styles[key]

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
    breadth = sum(max(14, len(column.heading) + 3) for column in columns)
    _print_settings(book.sheet, sheet_name, 0, breadth)
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
    book.sheet.freeze_panes(line + 1, 0)
    _print_settings(book.sheet, sheet_name, line, 16 * width + 104)
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


Row = Sequence[Cell | Decimal | None]
Properties = dict[str, Any]


class Sheet(NamedTuple):
    """A table of a workbook: its title, headings and rows; what is noted under the title, and what
    below the table. The last row is set bold when it is the `totals`."""

    title: str
    headings: Sequence[str]
    rows: Iterable[Row]
    notes: Sequence[str] = ()
    totals: bool = False
    below: Sequence[str] = ()


class _Column(NamedTuple):
    """How broad a column is, on which side its words stand (those among numbers on theirs), and how
    its whole numbers are written."""

    width: int
    side: Properties
    whole: str

    @property
    def room(self) -> int:
        """Characters that surely fit, whatever the typeface."""
        return self.width - 2


def list_workbook(
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell | Decimal | None]],
    notes: Sequence[str] = (),
    made_at: dt.datetime | None = None,
) -> bytes:
    """A list: title, notes, headings, rows. Whole numbers get thousands separators, a `Decimal` two
    decimals; None leaves the cell empty. Its head stays in sight, each column is as broad as what
    stands in it, and it prints on one page's breadth with the headings and the number of the page
    on each. A workbook says when it was made: with `made_at` the same list always gives the same
    bytes."""
    return sheets_workbook(title, [Sheet(title, headings, rows)], notes, made_at)


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
    for name, sheet in zip(names, sheets, strict=True):
        if name != names[0]:
            book.sheet = book.book.add_worksheet(name)
        above = [sheet.title, *notes] if len(sheets) > 1 else notes
        _fill(book, title, sheet, [*above, *sheet.notes])
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


def _fill(book: _Book, title: str, sheet: Sheet, notes: Sequence[str]) -> None:
    rows = list(sheet.rows)
    columns = _columns(sheet.headings, rows)
    book.sheet.set_row(0, 21)
    book.write(0, 0, title, book.style(bold=True, font_size=14))
    for line, note in enumerate(notes, 1):
        _note(book, line, note, columns)
    top = len(notes) + 2
    _set_height(book, top, sheet.headings, columns)
    for index, (heading, column) in enumerate(zip(sheet.headings, columns, strict=True)):
        book.sheet.set_column(index, index, column.width)
        book.write(top, index, heading, book.style(**HEAD, **column.side))
    last = top + len(rows)
    for line, row in enumerate(rows, top + 1):
        total = {"bold": True, "bg_color": SHADE, "top": 1} if sheet.totals and line == last else {}
        _set_height(book, line, row, columns)
        for index, cell in enumerate(row):
            _write(book, line, index, cell, columns[index], total)
    if not rows:
        book.write(top + 1, 0, NOTHING, book.style(italic=True))
    for line, note in enumerate(sheet.below, last + 2):
        _note(book, line, note, columns)
    book.sheet.freeze_panes(top + 1, 0)
    book.sheet.ignore_errors({"number_stored_as_text": f"A{top + 1}:XFD{last + 1}"})
    _print_settings(book.sheet, title, top, sum(column.width for column in columns))


def _write(
    book: _Book,
    line: int,
    place: int,
    cell: Cell | Decimal | None,
    column: _Column,
    more: Properties,
) -> None:
    """One cell of a list in the format of its type; a text that is too long for it is wrapped."""
    kind: Properties = {"valign": "top", **more}
    if cell is None or cell == "":
        if more:
            book.sheet.write_blank(line, place, None, book.style(**kind))
    elif isinstance(cell, str):
        kind |= column.side
        kind |= {} if len(cell) > LONGEST_AS_TEXT else {"num_format": "@"}
        kind |= {"text_wrap": True} if len(cell) > column.room else {}
        book.write(line, place, cell, book.style(**kind))
    elif isinstance(cell, Decimal):
        book.sheet.write_number(line, place, cell, book.style(**kind, num_format=SHARE))
    elif isinstance(cell, dt.date):
        form = MOMENT if isinstance(cell, dt.datetime) else DAY
        book.write(line, place, cell, book.style(**kind, **column.side, num_format=form))
    else:
        whole = isinstance(cell, int) and not isinstance(cell, bool)
        kind |= {"num_format": column.whole} if whole else {}
        book.write(line, place, cell, book.style(**kind))


def _columns(headings: Sequence[str], rows: Sequence[Row]) -> list[_Column]:
    """Each column so broad that its figures are never cut, nor a word of its heading."""
    longest = [0] * len(headings)
    numbers = [heading.endswith(UNITS) for heading in headings]
    for row in rows:
        for index, cell in enumerate(row):
            longest[index] = max(longest[index], _length(cell))
            numbers[index] |= isinstance(cell, int | float | Decimal)
    found: list[_Column] = []
    for heading, length, of_numbers in zip(headings, longest, numbers, strict=True):
        words = heading.split() or [""]
        longest_word = max(len(word) for word in words)
        usual = min(len(heading) + 3, USUAL) if length else 0
        wanted = max(length + 2, longest_word + 3, usual)
        side: Properties = {"align": "right" if of_numbers else "left"}
        if found and found[-1].side["align"] == "right" and not of_numbers:
            side["indent"] = 1  # words that follow figures keep their distance from them
            wanted += 2
        whole = "0" if words[0].strip(".").casefold() in PLAIN else WHOLE
        found.append(_Column(min(max(wanted, NARROWEST), WIDEST), side, whole))
    return found


def _length(cell: Cell | Decimal | None) -> int:
    if cell is None:
        return 0
    if isinstance(cell, str):
        return len(cell)
    if isinstance(cell, dt.datetime):
        return len(MOMENT)
    if isinstance(cell, dt.date):
        return len(DAY)
    return len(f"{cell:,}") if isinstance(cell, int | Decimal) else len(str(cell))


def _set_height(book: _Book, line: int, cells: Row, columns: Sequence[_Column]) -> None:
    """A row as high as its longest text: not every program finds that out by itself."""
    lines = max(
        (
            len(textwrap.wrap(cell, column.room))
            for cell, column in zip(cells, columns, strict=False)
            if isinstance(cell, str) and len(cell) > column.room
        ),
        default=1,
    )
    if lines > 1:
        book.sheet.set_row(line, min(LINE * lines, HIGHEST))


def _note(book: _Book, line: int, note: str, columns: Sequence[_Column]) -> None:
    """A sentence over the whole breadth of the table, in as many lines as it needs."""
    count, room = len(columns), sum(column.width for column in columns)
    while room < UPRIGHT:
        count, room = count + 1, room + NARROWEST
        book.sheet.set_column(count - 1, count - 1, NARROWEST)
    lines = len(textwrap.wrap(note, room - room // 10)) or 1
    book.sheet.set_row(line, min(LINE * lines, HIGHEST))
    style = book.style(text_wrap=True, valign="top")
    if count == 1:
        book.write(line, 0, note, style)
    else:
        book.sheet.merge_range(line, 0, line, count - 1, note[:LONGEST_TEXT], style)


def _print_settings(sheet: Any, title: str, top: int, breadth: int) -> None:
    """A4 on one page's breadth, on its side when it is broad; the row of headings and the number
    of the page are on each."""
    if breadth > UPRIGHT:
        sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)
    name = title[:150].replace("&", "&&")
    sheet.set_footer(f"&L&8{name}&R&8Halaman &P dari &N")


def status_of(problems: Sequence[Problem]) -> str:
    """The word in the STATUS column: PERBAIKI, PERHATIKAN or BENAR."""
    if any(problem.blocking for problem in problems):
        return "PERBAIKI"
    return "PERHATIKAN" if problems else "BENAR"
