"""The file of SI-UMI (XLSX or CSV) → what each row says, with every problem at once.

Plain Python. An empty cell says nothing: it is not among a row's facts. What the facts mean beside
those that are stored is left to `checks`.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from wibawa.borrowers.checks import NIB_FAULT, phone_fault, plain_digits, plain_phone
from wibawa.rules.dates import parse_date
from wibawa.rules.nik import mask_nik, mask_written_niks
from wibawa.rules.refused import Problem, Refused
from wibawa.uploads.cells import SCIENTIFIC, text_of
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.limits import DEFAULT_LIMITS, Limits
from wibawa.uploads.table import Cell, Column, Table, read_table
from wibawa.uploads.tally import Tally

COLUMNS: tuple[Column, ...] = (
    Column("nik", "NIK", ("NIK PEMILIK", "NIK PELAKU USAHA", "NO KTP", "NOMOR KTP"), needed=True),
    Column("name", "NAMA", ("NAMA PEMILIK", "NAMA PELAKU USAHA", "NAMA LENGKAP"), needed=True),
    Column("sex", "JENIS KELAMIN", ("L/P", "JK", "KELAMIN")),
    Column("birth_date", "TANGGAL LAHIR", ("TGL LAHIR",)),
    Column("business_name", "NAMA USAHA", ("NAMA UMKM", "MERK USAHA")),
    Column("sector", "BIDANG USAHA", ("SEKTOR USAHA", "JENIS USAHA", "SEKTOR")),
    Column("business_started_on", "TANGGAL MULAI USAHA", ("TGL MULAI USAHA", "MULAI USAHA")),
    Column("kelurahan_code", "KELURAHAN", ("KODE KELURAHAN", "KELURAHAN USAHA"), needed=True),
    Column("kecamatan", "KECAMATAN", ("KECAMATAN USAHA",)),
    Column("address", "ALAMAT", ("ALAMAT USAHA",)),
    Column("phone", "NO HP", ("NO TELEPON", "NO TELP", "TELEPON", "NOMOR HP", "HP")),
    Column("nib", "NIB", ("NOMOR INDUK BERUSAHA",)),
)  # fmt: skip
HEADINGS = {column.key: column.heading for column in COLUMNS}
LONGEST = {"name": 120, "business_name": 120, "sector": 60, "address": 200, "kecamatan": 60}
LONGEST |= {"kelurahan_code": 60}
_SEXES = {"L": "L", "LAKI-LAKI": "L", "LAKI LAKI": "L", "PRIA": "L"} | {
    "P": "P", "PEREMPUAN": "P", "WANITA": "P",
}  # fmt: skip
_NOTHING = ("", "-", "–")
_NIB = re.compile(r"[0-9]{13}")


class RegisterRow(NamedTuple):
    """What a row says. `row` is Excel's row number; `nik` is "" when none could be read; `facts`
    are the readable cells that are not empty, by the borrower's field (and `kecamatan`)."""

    row: int
    nik: str
    facts: dict[str, Any]


@dataclass
class RegisterFile:
    """A file as read. `problems` block, `notices` do not; `bad_rows` have at least one problem."""

    table: Table
    rows: list[RegisterRow] = field(default_factory=list, repr=False)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    bad_rows: set[int] = field(default_factory=set)

    @property
    def headings(self) -> list[str]:
        """All headings as the file writes them; a NIK that stands among them is masked."""
        return [mask_written_niks(heading) for heading in self.table.headings]

    def heading(self, key: str) -> str:
        """The file's heading of a column, else the template's."""
        return mask_written_niks(self.table.heading(key)) or HEADINGS.get(key, "")

    def cells(self, row: int) -> list[Cell]:
        """The original cells of a row by Excel's row number; [] for a row that is not there."""
        rows = self.table.rows
        position = bisect_left(rows, row, key=lambda record: record[0])
        return rows[position][1] if position < len(rows) and rows[position][0] == row else []

    def shown_cells(self, row: int, shown: Callable[[Cell], str]) -> list[str]:
        """The cells of a row as `shown` writes them, every NIK masked."""
        at = self.table.columns["nik"]
        return [
            mask_cell(shown(cell)) if index == at else mask_written_niks(shown(cell))
            for index, cell in enumerate(self.cells(row))
        ]

    @cached_property
    def said(self) -> str:
        """What all rows say, in file order: the same for a copy that was saved again. It holds
        every NIK; only its keyed hash may be kept."""
        lines = [f"{row.nik}|{sorted(row.facts.items())}" for row in self.rows]
        bad = [str([text_of(cell) for cell in self.cells(row)]) for row in sorted(self.bad_rows)]
        return "\n".join((*lines, *bad))


def mask_cell(text: str) -> str:
    """What stands in the column of the NIK, hidden whatever it is but for the end of a number."""
    return mask_nik(plain_digits(text))


def read_register(
    content: bytes, filename: str, *, limits: Limits = DEFAULT_LIMITS
) -> RegisterFile:
    """Read a file of the register into rows and all their problems.

    Raises `Unreadable` (codes of `read_table`) when the whole file is refused. A NIK in a numeric
    cell is refused: its last digit is already lost (file rules §1). Texts are held to what the
    form takes.

    >>> file = read_register(b"NIK;NAMA;KELURAHAN\\n3374014804850012;Siti;Miroto\\n", "a.csv")
    >>> file.rows[0].facts
    {'name': 'Siti', 'kelurahan_code': 'Miroto'}
    """
    table = read_table(content, filename, COLUMNS, limits=limits)
    file = RegisterFile(table)
    tally = Tally(list(table.problems), {problem.row for problem in table.problems if problem.row})
    unfit = {(problem.row, problem.column) for problem in table.problems}
    readers = [
        (key, index, table.headings[index], _READERS[key]) for key, index in table.columns.items()
    ]
    with collector_paused():
        for row, cells in table.rows:
            facts: dict[str, Any] = {}
            for key, index, heading, read in readers:
                cell = cells[index]
                if cell == "" or (unfit and (row, heading) in unfit):
                    continue
                try:
                    value = read(cell)
                except Refused as refused:
                    found = _found(key, cell)
                    tally.add(row, file.heading(key), refused.code, found, refused.sentence)
                else:
                    if value is not None:
                        facts[key] = value
            file.rows.append(RegisterRow(row, facts.pop("nik", ""), facts))
            if not file.rows[-1].nik and row not in tally.bad_rows:
                sentence = "NIK kosong; tulis 16 angka sesuai KTP."
                tally.add(row, file.heading("nik"), "nik_missing", "", sentence)
    file.problems, file.bad_rows = tally.closed(), tally.bad_rows
    file.notices = list(table.notices)
    return file


def _found(key: str, cell: Cell) -> str:
    """What stands in a cell, as it may be kept beside its problem."""
    text = text_of(cell)
    return mask_cell(text) if key == "nik" else mask_written_niks(text[:64])


def _text(key: str) -> Callable[[Cell], str | None]:
    longest, heading = LONGEST[key], HEADINGS[key].capitalize()

    def read(cell: Cell) -> str | None:
        text = text_of(cell)
        if text in _NOTHING:
            return None
        if not text.isprintable():
            raise Refused(
                "text_unreadable",
                f"{heading} berisi tanda yang tidak dapat dibaca; tulis ulang selnya.",
            )
        if mask_written_niks(text) != text:
            raise Refused(
                "nik_in_text",
                f"{heading} berisi 16 angka seperti NIK; NIK hanya ditulis di kolom NIK.",
            )
        if len(text) > longest:
            raise Refused(
                "text_too_long",
                f"{heading} berisi {len(text)} karakter; paling banyak {longest}. Singkatkan.",
            )
        return text

    return read


def _nik(cell: Cell) -> str | None:
    text = text_of(cell)
    if not isinstance(cell, str) or SCIENTIFIC.fullmatch(text):
        raise Refused(
            "nik_unreadable",
            "NIK tersimpan sebagai angka sehingga angka terakhirnya sudah hilang; "
            "ubah kolom NIK menjadi teks dan tulis ulang 16 angkanya.",
        )
    return plain_digits(text) or None


def _sex(cell: Cell) -> str | None:
    text = text_of(cell).upper()
    if text in _NOTHING:
        return None
    if text not in _SEXES:
        said = mask_written_niks(text[:40])
        raise Refused("sex_unknown", f"Jenis kelamin “{said}” tidak dikenal; tulis L atau P.")
    return _SEXES[text]


def _date(cell: Cell) -> dt.date | None:
    if isinstance(cell, str) and text_of(cell) in _NOTHING:
        return None
    try:
        return parse_date(cell)
    except Refused as refused:
        raise Refused(refused.code, mask_written_niks(refused.sentence)) from None


def _phone(cell: Cell) -> str | None:
    text = text_of(cell)
    if text in _NOTHING:
        return None
    if not isinstance(cell, str) and text.startswith("8"):
        text = "0" + text  # a number lost its leading zero
    if fault := phone_fault(text[:40]):
        raise Refused("phone_unreadable", mask_written_niks(f"Nomor telepon: {fault}"))
    return plain_phone(text)


def _nib(cell: Cell) -> str | None:
    text = plain_digits(text_of(cell))
    if text in _NOTHING:
        return None
    if not isinstance(cell, str) and len(text) == 12:
        text = "0" + text
    if not _NIB.fullmatch(text):
        said = mask_written_niks(text[:40])
        raise Refused("nib_unreadable", f"Tertulis “{said}”; {NIB_FAULT}")
    return text


_READERS: dict[str, Callable[[Cell], Any]] = {
    "nik": _nik,
    "name": _text("name"),
    "sex": _sex,
    "birth_date": _date,
    "business_name": _text("business_name"),
    "sector": _text("sector"),
    "business_started_on": _date,
    "kelurahan_code": _text("kelurahan_code"),
    "kecamatan": _text("kecamatan"),
    "address": _text("address"),
    "phone": _phone,
    "nib": _nib,
}
