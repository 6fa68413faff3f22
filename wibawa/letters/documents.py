"""A letter of the office as plain data: what is issued is kept so, and printed from it alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from wibawa.rules.refused import Refused


class PaperKind(StrEnum):
    PROPOSAL = "proposal"
    APPROVAL = "approval"
    OFFICE_REFUSAL = "office_refusal"
    BANK_REFUSAL = "bank_refusal"
    COMPLETION = "completion"
    RECOMMENDATION = "recommendation"
    SCHEDULE = "schedule"
    CARD = "card"
    RECEIPT = "receipt"
    PAYOFF = "payoff"
    REMINDER = "reminder"
    OFFER = "offer"
    MINUTES = "minutes"
    UPLOAD_RECEIPT = "upload_receipt"
    RECONCILIATION = "reconciliation"


KIND_WORDS: Final = {
    PaperKind.PROPOSAL: "Usulan ke bank",
    PaperKind.APPROVAL: "Persetujuan bank",
    PaperKind.OFFICE_REFUSAL: "Penolakan dinas",
    PaperKind.BANK_REFUSAL: "Penolakan bank",
    PaperKind.COMPLETION: "Permintaan kelengkapan",
    PaperKind.RECOMMENDATION: "Rekomendasi",
    PaperKind.SCHEDULE: "Jadwal angsuran",
    PaperKind.CARD: "Kartu angsuran",
    PaperKind.RECEIPT: "Bukti pencatatan pembayaran",
    PaperKind.PAYOFF: "Keterangan lunas",
    PaperKind.REMINDER: "Surat peringatan",
    PaperKind.OFFER: "Penawaran pelunasan",
    PaperKind.MINUTES: "Berita acara",
    PaperKind.UPLOAD_RECEIPT: "Tanda terima pembukuan",
    PaperKind.RECONCILIATION: "Berita acara rekonsiliasi",
}
# How a kind is numbered as long as no entry of the office says otherwise.
FORMATS: Final = {
    PaperKind.PROPOSAL: "{nomor}/USULAN/KW/{bulan}/{tahun}",
    PaperKind.APPROVAL: "{nomor}/SETUJU/KW/{bulan}/{tahun}",
    PaperKind.OFFICE_REFUSAL: "{nomor}/TOLAK/KW/{bulan}/{tahun}",
    PaperKind.BANK_REFUSAL: "{nomor}/TOLAK-BANK/KW/{bulan}/{tahun}",
    PaperKind.COMPLETION: "{nomor}/LENGKAPI/KW/{bulan}/{tahun}",
    PaperKind.RECOMMENDATION: "{nomor}/REKOMENDASI/KW/{bulan}/{tahun}",
    PaperKind.SCHEDULE: "{nomor}/JADWAL/KW/{bulan}/{tahun}",
    PaperKind.CARD: "{nomor}/KARTU/KW/{bulan}/{tahun}",
    PaperKind.RECEIPT: "{nomor}/BUKTI/KW/{bulan}/{tahun}",
    PaperKind.PAYOFF: "{nomor}/LUNAS/KW/{bulan}/{tahun}",
    PaperKind.REMINDER: "{nomor}/PERINGATAN/KW/{bulan}/{tahun}",
    PaperKind.OFFER: "{nomor}/PENAWARAN/KW/{bulan}/{tahun}",
    PaperKind.MINUTES: "{nomor}/BA/KW/{bulan}/{tahun}",
    PaperKind.UPLOAD_RECEIPT: "{nomor}/TANDA-TERIMA/KW/{bulan}/{tahun}",
    PaperKind.RECONCILIATION: "{nomor}/REKONSILIASI/KW/{bulan}/{tahun}",
}
# Sheets that the office writes on, and what they are called on screen.
SHEETS: Final = {"A4": "A4 (210 × 297 mm)", "F4": "F4, folio (215 × 330 mm)"}
ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
LONGEST_FORMAT, LONGEST_NUMBER = 60, 80


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The sheet of every paper of the office: its head and its size. Empty parts are not printed.

    `logo` is the digest of the picture that stands in the head, "" for Wibawa's own mark; `paper`
    is one of SHEETS. Papers of before knew neither, hence the defaults.
    """

    government: str = "PEMERINTAH KOTA SEMARANG"
    office: str = "DINAS KOPERASI DAN USAHA MIKRO"
    address: tuple[str, ...] = ()
    phone: str = ""
    website: str = ""
    email: str = ""
    logo: str = ""
    paper: str = "A4"

    @property
    def contact(self) -> str:
        """Telephone, website and e-mail on one line; "" when the office gave none."""
        phone = f"Telepon {self.phone}" if self.phone else ""
        return " · ".join(part for part in (phone, self.website, self.email) if part)


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs. An empty name leaves the line free to be filled in by hand."""

    role: str
    name: str = ""
    nip: str = ""
    rank: str = ""


class Facts(NamedTuple):
    """Labelled values, one under the other, or in two columns beside each other."""

    items: tuple[tuple[str, str], ...]
    columns: int = 1


class Points(NamedTuple):
    """Numbered points."""

    items: tuple[str, ...]


class ListColumn(NamedTuple):
    """A column of a table or list: heading, share of the width, alignment."""

    heading: str
    share: int
    right: bool = False


class Grid(NamedTuple):
    """A table in the text; it goes on over pages with its headings. `totals`: none, or a text for
    each column."""

    columns: tuple[ListColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...] = ()


Block = str | Facts | Points | Grid


@dataclass(frozen=True, slots=True)
class AttachedList:
    """A table behind the letter, as long as it needs; `totals` has a text for each column."""

    title: str
    columns: tuple[ListColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """What the office puts on every paper it issues. `token` leads to the public page that says
    whether the paper still counts; "" on papers that have none."""

    number: str
    date: dt.date
    place: str
    letterhead: Letterhead
    signatory: Signatory
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter to somebody, or with a `name` a paper that says what it is: a card, a statement.
    Such a paper carries name and number in the middle, and day and place above the signature.
    `signatories` sign side by side, instead of the heading's."""

    heading: Heading
    subject: str
    recipient: tuple[str, ...]
    body: tuple[Block, ...]
    enclosure: str = "–"
    copies: tuple[str, ...] = ()
    attached: AttachedList | None = None
    name: str = ""
    signatories: tuple[Signatory, ...] = ()

    @property
    def title(self) -> str:
        """What a reader's window and list of files call the paper; it names no person."""
        return f"{self.name or 'Surat'} {self.heading.number}"


def sample_letter(heading: Heading) -> Letter:
    """What shows how the office's papers look; it is never issued."""
    return Letter(
        heading=heading,
        subject="Contoh kop surat dan ukuran kertas",
        recipient=("Kepada", "Yth. Penerima surat", "di Semarang"),
        body=(
            "Ini contoh, bukan surat yang terbit. Periksa kop surat, logo, ukuran kertas, dan "
            "penandatangannya, lalu cetak tanpa penyesuaian ukuran (skala 100%).",
            Facts((("Nama", "Siti Rahayu"), ("Jumlah", "Rp5.000.000 (lima juta rupiah)"))),
            "Surat yang sudah terbit tetap seperti saat terbit.",
        ),
    )


def letter_data(letter: Letter) -> dict[str, Any]:
    """The letter as JSON can keep it; `letter_from` is the way back.

    >>> letter_data(Letter(heading=Heading("1", dt.date(2026, 11, 24), "Semarang", Letterhead(),
    ...     Signatory("Kepala")), subject="S", recipient=(), body=("A",)))["heading"]["date"]
    '2026-11-24'
    """
    data = asdict(letter)
    data["heading"]["date"] = letter.heading.date.isoformat()
    data["body"] = [_block_data(block) for block in letter.body]
    return data


def _block_data(block: Block) -> dict[str, Any]:
    if isinstance(block, str):
        return {"text": block}
    if isinstance(block, Grid):
        return {"grid": block}
    if isinstance(block, Facts):
        return {"facts": block.items, "columns": block.columns}
    return {"points": block.items}


def letter_from(data: dict[str, Any]) -> Letter:
    """The letter that `letter_data` kept."""
    head = data["heading"]
    office = head["letterhead"]
    attached = data["attached"]
    return Letter(
        heading=Heading(
            head["number"],
            dt.date.fromisoformat(head["date"]),
            head["place"],
            Letterhead(**office | {"address": tuple(office["address"])}),
            Signatory(**head["signatory"]),
            head.get("token", ""),
        ),
        subject=data["subject"],
        recipient=tuple(data["recipient"]),
        body=tuple(_block_from(block) for block in data["body"]),
        enclosure=data["enclosure"],
        copies=tuple(data["copies"]),
        attached=attached
        and AttachedList(
            attached["title"],
            tuple(ListColumn(*column) for column in attached["columns"]),
            tuple(tuple(row) for row in attached["rows"]),
            tuple(attached["totals"]),
            attached["note"],
        ),
        name=data.get("name", ""),
        signatories=tuple(Signatory(**each) for each in data.get("signatories", ())),
    )


def _block_from(data: dict[str, Any]) -> Block:
    if "text" in data:
        return str(data["text"])
    if "facts" in data:
        items = tuple((label, value) for label, value in data["facts"])
        return Facts(items, data.get("columns", 1))
    if "grid" in data:
        columns, rows, totals = data["grid"]
        return Grid(
            tuple(ListColumn(*column) for column in columns),
            tuple(tuple(row) for row in rows),
            tuple(totals),
        )
    return Points(tuple(data["points"]))


def masked_name(name: str) -> str:
    """A name as a stranger may see it: the first letter of each word, its length untold.

    >>> masked_name("Siti Rahayu")
    'S*** R***'
    """
    return " ".join(f"{word[0]}***" for word in name.split())


def paper_number(pattern: str, sequence: int, date: dt.date) -> str:
    """The number of a paper as the office writes it: `{nomor}` (three digits or more), `{bulan}`
    (in Roman figures) and `{tahun}` are filled in.

    >>> paper_number("{nomor}/USULAN/KW/{bulan}/{tahun}", 7, dt.date(2026, 11, 24))
    '007/USULAN/KW/XI/2026'
    """
    return (
        pattern.replace("{nomor}", f"{sequence:03d}")
        .replace("{bulan}", ROMAN[date.month - 1])
        .replace("{tahun}", str(date.year))
    )


def check_pattern(pattern: str) -> None:
    """Raise `Refused` unless the pattern gives every paper of its kind a number of its own.

    >>> check_pattern("{nomor}/KW/{tahun}")
    """
    rest = pattern.replace("{nomor}", "").replace("{bulan}", "").replace("{tahun}", "")
    if pattern.count("{nomor}") != 1 or pattern.count("{tahun}") != 1:
        raise Refused(
            "pattern_incomplete",
            "Tulis {nomor} dan {tahun} masing-masing satu kali, supaya setiap surat bernomor "
            "sendiri.",
        )
    if "{" in rest or "}" in rest:
        raise Refused(
            "pattern_unknown",
            "Di dalam kurung kurawal hanya boleh {nomor}, {bulan}, dan {tahun}.",
        )
