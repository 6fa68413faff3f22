"""What the tests of money by hand share: deeds carried out by two persons, and a look at a loan."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.banks.queries import bank_by_code, thresholds_on
from wibawa.loans.deeds import Deed, carry_out
from wibawa.loans.invariants import run_checks
from wibawa.loans.journal import Author
from wibawa.loans.models import LedgerEntry, Schedule, SuspenseEntry, SuspenseResolution
from wibawa.loans.positions import positions
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.repayments.outcome import Checked
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\n"
TODAY = dt.date(2026, 11, 24)
INSTALLMENT = 220_833  # of Rp5.000.000, flat, 3 % a year, 24 months: 208.333 + 12.500
# Money of requests that is in loans, as rows of (kind, amount, applied).
Entry = tuple[str, int, int]


def do(
    session: Session,
    people: dict[str, int],
    deed: Deed,
    kind: str = "payment",
    *,
    loan_id: int | None = None,
    suspense_id: int | None = None,
    bank_id: int = factories.PASAR,
) -> int:
    """Carry out a deed that one person asked for and another approved; the request's number."""
    by, second = people["staff"], people["approver"]
    asked = factories.request(
        session, kind, by, second, loan_id=loan_id, suspense_id=suspense_id, bank_id=bank_id
    )
    carry_out(session, deed, Author(by, second, now()), asked, "Salah catat")
    return factories.linked(session, asked)


def post(session: Session, *rows: str, suspend: bool = True) -> tuple[Checked, int]:
    """Post a file of Bank Pasar; what its check found, and its number."""
    bank = bank_by_code(session, "PASAR")
    assert bank is not None
    content = (HEAD + "".join(f"{row}\n" for row in rows)).encode()
    options = Options(suspend_unknown=suspend)
    author = Author(1, None, now())
    outcome, upload = import_at_once(session, bank, content, "a.csv", author, options)
    assert outcome is not None, "the file was posted before"
    return outcome.checked, 0 if upload is None else upload.id


def journal(session: Session, loan: int) -> list[Entry]:
    query = select(LedgerEntry.kind, LedgerEntry.amount, LedgerEntry.applied)
    rows = session.execute(query.where(LedgerEntry.loan_id == loan).order_by(LedgerEntry.sequence))
    return [(row.kind, row.amount, row.applied) for row in rows]


def stand(session: Session, loan: int, on: dt.date) -> tuple[int, int, int, int]:
    """Outstanding principal, arrears, days past due and class of a loan on a day."""
    each = positions(on, thresholds_on(session, on)).subquery()
    row = session.execute(
        select(
            each.c.outstanding, each.c.arrears, each.c.uncovered_since, each.c.collectibility
        ).where(each.c.loan_id == loan)
    ).one()
    days = 0 if row.uncovered_since is None else (on - row.uncovered_since).days
    return int(row.outstanding), int(row.arrears), days, row.collectibility


def titipan(session: Session) -> list[tuple[int, int]]:
    """(received, open) of each sum in titipan, in order."""
    out = (
        select(func.coalesce(func.sum(SuspenseResolution.amount), 0))
        .where(SuspenseResolution.suspense_id == SuspenseEntry.id)
        .scalar_subquery()
    )
    query = select(SuspenseEntry.amount, SuspenseEntry.amount - out).order_by(SuspenseEntry.id)
    return [(int(amount), int(left)) for amount, left in session.execute(query)]


def versions(session: Session, loan: int) -> list[tuple[str, dt.date]]:
    query = select(Schedule.kind, Schedule.starts_on).where(Schedule.loan_id == loan)
    return [(kind, day) for kind, day in session.execute(query.order_by(Schedule.version))]


def is_reversed_file(session: Session, upload_id: int) -> bool:
    return session.get_one(Upload, upload_id).reversed_at is not None


def holds(session: Session) -> bool:
    """Whether `wibawa check` finds nothing wrong."""
    checks = run_checks(session, TODAY, thresholds_on(session, TODAY))
    wrong = [f"{check.name}: {check.found}" for check in checks if not check.ok]
    assert wrong == [], wrong
    return True
