"""What the tests of the reconciliation share: a bank's file, and a small office with its loans."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from tests import factories
from wibawa.banks.models import Bank
from wibawa.loans.journal import Author
from wibawa.loans.models import Loan
from wibawa.reconciliation import queries
from wibawa.reconciliation.document import Reconciliation
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.rules.reconciliation import Month
from wibawa.web.clock import now

HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;Denda;Sisa Pokok;Kolektibilitas;No Bukti\n"
INSTALLMENT, PRINCIPAL = 220_833, 208_333  # of Rp5.000.000, flat, 3 % a year, 24 months
SEPTEMBER, OCTOBER, NOVEMBER = Month(2026, 9), Month(2026, 10), Month(2026, 11)


def left(paid: int) -> int:
    """Principal of Rp5.000.000 after so many installments."""
    return 5_000_000 - paid * PRINCIPAL


def row(
    session: Session,
    loan_id: int,
    on: dt.date,
    balance: int | str,
    reference: str,
    *,
    amount: int = INSTALLMENT,
    kol: int | str = 1,
) -> str:
    """A row of Bank Pasar's file: a payment, and what the bank says is left."""
    account = session.get_one(Loan, loan_id).account_number
    return f"'{account};;{on:%d-%m-%Y};{amount};0;{balance};{kol};{reference}"


def post(session: Session, people: dict[str, int], name: str, *rows: str) -> int:
    """Post a file of Bank Pasar as its officer and the staff do; its number."""
    content = (HEAD + "".join(f"{each}\n" for each in rows)).encode()
    author = Author(people["pasar"], people["staff"], now())
    bank = session.get_one(Bank, factories.PASAR)
    outcome, upload = import_at_once(session, bank, content, name, author, Options())
    assert upload is not None, outcome and outcome.checked.problems
    session.flush()
    return upload.id


def of(session: Session, month: Month, bank_id: int = factories.PASAR) -> Reconciliation:
    """A month by the books as they are now."""
    return queries.reconciliation_of(session, session.get_one(Bank, bank_id), month)


def frozen_text(session: Session, month: Month) -> str:
    closed = queries.closed_month(session, factories.PASAR, month)
    assert closed is not None
    return queries.frozen_text(session, closed.id)


def two_loans(session: Session, people: dict[str, int]) -> tuple[int, int]:
    """Two loans of January 2026 at Bank Pasar, eight installments paid by file up to September."""
    by, second = people["staff"], people["approver"]
    one = factories.loan(session, by, second, number=1)
    two = factories.loan(session, by, second, number=2, name="Joko Susilo")
    rows = []
    for paid in range(1, 9):
        day = dt.date(2026, paid + 1, 27)
        for loan in (one, two):
            rows.append(row(session, loan, day, left(paid), f"A{loan}{paid}"))
    post(session, people, "sampai_september.csv", *rows)
    return one, two
