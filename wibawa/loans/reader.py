"""The opening portfolio (data awal) of a bank → typed rows, with every problem at once.

Plain Python. The columns are those of the office's template; all or nothing is decided later, so a
row with problems keeps what could be read and is checked as far as it goes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

from wibawa.rules.dates import parse_date
from wibawa.rules.facts import BorrowerKind, Method, Terms
from wibawa.rules.money import parse_amount, rupiah
from wibawa.rules.nik import mask_nik
from wibawa.rules.refused import Problem, Refused
from wibawa.uploads.cells import account_text, text_of
from wibawa.uploads.limits import DEFAULT_LIMITS, Limits
from wibawa.uploads.table import Cell, Column, Table, read_table

COLUMNS: tuple[Column, ...] = (
    Column("kind", "JENIS PEMINJAM", ("JENIS DEBITUR", "JENIS")),
    Column("name", "NAMA", ("NAMA PEMINJAM", "NAMA DEBITUR"), needed=True),
    Column("nik", "NIK", ("NO KTP", "NIK PEMINJAM", "NIK KETUA"), needed=True),
    Column("sex", "JENIS KELAMIN", ("L/P", "JK", "KELAMIN"), needed=True),
    Column("birth_date", "TANGGAL LAHIR", ("TGL LAHIR",), needed=True),
    Column("business_name", "NAMA USAHA"),
    Column("sector", "BIDANG USAHA", ("SEKTOR USAHA", "SEKTOR")),
    Column("business_started_on", "TANGGAL MULAI USAHA", ("TGL MULAI USAHA", "MULAI USAHA")),
    Column("kelurahan_code", "KODE KELURAHAN", ("KELURAHAN",), needed=True),
    Column("address", "ALAMAT", ("ALAMAT USAHA",)),
    Column("phone", "NO HP", ("NO TELEPON", "NO TELP", "TELEPON", "HP")),
    Column("nib", "NIB"),
    Column("cooperative_number", "NIK KOPERASI", ("NOMOR INDUK KOPERASI",)),
    Column("chair_name", "NAMA KETUA", ("KETUA",)),
    Column("members_male", "ANGGOTA L", ("ANGGOTA LAKI-LAKI",)),
    Column("members_female", "ANGGOTA P", ("ANGGOTA PEREMPUAN",)),
    Column("bank_code", "KODE BANK", ("BANK",), needed=True),
    Column("account", "NO REKENING", ("NOMOR REKENING", "NO REK", "REKENING"), needed=True),
    Column("agreement_number", "NO AKAD", ("NOMOR AKAD", "NO PK", "NO PERJANJIAN KREDIT")),
    Column("disbursed_on", "TANGGAL PENCAIRAN", ("TGL PENCAIRAN", "TGL CAIR"), needed=True),
    Column("principal", "PLAFON", ("PLAFOND", "JUMLAH PINJAMAN"), needed=True),
    Column("method", "METODE", ("METODE BUNGA", "METODE ANGSURAN")),
    Column("months", "TENOR", ("JANGKA WAKTU", "TENOR (BULAN)", "JANGKA WAKTU (BULAN)")),
    Column("rate", "SUKU BUNGA", ("SUKU BUNGA (%)", "BUNGA (%)", "BUNGA PER TAHUN", "BUNGA %")),
    Column("principal_paid", "POKOK DIBAYAR", ("POKOK TERBAYAR",), needed=True),
    Column("interest_paid", "BUNGA DIBAYAR", ("BUNGA TERBAYAR",), needed=True),
    Column("cut_off", "PER TANGGAL", ("TANGGAL POSISI", "TGL POSISI"), needed=True),
)

_HEADINGS = {column.key: column.heading for column in COLUMNS}
_KINDS = {"USAHA MIKRO": BorrowerKind.MICRO, "MIKRO": BorrowerKind.MICRO} | {
    "KOPERASI": BorrowerKind.COOPERATIVE
}
_SEXES = {"L": "L", "LAKI-LAKI": "L", "LAKI LAKI": "L", "PRIA": "L"} | {
    "P": "P", "PEREMPUAN": "P", "WANITA": "P",
}  # fmt: skip
_METHODS = {
    "ANUITAS": Method.ANNUITY, "ANNUITY": Method.ANNUITY, "FLAT": Method.FLAT,
    "MENURUN": Method.DECLINING, "DECLINING": Method.DECLINING,
}  # fmt: skip
_KELURAHAN = re.compile(r"(\d{2})\.?(\d{2})\.?(\d{2})\.?(\d{4})")
_MONTHS = re.compile(r"(\d{1,3})(?: ?(?:BULAN|BLN))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DefaultTerms:
    """The terms of the product where the file does not state them; `rate` in basis points."""

    rate: int = 300
    months: int = 24
    method: Method = Method.ANNUITY
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One running loan with its borrower. Amounts in rupiah, `rate` in basis points a year.

    For a cooperative `nik`, `sex` and `birth_date` are the chair's. `method`, `months` and `rate`
    are None where the file does not state them. `cut_off` is the day up to which money is paid.
    """

    row: int
    kind: BorrowerKind
    name: str
    nik: str = field(repr=False)
    sex: Literal["L", "P"]
    birth_date: dt.date = field(repr=False)
    business_name: str
    sector: str
    business_started_on: dt.date | None
    kelurahan_code: str
    address: str = field(repr=False)
    phone: str = field(repr=False)
    nib: str
    cooperative_number: str | None
    chair_name: str
    members_male: int | None
    members_female: int | None
    bank_code: str
    account: str
    agreement_number: str
    disbursed_on: dt.date
    principal: int
    method: Method | None
    months: int | None
    rate: int | None
    principal_paid: int
    interest_paid: int
    cut_off: dt.date

    @property
    def paid(self) -> int:
        """All that was paid up to the cut-off, in rupiah: the amount of the opening entry."""
        return self.principal_paid + self.interest_paid

    def terms(self, default: DefaultTerms) -> Terms:
        """The loan's terms, completed by the product's where the file is silent."""
        return loan_terms(
            {"principal": self.principal, "disbursed_on": self.disbursed_on}
            | {"rate": self.rate, "months": self.months, "method": self.method},
            default,
        )


def loan_terms(values: dict[str, Any], default: DefaultTerms) -> Terms:
    """`Terms` from read values; only principal and disbursement date must be there."""
    months = values.get("months")
    rate = values.get("rate")
    return Terms(
        values["principal"],
        default.rate if rate is None else rate,
        default.months if months is None else months,
        values.get("method") or default.method,
        values["disbursed_on"],
        default.multiple,
    )


@dataclass
class PortfolioFile:
    """A portfolio as read: `rows` are whole, `values` hold for every row what could be read."""

    table: Table
    rows: list[PortfolioRow] = field(default_factory=list)
    values: list[tuple[int, dict[str, Any]]] = field(default_factory=list, repr=False)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)

    @property
    def headings(self) -> list[str]:
        """All headings as the file writes them."""
        return self.table.headings

    def heading(self, key: str) -> str:
        """The file's heading of a column, else the template's."""
        return self.table.heading(key) or _HEADINGS.get(key, "")


def read_portfolio(
    content: bytes, filename: str, *, limits: Limits = DEFAULT_LIMITS
) -> PortfolioFile:
    """Read an opening portfolio (XLSX or CSV) into typed rows and all their problems.

    Raises `Unreadable` (codes of `read_table`) when the whole file is refused. A NIK or an account
    in a numeric cell is refused: digits are already lost (files.md §1).
    """
    table = read_table(content, filename, COLUMNS, limits=limits)
    file = PortfolioFile(table, problems=list(table.problems), notices=list(table.notices))
    unfit = {(problem.row, problem.column) for problem in table.problems}
    for row, cells in table.rows:
        values: dict[str, Any] = {}
        for key, read in _READERS.items():
            index = table.columns.get(key)
            heading = file.heading(key)
            if (row, heading) in unfit:
                continue
            cell: Cell = "" if index is None else cells[index]
            try:
                values[key] = read(cell)
            except Refused as refused:
                found = mask_nik(text_of(cell)) if key == "nik" else str(cell)[:64]
                file.problems.append(Problem(row, heading, refused.code, found, refused.sentence))
        _check_cooperative(file, row, values)
        file.values.append((row, values))
        if len(values) == len(_READERS):
            file.rows.append(PortfolioRow(row, **values))
    _check_totals(file)
    file.problems.sort(key=lambda problem: problem.row)
    return file


def _check_cooperative(file: PortfolioFile, row: int, values: dict[str, Any]) -> None:
    """A cooperative has a number and a chair."""
    if values.get("kind") is not BorrowerKind.COOPERATIVE:
        return
    for key in ("cooperative_number", "chair_name"):
        if key in values and not values[key]:
            heading = file.heading(key)
            sentence = f"{heading} kosong; wajib diisi untuk koperasi."
            file.problems.append(Problem(row, heading, "text_missing", "", sentence))


def _check_totals(file: PortfolioFile) -> None:
    """Compare the totals of the money columns with a total row, when every amount is readable."""
    if file.table.total_row is None:
        return
    _, cells = file.table.total_row
    for key in ("principal", "principal_paid", "interest_paid"):
        cell = cells[file.table.columns[key]]
        amounts = [values.get(key) for _, values in file.values]
        if None in amounts or not text_of(cell):
            continue
        heading = file.heading(key)
        counted = sum(cast("list[int]", amounts))
        try:
            total = parse_amount(cell)
        except Refused as refused:
            sentence = f"Baris jumlah: {refused.sentence}"
            code, found = "control_total_unreadable", str(cell)[:64]
            file.problems.append(Problem(0, heading, code, found, sentence))
            continue
        if total != counted:
            sentence = (
                f"Baris jumlah menyatakan {heading} {rupiah(total)}, sedangkan jumlah semua "
                f"baris {rupiah(counted)}; perbaiki barisnya atau baris jumlahnya."
            )
            found = f"{total} ≠ {counted}"
            file.problems.append(Problem(0, heading, "control_total_differs", found, sentence))


def _text(cell: Cell) -> str:
    return text_of(cell)[:200]


def _needed_text(heading: str) -> Callable[[Cell], str]:
    def read(cell: Cell) -> str:
        text = _text(cell)
        if not text:
            raise Refused("text_missing", f"{heading} kosong; wajib diisi.")
        return text

    return read


def _one_of(words: dict[str, Any], code: str, what: str, empty: object = ...) -> Callable[..., Any]:
    """A reader for a short list of words; an empty cell gives `empty` when that is stated."""

    def read(cell: Cell) -> Any:
        text = text_of(cell).upper()
        if not text and empty is not ...:
            return empty
        if text not in words:
            raise Refused(code, f"{what} “{text[:40]}” tidak dikenal; tulis {_choices(words)}.")
        return words[text]

    return read


def _choices(words: Sequence[str] | dict[str, Any]) -> str:
    """The first word for each meaning: "L atau P"."""
    first: dict[Any, str] = {}
    for word in words:
        first.setdefault(words[word] if isinstance(words, dict) else word, word)
    names = list(first.values())
    return f"{', '.join(names[:-1])} atau {names[-1]}" if len(names) > 1 else names[0]


def _nik(cell: Cell) -> str:
    if not isinstance(cell, str):
        raise Refused(
            "nik_unreadable",
            "NIK tersimpan sebagai angka sehingga angka terakhirnya sudah hilang; "
            "ubah kolom NIK menjadi teks dan tulis ulang 16 angkanya.",
        )
    text = text_of(cell).replace(" ", "")
    if not text:
        raise Refused("nik_missing", "NIK kosong; tulis 16 angka sesuai KTP.")
    return text


def _account(cell: Cell) -> str:
    text = account_text(cell) if isinstance(cell, str) else None
    if isinstance(cell, str) and not text_of(cell):
        raise Refused("account_missing", "Nomor rekening kosong; isi nomor rekening pinjaman.")
    if text is None:
        raise Refused(
            "account_unreadable",
            "Nomor rekening tersimpan sebagai angka atau rusak; "
            "ubah kolomnya menjadi teks di Excel dan tulis ulang nomor lengkapnya.",
        )
    return text


def _kelurahan(cell: Cell) -> str:
    text = text_of(cell)
    parts = _KELURAHAN.fullmatch(text)
    if parts is None:
        raise Refused(
            "kelurahan_unreadable",
            f"Kode kelurahan “{text[:40]}” tidak dapat dibaca; tulis seperti 33.74.01.1001.",
        )
    return ".".join(parts.groups())


def _optional_date(cell: Cell) -> dt.date | None:
    return None if isinstance(cell, str) and text_of(cell) in ("", "-") else parse_date(cell)


def _principal(cell: Cell) -> int:
    amount = parse_amount(cell)
    if amount <= 0:
        sentence = f"Plafon {rupiah(amount)} harus lebih dari nol; perbaiki jumlahnya."
        raise Refused("amount_not_positive", sentence)
    return amount


def _paid(cell: Cell) -> int:
    amount = parse_amount(cell)
    if amount < 0:
        sentence = f"Yang dibayar {rupiah(amount)} tidak boleh negatif; tulis 0 bila belum ada."
        raise Refused("amount_not_positive", sentence)
    return amount


def _count(cell: Cell) -> int | None:
    text = text_of(cell)
    if text in ("", "-"):
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise Refused("count_unreadable", f"“{text[:40]}” bukan jumlah orang; tulis angka bulat.")
    return int(text)


def _months(cell: Cell) -> int | None:
    text = text_of(cell)
    if not text:
        return None
    parts = _MONTHS.fullmatch(text)
    if parts is None:
        raise Refused("months_unreadable", f"Tenor “{text[:40]}” bukan jumlah bulan; tulis 24.")
    return int(parts[1])


def _rate(cell: Cell) -> int | None:
    """Basis points from "3%", "3,00" or 3; a number below 1 is Excel's percent format."""
    text = text_of(cell).removesuffix("%").strip().replace(",", ".")
    if not text:
        return None
    try:
        percent = Decimal(text)
    except InvalidOperation:
        percent = Decimal(-1)
    if not percent.is_finite():
        percent = Decimal(-1)
    if isinstance(cell, float) and 0 < percent < 1:
        percent *= 100
    points = percent * 100
    if not 0 <= points <= 10_000 or points != int(points):
        raise Refused("rate_unreadable", f"Suku bunga “{text[:40]}” tidak dapat dibaca; tulis 3%.")
    return int(points)


def _phone(cell: Cell) -> str:
    text = _text(cell)[:30]
    return "0" + text if isinstance(cell, float) and text.startswith("8") else text


_READERS: dict[str, Callable[[Cell], Any]] = {
    "kind": _one_of(_KINDS, "kind_unknown", "Jenis peminjam", BorrowerKind.MICRO),
    "name": _needed_text("Nama"),
    "nik": _nik,
    "sex": _one_of(_SEXES, "sex_unknown", "Jenis kelamin"),
    "birth_date": parse_date,
    "business_name": _text,
    "sector": _text,
    "business_started_on": _optional_date,
    "kelurahan_code": _kelurahan,
    "address": _text,
    "phone": _phone,
    "nib": _text,
    "cooperative_number": lambda cell: _text(cell) or None,
    "chair_name": _text,
    "members_male": _count,
    "members_female": _count,
    "bank_code": lambda cell: _needed_text("Kode bank")(cell).upper(),
    "account": _account,
    "agreement_number": _text,
    "disbursed_on": parse_date,
    "principal": _principal,
    "method": _one_of(_METHODS, "method_unknown", "Metode", None),
    "months": _months,
    "rate": _rate,
    "principal_paid": _paid,
    "interest_paid": _paid,
    "cut_off": parse_date,
}
