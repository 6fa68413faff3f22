"""What may be paid out of an application that a bank approved (domain rules §5), and what of none.

Every obstacle at once, each as a sentence; nothing is read here. The same for a form and for a row
of a bank's file: `column` is the key of the form's field, `row` is 0.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Problem
from wibawa.rules.statuses import MOVES, STATE_WORDS, Action, State


@dataclass(frozen=True, slots=True)
class Approval:
    """An application as its disbursement sees it. `amount` (rupiah) is the bank's answer, None
    while there is none; `sent_on` the day on which the bank got it. A bank may pay out before its
    answer has arrived here, but not before it was asked."""

    number: str
    state: State
    amount: int | None
    sent_on: dt.date | None


@dataclass(frozen=True, slots=True)
class OpenApplication:
    """The application that a borrower has open, when somebody wants to pay out without it."""

    number: str
    bank: str
    state: State


def approval_problems(
    approval: Approval, disbursed_on: dt.date | None, principal: int | None
) -> list[Problem]:
    """Why this much cannot be paid out of the application on that day; empty when it can.

    A part that is not known yet (None) is passed over. Unit: rupiah. Source: domain rules §5. No
    errors.

    >>> approval = Approval("PM-000007", State.APPROVED, 4_000_000, dt.date(2026, 11, 20))
    >>> [p.code for p in approval_problems(approval, dt.date(2026, 11, 19), 5_000_000)]
    ['date_before_sending', 'above_approved']
    """
    if approval.state not in MOVES[Action.DISBURSE].sources:
        return [not_approved(approval)]
    found = []
    sent_on, amount = approval.sent_on, approval.amount
    if disbursed_on is not None and sent_on is not None and disbursed_on < sent_on:
        found.append(
            _block(
                "disbursed_on",
                "date_before_sending",
                long_date(disbursed_on),
                f"Tanggal pencairan {long_date(disbursed_on)} sebelum permohonan {approval.number} "
                f"dikirim ke bank, {long_date(sent_on)}; periksa tanggalnya.",
            )
        )
    if principal is not None and amount is not None and principal > amount:
        found.append(
            _block(
                "principal",
                "above_approved",
                rupiah(principal),
                f"Jumlah {rupiah(principal)} melebihi yang disetujui bank, {rupiah(amount)}; "
                "tulis paling banyak jumlah itu.",
            )
        )
    return found


def not_approved(approval: Approval) -> Problem:
    """That an application is not, or no longer, there to be paid out.

    Source: domain rules §5. No errors.

    >>> not_approved(Approval("PM-000007", State.DISBURSED, 1, None)).message
    'Permohonan PM-000007 sudah dicairkan; satu permohonan hanya dicairkan satu kali.'
    """
    state, word = approval.state, STATE_WORDS[approval.state].lower()
    if state is State.DISBURSED:
        return _block(
            "borrower",
            "already_disbursed",
            word,
            f"Permohonan {approval.number} sudah dicairkan; satu permohonan hanya dicairkan satu "
            "kali.",
        )
    return _block(
        "borrower",
        "application_not_approved",
        word,
        f"Permohonan {approval.number} berstatus {word}; hanya yang disetujui bank dapat "
        "dicairkan.",
    )


def direct_problems(bank: str, allowed: bool, application: OpenApplication | None) -> list[Problem]:
    """Why nothing can be paid out without an application; empty when it can.

    `bank` is "" while none is chosen. Source: domain rules §5, the chosen setting of each bank. No
    errors.

    >>> [p.code for p in direct_problems("Bank Pasar", False, None)]
    ['direct_not_allowed']
    """
    found = []
    if bank and not allowed:
        found.append(
            _block(
                "bank_id",
                "direct_not_allowed",
                bank,
                f"Pencairan tanpa permohonan di {bank} tidak diperbolehkan; catat permohonannya "
                "lebih dahulu.",
            )
        )
    if application is not None:
        word = STATE_WORDS[application.state].lower()
        found.append(
            _block(
                "borrower",
                "application_open",
                application.number,
                f"Peminjam ini mempunyai permohonan {application.number} di {application.bank}, "
                f"berstatus {word}; pencairannya hanya lewat permohonan itu.",
            )
        )
    return found


def _block(column: str, code: str, found: str, message: str) -> Problem:
    return Problem(0, column, code, found, message)
