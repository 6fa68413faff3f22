"""What several reports ask of the books: spans of a period, whether they are whole, what came late.

No report is made of what was stored for it: each reads journal and schedules, or the copies that
are kept with them (`loans.standings`), so that a past day gives the same figures whenever it is
run, but for entries that were booked after it; those are counted here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import all_banks
from wibawa.loans.models import LedgerEntry, Loan, SuspenseEntry, SuspenseResolution
from wibawa.reports.document import Caution
from wibawa.reports.forms import Scope
from wibawa.rules.dates import long_date
from wibawa.rules.money import number
from wibawa.rules.reconciliation import Month
from wibawa.web.clock import WIB

MOST_MONTHS = 36
"""A longer period is told year by year."""


class Span(NamedTuple):
    """A month or a year of a period, cut at its ends. `code` as the list of loans asks for it."""

    label: str
    code: str
    first: dt.date
    last: dt.date
    is_whole: bool


def spans(first: dt.date, last: dt.date) -> list[Span]:
    """The months of a period; of a long one its years.

    >>> [span.label for span in spans(dt.date(2026, 1, 15), dt.date(2026, 2, 3))]
    ['Januari 2026', 'Februari 2026']
    """
    months = Month.of(last).since(Month.of(first)) + 1
    if months > MOST_MONTHS:
        found = [
            (str(year), str(year), dt.date(year, 1, 1), dt.date(year, 12, 31))
            for year in range(first.year, last.year + 1)
        ]
    else:
        each = [Month.of(first).plus(place) for place in range(months)]
        found = [(month.words, month.text, month.first, month.last) for month in each]
    return [
        Span(label, code, max(start, first), min(end, last), first <= start)
        for label, code, start, end in found
    ]


def span_of(day: dt.date, among: Sequence[Span]) -> int:
    """In which of the spans a day lies; they follow each other without a gap."""
    return sum(span.last < day for span in among)


def of_bank(column: Any, scope: Scope) -> ColumnElement[bool]:
    return true() if scope.bank_id is None else column == scope.bank_id


def banks_of(session: Session, scope: Scope) -> list[Bank]:
    """The banks that a report tells of; one query."""
    return all_banks(session, scope.bank_id)


def bank_code(banks: Sequence[Bank]) -> Mapping[int, str]:
    return {bank.id: bank.code for bank in banks}


def incomplete(session: Session, scope: Scope, first: dt.date) -> tuple[Caution, ...]:
    """What must be said of days before an opening portfolio was taken; one query."""
    cut_off = session.scalar(select(func.max(Loan.opened_on)).where(of_bank(Loan.bank_id, scope)))
    if cut_off is None or first >= cut_off:
        return ()
    text = (
        f"Data awal dimuat per {long_date(cut_off)}. Pembayaran sebelum tanggal itu tercatat "
        "sebagai satu jumlah pada tanggal itu, dan pinjaman yang lunas sebelumnya tidak ada. "
        "Angka untuk hari sebelum tanggal itu belum lengkap."
    )
    return (Caution("Angka belum lengkap", text),)


def projected(scope: Scope) -> tuple[Caution, ...]:
    if not scope.is_to_come:
        return ()
    text = (
        "Tanggal ini belum tiba. Angka di bawah ini adalah perkiraan bila tidak ada pembayaran "
        "dan pencairan lagi."
    )
    return (Caution("Perkiraan", text),)


def booked_later(session: Session, scope: Scope, *kinds: str, loans: Any = None) -> tuple[str, ...]:
    """How many entries of the report were booked after its last day; one query, none for today.

    `loans` selects the ids of those that a report is of, where it is not of all. What was booked
    later with an earlier day is the one reason why a past day's figures change.
    """
    if scope.last >= scope.today:
        return ()
    query = (
        select(func.count())
        .select_from(LedgerEntry)
        .where(
            LedgerEntry.booked_on > scope.last,
            LedgerEntry.effective_on <= scope.last,
            of_bank(LedgerEntry.bank_id, scope),
            LedgerEntry.kind.in_(kinds) if kinds else true(),
            true() if loans is None else LedgerEntry.loan_id.in_(loans),
        )
    )
    count = int(session.scalar(query) or 0)
    return later_words(count, "entri", scope.last)


def suspense_later(session: Session, scope: Scope) -> tuple[str, ...]:
    """The same of titipan: money that came, and what was done with it; one query."""
    if scope.last >= scope.today:
        return ()
    came = (
        select(func.count())
        .select_from(SuspenseEntry)
        .where(
            SuspenseEntry.effective_on <= scope.last,
            SuspenseEntry.booked_on > scope.last,
            of_bank(SuspenseEntry.bank_id, scope),
        )
    )
    went = (
        select(func.count())
        .select_from(SuspenseResolution)
        .join(SuspenseEntry, SuspenseEntry.id == SuspenseResolution.suspense_id)
        .where(
            SuspenseResolution.effective_on <= scope.last,
            SuspenseResolution.booked_at >= day_after(scope),
            of_bank(SuspenseEntry.bank_id, scope),
        )
    )
    count = session.scalar(select(came.scalar_subquery() + went.scalar_subquery()))
    return later_words(int(count or 0), "catatan titipan", scope.last)


def day_after(scope: Scope) -> dt.datetime:
    """The midnight of Semarang with which the last day of a report ends."""
    return dt.datetime.combine(scope.last + dt.timedelta(days=1), dt.time(), WIB)


def later_words(count: int, what: str, last: dt.date) -> tuple[str, ...]:
    """The line under a report's title, also when nothing came late.

    >>> later_words(0, "entri", dt.date(2026, 10, 31))
    ('Tidak ada entri yang dibukukan sesudah 31 Oktober 2026 dengan tanggal sampai hari itu.',)
    """
    if count == 0:
        return (
            f"Tidak ada {what} yang dibukukan sesudah {long_date(last)} dengan tanggal sampai "
            "hari itu.",
        )
    return (
        f"Termasuk {number(count)} {what} bertanggal sampai {long_date(last)} yang dibukukan "
        "sesudah hari itu.",
    )


def whole(values: Iterable[Any]) -> tuple[int, ...]:
    """Sums as the program counts them; PostgreSQL adds up in NUMERIC."""
    return tuple(int(value or 0) for value in values)
