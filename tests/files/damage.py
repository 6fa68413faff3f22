"""Takes a good file and damages it: `damaged(seed, accounts)` gives bytes and what must be true.

What a tired hand or another program does to a table is drawn by chance: most of it harmless
(another encoding, other spellings, titles, blank and hidden rows, formulas with a result, dates
counted from 1904), some of it a fault with a known code at a known row, some of it beyond any
prediction (bytes lost, two headings swapped). The same seed gives the same file.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter

from wibawa.repayments.layout import COLUMNS

FIRST_DAY = dt.date(2026, 10, 1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
LONG = ("Oktober", "November")
KEYS = ("account", "name", "paid_on", "amount", "penalty", "reference")
NEEDED = ("account", "paid_on", "amount")
NAMES = {
    column.key: (column.heading, *column.names) for column in COLUMNS if column.key in KEYS
}  # fmt: skip


@dataclass
class Line:
    """A payment, and how its cells are written. `value` is the amount that can be read."""

    account: str
    name: str
    paid_on: dt.date
    amount: int
    penalty: int
    reference: str
    cells: dict[str, Any] = field(default_factory=dict)
    value: int | None = 0


@dataclass
class Damaged:
    """A file and what must be true of it.

    `expected`: (row, code) of every blocking problem, the whole file being row 0; None when nobody
    can say. `payments` are the rows as they must be read when there is no problem.
    """

    content: bytes
    name: str
    what: list[str]
    expected: set[tuple[int, str]] | None
    payments: list[tuple[str, dt.date, int, int, str]]
    total: int


def dotted(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


AMOUNTS: tuple[Callable[[int], str], ...] = (
    str, dotted, lambda n: f"{dotted(n)},00", lambda n: f"Rp {dotted(n)}",
    lambda n: f"Rp{dotted(n)},-", lambda n: f"{n:,}.00", lambda n: f"{n:,}",
    lambda n: f"Rp. {dotted(n)},00", lambda n: f"  {dotted(n)} ", lambda n: f"{n},00",
    lambda n: f"IDR {n:,}",
)  # fmt: skip
DATES: tuple[Callable[[dt.date], str], ...] = (
    lambda d: f"{d:%d-%m-%Y}", lambda d: f"{d:%d/%m/%Y}", lambda d: f"{d:%Y-%m-%d}",
    lambda d: f"{d:%d.%m.%Y}", lambda d: f"{d.day}/{d.month}/{d.year}",
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.day} {LONG[d.month - 10]} {d.year}",
    lambda d: f"{d:%d-%m-%Y} 13:45:00", lambda d: f" {d:%Y-%m-%d}T00:00:00 ",
)  # fmt: skip
ACCOUNTS: tuple[Callable[[str], str], ...] = (
    str, lambda a: f"'{a}", lambda a: f" {a} ", lambda a: f"{a[:3]}-{a[3:6]}.{a[6:]}",
    lambda a: f"{a[:4]} {a[4:8]} {a[8:]}",
)  # fmt: skip
LABELS = ("TOTAL", "Jumlah", "GRAND TOTAL :", "Jumlah Seluruhnya", "TOTAL 12 DEBITUR", "total")

# (column, code, cells that are that fault, the amount that can be read)
FAULTS: tuple[tuple[str, str, tuple[str, ...], int | None], ...] = (
    ("amount", "amount_unreadable",
     ("2l5.000", "1.5.0", "12.34.567", "lima", "5.O00", "#N/A", "1,2,3", "", "5 000"), None),
    ("amount", "amount_has_sen", ("1.500,50", "1.5", "100,000.25", "7,1"), None),
    ("amount", "amount_not_positive", ("0", "0,00", "Rp0,-"), 0),
    ("amount", "amount_not_positive", ("-5.000", "(5.000)", "5.000-", "(Rp5.000,00)"), -5000),
    ("paid_on", "date_unreadable",
     ("31-02-2026", "10/25/2026", "05-10-26", "besok", "", "46310", "20261005", "2026"), 1),
    ("paid_on", "date_in_future", ("01-01-2031", "2030-12-31"), 1),
    ("paid_on", "date_before_cut_off", ("30-09-2026",), 1),
    ("account", "account_missing", ("", "  ", "'"), 1),
    ("account", "account_unreadable", ("1,23457E+12", "5.7E+13", "12,5", "??", "#REF!"), 1),
    ("account", "account_unknown", ("0999999999999", "36296057401002", "123"), 1),
    ("reference", "reference_unreadable", ("1,2E+11", "#REF!", "X" * 65), 1),
)  # fmt: skip


class _Making:
    def __init__(self, seed: int, accounts: Sequence[tuple[str, str]]) -> None:
        self.chance = random.Random(seed)
        self.accounts = accounts
        self.what: list[str] = []
        self.xlsx = self.often(0.2)
        self.expected: set[tuple[int, str]] | None = set()
        self.options: dict[str, Any] = {}
        self.hidden: list[int] = []

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def does(self, what: str, share: float) -> bool:
        """Whether this damage happens; remembers its name."""
        happens = self.often(share)
        if happens:
            self.what.append(what)
        return happens

    def make(self) -> Damaged:
        lines = self.lines()
        columns = self.columns()
        marks = self.faults(lines, columns)
        grid, places, headings = self.grid(lines, columns)
        self.place(marks, places, grid, headings)
        self.total(lines, grid, columns)
        content = self.written(grid)
        if self.does("bytes lost or changed", 0.06):
            content, self.expected = self.chewed(content), None
        payments = [
            (line.account.lstrip("0"), line.paid_on, line.amount, line.penalty, line.reference)
            for line in lines
        ]
        kind = "xlsx" if self.xlsx else "csv"
        total = sum(line.amount for line in lines)
        return Damaged(content, f"a.{kind}", self.what, self.expected, payments, total)

    def lines(self) -> list[Line]:
        """A dozen payments in October and November, each cell in a spelling of its own."""
        made = []
        with_references = not self.does("no references", 0.15)
        numeric = self.xlsx and self.does("accounts as numbers", 0.2)
        one_way = self.often(0.5)
        amount_way, date_way = self.chance.choice(AMOUNTS), self.chance.choice(DATES)
        for number in range(self.chance.randint(1, 12)):
            account, name = self.chance.choice(self.accounts)
            day = FIRST_DAY + dt.timedelta(days=self.chance.randrange(50))
            amount = self.chance.randint(1, 900) * 1_000 + self.chance.choice((0, 0, 667, 1))
            penalty = self.chance.choice((0, 0, 0, 500))
            reference = f"G{self.chance.randrange(10**6)}X{number}" if with_references else ""
            line = Line(account, name, day, amount, penalty, reference, value=amount)
            spell = amount_way if one_way else self.chance.choice(AMOUNTS)
            date = (date_way if one_way else self.chance.choice(DATES))(day)
            line.cells = {
                "account": int(account) if numeric else self.chance.choice(ACCOUNTS)(account),
                "name": self.chance.choice((str, str.upper, str.lower))(name),
                "paid_on": day if self.xlsx and self.often(0.7) else date,
                "amount": amount if self.xlsx and self.often(0.7) else spell(amount),
                "penalty": str(penalty) if self.often(0.8) or penalty else "",
                "reference": reference or self.chance.choice(("", "-")),
            }
            made.append(line)
        if with_references and self.does("references in small letters", 0.1):
            for line in made:
                line.cells["reference"] = line.reference.lower()
        return made

    def columns(self) -> list[str]:
        columns = list(KEYS)
        if self.does("columns in another order", 0.3):
            self.chance.shuffle(columns)
        for extra in range(self.chance.choice((0, 0, 0, 1, 3))):
            columns.insert(self.chance.randrange(len(columns) + 1), f"extra {extra}")
        return columns

    def faults(self, lines: list[Line], columns: list[str]) -> list[tuple[Line, str]]:
        """Up to three faults in lines of their own; (line, code) of each."""
        marks: list[tuple[Line, str]] = []
        free = list(lines)
        self.chance.shuffle(free)
        for _ in range(self.chance.choice((0, 0, 0, 1, 1, 2, 3))):
            if not free:
                break
            line = free.pop()
            key, code, cells, value = self.chance.choice(FAULTS)
            line.cells[key] = self.chance.choice(cells)
            line.value = value if key == "amount" else line.value
            marks.append((line, code))
            self.what.append(f"{code} by {line.cells[key]!r}")
        if len(free) > 1 and free[0].reference and self.does("a reference twice", 0.1):
            free[0].cells["reference"] = free[1].cells["reference"]
            marks += [(free[0], "reference_duplicate"), (free[1], "reference_duplicate")]
        elif free and free[0].reference and self.does("a row doubled", 0.08):
            line = free[0]
            copy = Line(line.account, line.name, line.paid_on, line.amount, line.penalty,
                        line.reference, dict(line.cells), line.value)  # fmt: skip
            lines.append(copy)
            marks += [(line, "reference_duplicate"), (copy, "reference_duplicate")]
        return marks

    def heading(self, key: str) -> str:
        if key.startswith("extra"):
            return f"Catatan {key[-1]}"
        name = self.chance.choice(NAMES[key]) if self.often(0.5) else NAMES[key][0]
        return self.chance.choice(
            (str, str.upper, str.lower, lambda t: t.replace(" ", "_"), lambda t: f" {t} :",
             lambda t: t.replace(" ", "\n"), lambda t: t.replace(" ", ". "))
        )(name)  # fmt: skip

    def grid(
        self, lines: list[Line], columns: list[str]
    ) -> tuple[list[list[Any]], dict[int, int], list[str]]:
        """The rows of the sheet, and the Excel row of each line (by its id)."""
        headings = [self.heading(key) for key in columns]
        grid: list[list[Any]] = []
        if self.does("titles above", 0.4):
            grid += [["BANK PASAR KOTA SEMARANG"], ["Laporan angsuran"], []]
        if self.does("blank rows above", 0.1):
            grid += [[], [], [], []]
        grid.append(list(headings))
        if self.does("columns numbered", 0.1):
            grid.append([str(number) for number in range(1, len(columns) + 1)])
        places = {}
        for line in lines:
            if self.does("a blank row", 0.05):
                grid.append([])
            if self.does("headings repeated", 0.04):
                grid.append(list(headings))
            grid.append([line.cells.get(key, "") for key in columns])
            places[id(line)] = len(grid)
            if self.xlsx and self.does("a hidden row", 0.04):
                self.hidden.append(len(grid))
        self.left = self.chance.choice((0, 0, 0, 1, 3))
        self.head_row = next(n for n, row in enumerate(grid) if row == headings)
        return grid, places, headings

    def place(
        self,
        marks: list[tuple[Line, str]],
        places: dict[int, int],
        grid: list[list[Any]],
        headings: list[str],
    ) -> None:
        assert self.expected is not None
        self.expected |= {(places[id(line)], code) for line, code in marks}
        if self.does("two headings swapped", 0.03):
            one, two = self.chance.sample(range(len(headings)), 2)
            head = grid[self.head_row]
            head[one], head[two] = head[two], head[one]
            self.expected = None

    def total(self, lines: list[Line], grid: list[list[Any]], columns: list[str]) -> None:
        """A total row: right, or wrong by some rupiah; below it a signature."""
        if not self.does("a total row", 0.5):
            return
        total = sum(line.amount if line.value is None else line.value for line in lines)
        wrong = self.does("the total wrong", 0.1)
        row: list[Any] = [""] * len(columns)
        row[columns.index("name")] = self.chance.choice(LABELS)
        total -= wrong * self.chance.randint(1, 1_000)
        exact = not any(line.value is None for line in lines)
        readable = sum(line.value or 0 for line in lines)
        if self.expected is not None and (total != readable if exact else total < readable):
            self.expected.add((0, "control_total_differs"))
        row[columns.index("amount")] = total if self.xlsx else str(total)
        grid.append(row)
        if self.does("a signature below", 0.3):
            grid += [[], ["", "Semarang, 2 November 2026"], ["", "Kepala Cabang"]]

    def written(self, grid: list[list[Any]]) -> bytes:
        if self.does("a needed column missing", 0.03):
            return self.without_column(grid)
        moved = [[*[""] * self.left, *row] if row else row for row in grid]
        return self.workbook(moved) if self.xlsx else self.text(moved)

    def without_column(self, grid: list[list[Any]]) -> bytes:
        """A column that the file needs has a heading that nobody knows."""
        head = grid[self.head_row]
        known = {"".join(filter(str.isalnum, n)).lower() for k in NEEDED for n in NAMES[k]}
        places = [
            n for n, text in enumerate(head) if "".join(filter(str.isalnum, text)).lower() in known
        ]
        for row in grid:
            if row == head and row is not head:
                row[places[0]] = "Entah"
        head[places[0]] = "Entah"
        if self.expected is not None:
            self.expected = {(0, "column_missing")}
        return self.workbook(grid) if self.xlsx else self.text(grid)

    def text(self, grid: list[list[Any]]) -> bytes:
        mark = self.chance.choice(";;;,\t")
        encoding = self.chance.choice(
            ("utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be")
        )
        end = self.chance.choice(("\r\n", "\r\n", "\n", "\r"))
        quoting = self.chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
        if end == "\r":
            quoting = csv.QUOTE_ALL  # the writer leaves a line feed bare there
        self.what.append(f"{encoding} {mark!r} {end!r}")
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=mark, lineterminator=end, quoting=quoting)
        writer.writerows(grid)
        text = buffer.getvalue()
        if mark != "\t" and self.does("the separator named", 0.05):
            text = f"sep={mark}\r\n{text}"
        if self.does("lines without end at the end", 0.1):
            text += end * 5
        return text.encode(encoding, "replace")

    def workbook(self, grid: list[list[Any]]) -> bytes:
        buffer = io.BytesIO()
        options = {"date_1904": True} if self.does("dates from 1904", 0.2) else {}
        book = xlsxwriter.Workbook(buffer, options)
        sheet = book.add_worksheet("Angsuran")
        day = book.add_format({"num_format": "dd-mm-yyyy"})
        formulas = self.does("formulas with their result", 0.2)
        for line, row in enumerate(grid):
            for place, cell in enumerate(row):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(line, place, cell, day)
                elif isinstance(cell, int) and formulas and self.often(0.3):
                    sheet.write_formula(line, place, f"={cell}*1", None, cell)
                elif isinstance(cell, int):
                    sheet.write_number(line, place, cell)
                elif cell != "":
                    sheet.write_string(line, place, cell)
        for row_number in self.hidden:
            sheet.set_row(row_number - 1, None, None, {"hidden": True})
        if len(grid[0]) == 1 and not self.left and self.does("titles merged", 0.5):
            sheet.merge_range(0, 0, 0, 5, grid[0][0])
        if self.does("a hidden sheet", 0.1):
            other = book.add_worksheet("Lama")
            other.write_row(0, 0, ["NO REKENING", "TGL BAYAR", "JUMLAH"])
            other.hide()
        book.close()
        return buffer.getvalue()

    def chewed(self, content: bytes) -> bytes:
        at = self.chance.randrange(len(content))
        if self.often(0.5):
            return content[:at]
        bite = bytes(self.chance.randrange(256) for _ in range(self.chance.randint(1, 20)))
        return content[:at] + bite + content[at + len(bite) :]


def damaged(seed: int, accounts: Sequence[tuple[str, str]]) -> Damaged:
    """A file of the bank with these (account, name of its borrower), damaged by chance."""
    return _Making(seed, accounts).make()
