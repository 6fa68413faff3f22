"""A reminder letter as plain data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, NamedTuple

from wibawa.letters.documents import Block, Facts, Grid, Heading, Letter, ListColumn
from wibawa.rules.dates import long_date
from wibawa.rules.money import number, rupiah, words

GRADES: Final = {1: "I", 2: "II", 3: "III"}
ORDINALS: Final = {1: "pertama", 2: "kedua", 3: "ketiga dan terakhir"}
COLUMNS: Final = (
    ListColumn("Angsuran ke-", 3, right=True),
    ListColumn("Jatuh tempo", 5),
    ListColumn("Pokok (Rp)", 4, right=True),
    ListColumn("Bunga (Rp)", 4, right=True),
    ListColumn("Sudah dibayar (Rp)", 5, right=True),
    ListColumn("Kurang (Rp)", 4, right=True),
)


class OpenRow(NamedTuple):
    """An installment past due that is not paid in full. Rupiah."""

    number: int
    due_on: dt.date
    principal: int
    interest: int
    paid: int

    @property
    def missing(self) -> int:
        return self.principal + self.interest - self.paid


@dataclass(frozen=True)
class Reminded:
    """What a reminder says of a loan on its day. `before`: number and day of the former letter."""

    grade: int
    loan_number: str
    cooperative: bool
    name: str
    business_name: str
    address: str
    kelurahan: str
    kecamatan: str
    bank: str
    account_number: str
    agreement_number: str
    principal: int
    rows: tuple[OpenRow, ...]
    days_past_due: int
    until: dt.date
    before: tuple[str, dt.date] | None = None

    @property
    def arrears(self) -> int:
        """All that is past due, principal and interest, rupiah."""
        return sum(row.missing for row in self.rows)

    @property
    def recipient(self) -> tuple[str, ...]:
        first = "Yth. Ketua" if self.cooperative else "Yth. Saudara/Saudari"
        place = f"Kel. {self.kelurahan}, Kec. {self.kecamatan}"
        business = "" if self.cooperative else self.business_name
        lines = (first, self.name, business, self.address, place, "di Semarang")
        return tuple(line for line in lines if line)


def _in_words(amount: int) -> str:
    return f"{rupiah(amount)} ({words(amount)})"


def _opening(told: Reminded, today: dt.date) -> str:
    late = (
        f"Menurut catatan kami per {long_date(today)}, angsuran Kredit Wibawa Saudara sudah lewat "
        f"jatuh tempo {number(told.days_past_due)} hari dan belum dibayar penuh."
    )
    if told.before is None:
        return late
    paper, day = told.before
    return (
        f"Menunjuk surat kami nomor {paper} tanggal {long_date(day)}, sampai hari ini tunggakan "
        f"Saudara belum dilunasi. {late}"
    )


def _request(told: Reminded) -> str:
    until = long_date(told.until)
    if told.grade == 1:
        return (
            f"Kami mohon Saudara melunasi tunggakan tersebut paling lambat {until}. Bila ada "
            "kesulitan, hubungi kami sebelum tanggal itu agar dapat dicarikan jalan keluarnya."
        )
    if told.grade == 2:
        return (
            f"Kami minta Saudara melunasi tunggakan tersebut paling lambat {until}, atau datang ke "
            "kantor kami sebelum tanggal itu untuk menjelaskan rencana pembayarannya. Tunggakan "
            "menurunkan kualitas kredit Saudara dan dapat menghambat pinjaman berikutnya."
        )
    return (
        "Ini peringatan terakhir. Saudara wajib melunasi tunggakan tersebut paling lambat "
        f"{until}. Bila sampai tanggal itu belum dilunasi, penyelesaiannya kami serahkan kepada "
        f"{told.bank} menurut perjanjian kredit, dan kewajiban Saudara tetap berjalan."
    )


def _grid(rows: tuple[OpenRow, ...]) -> Grid:
    return Grid(
        COLUMNS,
        tuple(
            (
                str(row.number),
                long_date(row.due_on),
                number(row.principal),
                number(row.interest),
                number(row.paid),
                number(row.missing),
            )
            for row in rows
        ),
        (
            "",
            "Jumlah",
            number(sum(row.principal for row in rows)),
            number(sum(row.interest for row in rows)),
            number(sum(row.paid for row in rows)),
            number(sum(row.missing for row in rows)),
        ),
    )


def reminder_letter(told: Reminded, heading: Heading) -> Letter:
    """The letter of this grade; from the second on the bank gets a copy."""
    body: tuple[Block, ...] = (
        "Dengan hormat,",
        _opening(told, heading.date),
        Facts(
            (
                ("Nomor pinjaman", told.loan_number),
                ("Perjanjian kredit", told.agreement_number),
                ("Bank penyalur", told.bank),
                ("Plafon", rupiah(told.principal)),
                ("Jumlah tunggakan", _in_words(told.arrears)),
            )
        ),
        "Angsuran yang belum dibayar penuh:",
        _grid(told.rows),
        f"Pembayaran dilakukan di {told.bank} ke rekening pinjaman nomor {told.account_number}.",
        _request(told),
        "Bila pembayaran sudah dilakukan, abaikan surat ini dan tunjukkan bukti pembayarannya "
        "kepada kami. Atas perhatian Saudara, kami ucapkan terima kasih.",
    )
    return Letter(
        heading=heading,
        subject=f"Surat Peringatan {GRADES[told.grade]} ({ORDINALS[told.grade]})",
        recipient=told.recipient,
        body=body,
        copies=(f"Direktur {told.bank}",) if told.grade > 1 else (),
    )
