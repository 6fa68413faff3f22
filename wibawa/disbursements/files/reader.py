"""A bank's file of disbursements → typed rows, with every problem of every row at once.

Plain Python. One row is one loan that the bank paid out of an application; the file holds no NIK.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Final

from wibawa.disbursements.files.rows import PaymentFile, PaymentRow
from wibawa.rules.dates import DateError
from wibawa.rules.money import AmountError, rupiah
from wibawa.uploads.cells import account_text, text_of
from wibawa.uploads.columns import Column
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.layouts import Layout, Shape, read_recognised, usual_layout
from wibawa.uploads.limits import DEFAULT_LIMITS, Limits
from wibawa.uploads.table import Cell, Table
from wibawa.uploads.tally import Tally

MOST_ROWS: Final = 500
"""The most disbursements of one file: the approver reads them all on one page."""

COLUMNS: Final = (
    Column(
        "number",
        "Nomor Permohonan",
        ("NO PERMOHONAN", "NOMOR APLIKASI", "NO APLIKASI", "NOMOR PENGAJUAN", "NO PENGAJUAN"),
        needed=True,
    ),
    Column("name", "Nama", ("NAMA PEMINJAM", "NAMA DEBITUR", "NAMA NASABAH", "NAMA PEMOHON")),
    Column(
        "account",
        "Nomor Rekening",
        ("NO REKENING", "NO REK", "REKENING", "NO REKENING PINJAMAN", "NOMOR REKENING PINJAMAN"),
        needed=True,
    ),
    Column(
        "agreement",
        "Nomor Perjanjian",
        ("NO PERJANJIAN", "NOMOR PK", "NO PK", "NOMOR AKAD", "NO AKAD", "NO PERJANJIAN KREDIT",
         "NOMOR PERJANJIAN KREDIT"),
        needed=True,
    ),
    Column(
        "agreement_on",
        "Tanggal Perjanjian",
        ("TGL PERJANJIAN", "TANGGAL PK", "TGL PK", "TANGGAL AKAD", "TGL AKAD"),
    ),
    Column(
        "disbursed_on",
        "Tanggal Pencairan",
        ("TGL PENCAIRAN", "TANGGAL CAIR", "TGL CAIR", "TANGGAL REALISASI", "TGL REALISASI"),
        needed=True,
    ),
    Column(
        "amount",
        "Jumlah Pencairan",
        ("JML PENCAIRAN", "PLAFON", "PLAFOND", "NOMINAL PENCAIRAN", "JUMLAH CAIR", "JUMLAH"),
        needed=True,
    ),
    Column(
        "matures_on",
        "Jatuh Tempo",
        ("TGL JATUH TEMPO", "TANGGAL JATUH TEMPO", "TGL JT", "JTEMPO"),
    ),
)  # fmt: skip
SHAPE: Final = Shape(COLUMNS)
DEFAULT_LAYOUT: Final = usual_layout(SHAPE)
_NUMBER: Final = re.compile(r"PM[- ]?0*([1-9][0-9]{0,9})", re.IGNORECASE)
_NOTHING: Final = frozenset({"", "-", "–", "—"})
_LONGEST_AGREEMENT: Final = 60
_DATES: Final = {
    "agreement_on": "Tanggal perjanjian",
    "disbursed_on": "Tanggal pencairan",
    "matures_on": "Jatuh tempo",
}


def read_payments(
    content: bytes,
    filename: str,
    layout: Layout = DEFAULT_LAYOUT,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> PaymentFile:
    """Read a bank's disbursements into typed rows and all their problems.

    Rupiah. Source: file rules §1 and §2, "Pencairan". Raises `Unreadable` (codes of `read_table`)
    when the whole file is refused, as it is with more than `MOST_ROWS` rows.

    >>> text = (b"Nomor Permohonan;No Rekening;No PK;Tgl Cair;Jumlah Pencairan\\n"
    ...         b"PM-000007;'0123456789;PK/1;24-11-2026;4.000.000")
    >>> read_payments(text, "cair.csv").rows[0][1:5]
    ('PM-000007', '', '0123456789', 'PK/1')
    """
    with collector_paused():
        few = replace(limits, rows=min(limits.rows, MOST_ROWS))
        return _Reading(*read_recognised(content, filename, layout, limits=few)).file()


class _Reading:
    """The reading of one table, row by row; collects problems on the way."""

    def __init__(self, table: Table, layout: Layout) -> None:
        self.table = table
        self.layout = layout
        self.tally = Tally(list(table.problems), {problem.row for problem in table.problems})
        self.unfit = {(problem.row, problem.column) for problem in table.problems}

    def file(self) -> PaymentFile:
        rows = [self.payment(row, cells) for row, cells in self.table.rows if self.told(cells)]
        file = PaymentFile(self.table, rows)
        file.control_total = sum(row.amount or 0 for row in rows)
        file.control_total_stated = self.control_total(file.control_total)
        file.bad_rows = self.tally.bad_rows
        file.problems = sorted(self.tally.closed(), key=lambda problem: problem.row)
        file.notices = list(self.table.notices)
        return file

    def told(self, cells: list[Cell]) -> bool:
        """Whether anything but a name stands in the row: numbered, empty lines are no payments."""
        return any(
            text_of(cells[index]) not in _NOTHING
            for key, index in self.table.columns.items()
            if key != "name"
        )

    def cell(self, key: str, cells: list[Cell]) -> Cell:
        index = self.table.columns.get(key)
        return "" if index is None else cells[index]

    def text(self, key: str, cells: list[Cell]) -> str:
        text = text_of(self.cell(key, cells))
        return "" if text in _NOTHING else text

    def problem(self, row: int, key: str, code: str, found: str, message: str) -> None:
        """Note a problem, unless the cell already has one."""
        heading = self.table.heading(key)
        if (row, heading) not in self.unfit:
            self.unfit.add((row, heading))
            self.tally.add(row, heading, code, found[:64], message)

    def payment(self, row: int, cells: list[Cell]) -> PaymentRow:
        return PaymentRow(
            row,
            self.number(row, self.text("number", cells)),
            self.text("name", cells),
            self.account(row, self.cell("account", cells)),
            self.agreement(row, self.text("agreement", cells)),
            self.date(row, "agreement_on", cells),
            self.date(row, "disbursed_on", cells, needed=True),
            self.amount(row, self.cell("amount", cells)),
            self.date(row, "matures_on", cells),
        )

    def number(self, row: int, text: str) -> str:
        found = _NUMBER.fullmatch(text)
        if found:
            return f"PM-{int(found[1]):06d}"
        if text:
            sentence = (
                f"Nomor permohonan “{text[:40]}” tidak terbaca; tulis seperti pada daftar usulan, "
                "misalnya PM-000123."
            )
            self.problem(row, "number", "number_unreadable", text, sentence)
        else:
            sentence = "Nomor permohonan kosong; salin nomornya dari daftar usulan."
            self.problem(row, "number", "number_missing", "", sentence)
        return ""

    def account(self, row: int, cell: Cell) -> str:
        """An account is text: of a new one nobody knows which zeros a number has lost."""
        if text_of(cell) in _NOTHING:
            sentence = "Nomor rekening kosong; isi nomor rekening pinjaman."
            self.problem(row, "account", "account_missing", "", sentence)
            return ""
        account = account_text(cell) if isinstance(cell, str) else None
        if account is not None and 5 <= len(account) <= 40 and account.isalnum():
            return account
        sentence = (
            f"Nomor rekening “{str(cell)[:40]}” tersimpan sebagai angka atau rusak; ubah kolomnya "
            "menjadi teks di Excel, lalu tulis ulang 5 sampai 40 angka atau huruf."
        )
        self.problem(row, "account", "account_unreadable", str(cell), sentence)
        return ""

    def agreement(self, row: int, text: str) -> str:
        if not text:
            sentence = "Nomor perjanjian kosong; isi seperti tertulis pada perjanjian kredit."
            self.problem(row, "agreement", "agreement_missing", "", sentence)
        elif len(text) > _LONGEST_AGREEMENT:
            sentence = f"Nomor perjanjian {len(text)} karakter; paling banyak {_LONGEST_AGREEMENT}."
            self.problem(row, "agreement", "agreement_too_long", text, sentence)
        return text[:_LONGEST_AGREEMENT]

    def date(
        self, row: int, key: str, cells: list[Cell], *, needed: bool = False
    ) -> dt.date | None:
        cell = self.cell(key, cells)
        if text_of(cell) in _NOTHING:
            if needed:
                sentence = f"{_DATES[key]} kosong; tulis hari uangnya cair, misalnya 24-11-2026."
                self.problem(row, key, "date_missing", "", sentence)
            return None
        try:
            return self.layout.day(cell)
        except DateError as error:
            self.problem(row, key, error.code, error.found, error.sentence)
            return None

    def amount(self, row: int, cell: Cell) -> int | None:
        if text_of(cell) in _NOTHING:
            sentence = "Jumlah pencairan kosong; tulis jumlahnya dalam rupiah utuh."
            self.problem(row, "amount", "amount_missing", "", sentence)
            return None
        try:
            return self.layout.amount(cell)
        except AmountError as error:
            self.problem(row, "amount", error.code, error.found, error.sentence)
            return None

    def control_total(self, counted: int) -> bool:
        """Whether the file states a total; it must be the sum of the rows."""
        index, heading = self.table.columns["amount"], self.table.heading("amount")
        stated = []
        for row, cells in self.table.totals:
            if text_of(cells[index]) in _NOTHING:
                continue
            try:
                stated.append(self.layout.amount(cells[index]))
            except AmountError as error:
                sentence = f"Baris jumlah (baris {row}): {error.sentence}"
                self.tally.add(0, heading, "control_total_unreadable", error.found, sentence)
                return True
        complete = not any(column == heading for _, column in self.unfit)
        if stated and complete and counted not in (stated[-1], sum(stated)):
            sentence = (
                f"Baris jumlah menyatakan {heading} {rupiah(stated[-1])}, sedangkan jumlah semua "
                f"baris {rupiah(counted)}; perbaiki barisnya atau baris jumlahnya."
            )
            found = f"{stated[-1]} ≠ {counted}"
            self.tally.add(0, heading, "control_total_differs", found, sentence)
        return bool(stated)
