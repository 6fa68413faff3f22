"""Money for a loan that no file brought: how much of it the loan takes, and what is left over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from wibawa.borrowers.models import Borrower
from wibawa.database import FOREVER
from wibawa.loans.deeds import Deed, Rest
from wibawa.loans.journal import NewEntry
from wibawa.loans.models import LedgerEntry, Loan, PaymentMatch, Schedule, SuspenseEntry
from wibawa.loans.settlements import Quote, open_settlements
from wibawa.loans.undone import RECEIVED, is_given_back, is_reversed, write_offs
from wibawa.rules.dates import long_date
from wibawa.rules.facts import EntryKind
from wibawa.rules.money import rupiah
from wibawa.rules.references import reference_key
from wibawa.rules.refused import Refused


@dataclass(frozen=True)
class Receiver:
    """A loan that is to take money. `owed` is what its last schedule still asks for, interest
    included; `quote` an approved early settlement that asks for less."""

    loan_id: int
    bank_id: int
    number: str
    account: str
    name: str
    disbursed_on: dt.date
    opened_on: dt.date | None
    applied: int
    owed: int
    last: int
    written_off_on: dt.date | None
    quote: Quote | None

    def takes(self, net: int, on: dt.date) -> int:
        """How much of `net` (without penalty) the loan takes; a settlement that the money completes
        in time asks for its own sum only, as with a bank's file."""
        quote = self.quote
        if quote is not None and on <= quote.valid_until:
            wanted = quote.total - self.applied
            if net >= wanted > 0:
                return wanted
        return min(net, max(self.owed, 0))

    def kind_on(self, on: dt.date) -> EntryKind:
        gone = self.written_off_on
        return EntryKind.RECOVERY if gone is not None and gone <= on else EntryKind.REPAYMENT


def receiver(session: Session, loan_id: int, today: dt.date) -> Receiver:
    """The loan as it is now. Raises `Refused` when there is none. Three queries."""
    gone = write_offs(today)
    paid = (
        select(
            func.coalesce(func.sum(LedgerEntry.applied), 0).label("applied"),
            func.max(LedgerEntry.sequence).label("last"),
        )
        .where(LedgerEntry.loan_id == loan_id)
        .subquery("paid")
    )
    query: Any = (
        select(
            Loan.id,
            Loan.bank_id,
            Loan.number,
            Loan.account_number,
            Borrower.name,
            Loan.disbursed_on,
            Loan.opened_on,
            paid.c.applied,
            Schedule.total - paid.c.applied,
            paid.c.last,
            gone.c.written_off_on,
        )
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Schedule, and_(Schedule.loan_id == Loan.id, Schedule.ends_on == FOREVER))
        .join(paid, paid.c.last.is_not(None))
        .outerjoin(gone, gone.c.loan_id == Loan.id)
        .where(Loan.id == loan_id)
    )
    row: Any = session.execute(query).first()
    if row is None:
        raise Refused("not_there", "Pinjaman ini tidak ada. Cari lewat daftar pinjaman.")
    quote = open_settlements(session, loan_id=loan_id).get(loan_id)
    values: Any = (*row[:7], int(row[7]), int(row[8]), *row[9:], quote)
    return Receiver(*values)


def check_day(loan: Receiver, on: dt.date, today: dt.date) -> None:
    """Refuse a day on which the loan cannot have taken money."""
    if on > today:
        raise Refused(
            "date_in_future",
            f"Tanggal {long_date(on)} sesudah hari ini, {long_date(today)}. "
            "Tulis tanggal uang diterima bank.",
        )
    if on < loan.disbursed_on:
        raise Refused(
            "date_before_disbursement",
            f"Tanggal {long_date(on)} sebelum pinjaman {loan.number} dicairkan, "
            f"{long_date(loan.disbursed_on)}. Periksa tanggal atau pinjamannya.",
        )
    if loan.opened_on is not None and on <= loan.opened_on:
        raise Refused(
            "date_before_cut_off",
            f"Tanggal {long_date(on)} tidak sesudah tanggal data awal pinjaman {loan.number}, "
            f"{long_date(loan.opened_on)}, yang sudah memuat semua pembayaran sampai hari itu.",
        )


@dataclass(frozen=True)
class Money:
    """Money that comes in on a day; `amount` includes `penalty`. With the bank's reference and the
    key under which it is known, and how often that has been posted by now."""

    amount: int
    penalty: int
    on: dt.date
    reference: str | None = None
    row_key: str | None = None
    attempt: int = 1


def placed(loan: Receiver, money: Money, today: dt.date) -> Deed:
    """The entry for what the loan takes, and titipan for the rest. Raises `Refused`."""
    check_day(loan, money.on, today)
    net = money.amount - money.penalty
    taken = loan.takes(net, money.on)
    if loan.owed <= 0 or (net and not taken):
        raise Refused(
            "nothing_owed",
            f"Pinjaman {loan.number} sudah lunas, jadi tidak menerima angsuran lagi. Uang yang "
            "datang sesudahnya dicatat sebagai titipan dari berkas bank.",
        )
    rest = net - taken
    entry = NewEntry(
        loan.loan_id, loan.bank_id, loan.kind_on(money.on), money.amount - rest, money.on,
        penalty=money.penalty, applied=taken, bank_reference=money.reference,
        row_key=money.row_key, attempt=money.attempt,
    )  # fmt: skip
    rests = (Rest(0, loan.account, loan.name, rest),) if rest else ()
    return Deed((entry,), rests)


def payment(
    session: Session,
    loan_id: int,
    amount: int,
    penalty: int,
    on: dt.date,
    reference: str,
    today: dt.date,
) -> Deed:
    """What a payment reported by phone or letter would write. Raises `Refused`.

    Without the bank's reference the entry waits for its row in a file; with it, the row is known.
    """
    if amount <= 0 or not 0 <= penalty <= amount:
        raise Refused(
            "amount_wrong",
            f"Jumlah {rupiah(amount)} dengan denda {rupiah(penalty)} tidak dapat dicatat; jumlah "
            "lebih dari nol dan denda paling banyak sebesar jumlahnya.",
        )
    loan = receiver(session, loan_id, today)
    money = Money(amount, penalty, on)
    if reference:
        key = reference_key(reference)
        attempt = next_attempt(session, loan.bank_id, key)
        if attempt is None:
            raise Refused(
                "reference_already_posted",
                f"Nomor bukti “{reference}” sudah dibukukan. Periksa buku pinjaman dan berkasnya.",
            )
        money = Money(amount, penalty, on, reference, key, attempt)
    return placed(loan, money, today)


def next_attempt(session: Session, bank_id: int, key: str) -> int | None:
    """How often money of this key will have been posted with the next time; None while it is in
    the books, in a loan, in titipan, or as the row of a payment by hand. Three queries."""
    matched = (
        select(LedgerEntry.sequence)
        .join(
            PaymentMatch,
            and_(
                PaymentMatch.loan_id == LedgerEntry.loan_id,
                PaymentMatch.entry == LedgerEntry.sequence,
            ),
        )
        .where(
            PaymentMatch.bank_id == bank_id,
            PaymentMatch.row_key == key,
            ~is_reversed(LedgerEntry),
        )
    )
    if session.execute(matched).first() is not None:
        return None
    last = 0
    for table, undone in (
        (LedgerEntry, is_reversed(LedgerEntry)),
        (SuspenseEntry, is_given_back()),
    ):
        query = select(table.attempt, undone).where(table.bank_id == bank_id, table.row_key == key)
        for attempt, is_undone in session.execute(query):
            if not is_undone:
                return None
            last = max(last, int(attempt))
    return last + 1


def alike(session: Session, loan_id: int, amount: int, on: dt.date) -> list[int]:
    """The entries of a loan that are money of the same day and amount, not undone."""
    query = select(LedgerEntry.sequence).where(
        LedgerEntry.loan_id == loan_id,
        LedgerEntry.kind.in_(RECEIVED),
        LedgerEntry.effective_on == on,
        LedgerEntry.amount == amount,
        ~is_reversed(LedgerEntry),
    )
    return list(session.scalars(query.order_by(LedgerEntry.sequence)))
