"""What a repayment file holds once it is read: typed rows, problems, totals, and its hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from wibawa.rules.money import rupiah
from wibawa.rules.refused import Problem
from wibawa.uploads.cells import SCIENTIFIC
from wibawa.uploads.limits import too_large
from wibawa.uploads.table import Cell, Table

_CLASS = re.compile(r"(?:KOL(?:EKTIBILITAS)?\.?\s*)?([1-5])(?:\s*[-.:]?\s*[A-Z ]*)", re.IGNORECASE)
_CLASSES = {
    "LANCAR": 1,
    "DALAM PERHATIAN KHUSUS": 2,
    "DPK": 2,
    "KURANG LANCAR": 3,
    "DIRAGUKAN": 4,
    "MACET": 5,
}

LONGEST_REFERENCE = 64
MOST_RUPIAH = 10**15 - 1
"""The most that a whole file may add up to, as a single amount; a column of sums holds no more."""


class RepaymentRow(NamedTuple):
    """One payment as the bank states it; amounts in rupiah, None where nothing readable stands.

    `row` is Excel's row number. `amount` is all that was paid, `penalty` a part of it. `account` is
    "" when missing or unreadable; `account_is_number` tells that leading zeros may be lost.
    """

    row: int
    account: str
    account_is_number: bool
    name: str
    paid_on: dt.date | None
    amount: int | None
    penalty: int
    principal: int | None
    interest: int | None
    outstanding: int | None
    collectibility: int | None
    days_past_due: int | None
    reference: str | None


@dataclass
class RepaymentFile:
    """A file as read. `problems` block, `notices` do not; both are in row order.

    `control_total` is the total that the file states, else the sum of the readable amounts.
    `readable_total` is that sum; `bad_rows` the rows with at least one problem.
    """

    table: Table
    rows: list[RepaymentRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    bad_rows: set[int] = field(default_factory=set)
    control_total: int = 0
    control_total_stated: bool = False
    readable_total: int = 0

    def add_up(self, amounts: Sequence[int | None]) -> None:
        """Sum what could be read. Raises `Unreadable` (file_too_large) beyond any real sum."""
        self.readable_total = sum([amount for amount in amounts if amount is not None])
        if abs(self.readable_total) > MOST_RUPIAH:
            raise too_large(
                f"Jumlah semua baris {rupiah(self.readable_total)} tidak wajar; periksa kolom "
                f"“{self.heading('amount') or self.heading('principal')}”."
            )

    @property
    def headings(self) -> list[str]:
        """All headings as the file writes them."""
        return self.table.headings

    def heading(self, key: str) -> str:
        """The file's own heading of a column, "" when it has none."""
        return self.table.heading(key)

    def cells(self, row: int) -> list[Cell]:
        """The original cells of a row by Excel's row number; [] for a row that is not there."""
        position = bisect_left(self.table.rows, row, key=lambda record: record[0])
        rows = self.table.rows
        return rows[position][1] if position < len(rows) and rows[position][0] == row else []

    @cached_property
    def rows_hash(self) -> str:
        """`canonical_rows_hash` of this file."""
        return canonical_rows_hash(self)


def canonical_rows_hash(file: RepaymentFile) -> str:
    """SHA-256 over what the rows say, in file order, and the control total.

    A copy that a spreadsheet program saved again, as XLSX or as CSV, has the same hash: formats,
    widths, titles, and leading zeros that a number lost make no difference.
    """
    days = {row.paid_on for row in file.rows}
    ordinals = {day: day.toordinal() if day else 0 for day in days}
    lines = [
        f"{account.lstrip('0')}|{ordinals[paid_on]}|{amount}|{penalty}|"
        f"{reference.lstrip('0') if reference else ''}"
        for _, account, _, _, paid_on, amount, penalty, _, _, _, _, _, reference in file.rows
    ]
    bad = [str(file.cells(row)) for row in sorted(file.bad_rows) if row]
    text = "\n".join((*lines, *bad, str(file.control_total)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def reference_of(cell: Cell) -> str | None:
    """A reference that is not plain letters and digits: None for none, "" for one that is lost."""
    if isinstance(cell, (int, float)):
        return str(int(cell)) if 0 <= cell < 10**15 and int(cell) == cell else ""
    text = " ".join(str(cell).split()).removeprefix("'")
    if text in ("", "-", "–"):
        return None
    lost = SCIENTIFIC.fullmatch(text) or text.startswith("#") or len(text) > LONGEST_REFERENCE
    return "" if lost else text


def collectibility_of(cell: Cell) -> int | None:
    """1 to 5, None for an empty cell, -1 for anything else."""
    text = str(cell).strip()[:50].removesuffix(".0")
    if text in ("", "-"):
        return None
    match = _CLASS.fullmatch(text)
    return int(match[1]) if match else _CLASSES.get(text.upper(), -1)


def days_of(cell: Cell) -> int | None:
    """Days as a whole number, None for an empty cell, -1 for anything else."""
    text = str(cell).strip().removesuffix(".0")
    if text in ("", "-"):
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else -1
