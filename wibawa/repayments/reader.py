"""A bank's repayment file → typed rows, with every problem of every row at once.

Plain Python. Columns are read one by one, each distinct cell once, so that 100.000 rows take less
than a second.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

from wibawa.repayments.layout import COLUMNS, DEFAULT_LAYOUT, layout_from
from wibawa.repayments.rows import (
    RepaymentFile,
    RepaymentRow,
    canonical_rows_hash,
    collectibility_of,
    days_of,
    reference_of,
)
from wibawa.rules.dates import DateError
from wibawa.rules.money import AmountError, rupiah
from wibawa.rules.refused import Refused
from wibawa.uploads.cells import account_text, as_shown, plain_accounts, text_of, usual_amounts
from wibawa.uploads.columns import is_blank
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.layouts import Layout, read_recognised
from wibawa.uploads.limits import DEFAULT_LIMITS, Limits
from wibawa.uploads.table import Cell, Table, Unreadable
from wibawa.uploads.tally import Tally

__all__ = [
    "COLUMNS",
    "DEFAULT_LAYOUT",
    "Layout",
    "RepaymentFile",
    "RepaymentRow",
    "Unreadable",
    "canonical_rows_hash",
    "layout_from",
    "read_repayments",
]

MONEY_KEYS = ("amount", "principal", "interest", "penalty", "outstanding")


def read_repayments(
    content: bytes,
    filename: str,
    layout: Layout = DEFAULT_LAYOUT,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> RepaymentFile:
    """Read a bank's repayment file into typed rows and all its problems.

    Raises `Unreadable` (codes of `read_table`) when the whole file is refused; everything that is
    wrong with single rows or totals is in `problems`.

    >>> text = b"No Rekening;Tgl Bayar;Jumlah\\n'001;05-10-2026;5.000\\n;TOTAL;5.000"
    >>> file = read_repayments(text, "angsuran.csv")
    >>> file.rows[0].account, file.rows[0].amount, file.control_total
    ('001', 5000, 5000)
    """
    with collector_paused():
        return _Reading(*read_recognised(content, filename, layout, limits=limits)).file()


class _Reading:
    """The reading of one table; collects problems while the columns become typed."""

    def __init__(self, table: Table, layout: Layout) -> None:
        self.table = table
        self.layout = layout
        self.tally = Tally(list(table.problems), {problem.row for problem in table.problems})
        self.remarks = Tally(list(table.notices))
        self.unfit = {(problem.row, problem.column) for problem in table.problems}
        self._drop_rows_without_payment()
        self.numbers = [row for row, _ in table.rows]
        if not self.numbers:
            sentence = (
                "Berkas tidak berisi satu baris pembayaran pun; periksa apakah memang kosong."
            )
            self.remarks.add(0, "", "no_rows", "", sentence, False)
        self.unreadable: set[str] = {
            key for key in MONEY_KEYS if any(c == table.heading(key) for _, c in self.unfit if c)
        }

    def file(self) -> RepaymentFile:
        accounts, are_numbers = self.accounts()
        paid_on = self.dates()
        stated = {key: self.money(key) for key in MONEY_KEYS}
        amounts = self.amounts(stated)
        penalties: Iterable[int] = (
            repeat(0) if stated["penalty"] is None else [value or 0 for value in stated["penalty"]]
        )
        optional = [self.class_column(), self.days_column(), self.references()]
        parts = [_or_none(stated[key]) for key in ("principal", "interest", "outstanding")]
        names = self.names()
        columns = (self.numbers, accounts, are_numbers, names, paid_on, amounts, penalties)
        rows = list(map(RepaymentRow._make, zip(*columns, *parts, *optional, strict=False)))
        file = RepaymentFile(self.table, rows, bad_rows=self.tally.bad_rows)
        file.add_up(amounts)
        self.control_total(file, stated, amounts)
        place = {heading: index for index, heading in reversed([*enumerate(self.table.headings)])}
        file.problems, file.notices = (
            sorted(tally.closed(), key=lambda each: (each.row, place.get(each.column, -1)))
            for tally in (self.tally, self.remarks)
        )
        return file

    def column(self, key: str) -> list[Cell] | None:
        """The cells of a column, or None when the file has no such column."""
        index = self.table.columns.get(key)
        if index is None:
            return None
        cells = [cells[index] for _, cells in self.table.rows]
        if bool in set(map(type, cells)):  # True equals 1, but is no amount
            cells = [str(cell).upper() if type(cell) is bool else cell for cell in cells]
        return cells

    def problem(self, row: int, key: str, code: str, found: str, message: str) -> None:
        """Note a problem, unless the cell already has one."""
        heading = self.table.heading(key)
        if (row, heading) not in self.unfit:
            self.unfit.add((row, heading))
            self.tally.add(row, heading, code, found[:64], message)

    def distinct(
        self,
        key: str,
        read: Callable[[Cell], Any],
        refused: type[Refused],
        cells: list[Cell],
        known: dict[Cell, Any] | None = None,
    ) -> list[Any]:
        """Read each distinct cell once; a cell that is refused gives None and a problem per row."""
        values: dict[Cell, Any] = known or {}
        failed: dict[Cell, tuple[str, str]] = {}
        for cell in set(cells).difference(values):
            try:
                values[cell] = read(cell)
            except refused as error:
                values[cell] = None
                failed[cell] = error.code, error.sentence
        if failed:
            self.unreadable.add(key)
            for row, cell in zip(self.numbers, cells, strict=True):
                if cell in failed:
                    code, sentence = failed[cell]
                    self.problem(row, key, code, as_shown(cell), sentence)
        return [values[cell] for cell in cells]

    def _drop_rows_without_payment(self) -> None:
        """Rows with neither account, date nor money (numbered but empty lines) are no payments."""
        columns = self.table.columns
        telling = [columns[key] for key in ("account", "paid_on", *MONEY_KEYS) if key in columns]
        account = columns["account"]
        dropped = [
            row
            for row, cells in self.table.rows
            if (not cells[account] or is_blank(cells[account]))
            and all(is_blank(cells[index]) for index in telling)
            and not any((row, self.table.headings[index]) in self.unfit for index in telling)
        ]
        if not dropped:
            return
        gone = set(dropped)
        self.table.rows = [record for record in self.table.rows if record[0] not in gone]
        places = ", ".join(map(str, dropped[:10])) + (" …" if len(dropped) > 10 else "")
        sentence = f"Baris {places} tanpa rekening, tanggal dan jumlah; tidak dibaca."
        self.remarks.add(dropped[0], "", "row_without_payment", places, sentence, False)

    def accounts(self) -> tuple[list[str], list[bool]]:
        cells = self.column("account") or []
        plain = plain_accounts(cells)
        if plain is not None:
            return plain, [False] * len(plain)
        accounts: list[str] = []
        numbers: list[bool] = []
        for row, cell in zip(self.numbers, cells, strict=True):
            quick = cell.removeprefix("'") if type(cell) is str and len(cell) < 41 else ""
            usual = quick.isdigit() and quick.isascii()
            accounts.append(quick if usual else self._careful_account(row, cell))
            numbers.append(type(cell) is float or type(cell) is int)
        return accounts, numbers

    def _careful_account(self, row: int, cell: Cell) -> str:
        """Any account that is not plain digits; "" with a problem when it cannot be one."""
        account: str | None = None
        if isinstance(cell, (int, float)):
            account = str(int(cell)) if 0 < cell < 10**15 and int(cell) == cell else None
        elif isinstance(cell, str):
            if not text_of(cell):
                sentence = "Nomor rekening kosong; isi nomor rekening pinjaman."
                self.problem(row, "account", "account_missing", "", sentence)
                return ""
            account = account_text(cell)
        if account is not None:
            return account
        sentence = (
            f"Nomor rekening “{as_shown(cell)[:40]}” tersimpan sebagai angka atau rusak; "
            "ubah kolomnya menjadi teks di Excel dan tulis ulang nomor lengkapnya."
        )
        self.problem(row, "account", "account_unreadable", as_shown(cell), sentence)
        return ""

    def names(self) -> Iterable[str]:
        cells = self.column("name")
        if cells is None:
            return repeat("")
        return [cell.strip() if type(cell) is str else str(cell) for cell in cells]

    def dates(self) -> list[dt.date | None]:
        return self.distinct("paid_on", self.layout.day, DateError, self.column("paid_on") or [])

    def read_amount(self, cell: Cell) -> int | None:
        """One amount by the rules of money and the bank's decimal mark; None for an empty cell."""
        if type(cell) is str and not cell.strip(" -–\t\xa0"):
            return None
        return self.layout.amount(cell)

    def money(self, key: str) -> list[int | None] | None:
        """A money column in rupiah; parts below zero are problems, a negative balance is not."""
        cells = self.column(key)
        if cells is None:
            return None
        known = usual_amounts(cells) if self.layout.decimal_mark is None else {}
        values: list[int | None] = self.distinct(key, self.read_amount, AmountError, cells, known)
        if key in ("principal", "interest", "penalty") and min(filter(None, values), default=0) < 0:
            for row, value in zip(self.numbers, values, strict=True):
                if value is not None and value < 0:
                    heading = self.table.heading(key)
                    sentence = (
                        f"{heading} {rupiah(value)} tidak boleh negatif; tulis nilai positif."
                    )
                    found = self.as_written(row, key)
                    self.problem(row, key, "amount_not_positive", found, sentence)
        return values

    def as_written(self, row: int, key: str) -> str:
        """A cell of the table as it stands there, for the few that are wrong."""
        position = bisect_left(self.numbers, row)
        return as_shown(self.table.rows[position][1][self.table.columns[key]]).strip()

    def amounts(self, stated: dict[str, list[int | None] | None]) -> list[int | None]:
        """What was paid per row: the amount, else the sum of the parts; both must agree."""
        principal, interest = stated["principal"], stated["interest"]
        amount = stated["amount"]
        penalty = stated["penalty"]
        if principal is not None and interest is not None:
            amount = self._with_parts(amount, principal, interest, penalty)
        assert amount is not None
        if penalty is not None:
            self._check_penalties(amount, penalty)
        smallest = min([1 if value is None else value for value in amount], default=1)
        if smallest <= 0 or None in amount:
            self._check_amounts(amount)
        return amount

    def _with_parts(
        self,
        amount: list[int | None] | None,
        principal: list[int | None],
        interest: list[int | None],
        penalty: list[int | None] | None,
    ) -> list[int | None]:
        paid: list[int | None] = []
        columns = (self.numbers, amount or repeat(None), principal, interest, penalty or repeat(0))
        for row, stated, capital, profit, fine in zip(*columns, strict=False):
            if capital is None and profit is None:
                paid.append(stated)
                continue
            parts = (capital or 0) + (profit or 0) + (fine or 0)
            paid.append(parts if stated is None and not self._unread(row, "amount") else stated)
            if stated is not None and stated != parts and not self._parts_unread(row):
                sentence = (
                    f"Jumlah {rupiah(stated)} tidak sama dengan pokok + bunga + denda "
                    f"{rupiah(parts)}; perbaiki salah satunya."
                )
                key = "amount"
                self.problem(row, key, "parts_differ", f"{stated} ≠ {parts}", sentence)
        return paid

    def _unread(self, row: int, key: str) -> bool:
        """Whether a cell has a problem already, so that it must not be taken for an empty one."""
        return key in self.unreadable and (row, self.table.heading(key)) in self.unfit

    def _parts_unread(self, row: int) -> bool:
        return any(self._unread(row, key) for key in ("principal", "interest", "penalty"))

    def _check_penalties(self, amount: Sequence[int | None], penalty: Sequence[int | None]) -> None:
        for row, paid, fine in zip(self.numbers, amount, penalty, strict=True):
            if fine and paid is not None and fine > paid > 0:
                sentence = (
                    f"Denda {rupiah(fine)} lebih besar dari jumlah {rupiah(paid)}; "
                    "jumlah harus sudah termasuk denda."
                )
                self.problem(row, "penalty", "parts_differ", f"{fine} > {paid}", sentence)

    def _check_amounts(self, amounts: Sequence[int | None]) -> None:
        key = "amount" if "amount" in self.table.columns else "principal"
        money_headings = {self.table.heading(k) for k in MONEY_KEYS[:4]}
        unread = {row for row, heading in self.unfit if heading in money_headings}
        for row, amount in zip(self.numbers, amounts, strict=True):
            if amount is None and row not in unread:
                error = AmountError("amount_unreadable", "")
                self.problem(row, key, error.code, "", error.sentence)
            elif amount is not None and amount <= 0:
                sentence = f"Jumlah {rupiah(amount)} harus lebih dari nol; perbaiki jumlahnya."
                found = self.as_written(row, key) or str(amount)
                self.problem(row, key, "amount_not_positive", found, sentence)

    def class_column(self) -> Iterable[int | None]:
        return self._optional("collectibility", collectibility_of, "1 sampai 5")

    def days_column(self) -> Iterable[int | None]:
        return self._optional("days_past_due", days_of, "jumlah hari, misalnya 0")

    def _optional(
        self, key: str, read: Callable[[Cell], int | None], needed: str
    ) -> Iterable[int | None]:
        """A column that only informs: what cannot be read is a notice and left out."""
        cells = self.column(key)
        if cells is None:
            return repeat(None)
        values = {cell: read(cell) for cell in set(cells)}
        odd = {cell for cell, value in values.items() if value == -1}
        if odd:
            heading = self.table.heading(key)
            for row, cell in zip(self.numbers, cells, strict=True):
                if cell in odd:
                    sentence = f"{heading} “{str(cell)[:40]}” diabaikan; seharusnya {needed}."
                    found, code = str(cell)[:64], f"{key}_unreadable"
                    self.remarks.add(row, heading, code, found, sentence, False)
        return [None if cell in odd else values[cell] for cell in cells]

    def references(self) -> Iterable[str | None]:
        cells = self.column("reference")
        if cells is None:
            return repeat(None)
        return [
            cell
            if type(cell) is str and cell.isalnum() and len(cell) < 33
            else self._ref(row, cell)
            for row, cell in zip(self.numbers, cells, strict=True)
        ]

    def _ref(self, row: int, cell: Cell) -> str | None:
        """A reference that is not plain letters and digits."""
        text = reference_of(cell)
        if text != "":
            return text
        sentence = (
            f"Nomor bukti “{as_shown(cell)[:40]}” tersimpan sebagai angka, rusak atau terlalu "
            "panjang; ubah kolomnya menjadi teks di Excel dan tulis ulang."
        )
        self.problem(row, "reference", "reference_unreadable", as_shown(cell), sentence)
        return None

    def control_total(
        self,
        file: RepaymentFile,
        stated: dict[str, list[int | None] | None],
        amounts: list[int | None],
    ) -> None:
        """Compare every total that the file states with the sum of its column."""
        file.control_total = file.readable_total
        paid = dict(stated) | {"amount": amounts}
        totals = {}
        for key, values in paid.items():
            if values is None:
                continue
            total = self._stated_total(key, sum(filter(None, values)))
            if total is None:
                continue
            totals[key] = total
            complete = key not in self.unreadable and (key != "amount" or None not in values)
            counted = sum(filter(None, values))
            # Rows that cannot be read may explain what a total has more, never what it has less.
            short = not complete and key != "outstanding" and total < counted
            if short or (complete and total != counted):
                heading = self.table.heading(key) or "Jumlah"
                sentence = (
                    f"Baris jumlah menyatakan {heading} {rupiah(total)}, sedangkan jumlah semua "
                    f"baris {rupiah(counted)}; perbaiki barisnya atau baris jumlahnya."
                )
                found = f"{total} ≠ {counted}"
                self.tally.add(0, heading, "control_total_differs", found, sentence)
        parts = {key for key in ("principal", "interest", "penalty") if key in self.table.columns}
        if "amount" not in self.table.columns and parts <= totals.keys():
            totals["amount"] = sum(totals[key] for key in parts)
        if "amount" in totals:
            file.control_total = totals["amount"]
            file.control_total_stated = True

    def _stated_total(self, key: str, counted: int) -> int | None:
        """The total of a column as stated; page totals without a grand total are added up."""
        index = self.table.columns.get(key)
        if index is None:
            return None
        totals: list[int] = []
        for row, cells in self.table.totals:
            heading = self.table.heading(key)
            if (row, index) in self.table.formulas:
                sentence = (
                    f"Baris jumlah (baris {row}): sel “{heading}” berisi rumus tanpa hasil; "
                    "buka berkas di Excel, simpan sekali lagi, lalu unggah lagi."
                )
                self.tally.add(0, heading, "control_total_unreadable", "", sentence)
                return None
            try:
                value = self.read_amount(cells[index])
            except AmountError as error:
                sentence = f"Baris jumlah (baris {row}): {error.sentence}"
                self.tally.add(0, heading, "control_total_unreadable", error.found, sentence)
                return None
            if value is not None:
                totals.append(value)
        if not totals:
            return None
        return counted if len(totals) > 1 and sum(totals) == counted else totals[-1]


def _or_none(values: list[int | None] | None) -> Iterable[int | None]:
    return repeat(None) if values is None else values
