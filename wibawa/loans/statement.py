"""One loan on one day as plain data: its schedule with what is paid, what the bank last said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from wibawa.loans.queries import EntryLine, ScheduleFacts
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import Installment, Position
from wibawa.rules.money import number
from wibawa.rules.position import position

ENTRY_LABELS = {
    "disbursement": "Pencairan",
    "opening": "Saldo awal",
    "repayment": "Angsuran",
    "settlement": "Pelunasan dipercepat",
    "write_off": "Hapus buku",
    "recovery": "Penerimaan setelah hapus buku",
    "reversal": "Pembatalan",
}


@dataclass(frozen=True)
class PaidRow:
    """An installment with the money poured into it: interest first, then principal. Rupiah."""

    number: int
    due_on: dt.date
    principal: int
    interest: int
    total: int
    balance: int
    principal_paid: int
    interest_paid: int
    state: str
    tone: str

    @property
    def missing(self) -> int:
        return self.total - self.principal_paid - self.interest_paid


@dataclass(frozen=True)
class BankSays:
    """The last balance that the bank's files state, beside ours on the same day."""

    on: dt.date
    outstanding: int
    collectibility: int | None
    our_outstanding: int
    our_collectibility: int

    @property
    def difference(self) -> int:
        return self.outstanding - self.our_outstanding


@dataclass(frozen=True)
class Statement:
    schedule: ScheduleFacts
    position: Position
    rows: tuple[PaidRow, ...]
    bank_says: BankSays | None

    @property
    def status(self) -> tuple[str, str]:
        """The loan's state as a word and a tone."""
        where = self.position
        if where.days_past_due:
            tone = "danger" if where.days_past_due > 90 else "warning"
            return f"Menunggak {number(where.days_past_due)} hari", tone
        if where.outstanding_principal == 0 and where.outstanding_interest == 0:
            return "Lunas", "neutral"
        return "Berjalan", "success"

    @property
    def next_due(self) -> PaidRow | None:
        """The oldest installment that still lacks money."""
        return next((row for row in self.rows if row.missing), None)


def statement(
    principal: int,
    schedule: ScheduleFacts,
    entries: Sequence[EntryLine],
    on: dt.date,
    limits: Thresholds,
) -> Statement:
    """Where a loan stands at the end of `on`, from its schedule and its journal."""
    applied = _applied(entries, on)
    return Statement(
        schedule,
        position(principal, schedule.rows, applied, on, limits),
        paid_rows(schedule.rows, applied, on),
        _bank_says(principal, schedule, entries, on, limits),
    )


def _applied(entries: Sequence[EntryLine], on: dt.date) -> int:
    return sum(entry.applied for entry in entries if entry.effective_on <= on)


def paid_rows(
    installments: Sequence[Installment], applied: int, on: dt.date
) -> tuple[PaidRow, ...]:
    """Pour `applied` over the installments, oldest first, and name the state of each."""
    rows = []
    for number_, due_on, principal, interest, balance in installments:
        to_interest = min(interest, applied)
        to_principal = min(principal, applied - to_interest)
        applied -= to_interest + to_principal
        state, tone = _state(principal + interest, to_interest + to_principal, due_on, on)
        rows.append(
            PaidRow(
                number_,
                due_on,
                principal,
                interest,
                principal + interest,
                balance,
                to_principal,
                to_interest,
                state,
                tone,
            )
        )
    return tuple(rows)


def _state(total: int, paid: int, due_on: dt.date, on: dt.date) -> tuple[str, str]:
    if total == 0:
        return "tanpa tagihan", "neutral"
    if paid == total:
        return "lunas", "success"
    if due_on < on:
        return "menunggak", "danger"
    if paid:
        return "sebagian", "info"
    if due_on == on:
        return "jatuh tempo hari ini", "warning"
    return "belum jatuh tempo", "neutral"


def _bank_says(
    principal: int,
    schedule: ScheduleFacts,
    entries: Sequence[EntryLine],
    on: dt.date,
    limits: Thresholds,
) -> BankSays | None:
    stated = [
        entry
        for entry in entries
        if entry.bank_outstanding is not None and entry.effective_on <= on
    ]
    if not stated:
        return None
    last = stated[-1]
    assert last.bank_outstanding is not None
    ours = position(
        principal,
        schedule.rows,
        _applied(entries, last.effective_on),
        last.effective_on,
        limits,
    )
    return BankSays(
        last.effective_on,
        last.bank_outstanding,
        last.bank_collectibility,
        ours.outstanding_principal,
        ours.collectibility,
    )
