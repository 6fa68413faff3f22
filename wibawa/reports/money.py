"""Money of a period: what was lent, and what came back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import (
    and_,
    case,
    func,
    select,
)
from sqlalchemy.orm import Session, aliased

from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import (
    LedgerEntry,
    Loan,
    SuspenseEntry,
    SuspenseResolution,
)
from wibawa.loans.standings.models import MoneySum
from wibawa.loans.undone import RECEIVED, REVERSAL
from wibawa.reports.books import (
    Span,
    banks_of,
    booked_later,
    incomplete,
    of_bank,
    span_of,
    spans,
    suspense_later,
    whole,
)
from wibawa.reports.document import (
    Cell,
    Column,
    Kind,
    Report,
    Row,
    Table,
    linked,
    no_data,
    row,
    summed,
)
from wibawa.reports.forms import Scope
from wibawa.reports.paid_off import principal_paid

LENT_TITLE = "Realisasi pencairan"
LENT_ABOUT = (
    "Pinjaman yang dicairkan dalam periode, menurut tanggal pencairan (WIB), dan plafonnya. "
    "Pinjaman dari data awal ikut pada tanggal pencairannya."
)
CAME_TITLE = "Angsuran diterima"
CAME_ABOUT = (
    "Uang yang diterima untuk pinjaman dalam periode, menurut tanggal uang itu berpindah. Bersih "
    "adalah diterima dikurangi yang dibatalkan dengan entri pembalik. Pokok adalah turunnya baki "
    "debet, denda menurut berkas bank, bunga selebihnya: pokok + bunga + denda = bersih. "
    "Titipan masuk belum termasuk; yang kemudian menjadi angsuran dihitung pada hari ia menjadi "
    "angsuran. Jumlah pada data awal bukan penerimaan."
)


class Lent(NamedTuple):
    """Loans of a group that were disbursed."""

    loans: int = 0
    principal: int = 0
    cooperatives: int = 0
    cooperative_principal: int = 0


class Came(NamedTuple):
    """Money of a group. `principal` is of `net`, penalty too; interest is the rest of it."""

    payments: int = 0
    received: int = 0
    undone: int = 0
    applied: int = 0
    principal: int = 0
    suspense: int = 0
    placed: int = 0
    recovered: int = 0

    @property
    def net(self) -> int:
        return self.received - self.undone

    @property
    def interest(self) -> int:
        return self.applied - self.principal

    @property
    def penalty(self) -> int:
        return self.net - self.applied


Key = tuple[int, int]  # the place of the span, the bank


def _added(into: dict[Key, list[int]], key: Key, values: Sequence[int], at: int = 0) -> None:
    found = into[key]
    for place, value in enumerate(values, at):
        found[place] += value


def _group(
    found: dict[Key, list[int]],
    make: Callable[..., Any],
    place: int | None = None,
    bank: int | None = None,
) -> Any:
    """The sums of a span, of a bank or of both; None when nothing of it is there."""
    rows = [
        values
        for key, values in found.items()
        if place in (None, key[0]) and bank in (None, key[1])
    ]
    return make(*(sum(column) for column in zip(*rows, strict=True))) if rows else None


def _tables(
    found: dict[Key, list[int]],
    make: Callable[..., Any],
    each: Sequence[Span],
    banks: Sequence[Bank],
    columns: tuple[Column, ...],
    cells: Callable[[Any, Span | None, Bank | None], tuple[Cell, ...]],
) -> tuple[Table, ...]:
    """By month (or year), by bank, and by both where there are several of each."""
    empty = make()
    total = cells(empty, None, None)  # only for its links: the values are the sums of the rows

    def line(label: tuple[str, ...], sums: Any, span: Span | None, bank: Bank | None) -> Row:
        whole_row = (*row(*label), *cells(sums or empty, span, bank))
        return whole_row if sums is not None else no_data(whole_row, len(label))

    monthly = Column("Bulan" if "-" in each[0].code else "Tahun", Kind.TEXT)
    of_bank_ = Column("Bank", Kind.TEXT)
    by_span = tuple(
        line((span.label,), _group(found, make, at), span, None) for at, span in enumerate(each)
    )
    by_bank = tuple(
        line((bank.name,), _group(found, make, None, bank.id), None, bank) for bank in banks
    )
    both = tuple(
        line((span.label, bank.name), _group(found, make, at, bank.id), span, bank)
        for at, span in enumerate(each)
        for bank in banks
    )
    word = monthly.heading.lower()
    head, two = (monthly, *columns), (monthly, of_bank_, *columns)
    tables = [
        Table("bulan", f"Menurut {word}", head, by_span, _led(by_span, head, total)),
    ]
    if len(banks) > 1:
        head = (of_bank_, *columns)
        tables.append(Table("bank", "Menurut bank", head, by_bank, _led(by_bank, head, total)))
        if len(each) > 1:
            sums = _led(both, two, total, 2)
            tables.append(Table("bulan-bank", f"Menurut {word} dan bank", two, both, sums))
    return tuple(tables)


def _led(rows: Sequence[Row], columns: Sequence[Column], links: Row, labels: int = 1) -> Row:
    """The sums of the rows, each with the way to what the whole of it counts."""
    sums = summed(rows, "Jumlah", columns, labels)
    led = (replace(cell, link=at.link) for cell, at in zip(sums[labels:], links, strict=True))
    return (*sums[:labels], *led)


# — what was lent —


def lent_report(session: Session, scope: Scope) -> Report:
    """Loans disbursed in the period: four queries."""
    return Report(
        "pencairan",
        LENT_TITLE,
        LENT_ABOUT,
        scope.words(of_period=True),
        lent_tables(session, scope),
        incomplete(session, scope, scope.first),
        booked_later(session, scope, "disbursement"),
    )


def lent_tables(session: Session, scope: Scope) -> tuple[Table, ...]:
    """By month (or year), by bank and by both: two queries."""
    each, banks = spans(scope.first, scope.last), banks_of(session, scope)
    columns = (
        Column("Pinjaman"),
        Column("Plafon (Rp)", Kind.RUPIAH),
        Column("Di antaranya koperasi"),
        Column("Plafon koperasi (Rp)", Kind.RUPIAH),
    )

    def cells(sums: Lent, span: Span | None, bank: Bank | None) -> tuple[Cell, ...]:
        found = [Cell(value) for value in sums]
        first, last = (span.first, span.last) if span else (scope.first, scope.last)
        where = {
            "bank": bank.code if bank else scope.bank_code,
            "tanggal": last.isoformat(),
            "keadaan": "semua",
        }
        if span is not None and span.is_whole:
            where["cair"] = span.code
        else:
            where |= {"cair_dari": first.isoformat(), "cair_sampai": last.isoformat()}
        plain = [linked(cell, "loans.loan_list", **where) for cell in found[:2]]
        coops = [linked(cell, "loans.loan_list", jenis="koperasi", **where) for cell in found[2:]]
        return (*plain, *coops)

    return _tables(_lent(session, scope, each), Lent, each, banks, columns, cells)


def _lent(session: Session, scope: Scope, each: Sequence[Span]) -> dict[Key, list[int]]:
    cooperative = Borrower.kind == "cooperative"
    query = (
        select(
            Loan.disbursed_on,
            Loan.bank_id,
            func.count(),
            func.sum(Loan.principal),
            func.sum(case((cooperative, 1), else_=0)),
            func.sum(case((cooperative, Loan.principal), else_=0)),
        )
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(Loan.disbursed_on.between(scope.first, scope.last), of_bank(Loan.bank_id, scope))
        .group_by(Loan.disbursed_on, Loan.bank_id)
    )
    found: dict[Key, list[int]] = defaultdict(lambda: [0] * 4)
    for day, bank_id, *sums in session.execute(query):
        _added(found, (span_of(day, each), bank_id), whole(sums))
    return dict(found)


def lent_total(session: Session, scope: Scope) -> Lent:
    """All that was lent in a period; one query."""
    found: Lent | None = _group(_lent(session, scope, [_whole(scope)]), Lent)
    return found or Lent()


def _whole(scope: Scope) -> Span:
    return Span("", "", scope.first, scope.last, True)


# — what came back —

CAME_COLUMNS = (
    Column("Pembayaran"),
    Column("Diterima (Rp)", Kind.RUPIAH),
    Column("Dibatalkan (Rp)", Kind.RUPIAH),
    Column("Bersih (Rp)", Kind.RUPIAH),
    Column("Pokok (Rp)", Kind.RUPIAH),
    Column("Bunga (Rp)", Kind.RUPIAH),
    Column("Denda (Rp)", Kind.RUPIAH),
    Column("Titipan masuk (Rp)", Kind.RUPIAH),
    Column("Angsuran dari titipan (Rp)", Kind.RUPIAH),
    Column("Sesudah hapus buku (Rp)", Kind.RUPIAH),
)


def came_report(session: Session, scope: Scope) -> Report:
    """Money received in the period: eight queries, however many months it has."""
    each, banks = spans(scope.first, scope.last), banks_of(session, scope)
    found = _came(session, scope, each)

    def cells(sums: Came, span: Span | None, bank: Bank | None) -> tuple[Cell, ...]:
        first, last = (span.first, span.last) if span else (scope.first, scope.last)
        return came_cells(sums, first, last, bank.code if bank else scope.bank_code)

    known = {key: sums for key, sums in found.items() if any(sums)}
    return Report(
        "angsuran",
        CAME_TITLE,
        CAME_ABOUT,
        scope.words(of_period=True),
        _tables(known, Came, each, banks, CAME_COLUMNS, cells),
        incomplete(session, scope, scope.first),
        booked_later(session, scope, *RECEIVED, "reversal") + suspense_later(session, scope),
    )


def came_cells(sums: Came, first: dt.date, last: dt.date, bank: str | None) -> tuple[Cell, ...]:
    """The figures of a period, each with the way to the entries, loans or titipan that it counts.

    Principal is what the loans' outstanding fell by, so that its way leads to the loans between
    the day before the period and its end.
    """
    days = {"bank": bank, "dari": first.isoformat(), "sampai": last.isoformat()}
    before = days | {"dari": (first - dt.timedelta(days=1)).isoformat(), "berakhir": "ikut"}

    def entries(value: int, kind: str, **more: str) -> Cell:
        return linked(Cell(value), "loans.entry_list", jenis=kind, **days, **more)

    return (
        entries(sums.payments, "diterima"),
        entries(sums.received, "diterima"),
        entries(sums.undone, "dibatalkan"),
        entries(sums.net, "bersih"),
        linked(Cell(sums.principal), "loans.moved_list", **before),
        linked(Cell(sums.interest), "loans.moved_list", **before),
        entries(sums.penalty, "bersih"),
        linked(Cell(sums.suspense), "loans.suspense_list", keadaan="semua", **days),
        entries(sums.placed, "bersih", asal="titipan"),
        entries(sums.recovered, "pemulihan-bersih"),
    )


def received(session: Session, scope: Scope) -> Came:
    """All money of a period; five queries."""
    sums: Came | None = _group(_came(session, scope, [_whole(scope)]), Came)
    return sums or Came()


def _came(session: Session, scope: Scope, each: Sequence[Span]) -> dict[Key, list[int]]:
    """What is known of the money of each span and bank; five queries."""
    found: dict[Key, list[int]] = defaultdict(lambda: [0] * 8)
    _entries(session, scope, each, found)
    _principal(session, scope, each, found)
    _suspense(session, scope, each, found)
    return found


def _entries(
    session: Session, scope: Scope, each: Sequence[Span], found: dict[Key, list[int]]
) -> None:
    of_day, undone = MoneySum, aliased(LedgerEntry, name="undone")
    came = select(
        of_day.effective_on, of_day.bank_id, of_day.kind, of_day.entries, of_day.amount,
        of_day.applied,
    ).where(
        of_day.effective_on.between(scope.first, scope.last),
        of_bank(of_day.bank_id, scope),
        of_day.kind.in_(RECEIVED),
    )  # fmt: skip
    # Reversals are few: only for them is another entry looked up. Their day is hidden in a
    # COALESCE, or SQLite would read the entries of all kinds of those days.
    entry = LedgerEntry
    key = (entry.effective_on, entry.bank_id, undone.kind)
    went = (
        select(*key, func.count(), func.sum(entry.amount), func.sum(entry.applied))
        .join(undone, and_(undone.loan_id == entry.loan_id, undone.sequence == entry.reverses))
        .where(
            entry.kind == REVERSAL,
            func.coalesce(entry.effective_on, scope.last).between(scope.first, scope.last),
            of_bank(entry.bank_id, scope),
            undone.kind.in_(RECEIVED),
        )
        .group_by(*key)
    )
    for query, sign in ((came, 1), (went, -1)):
        for on, bank_id, word, *sums in session.execute(query):
            count, amount, applied = whole(sums)
            of_kind = (count, amount, 0) if sign > 0 else (0, 0, amount)
            recovered = sign * amount if word == "recovery" else 0
            _added(found, (span_of(on, each), bank_id), (*of_kind, applied, 0, 0, 0, recovered))


def _principal(
    session: Session, scope: Scope, each: Sequence[Span], found: dict[Key, list[int]]
) -> None:
    for key, gone in principal_paid(session, scope, each).items():
        _added(found, key, [gone], 4)


def _suspense(
    session: Session, scope: Scope, each: Sequence[Span], found: dict[Key, list[int]]
) -> None:
    came = (
        select(SuspenseEntry.effective_on, SuspenseEntry.bank_id, func.sum(SuspenseEntry.amount))
        .where(
            SuspenseEntry.effective_on.between(scope.first, scope.last),
            of_bank(SuspenseEntry.bank_id, scope),
        )
        .group_by(SuspenseEntry.effective_on, SuspenseEntry.bank_id)
    )
    placed = (
        select(
            SuspenseResolution.effective_on,
            SuspenseEntry.bank_id,
            func.sum(SuspenseResolution.amount),
        )
        .join(SuspenseEntry, SuspenseEntry.id == SuspenseResolution.suspense_id)
        .where(
            SuspenseResolution.effective_on.between(scope.first, scope.last),
            SuspenseResolution.kind.in_(("loan", "undone")),
            of_bank(SuspenseEntry.bank_id, scope),
        )
        .group_by(SuspenseResolution.effective_on, SuspenseEntry.bank_id)
    )
    for at, query in ((5, came), (6, placed)):
        for day, bank_id, value in session.execute(query):
            _added(found, (span_of(day, each), bank_id), whole([value]), at)
