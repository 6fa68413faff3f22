"""What is printed, as frozen plain data: no request, no database row, no drawing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, NamedTuple

from wibawa.letters.documents import Letterhead, Signatory
from wibawa.rules.dates import long_date, long_moment
from wibawa.rules.facts import Installment, Method, Terms
from wibawa.rules.money import percent, rupiah, words

WIB = dt.timezone(dt.timedelta(hours=7), "WIB")

METHOD_LABELS = {
    Method.ANNUITY: "anuitas",
    Method.FLAT: "flat",
    Method.DECLINING: "menurun",
}


class Paper(Enum):
    """Sheet sizes, width and height in points. F4 is the office's "folio", 215 × 330 mm."""

    A4 = (595.28, 841.89)
    F4 = (609.45, 935.43)


class Column(NamedTuple):
    """A column of the table: heading (one or two lines), share of the width, alignment."""

    heading: tuple[str, ...]
    share: int
    right: bool = True


PLAIN = (
    Column(("No",), 28),
    Column(("Jatuh tempo",), 100, right=False),
    Column(("Pokok (Rp)",), 80),
    Column(("Bunga (Rp)",), 74),
    Column(("Jumlah angsuran (Rp)",), 106),
    Column(("Sisa pokok (Rp)",), 92),
)
WITH_PAY_BY = (
    Column(("No",), 26),
    Column(("Jatuh tempo",), 92, right=False),
    Column(("Bayar paling", "lambat"), 92, right=False),
    Column(("Pokok (Rp)",), 70),
    Column(("Bunga (Rp)",), 64),
    Column(("Jumlah", "angsuran (Rp)"), 76),
    Column(("Sisa pokok (Rp)",), 80),
)


class Fact(NamedTuple):
    """A labelled value; `lines` is the room it may take before it must be set smaller."""

    label: str
    value: str
    lines: int = 1
    strong: bool = False


DEFAULT_LETTERHEAD = Letterhead(address=("Kota Semarang, Provinsi Jawa Tengah",))
"""What stands on a paper that is drawn without the office's own settings."""


class ScheduleRow(NamedTuple):
    """One installment as it is printed. `pay_by` is the working day by which to pay."""

    number: int
    due_on: dt.date
    pay_by: dt.date
    principal: int
    interest: int
    total: int
    balance: int


class ScheduleTotals(NamedTuple):
    """The sums of the printed columns, in rupiah."""

    principal: int
    interest: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDocument:
    """The installment schedule ("jadwal angsuran") that a borrower takes home.

    Money in rupiah, `rate` in basis points a year. `account_number` is printed in full: the paper
    belongs to the borrower, who needs it to pay. `signatories` stand from left to right.
    """

    letterhead: Letterhead
    loan_number: str
    agreement_number: str
    bank_name: str
    account_number: str
    borrower_name: str
    business_name: str
    address: str
    kelurahan: str
    kecamatan: str
    principal: int
    rate: int
    months: int
    method_label: str
    disbursed_on: dt.date
    rows: tuple[ScheduleRow, ...]
    totals: ScheduleTotals
    principal_in_words: str
    version: int
    status_note: str
    place: str
    printed_on: dt.datetime
    printed_by: str
    signatories: tuple[Signatory, ...]
    number: str = ""  # of the issued paper; a draft has neither number nor token
    token: str = ""

    @property
    def paper(self) -> Paper:
        """The sheet that it is drawn on."""
        return Paper[self.letterhead.paper]

    @property
    def shows_pay_by(self) -> bool:
        """True if any installment is to be paid on another day than its due date."""
        return any(row.pay_by != row.due_on for row in self.rows)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table; seven when "bayar paling lambat" is among them, else six."""
        return WITH_PAY_BY if self.shows_pay_by else PLAIN

    @property
    def title(self) -> str:
        """What a reader's window and list of files call the paper; it names no person."""
        return f"Jadwal Angsuran {self.loan_number}"

    @property
    def subtitle(self) -> str:
        """Which loan, and under which number the office issued the paper."""
        if self.number:
            return f"Nomor {self.number} · Pinjaman Kredit Wibawa nomor {self.loan_number}"
        return f"Pinjaman Kredit Wibawa nomor {self.loan_number}"

    @property
    def borrower_facts(self) -> tuple[Fact, ...]:
        """Who borrows, on at most seven lines."""
        place = (
            self.address,
            f"Kelurahan {self.kelurahan}" if self.kelurahan else "",
            f"Kecamatan {self.kecamatan}" if self.kecamatan else "",
        )
        return (
            Fact("Nama", self.borrower_name, lines=2, strong=True),
            Fact("Nama usaha", self.business_name, lines=2),
            Fact("Alamat", ", ".join(part for part in place if part), lines=3),
        )

    @property
    def loan_facts(self) -> tuple[Fact, ...]:
        """What was agreed, on seven lines."""
        return (
            Fact("Nomor perjanjian", self.agreement_number),
            Fact("Plafon", rupiah(self.principal), strong=True),
            Fact("Suku bunga", f"{percent(self.rate)} per tahun, {self.method_label}"),
            Fact("Jangka waktu", f"{self.months} bulan"),
            Fact("Tanggal pencairan", long_date(self.disbursed_on)),
            Fact("Bank penyalur", self.bank_name),
            Fact("Nomor rekening", self.account_number),
        )

    @property
    def payment_note(self) -> str:
        """How to pay: where, into which account, until when, and what to do in trouble."""
        account = f"ke rekening nomor {self.account_number} " if self.account_number else ""
        until = (
            "tanggal dalam kolom Bayar paling lambat"
            if self.shows_pay_by
            else "tanggal jatuh tempo"
        )
        return (
            f"Setorkan jumlah angsuran setiap bulan {account}di {self.bank_name} paling lambat "
            f"pada {until}. Simpan bukti setoran. Jika ada kesulitan membayar, hubungi bank atau "
            "kantor kami sebelum jatuh tempo."
        )

    @property
    def imprint(self) -> str:
        """The line at the foot: which loan and version, issued or printed when and by whom."""
        deed = "Diterbitkan" if self.number else "Dicetak"
        return (
            f"Pinjaman {self.loan_number} · Jadwal versi {self.version} · "
            f"{deed} {long_moment(self.printed_on)} WIB oleh {self.printed_by}"
        )


def _same_day(due_on: dt.date) -> dt.date:
    return due_on


def schedule_document(
    *,
    terms: Terms,
    installments: Iterable[Installment],
    loan_number: str,
    bank_name: str,
    borrower_name: str,
    printed_on: dt.datetime,
    printed_by: str,
    agreement_number: str = "",
    account_number: str = "",
    business_name: str = "",
    address: str = "",
    kelurahan: str = "",
    kecamatan: str = "",
    version: int = 1,
    status_note: str = "",
    place: str = "Semarang",
    letterhead: Letterhead = DEFAULT_LETTERHEAD,
    officer: Signatory | None = None,
    pay_by: Callable[[dt.date], dt.date] = _same_day,
) -> ScheduleDocument:
    """Put a schedule on paper: rows with their totals, and the principal in words.

    `pay_by` turns a due date into the day by which to pay (the bank's holiday rule). Without an
    `officer` whoever printed the paper signs it. `printed_on` without a time zone is read as WIB.
    """
    rows = tuple(
        ScheduleRow(
            row.number,
            row.due_on,
            pay_by(row.due_on),
            row.principal,
            row.interest,
            row.total,
            row.balance,
        )
        for row in installments
    )
    totals = ScheduleTotals(
        principal=sum(row.principal for row in rows),
        interest=sum(row.interest for row in rows),
        total=sum(row.total for row in rows),
    )
    moment = printed_on if printed_on.tzinfo else printed_on.replace(tzinfo=WIB)
    return ScheduleDocument(
        letterhead=letterhead,
        loan_number=loan_number,
        agreement_number=agreement_number,
        bank_name=bank_name,
        account_number=account_number,
        borrower_name=borrower_name,
        business_name=business_name,
        address=address,
        kelurahan=kelurahan,
        kecamatan=kecamatan,
        principal=terms.principal,
        rate=terms.rate,
        months=terms.months,
        method_label=METHOD_LABELS[terms.method],
        disbursed_on=terms.disbursed_on,
        rows=rows,
        totals=totals,
        principal_in_words=words(terms.principal),
        version=version,
        status_note=status_note,
        place=place,
        printed_on=moment.astimezone(WIB),
        printed_by=printed_by,
        signatories=(
            Signatory("Peminjam", borrower_name),
            officer or Signatory("Petugas", printed_by),
        ),
    )


def schedule_data(document: ScheduleDocument) -> dict[str, Any]:
    """The document as JSON can keep it; `schedule_from` is the way back."""
    data = asdict(document)
    data["disbursed_on"] = document.disbursed_on.isoformat()
    data["printed_on"] = document.printed_on.isoformat()
    data["rows"] = [
        [row.number, row.due_on.isoformat(), row.pay_by.isoformat(), *row[3:]]
        for row in document.rows
    ]
    return data


def schedule_from(data: dict[str, Any]) -> ScheduleDocument:
    """The document that `schedule_data` kept."""
    day, head = dt.date.fromisoformat, data["letterhead"]
    return ScheduleDocument(
        **data
        | {
            "letterhead": Letterhead(**head | {"address": tuple(head["address"])}),
            "disbursed_on": day(data["disbursed_on"]),
            "printed_on": dt.datetime.fromisoformat(data["printed_on"]).astimezone(WIB),
            "rows": tuple(
                ScheduleRow(number, day(due_on), day(pay_by), *amounts)
                for number, due_on, pay_by, *amounts in data["rows"]
            ),
            "totals": ScheduleTotals(*data["totals"]),
            "signatories": tuple(Signatory(**each) for each in data["signatories"]),
        }
    )


def date_stamp(moment: dt.datetime) -> str:
    """A moment as the head of a PDF has it."""
    text = moment.strftime("D:%Y%m%d%H%M%S%z")
    return f"{text[:-2]}'{text[-2:]}'"
