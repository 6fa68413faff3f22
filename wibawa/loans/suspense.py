"""Titipan: what is open of it, which loans it may belong to, and what turns it into something."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.database import FOREVER
from wibawa.loans.deeds import Deed, Taken
from wibawa.loans.models import LedgerEntry, Loan, Schedule, SuspenseEntry, SuspenseResolution
from wibawa.loans.receiving import Money, placed, receiver
from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused
from wibawa.uploads.models import Upload

ALARM_AFTER = 7
"""Days after which open titipan is called old; the money is somebody's and waits for its loan."""

WORDS = {
    "loan": "Menjadi angsuran",
    "returned": "Dikembalikan ke bank",
    "reversed": "Dibatalkan bersama asalnya",
    "undone": "Kembali ke titipan",
}


@dataclass(frozen=True)
class SuspenseFacts:
    """One sum in titipan; `open` is what nobody has resolved. `last` counts its resolutions."""

    id: int
    bank_id: int
    bank: str
    account_text: str
    name: str
    amount: int
    open: int
    effective_on: dt.date
    booked_at: dt.datetime
    reason: str
    bank_reference: str | None
    upload_id: int | None
    filename: str | None
    row_number: int | None
    loan_id: int | None
    loan_number: str | None
    entry: int | None
    last: int


@dataclass(frozen=True)
class Outcome:
    """A line of what became of titipan."""

    sequence: int
    kind: str
    amount: int
    effective_on: dt.date
    booked_at: dt.datetime
    loan_id: int | None
    loan_number: str | None
    entry: int | None
    request_id: int


@dataclass(frozen=True)
class Candidate:
    """A loan that titipan may belong to, and why."""

    loan_id: int
    number: str
    account: str
    borrower: str
    owed: int
    why: str


def suspense_facts(session: Session, suspense_id: int) -> SuspenseFacts | None:
    out = (
        select(
            func.coalesce(func.sum(SuspenseResolution.amount), 0).label("resolved"),
            func.coalesce(func.max(SuspenseResolution.sequence), 0).label("last"),
        )
        .where(SuspenseResolution.suspense_id == suspense_id)
        .subquery("out")
    )
    query: Any = (
        select(
            SuspenseEntry.id,
            SuspenseEntry.bank_id,
            Bank.name,
            SuspenseEntry.account_text,
            SuspenseEntry.name,
            SuspenseEntry.amount,
            SuspenseEntry.amount - out.c.resolved,
            SuspenseEntry.effective_on,
            SuspenseEntry.booked_at,
            SuspenseEntry.reason,
            SuspenseEntry.bank_reference,
            SuspenseEntry.upload_id,
            Upload.filename,
            SuspenseEntry.row_number,
            SuspenseEntry.loan_id,
            Loan.number,
            SuspenseEntry.entry,
            out.c.last,
        )
        .join(Bank, Bank.id == SuspenseEntry.bank_id)
        .join(out, literal(True))
        .outerjoin(Upload, Upload.id == SuspenseEntry.upload_id)
        .outerjoin(Loan, Loan.id == SuspenseEntry.loan_id)
        .where(SuspenseEntry.id == suspense_id)
    )
    row: Any = session.execute(query).first()
    if row is None:
        return None
    values: Any = (*row[:6], int(row[6]), *row[7:17], int(row[17]))
    return SuspenseFacts(*values)


def outcomes(session: Session, suspense_id: int) -> list[Outcome]:
    """What became of titipan, in order."""
    query: Any = (
        select(
            SuspenseResolution.sequence,
            SuspenseResolution.kind,
            SuspenseResolution.amount,
            SuspenseResolution.effective_on,
            SuspenseResolution.booked_at,
            SuspenseResolution.loan_id,
            Loan.number,
            SuspenseResolution.entry,
            SuspenseResolution.request_id,
        )
        .outerjoin(Loan, Loan.id == SuspenseResolution.loan_id)
        .where(SuspenseResolution.suspense_id == suspense_id)
        .order_by(SuspenseResolution.sequence)
    )
    return [Outcome(*row) for row in session.execute(query)]


def candidates(session: Session, facts: SuspenseFacts, most: int = 10) -> list[Candidate]:
    """Loans of the same bank that the money may belong to, the likeliest first: one query.

    The same account but for leading zeros, one digit of it other, missing, too many or two
    exchanged, the same name, and other loans of the borrower whose loan is closed.
    """
    digits = facts.account_text.strip().lstrip("0")
    bare = func.ltrim(Loan.account_number, "0")
    near, exchanged = _one_digit_off(digits)
    reasons: list[tuple[Any, str]] = []
    if digits:
        reasons.append((bare == digits, "rekening sama, angka nol di depan berbeda"))
        reasons.append((bare.in_(exchanged), "dua angka rekening tertukar"))
        reasons.append((or_(*(bare.like(each) for each in near)), "satu angka rekening berbeda"))
    if facts.name.strip():
        key = " ".join(facts.name.split()).casefold()
        reasons.append((Borrower.name_key == key, "nama sama"))
    if facts.loan_id is not None:
        own = aliased(Loan)
        same = select(own.borrower_id).where(own.id == facts.loan_id).scalar_subquery()
        reasons.append((Loan.borrower_id == same, "pinjaman lain peminjam yang sama"))
    if not reasons:
        return []
    why = case(*((test, literal(place)) for place, (test, _) in enumerate(reasons)))
    paid = (
        select(func.coalesce(func.sum(LedgerEntry.applied), 0))
        .where(LedgerEntry.loan_id == Loan.id)
        .scalar_subquery()
    )
    query: Any = (
        select(Loan.id, Loan.number, Loan.account_number, Borrower.name, Schedule.total - paid, why)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Schedule, and_(Schedule.loan_id == Loan.id, Schedule.ends_on == FOREVER))
        .where(
            Loan.bank_id == facts.bank_id,
            or_(*(test for test, _ in reasons)),
            Loan.id != (facts.loan_id or 0),
            Schedule.total > paid,
        )
        .order_by(why, Loan.disbursed_on.desc(), Loan.id)
        .limit(most)
    )
    found: Any = session.execute(query)
    return [
        Candidate(loan_id, number, account, name, int(owed), reasons[int(place)][1])
        for loan_id, number, account, name, owed, place in found
    ]


def _one_digit_off(digits: str) -> tuple[list[str], list[str]]:
    """LIKE patterns of the accounts that differ in one digit (another, one less, one more), and
    those with two neighbours exchanged."""
    if not (4 <= len(digits) <= 30 and digits.isascii() and digits.isdigit()):
        return ["-"], ["-"]
    places = range(len(digits))
    other = [digits[:n] + "_" + digits[n + 1 :] for n in places]
    fewer = [digits[:n] + digits[n + 1 :] for n in places]
    more = [digits[:n] + "_" + digits[n:] for n in range(len(digits) + 1)]
    exchanged = [
        digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :] for n in range(len(digits) - 1)
    ]
    return [*other, *fewer, *more], exchanged


def to_loan(
    session: Session, facts: SuspenseFacts, loan_id: int, amount: int, on: dt.date, today: dt.date
) -> Deed:
    """What makes titipan, or a part of it, money of a loan of its bank. Raises `Refused`."""
    _within(facts, amount)
    _not_before(facts, on)
    loan = receiver(session, loan_id, today)
    if loan.bank_id != facts.bank_id:
        raise Refused(
            "other_bank",
            f"Pinjaman {loan.number} ada di bank lain; titipan ini milik {facts.bank}.",
        )
    deed = placed(loan, Money(amount, 0, on), today)
    entry = deed.entries[0]
    if deed.rests:
        raise Refused(
            "exceeds_outstanding",
            f"Pinjaman {loan.number} hanya menerima {rupiah(entry.amount)}. Isi jumlah itu; "
            "sisanya tetap titipan.",
        )
    return Deed((entry,), (), (Taken(facts.id, "loan", entry.amount, on, place=0),))


def returned(facts: SuspenseFacts, amount: int, on: dt.date, today: dt.date) -> Deed:
    """What says that titipan, or a part of it, was given back to the bank. Raises `Refused`."""
    _within(facts, amount)
    _not_before(facts, on)
    if on > today:
        raise Refused(
            "date_in_future",
            f"Tanggal {long_date(on)} sesudah hari ini, {long_date(today)}. "
            "Tulis tanggal uang dikembalikan.",
        )
    return Deed(taken=(Taken(facts.id, "returned", amount, on),))


def _within(facts: SuspenseFacts, amount: int) -> None:
    if facts.open <= 0:
        raise Refused("nothing_open", "Titipan ini sudah selesai; tidak ada sisa yang terbuka.")
    if not 0 < amount <= facts.open:
        raise Refused(
            "amount_wrong",
            f"Jumlah {rupiah(amount)} tidak dapat dipakai; yang terbuka {rupiah(facts.open)}.",
        )


def _not_before(facts: SuspenseFacts, on: dt.date) -> None:
    if on < facts.effective_on:
        raise Refused(
            "date_out_of_range",
            f"Tanggal {long_date(on)} sebelum uang ini diterima, {long_date(facts.effective_on)}.",
        )
