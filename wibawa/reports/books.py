"""What several reports ask of the books: spans of a period, whether they are whole, what came late.

No report is made of what was stored for it: each reads journal and schedules, or the copies that
are kept with them (`loans.standings`), so that a past day gives the same figures whenever it is
run, but for entries that were booked after it, and for borrowers' records that were edited or
merged since; those are counted here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, exists, func, select, true
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import all_banks
from wibawa.borrowers.models import BorrowerChange
from wibawa.loans.models import LedgerEntry, Loan, SuspenseEntry, SuspenseResolution
from wibawa.merging.models import BorrowerMerge, BorrowerMove
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


FACTS = {"kelurahan_code": "kelurahan", "sex": "jenis kelamin"}
"""What of a borrower's record reports count by and people may change; its kind nobody may."""


def records_later(session: Session, scope: Scope, *fields: str) -> tuple[str, ...]:
    """How many borrowers' records changed after a report's last day in one of the `fields` that it
    looks at (keys of `FACTS`), and how many were put together or taken apart; one query, none for
    today. Of a report that counts borrowers without looking at facts there are no `fields`.

    Only records with a loan of the report count: of others it tells nothing.
    """
    if scope.last >= scope.today:
        return ()
    after = day_after(scope)
    of_report = (Loan.disbursed_on <= scope.last, of_bank(Loan.bank_id, scope))
    changed = select(func.count(BorrowerChange.borrower_id.distinct())).where(
        BorrowerChange.field.in_(fields),
        BorrowerChange.at >= after,
        exists().where(Loan.borrower_id == BorrowerChange.borrower_id, *of_report),
    )

    def decided(kind: str) -> Any:
        one = case((BorrowerMerge.kind == kind, BorrowerMerge.id))
        return func.count(one.distinct())

    query = (
        select(changed.scalar_subquery(), decided("merge"), decided("split"))
        .select_from(BorrowerMerge)
        .join(BorrowerMove, BorrowerMove.merge_id == BorrowerMerge.id)
        .join(Loan, Loan.id == BorrowerMove.object_id)
        .where(
            BorrowerMerge.status == "approved",
            BorrowerMerge.decided_at >= after,
            BorrowerMove.object_kind == "loan",
            *of_report,
        )
    )
    return record_words(session.execute(query).one(), fields, scope.last)


def record_words(counts: Sequence[int], fields: Sequence[str], last: dt.date) -> tuple[str, ...]:
    """The sentence of edited, merged and parted records; none where there are none.

    >>> record_words((2, 1, 0), ("sex",), dt.date(2026, 10, 31))[0].partition("; ")[0]
    'Sesudah 31 Oktober 2026: jenis kelamin pada 2 catatan peminjam diubah, 1 penggabungan catatan'
    """
    facts = " atau ".join(FACTS[field] for field in fields)
    words = (
        f"{facts} pada {number(counts[0])} catatan peminjam diubah",
        f"{number(counts[1])} penggabungan catatan",
        f"{number(counts[2])} pembatalan penggabungan",
    )
    told = ", ".join(each for each, count in zip(words, counts, strict=True) if count)
    if not told:
        return ()
    day = long_date(last)
    return (f"Sesudah {day}: {told}; laporan ini memakai catatan peminjam yang sekarang.",)


def lent_by(session: Session, scope: Scope) -> bool:
    """Whether the books hold any loan that was disbursed up to the report's last day; one query."""
    lent = exists().where(Loan.disbursed_on <= scope.last, of_bank(Loan.bank_id, scope))
    return bool(session.scalar(select(lent)))


def lent_or_came_by(session: Session, scope: Scope) -> bool:
    """The same, or whether money came as titipan by then: of an office that lends, no titipan is a
    known 0; one query."""
    lent = exists().where(Loan.disbursed_on <= scope.last, of_bank(Loan.bank_id, scope))
    came = exists().where(
        SuspenseEntry.effective_on <= scope.last, of_bank(SuspenseEntry.bank_id, scope)
    )
    return bool(session.scalar(select(lent | came)))


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
