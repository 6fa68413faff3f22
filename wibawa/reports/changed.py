"""Loans that did not go as agreed: restructured, written off, and what came back of those."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.banks.models import Bank
from wibawa.banks.queries import thresholds_on
from wibawa.loans.models import LedgerEntry, Loan, Schedule
from wibawa.loans.positions import positions
from wibawa.loans.undone import is_reversed
from wibawa.reports.books import (
    Span,
    banks_of,
    booked_later,
    day_after,
    incomplete,
    later_words,
    of_bank,
    span_of,
    spans,
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
from wibawa.rules.changes import RESTRUCTURING
from wibawa.rules.dates import long_date
from wibawa.rules.money import share

EASED_TITLE = "Restrukturisasi"
EASED_ABOUT = (
    "Pinjaman yang angsurannya diringankan: jeda angsuran (relaksasi) dan perpanjangan jangka "
    "waktu, menurut hari mulai berlakunya. Satu pinjaman yang diringankan dua kali dalam periode "
    "dihitung satu pinjaman dan dua keputusan. Di bawahnya: keadaan semua pinjaman yang pernah "
    "direstrukturisasi pada hari terakhir."
)
GONE_TITLE = "Hapus buku dan pemulihan"
GONE_ABOUT = (
    "Pinjaman macet yang dihapus buku dalam periode dengan sisa pokoknya waktu itu, tanpa yang "
    "dibatalkan, dan uang yang diterima sesudahnya. Hapus buku bersifat administratif: tagihannya "
    "tetap ada. Tingkat pemulihan adalah pokok yang kembali sejak hapus buku dibagi pokok yang "
    "dihapus buku."
)
EASED = ("jeda", "tenor")  # the kinds below as the list of loans calls them
KINDS = {"holiday": "Jeda angsuran", "tenor": "Perpanjangan jangka waktu"}
MONEY = Kind.RUPIAH


def eased_report(session: Session, scope: Scope) -> Report:
    """Restructured loans of the period and where all of them stand: six queries."""
    banks = banks_of(session, scope)
    eased = select(Schedule.loan_id).where(
        Schedule.kind.in_(RESTRUCTURING), Schedule.starts_on <= scope.last
    )
    return Report(
        "restrukturisasi",
        EASED_TITLE,
        EASED_ABOUT,
        scope.words(of_period=True),
        (_decided(session, scope, banks), _eased_now(session, scope, banks)),
        incomplete(session, scope, scope.first),
        _versions_later(session, scope) + booked_later(session, scope, loans=eased),
    )


def _decided(session: Session, scope: Scope, banks: Sequence[Bank]) -> Table:
    found: dict[tuple[int, int], Any] = defaultdict(set)
    deeds: dict[tuple[int, int, str], int] = defaultdict(int)
    each = spans(scope.first, scope.last)
    query: Any = (
        select(Schedule.loan_id, Loan.bank_id, Schedule.kind, Schedule.starts_on)
        .join(Loan, Loan.id == Schedule.loan_id)
        .where(
            Schedule.kind.in_(RESTRUCTURING),
            Schedule.starts_on.between(scope.first, scope.last),
            of_bank(Loan.bank_id, scope),
        )
    )
    for loan, bank, kind, day in session.execute(query):
        place = span_of(day, each)
        found[place, bank].add(loan)
        deeds[place, bank, kind] += 1
    columns = (
        Column("Bulan" if "-" in each[0].code else "Tahun", Kind.TEXT),
        Column("Bank", Kind.TEXT),
        Column("Pinjaman"),
        *(Column(word) for word in KINDS.values()),
    )
    rows: list[Row] = []
    for place, span in enumerate(each):
        for bank in banks:
            counts = [deeds[place, bank.id, kind] for kind in KINDS]
            if any(counts):
                rows.append(
                    row(span.label, bank.name,
                        *_eased_cells(len(found[place, bank.id]), counts, span, bank.code))
                )  # fmt: skip
    every = {loan for loans in found.values() for loan in loans}
    counts = [sum(deeds[key] for key in deeds if key[2] == kind) for kind in KINDS]
    totals = row("Jumlah", "", *_eased_cells(len(every), counts, scope, scope.bank_code))
    note = "Jumlah menghitung tiap pinjaman satu kali, walau diringankan di lebih dari satu bulan."
    return _events("keputusan", "Restrukturisasi menurut bulan", columns, rows, totals, note)


def _eased_cells(
    loans: int, deeds: Sequence[int], when: Span | Scope, bank: str | None
) -> tuple[Cell, ...]:
    """How many loans were eased and in which ways, with the way to these loans; a loan that was
    eased twice in the same way stands in its list once."""
    where = {
        "bank": bank,
        "tanggal": when.last.isoformat(),
        "keadaan": "semua",
        "ringan_dari": when.first.isoformat(),
        "ringan_sampai": when.last.isoformat(),
    }
    each = zip(EASED, deeds, strict=True)
    return (
        linked(Cell(loans), "loans.loan_list", **where),
        *(linked(Cell(count), "loans.loan_list", ringan=word, **where) for word, count in each),
    )


def _events(
    code: str,
    title: str,
    columns: tuple[Column, ...],
    rows: Sequence[Row],
    totals: Row,
    note: str,
) -> Table:
    """What happened, without the months in which nothing did; where nothing did at all, the table
    says so."""
    if not rows:
        empty = no_data(row("Seluruh periode", "", *(None for _ in columns[2:])), 2)
        return Table(code, title, columns, (empty,), note=note)
    return Table(code, title, columns, tuple(rows), totals, note)


def _eased_now(session: Session, scope: Scope, banks: Sequence[Bank]) -> Table:
    on = scope.last
    version = aliased(Schedule, name="version")
    ever = exists().where(
        version.loan_id == Loan.id, version.kind.in_(RESTRUCTURING), version.starts_on <= on
    )
    each = (
        positions(on, thresholds_on(session, on)).where(ever, of_bank(Loan.bank_id, scope))
    ).subquery("each")
    alive = each.c.written_off_on.is_(None)
    runs = and_(alive, each.c.outstanding > 0)
    late = and_(alive, each.c.arrears > 0)

    def total(test: Any, value: Any) -> Any:
        return func.sum(case((test, value), else_=0))

    query = select(
        each.c.bank_id,
        func.count(),
        total(runs, 1),
        total(runs, each.c.outstanding),
        total(late, 1),
        total(late, each.c.arrears),
        total(~alive, 1),
    ).group_by(each.c.bank_id)
    sums = {bank: whole(values) for bank, *values in session.execute(query)}
    columns = (
        Column("Bank", Kind.TEXT),
        Column("Pernah direstrukturisasi"),
        Column("Masih berjalan"),
        Column("Baki debet (Rp)", MONEY),
        Column("Menunggak"),
        Column("Tunggakan (Rp)", MONEY),
        Column("Dihapus buku"),
    )

    def led(cells: Sequence[Cell], bank: str | None) -> Row:
        where = {"bank": bank, "tanggal": on.isoformat(), "restrukturisasi": "ya"}
        states = ("semua", None, None, "menunggak", "menunggak", "hapusbuku")
        return tuple(
            linked(cell, "loans.loan_list", keadaan=state, **where)
            for cell, state in zip(cells, states, strict=True)
        )

    rows: list[Row] = []
    for bank in banks:
        cells = row(*sums.get(bank.id, (0,) * 6))
        rows.append((Cell(bank.name), *led(cells, bank.code)))
    title = f"Keadaan pinjaman yang direstrukturisasi, {long_date(on)}"
    label, *every = summed(rows, "Jumlah", columns)
    return Table("keadaan", title, columns, tuple(rows), (label, *led(every, scope.bank_code)))


def _versions_later(session: Session, scope: Scope) -> tuple[str, ...]:
    """Restructurings with a day of the period that were written after it; one query."""
    if scope.last >= scope.today:
        return ()
    count = session.scalar(
        select(func.count())
        .select_from(Schedule)
        .join(Loan, Loan.id == Schedule.loan_id)
        .where(
            Schedule.kind.in_(RESTRUCTURING),
            Schedule.starts_on <= scope.last,
            Schedule.made_at >= day_after(scope),
            of_bank(Loan.bank_id, scope),
        )
    )
    return later_words(int(count or 0), "restrukturisasi", scope.last)


# — written off —

GONE_COLUMNS = (
    Column("Pinjaman dihapus buku"),
    Column("Pokok dihapus buku (Rp)", MONEY),
    Column("Uang pemulihan (Rp)", MONEY),
)


def gone_report(session: Session, scope: Scope) -> Report:
    """Written off and recovered in the period, and what is left of all of it: six queries."""
    banks = banks_of(session, scope)
    given_up = select(LedgerEntry.loan_id).where(
        LedgerEntry.kind == "write_off", LedgerEntry.effective_on <= scope.last
    )
    return Report(
        "hapus-buku",
        GONE_TITLE,
        GONE_ABOUT,
        scope.words(of_period=True),
        (_gone(session, scope, banks), _gone_now(session, scope, banks)),
        incomplete(session, scope, scope.first),
        booked_later(session, scope, loans=given_up),
    )


def _gone(session: Session, scope: Scope, banks: Sequence[Bank]) -> Table:
    """Write-offs that stand at the end of the period on their own day; recoveries less what was
    taken back of them, each on its own day."""
    each = spans(scope.first, scope.last)
    undone = aliased(LedgerEntry, name="undone")
    given_up = and_(LedgerEntry.kind == "write_off", ~is_reversed(LedgerEntry, scope.last))
    back = LedgerEntry.kind == "recovery"
    taken = and_(LedgerEntry.kind == "reversal", undone.kind == "recovery")
    money = case((back, LedgerEntry.amount), (taken, -LedgerEntry.amount), else_=0)
    query: Any = (
        select(
            LedgerEntry.effective_on,
            LedgerEntry.bank_id,
            func.sum(case((given_up, 1), else_=0)),
            func.sum(case((given_up, LedgerEntry.amount), else_=0)),
            func.sum(money),
            func.sum(case((given_up | back | taken, 1), else_=0)),
        )
        .outerjoin(
            undone,
            and_(undone.loan_id == LedgerEntry.loan_id, undone.sequence == LedgerEntry.reverses),
        )
        .where(
            LedgerEntry.effective_on.between(scope.first, scope.last),
            LedgerEntry.kind.in_(("write_off", "recovery", "reversal")),
            of_bank(LedgerEntry.bank_id, scope),
        )
        .group_by(LedgerEntry.effective_on, LedgerEntry.bank_id)
    )
    found: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 4)
    for day, bank, *sums in session.execute(query):
        key = span_of(day, each), bank
        found[key] = [one + two for one, two in zip(found[key], whole(sums), strict=True)]
    columns = (
        Column("Bulan" if "-" in each[0].code else "Tahun", Kind.TEXT),
        Column("Bank", Kind.TEXT),
        *GONE_COLUMNS,
    )
    rows: list[Row] = []
    for place, span in enumerate(each):
        for bank in banks:
            *figures, known = found[place, bank.id]
            if known:
                cells = _gone_cells(figures, span, bank.code, scope.last)
                rows.append(row(span.label, bank.name, *cells))
    sums = [sum(values[at] for values in found.values()) for at in range(3)]
    totals = row("Jumlah", "", *_gone_cells(sums, scope, scope.bank_code, scope.last))
    note = "Bulan tanpa hapus buku dan tanpa pemulihan tidak ditulis."
    return _events("periode", "Dalam periode", columns, rows, totals, note)


def _gone_cells(
    figures: Sequence[int], when: Span | Scope, bank: str | None, as_at: dt.date
) -> tuple[Cell, ...]:
    """Loans and principal written off, and what came back, with the way to the entries."""
    loans, lost, back = figures
    days = {"bank": bank, "dari": when.first.isoformat(), "sampai": when.last.isoformat()}
    gone = days | {"jenis": "hapus-buku", "keadaan": "utuh", "per": as_at.isoformat()}
    return (
        linked(Cell(loans), "loans.entry_list", **gone),
        linked(Cell(lost), "loans.entry_list", **gone),
        linked(Cell(back), "loans.entry_list", jenis="pemulihan-bersih", **days),
    )


def _gone_now(session: Session, scope: Scope, banks: Sequence[Bank]) -> Table:
    on = scope.last
    lost = (
        select(LedgerEntry.loan_id, func.sum(LedgerEntry.amount).label("amount"))
        .where(
            LedgerEntry.kind == "write_off",
            LedgerEntry.effective_on <= on,
            ~is_reversed(LedgerEntry, on),
        )
        .group_by(LedgerEntry.loan_id)
        .subquery("lost")
    )
    each = positions(on, thresholds_on(session, on), overdue=False)
    at = each.where(of_bank(Loan.bank_id, scope), Loan.id.in_(select(lost.c.loan_id))).subquery()
    query = (
        select(at.c.bank_id, func.count(), func.sum(lost.c.amount), func.sum(at.c.outstanding))
        .join(lost, lost.c.loan_id == at.c.loan_id)
        .group_by(at.c.bank_id)
    )
    sums = {bank: whole(values) for bank, *values in session.execute(query)}
    columns = (
        Column("Bank", Kind.TEXT),
        Column("Pinjaman dihapus buku"),
        Column("Pokok dihapus buku (Rp)", MONEY),
        Column("Pokok kembali (Rp)", MONEY),
        Column("Sisa tagihan pokok (Rp)", MONEY),
        Column("Tingkat pemulihan (%)", Kind.PERCENT),
    )

    def line(label: str, figures: Sequence[int], bank: str | None) -> Row:
        loans, lost_, left = figures
        where = {"bank": bank, "tanggal": on.isoformat(), "keadaan": "hapusbuku"}
        back = lost_ - left
        count, rest = (linked(Cell(value), "loans.loan_list", **where) for value in (loans, left))
        entries = {"jenis": "hapus-buku", "keadaan": "utuh", "per": on.isoformat()}
        gone = linked(Cell(lost_), "loans.entry_list", bank=bank, sampai=on.isoformat(), **entries)
        return (Cell(label), count, gone, Cell(back), rest, Cell(share(back, lost_)))

    rows = tuple(line(bank.name, sums.get(bank.id, (0, 0, 0)), bank.code) for bank in banks)
    every = [sum(column) for column in zip(*sums.values(), strict=True)] or [0, 0, 0]
    total = line("Jumlah", every, scope.bank_code)
    title = f"Semua yang dihapus buku sampai {long_date(on)}"
    return Table("keadaan", title, columns, rows, total)
