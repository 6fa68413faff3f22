"""What concerns each bank: its quota, and money that waits for its loan."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank, BankQuota
from wibawa.loans.forms import REASON_SLUGS, REASONS
from wibawa.loans.models import Loan, SuspenseEntry, SuspenseResolution
from wibawa.loans.suspense import ALARM_AFTER
from wibawa.reports.books import (
    banks_of,
    booked_later,
    incomplete,
    of_bank,
    suspense_later,
    whole,
)
from wibawa.reports.document import (
    NO_DATA,
    Cell,
    Column,
    Kind,
    Report,
    Row,
    Table,
    linked,
    row,
)
from wibawa.reports.forms import Scope
from wibawa.rules.dates import long_date
from wibawa.rules.money import share
from wibawa.web.clock import in_wib

QUOTA_TITLE = "Pemakaian kuota"
QUOTA_ABOUT = (
    "Kuota tiap bank per tahun dan yang sudah dicairkan sampai hari laporan. Pemakaian adalah "
    "plafon yang dicairkan dalam tahun itu dibagi kuotanya. Kuota yang berlaku adalah keputusan "
    "yang terakhir. Pencairan yang masih menunggu ada di halaman Kuota."
)
SUSPENSE_TITLE = "Titipan"
SUSPENSE_ABOUT = (
    "Uang yang diterima dan belum menjadi angsuran pada hari laporan, menurut umurnya (hari sejak "
    "uang itu berpindah) dan sebabnya."
)
OLDEST = 100_000  # days
AGES = (
    (ALARM_AFTER, f"0–{ALARM_AFTER} hari"),
    (30, f"{ALARM_AFTER + 1}–30 hari"),
    (90, "31–90 hari"),
    (180, "91–180 hari"),
    (OLDEST, "lebih dari 180 hari"),
)
REASON_WORDS = {code: word for word, code in REASON_SLUGS.items()}
MONEY = Kind.RUPIAH
FIRST_YEAR = 2017


def quota_report(session: Session, scope: Scope) -> Report:
    """Quota use of every year up to the day: five queries."""
    banks = banks_of(session, scope)
    quotas, later = _quotas(session, scope)
    lent: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    query = (
        select(Loan.bank_id, Loan.disbursed_on, func.count(), func.sum(Loan.principal))
        .where(Loan.disbursed_on <= scope.last, of_bank(Loan.bank_id, scope))
        .group_by(Loan.bank_id, Loan.disbursed_on)
    )
    for bank, day, *sums in session.execute(query):
        count, amount = whole(sums)
        lent[day.year, bank][0] += count
        lent[day.year, bank][1] += amount
    years = sorted({year for year, _ in (*lent, *quotas)} | {scope.last.year}, reverse=True)
    rows = [
        _quota_row(year, bank, scope.last, quotas.get((year, bank.id)), lent.get((year, bank.id)))
        for year in years
        if year <= scope.last.year
        for bank in banks
    ]
    columns = (
        Column("Tahun", Kind.TEXT),
        Column("Bank", Kind.TEXT),
        Column("Kuota (Rp)", MONEY),
        Column("Pinjaman"),
        Column("Dicairkan (Rp)", MONEY),
        Column("Sisa (Rp)", MONEY),
        Column("Pemakaian (%)", Kind.PERCENT),
    )
    notes = booked_later(session, scope, "disbursement")
    if later:
        notes += (f"{later} keputusan kuota dimasukkan sesudah {long_date(scope.last)}.",)
    return Report(
        "kuota",
        QUOTA_TITLE,
        QUOTA_ABOUT,
        scope.words(of_period=False),
        (Table("kuota", "Kuota per tahun dan bank", columns, tuple(rows)),),
        incomplete(session, scope, scope.last),
        notes,
    )


def _quotas(session: Session, scope: Scope) -> tuple[dict[tuple[int, int], int], int]:
    """The quota that counts of each year and bank, and how many were entered after the day."""
    found: dict[tuple[int, int], int] = {}
    later = 0
    query: Any = (
        select(BankQuota.year, BankQuota.bank_id, BankQuota.amount, BankQuota.entered_at)
        .where(BankQuota.year <= scope.last.year, of_bank(BankQuota.bank_id, scope))
        .order_by(BankQuota.year, BankQuota.bank_id, BankQuota.sequence)
    )
    for year, bank, amount, entered_at in session.execute(query):
        found[year, bank] = int(amount)
        later += in_wib(entered_at).date() > scope.last
    return found, later


def _quota_row(
    year: int, bank: Bank, on: dt.date, quota: int | None, lent: list[int] | None
) -> Row:
    unknown = Cell(None, missing=NO_DATA)
    count, used = lent or (0, 0)
    first = (Cell(str(year)), Cell(bank.name))
    if quota is None and lent is None:
        return (*first, *(unknown for _ in range(5)))
    where = {"bank": bank.code, "cair": str(year), "keadaan": "semua", "tanggal": on.isoformat()}
    given = linked(Cell(quota, missing=NO_DATA), "banks.quota", tahun=year)
    loans = [linked(Cell(value), "loans.loan_list", **where) for value in (count, used)]
    left = Cell(None if quota is None else quota - used)
    return (*first, given, *loans, left, Cell(None if quota is None else share(used, quota)))


# — titipan —


def suspense_report(session: Session, scope: Scope) -> Report:
    """Money in titipan at the end of the day: four queries."""
    banks, found = banks_of(session, scope), _open(session, scope)
    return Report(
        "titipan",
        SUSPENSE_TITLE,
        SUSPENSE_ABOUT,
        scope.words(of_period=False),
        (
            _by_age(found, scope, banks),
            _by_reason(found, scope, banks),
        ),
        (),
        suspense_later(session, scope),
    )


Open = dict[tuple[int, str, dt.date], tuple[int, int]]  # bank, reason, day → count, rupiah


def _open(session: Session, scope: Scope) -> Open:
    taken = (
        select(
            SuspenseResolution.suspense_id,
            cast(func.sum(SuspenseResolution.amount), BigInteger).label("amount"),
        )
        .where(SuspenseResolution.effective_on <= scope.last)
        .group_by(SuspenseResolution.suspense_id)
        .subquery("taken")
    )
    left = SuspenseEntry.amount - func.coalesce(taken.c.amount, 0)
    query: Any = (
        select(
            SuspenseEntry.bank_id,
            SuspenseEntry.reason,
            SuspenseEntry.effective_on,
            func.count(),
            func.sum(left),
        )
        .outerjoin(taken, taken.c.suspense_id == SuspenseEntry.id)
        .where(
            SuspenseEntry.effective_on <= scope.last,
            of_bank(SuspenseEntry.bank_id, scope),
            left > 0,
        )
        .group_by(SuspenseEntry.bank_id, SuspenseEntry.reason, SuspenseEntry.effective_on)
    )
    return {
        (bank, reason, day): (int(count), int(amount))
        for bank, reason, day, count, amount in session.execute(query)
    }


def _add(values: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(count for count, _ in values), sum(amount for _, amount in values)


def _bank_columns(heading: str, banks: Sequence[Bank]) -> tuple[Column, ...]:
    each = [*(bank.name for bank in banks), *(["semua bank"] if len(banks) > 1 else [])]
    pairs = ((Column(f"Titipan {name}"), Column(f"Nilai {name} (Rp)", MONEY)) for name in each)
    return (Column(heading, Kind.TEXT), *(column for pair in pairs for column in pair))


def _suspense_row(
    label: str,
    banks: Sequence[Bank],
    chosen: dict[int, list[tuple[int, int]]],
    scope: Scope,
    **where: str | None,
) -> Row:
    """Titipan of each bank and of all, each with the way to what it counts."""
    each = [_add(chosen.get(bank.id, [])) for bank in banks]
    both = [*each, *([_add(each)] if len(banks) > 1 else [])]
    codes = [*(bank.code for bank in banks), scope.bank_code]
    day = {"tanggal": scope.last.isoformat()}
    cells = (
        linked(Cell(value), "loans.suspense_list", bank=code, **day, **where)
        for code, pair in zip(codes, both, strict=False)
        for value in pair
    )
    return row(label, *cells)


def _grouped(found: Open, test: Any) -> dict[int, list[tuple[int, int]]]:
    chosen: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (bank, reason, day), value in found.items():
        if test(reason, day):
            chosen[bank].append(value)
    return chosen


def _by_age(found: Open, scope: Scope, banks: Sequence[Bank]) -> Table:
    columns = _bank_columns("Umur", banks)
    rows, above = [], -1
    for most, label in AGES:
        chosen = _grouped(found, lambda _, day, a=above, m=most: a < (scope.last - day).days <= m)
        days = {
            "dari": (scope.last - dt.timedelta(days=most)).isoformat() if most < OLDEST else None,
            "sampai": (scope.last - dt.timedelta(days=above + 1)).isoformat(),
        }
        rows.append(_suspense_row(label, banks, chosen, scope, **days))
        above = most
    title = f"Titipan terbuka menurut umur, {long_date(scope.last)}"
    total = _suspense_row("Jumlah", banks, _grouped(found, lambda *_: True), scope)
    return Table("umur", title, columns, tuple(rows), total)


def _by_reason(found: Open, scope: Scope, banks: Sequence[Bank]) -> Table:
    columns = _bank_columns("Sebab", banks)
    rows = [
        _suspense_row(
            label,
            banks,
            _grouped(found, lambda reason, _, r=code: reason == r),
            scope,
            sebab=REASON_WORDS[code],
        )
        for code, label in REASONS.items()
    ]
    total = _suspense_row("Jumlah", banks, _grouped(found, lambda *_: True), scope)
    return Table("sebab", "Titipan terbuka menurut sebab", columns, tuple(rows), total)
