"""How good the portfolio is: from class to class between two days, and by bank and vintage."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import thresholds_on
from wibawa.loans.models import Loan
from wibawa.loans.moves.lists import GIVEN_UP, NEW, PAID, WORDS
from wibawa.loans.portfolio import NPL_FROM_CLASS, PAR_DAYS
from wibawa.loans.positions import positions
from wibawa.reports.books import banks_of, booked_later, incomplete, of_bank, projected, whole
from wibawa.reports.document import Cell, Column, Kind, Report, Row, Table, linked, row, summed
from wibawa.reports.forms import Scope
from wibawa.rules.collectibility import CLASS_NAMES, arrears_ratio, npl, par30
from wibawa.rules.dates import long_date
from wibawa.rules.money import share
from wibawa.rules.reconciliation import Month

MOVES_TITLE = "Tunggakan dan perpindahan kolektibilitas"
MOVES_ABOUT = (
    "Setiap pinjaman dengan kolektibilitasnya pada hari pertama (baris) dan hari terakhir (kolom) "
    "periode, menurut batas kolektibilitas banknya pada masing-masing hari. Pinjaman yang baru "
    "dicairkan, lunas, atau dihapus buku mempunyai baris dan kolom sendiri; yang sudah lunas atau "
    "dihapus buku pada kedua hari tidak ikut. Persentase perpindahan adalah jumlah pinjaman di "
    "kolom itu dibagi jumlah pinjaman di barisnya."
)
QUALITY_TITLE = "Kualitas portofolio"
QUALITY_ABOUT = (
    "PAR30, NPL, dan rasio tunggakan pada akhir satu hari, menurut bank dan menurut tahun atau "
    "triwulan pencairan (angkatan). Pembilang dan penyebut tiap persentase ada di kolom di "
    "sebelahnya; penyebutnya baki debet. Pinjaman yang dihapus buku tidak ikut, kecuali dalam "
    "plafon yang dicairkan."
)
SPLITS = (("tahun", "Tahun pencairan"), ("triwulan", "Triwulan pencairan"))
MONEY, PERCENT = Kind.RUPIAH, Kind.PERCENT
BEFORE = {
    **{grade: f"Kolektibilitas {grade} {name}" for grade, name in CLASS_NAMES.items()},
    NEW: "Baru dicairkan",
    PAID: "Lunas, terbuka lagi",
    GIVEN_UP: "Dihapus buku",
}
AFTER = {
    **{grade: f"Kol {grade}" for grade in CLASS_NAMES},
    PAID: "Lunas",
    GIVEN_UP: "Dihapus buku",
}


class Moved(NamedTuple):
    """Loans that went from one state to another, and where they stand afterwards."""

    loans: int = 0
    before: int = 0
    after: int = 0
    late: int = 0
    arrears: int = 0


Key = tuple[int, int, int]  # bank, state before, state after


def moves_report(session: Session, scope: Scope) -> Report:
    """From class to class between `scope.first` and `scope.last`: seven queries."""
    moved, banks = _moved(session, scope), banks_of(session, scope)
    return Report(
        "kolektibilitas",
        MOVES_TITLE,
        MOVES_ABOUT,
        scope.words(of_period=True),
        (
            _matrix(moved, scope, "perpindahan", "Perpindahan, jumlah pinjaman", Kind.COUNT),
            _matrix(moved, scope, "perpindahan-baki",
                    "Perpindahan, baki debet pada hari terakhir (Rp)", MONEY),
            _rates(moved, scope),
            _standing(moved, scope, banks),
        ),
        incomplete(session, scope, scope.first) + projected(scope),
        booked_later(session, scope),
    )  # fmt: skip


def _state(each: Any) -> Any:
    return case(
        (each.c.loan_id.is_(None), literal(NEW)),
        (each.c.written_off_on.is_not(None), literal(GIVEN_UP)),
        (each.c.outstanding == 0, literal(PAID)),
        else_=each.c.collectibility,
    )


def _moved(session: Session, scope: Scope) -> dict[Key, Moved]:
    def at(day: dt.date, name: str, overdue: bool) -> Any:
        each = positions(day, thresholds_on(session, day), overdue=overdue)
        found = each.where(of_bank(Loan.bank_id, scope))
        return found.cte(name).prefix_with("MATERIALIZED", dialect="sqlite")

    before, after = at(scope.first, "before", False), at(scope.last, "after", True)
    was, became = _state(before), _state(after)
    query = (
        select(
            after.c.bank_id,
            was,
            became,
            func.count(),
            func.sum(before.c.outstanding),
            func.sum(after.c.outstanding),
            func.sum(case((after.c.arrears > 0, 1), else_=0)),
            func.sum(after.c.arrears),
        )
        .select_from(after)
        .outerjoin(before, before.c.loan_id == after.c.loan_id)
        .group_by(after.c.bank_id, was, became)
    )
    found = {
        (bank, int(one), int(two)): Moved(*whole(sums))
        for bank, one, two, *sums in session.execute(query)
    }
    ended = (PAID, GIVEN_UP)
    return {key: sums for key, sums in found.items() if not (key[1] == key[2] and key[1] in ended)}


def _sum(found: Iterable[Moved]) -> Moved:
    every = list(found)
    return Moved(*(sum(column) for column in zip(*every, strict=True))) if every else Moved()


def _between(moved: dict[Key, Moved], was: int | None, became: int | None) -> Moved:
    return _sum(
        sums
        for (_, one, two), sums in moved.items()
        if was in (None, one) and became in (None, two)
    )


def _from(moved: dict[Key, Moved]) -> list[int]:
    """The states before that have a row: all classes, and others where there is any loan."""
    return [was for was in BEFORE if was in CLASS_NAMES or _between(moved, was, None).loans]


def _move(value: int | None, scope: Scope, was: int | None, became: int | None) -> Cell:
    """A figure of loans that went from one state to another, with the way to these loans."""
    return linked(
        Cell(value),
        "loans.moved_list",
        dari=scope.first.isoformat(),
        sampai=scope.last.isoformat(),
        bank=scope.bank_code,
        semula=WORDS[was] if was else None,
        menjadi=WORDS[became] if became else None,
    )


def _matrix(moved: dict[Key, Moved], scope: Scope, code: str, title: str, kind: Kind) -> Table:
    first = "Pinjaman semula" if kind is Kind.COUNT else "Baki debet semula (Rp)"
    columns = (
        Column("Semula", Kind.TEXT),
        Column(first, kind),
        *(Column(word, kind) for word in AFTER.values()),
    )

    def line(label: str, was: int | None) -> Row:
        whole_ = _between(moved, was, None)
        each = [_between(moved, was, became) for became in AFTER]
        figures = [whole_.before, *(sums.after for sums in each)]
        if kind is Kind.COUNT:
            figures = [whole_.loans, *(sums.loans for sums in each)]
        cells = zip(figures, (None, *AFTER), strict=True)
        return row(label, *(_move(value, scope, was, became) for value, became in cells))

    rows = tuple(line(BEFORE[was], was) for was in _from(moved))
    return Table(code, title, columns, rows, line("Jumlah", None))


def _rates(moved: dict[Key, Moved], scope: Scope) -> Table:
    columns = (
        Column("Semula", Kind.TEXT),
        Column("Pinjaman semula"),
        *(Column(f"{word} (%)", PERCENT) for word in AFTER.values()),
    )
    rows = []
    for was in _from(moved):
        base = _between(moved, was, None).loans
        rates = [
            _move(share(_between(moved, was, became).loans, base), scope, was, became)
            for became in AFTER
        ]
        rows.append(row(BEFORE[was], _move(base, scope, was, None), *rates))
    note = "Pembilangnya jumlah pinjaman pada tabel perpindahan, penyebutnya kolom pertama."
    return Table("persentase", "Persentase perpindahan", columns, tuple(rows), note=note)


def _standing(moved: dict[Key, Moved], scope: Scope, banks: Sequence[Bank]) -> Table:
    columns = (
        Column("Bank", Kind.TEXT),
        Column("Kolektibilitas", Kind.TEXT),
        Column("Pinjaman"),
        Column("Baki debet (Rp)", MONEY),
        Column("Pinjaman menunggak"),
        Column("Tunggakan (Rp)", MONEY),
    )
    rows: list[Row] = []
    for bank in banks:
        for grade, name in CLASS_NAMES.items():
            found = _sum(
                sums for key, sums in moved.items() if key[0] == bank.id and key[2] == grade
            )
            where = {"bank": bank.code, "tanggal": scope.last.isoformat(), "kol": grade}
            figures = [
                linked(Cell(value), "loans.loan_list", **where)
                for value in (found.loans, found.after)
            ]
            late = [
                linked(Cell(value), "loans.loan_list", keadaan="menunggak", **where)
                for value in (found.late, found.arrears)
            ]
            rows.append((Cell(bank.name), Cell(f"{grade} {name}"), *figures, *late))
    title = f"Tunggakan menurut kolektibilitas, {long_date(scope.last)}"
    sums = summed(rows, "Jumlah", columns, 2)
    where = {"bank": scope.bank_code, "tanggal": scope.last.isoformat()}
    states = (None, None, "menunggak", "menunggak")
    led = (
        linked(cell, "loans.loan_list", keadaan=state, **where)
        for cell, state in zip(sums[2:], states, strict=True)
    )
    return Table("tunggakan", title, columns, tuple(rows), (*sums[:2], *led))


# — PAR30, NPL and arrears by bank and vintage —


class Quality(NamedTuple):
    lent: int = 0
    loans: int = 0
    outstanding: int = 0
    late: int = 0
    bad: int = 0
    arrears: int = 0


QUALITY = (
    Column("Plafon dicairkan (Rp)", MONEY),
    Column("Pinjaman berjalan"),
    Column("Baki debet (Rp)", MONEY),
    Column("Baki debet > 30 hari (Rp)", MONEY),
    Column("PAR30 (%)", PERCENT),
    Column("Baki debet kol 3–5 (Rp)", MONEY),
    Column("NPL (%)", PERCENT),
    Column("Tunggakan (Rp)", MONEY),
    Column("Rasio tunggakan (%)", PERCENT),
)


def quality_report(session: Session, scope: Scope) -> Report:
    """PAR30, NPL and arrears ratio on `scope.last`: five queries."""
    found, banks = _quality(session, scope), banks_of(session, scope)
    by_bank = [
        (
            bank.name,
            {"bank": bank.code},
            [sums for key, sums in found.items() if key[1] == bank.id],
        )
        for bank in banks
    ]
    quarterly = scope.split == "triwulan"
    word = "Triwulan" if quarterly else "Tahun"
    return Report(
        "kualitas",
        QUALITY_TITLE,
        QUALITY_ABOUT,
        scope.words(of_period=False),
        (
            _quality_table("bank", "Menurut bank", "Bank", by_bank, scope),
            _quality_table(
                "angkatan",
                f"Menurut {word.lower()} pencairan",
                word,
                _by_vintage(found, quarterly),
                scope,
            ),
        ),
        incomplete(session, scope, scope.last) + projected(scope),
        booked_later(session, scope),
    )


def _year(day: dt.date) -> str:
    return str(day.year)


def _quarter(day: dt.date) -> str:
    return f"{day.year} triwulan {(day.month + 2) // 3}"


Where = dict[str, str]  # what the list of loans is asked for
Groups = list[tuple[str, Where, list[Quality]]]


def _by_vintage(found: dict[tuple[dt.date, int], Quality], quarterly: bool) -> Groups:
    groups: dict[tuple[dt.date, dt.date], list[Quality]] = defaultdict(list)
    for day, bank in sorted(found):
        first = dt.date(day.year, (day.month - 1) // 3 * 3 + 1 if quarterly else 1, 1)
        last = Month.of(first).plus(2 if quarterly else 11).last
        groups[first, last].append(found[day, bank])
    name = _quarter if quarterly else _year
    return [
        (
            name(first),
            {"cair_dari": first.isoformat(), "cair_sampai": last.isoformat()},
            sums,
        )
        for (first, last), sums in groups.items()
    ]


def _quality(session: Session, scope: Scope) -> dict[tuple[dt.date, int], Quality]:
    on = scope.last
    each = (
        positions(on, thresholds_on(session, on))
        .add_columns(Loan.disbursed_on)
        .where(of_bank(Loan.bank_id, scope))
        .cte("each")
        .prefix_with("MATERIALIZED", dialect="sqlite")
    )
    alive = each.c.written_off_on.is_(None)
    late = each.c.uncovered_since < on - dt.timedelta(days=PAR_DAYS)

    def total(value: Any, *tests: Any) -> Any:
        test = alive
        for more in tests:
            test = test & more
        return func.sum(case((test, value), else_=0))

    query = select(
        each.c.disbursed_on,
        each.c.bank_id,
        func.sum(each.c.principal),
        total(1, each.c.outstanding > 0),
        total(each.c.outstanding),
        total(each.c.outstanding, late),
        total(each.c.outstanding, each.c.collectibility >= NPL_FROM_CLASS),
        total(each.c.arrears),
    ).group_by(each.c.disbursed_on, each.c.bank_id)
    return {(day, bank): Quality(*whole(sums)) for day, bank, *sums in session.execute(query)}


ALL, LATE = {"keadaan": "semua"}, {"keadaan": "menunggak"}
PAR, BAD = {"lewat": str(PAR_DAYS)}, {"npl": "1"}
BEHIND: tuple[Where, ...] = (ALL, {}, {}, PAR, PAR, BAD, BAD, LATE, LATE)
"""Which loans each column of `QUALITY` counts."""


def _quality_table(code: str, title: str, heading: str, groups: Groups, scope: Scope) -> Table:
    def line(label: str, where: Where, every: Sequence[Quality]) -> Row:
        one = Quality(*(sum(column) for column in zip(*every, strict=True))) if every else Quality()
        figures = (
            one.lent, one.loans, one.outstanding, one.late,
            par30(one.late, one.outstanding), one.bad, npl(one.bad, one.outstanding), one.arrears,
            arrears_ratio(one.arrears, one.outstanding),
        )  # fmt: skip
        given = {"bank": scope.bank_code, "tanggal": scope.last.isoformat()} | where
        return row(
            label,
            *(
                linked(Cell(value), "loans.loan_list", **given, **behind)
                for value, behind in zip(figures, BEHIND, strict=True)
            ),
        )

    every = [sums for _, _, found in groups for sums in found]
    rows = tuple(line(*group) for group in groups)
    columns = (Column(heading, Kind.TEXT), *QUALITY)
    return Table(code, title, columns, rows, line("Jumlah", {}, every))
