"""What falls due: this month, and the cash that the schedules in force promise for two years."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.database import is_sqlite
from wibawa.loans.models import Loan, Schedule, ScheduleRow
from wibawa.loans.positions import stands_on
from wibawa.loans.standings.models import DueSum, Standing
from wibawa.loans.undone import is_given_up
from wibawa.reports.books import banks_of, booked_later, incomplete, of_bank, projected, whole
from wibawa.reports.document import Cell, Column, Kind, Report, Row, Table, linked, row
from wibawa.reports.forms import Scope
from wibawa.rules.dates import long_date
from wibawa.rules.money import share
from wibawa.rules.reconciliation import Month

TITLE = "Jatuh tempo dan arus kas"
ABOUT = (
    "Angsuran menurut jadwal yang berlaku pada hari laporan. Bulan ini: semua angsuran yang jatuh "
    "tempo dalam bulan itu, berapa yang sudah tertutup pembayaran, dan sisanya. Arus kas: yang "
    "belum tertutup, menurut bulan jatuh temponya, 24 bulan ke depan; tunggakan ada di baris "
    "pertama. Pinjaman yang dihapus buku tidak ikut. Jumlah pokoknya sama dengan baki debet."
)
MONTHS = 24
MONEY = Kind.RUPIAH


class Due(NamedTuple):
    """Installments of a group: what they ask for, and what of it is not covered."""

    installments: int = 0
    principal: int = 0
    interest: int = 0
    open_installments: int = 0
    open_principal: int = 0
    open_interest: int = 0


Key = tuple[dt.date, int]  # due date, bank
Sums = tuple[int, int, int]  # installments, principal, interest
NONE: Sums = (0, 0, 0)
LONG_AGO = dt.date.min


def coming_report(session: Session, scope: Scope) -> Report:
    """What falls due from `scope.last` on: seven queries."""
    banks, due = banks_of(session, scope), _due(session, scope)
    return Report(
        "jatuh-tempo",
        TITLE,
        ABOUT,
        scope.words(of_period=False),
        (_this_month(due, scope, banks), *_cash(due, scope, banks)),
        incomplete(session, scope, scope.last) + projected(scope),
        booked_later(session, scope),
    )


def _due(session: Session, scope: Scope) -> dict[Key, Due]:
    """Installments by due date and bank: all of the month and of later days, and of them what lacks
    money. What lacks money since a day that is past stands on the first of the month, or LONG_AGO
    if it is older. Four queries.

    Most installments to come are neither paid nor given up: of them sums are read (`DueSum`), and
    only what differs is looked up.
    """
    on, first = scope.last, Month.of(scope.last).first
    asked: dict[Key, Sums] = {}
    _add(asked, 1, session.execute(_counted(scope, first)))
    _add(asked, -1, session.execute(_not_in_force(scope, first)))
    left = {key: sums for key, sums in asked.items() if key[0] >= on}
    _add(left, -1, session.execute(_covered(scope)))
    for bank, *sums in session.execute(_behind(scope, first, by_loan=is_sqlite(session))):
        _add(left, 1, [(LONG_AGO, bank, *sums[:3]), (first, bank, *sums[3:])])
    keys = sorted(asked.keys() | left.keys())
    return {key: Due(*asked.get(key, NONE), *left.get(key, NONE)) for key in keys}


def _add(to: dict[Key, Sums], sign: int, rows: Iterable[Any]) -> None:
    for day, bank, *sums in rows:
        before = to.get((day, bank), NONE)
        count, principal, interest = (
            one + sign * two for one, two in zip(before, whole(sums), strict=True)
        )
        to[day, bank] = count, principal, interest


def _counted(scope: Scope, first: dt.date) -> Any:
    """What is due from `first` on by all versions of schedules that had begun."""
    each = DueSum
    sums = (each.installments, each.principal, each.interest)
    return (
        select(each.due_on, each.bank_id, *map(func.sum, sums))
        .where(each.starts_on <= scope.last, each.due_on >= first, of_bank(each.bank_id, scope))
        .group_by(each.bank_id, each.due_on)
    )


def _not_in_force(scope: Scope, first: dt.date) -> Any:
    """What of it is due no more: another version followed, or the loan was written off."""
    on, each = scope.last, ScheduleRow
    return (
        select(
            each.due_on,
            Loan.bank_id,
            func.count(),
            func.sum(each.principal),
            func.sum(each.interest),
        )
        .select_from(Schedule)
        .join(Loan, Loan.id == Schedule.loan_id)
        .join(each, each.schedule_id == Schedule.id)
        .where(
            Schedule.starts_on <= on,
            or_(Schedule.ends_on <= on, is_given_up(Schedule.loan_id, on)),
            each.due_on >= first,
            each.principal + each.interest > 0,
            of_bank(Loan.bank_id, scope),
        )
        .group_by(each.due_on, Loan.bank_id)
    )


def _covered(scope: Scope) -> Any:
    """What of installments that are not past due is covered, by whoever is not behind."""
    on, each, at = scope.last, ScheduleRow, Standing
    open_principal, open_interest = _open_part()
    part = each.number == at.number
    theirs = and_(
        each.schedule_id == at.schedule_id,
        each.number <= func.coalesce(at.number, each.number),
        func.coalesce(each.due_on, at.from_on) >= on,
        _asks(),
    )
    return (
        select(
            each.due_on,
            at.bank_id,
            func.sum(case((part, 0), else_=1)),
            func.sum(case((part, each.principal - open_principal), else_=each.principal)),
            func.sum(case((part, each.interest - open_interest), else_=each.interest)),
        )
        .join(each, theirs)
        .where(
            stands_on(on),
            or_(at.due_on.is_(None), at.due_on >= on),
            or_(at.number.is_(None), each.number < at.number, each.total_before < at.applied),
            ~is_given_up(at.loan_id, on),
            of_bank(at.bank_id, scope),
        )
        .group_by(each.due_on, at.bank_id)
    )


def _behind(scope: Scope, first: dt.date, *, by_loan: bool) -> Any:
    """By bank, what lacks money though it is past due: before `first`, and since then. `by_loan`:
    loan by loan first, in the order in which they lie, or SQLite would sort all installments.
    """
    on, each, at = scope.last, ScheduleRow, Standing
    open_principal, open_interest = _open_part()
    part, recent = each.number == at.number, each.due_on >= first
    principal = case((part, open_principal), else_=each.principal)
    interest = case((part, open_interest), else_=each.interest)
    values = (literal(1), principal, interest)
    sums = [
        func.sum(case((since, value), else_=0)).label(f"sum_{place}")
        for place, (since, value) in enumerate(product((~recent, recent), values))
    ]
    theirs = and_(
        each.schedule_id == at.schedule_id,
        each.number >= at.number,
        func.coalesce(each.due_on, at.due_on) < on,
        _asks(),
    )
    groups = (
        select(func.min(at.bank_id).label("bank_id"), *sums)
        .join(each, theirs)
        .where(
            stands_on(on),
            at.due_on < on,
            ~is_given_up(at.loan_id, on),
            of_bank(at.bank_id, scope),
        )
        .group_by(at.loan_id if by_loan else at.bank_id)
        .subquery("groups")
    )
    of_banks = (func.sum(groups.c[each.name]) for each in sums)
    return select(groups.c.bank_id, *of_banks).group_by(groups.c.bank_id)


def _asks() -> Any:
    """Whether an installment asks for money. This and its day are hidden in a COALESCE with what is
    known of the loan, or SQLite would read the installments of all loans first."""
    row = ScheduleRow
    return row.total_through > func.coalesce(row.total_before, Standing.applied)


def _open_part() -> tuple[Any, Any]:
    """Principal and interest that the first installment that lacks money lacks: a part of it may be
    covered, and of its interest first."""
    principal = Standing.outstanding - ScheduleRow.balance
    return principal, ScheduleRow.total_through - Standing.applied - principal


def _sum(found: Sequence[Due]) -> Due:
    return Due(*(sum(column) for column in zip(*found, strict=True))) if found else Due()


def _this_month(due: dict[Key, Due], scope: Scope, banks: Sequence[Bank]) -> Table:
    month = Month.of(scope.last)
    columns = (
        Column("Bank", Kind.TEXT),
        Column("Angsuran"),
        Column("Pokok (Rp)", MONEY),
        Column("Bunga (Rp)", MONEY),
        Column("Jumlah (Rp)", MONEY),
        Column("Sudah tertutup (Rp)", MONEY),
        Column("Sisa pokok (Rp)", MONEY),
        Column("Sisa bunga (Rp)", MONEY),
        Column("Tertutup (%)", Kind.PERCENT),
    )

    def line(label: str, found: Due, bank: str | None) -> Row:
        asked = found.principal + found.interest
        left = found.open_principal + found.open_interest
        figures = (
            found.installments, found.principal, found.interest, asked, asked - left,
            found.open_principal, found.open_interest, share(asked - left, asked),
        )  # fmt: skip
        cells = _due_cells(figures, scope, bank, month.first, month.last, keadaan="semua")
        return row(label, *cells)

    of_month = {key: value for key, value in due.items() if month.holds(key[0])}
    each = [
        (bank, _sum([value for key, value in of_month.items() if key[1] == bank.id]))
        for bank in banks
    ]
    total = line("Jumlah", _sum(list(of_month.values())), scope.bank_code)
    rows = tuple(line(bank.name, found, bank.code) for bank, found in each)
    return Table("bulan-ini", f"Jatuh tempo {month.words}", columns, rows, total)


def _due_cells(
    figures: Sequence[int | None],
    scope: Scope,
    bank: str | None,
    first: dt.date | None,
    last: dt.date | None,
    **more: str,
) -> tuple[Cell, ...]:
    """Figures of installments, each with the way to those that it counts."""
    where = {
        "bank": bank,
        "tanggal": scope.last.isoformat(),
        "dari": first and first.isoformat(),
        "sampai": last and last.isoformat(),
    }
    return tuple(linked(Cell(value), "loans.due_list", **where, **more) for value in figures)


def _cash(due: dict[Key, Due], scope: Scope, banks: Sequence[Bank]) -> tuple[Table, ...]:
    on, start = scope.last, Month.of(scope.last)
    lines: list[tuple[str, dt.date | None, dt.date | None, list[Key]]] = [
        (
            f"Tunggakan sebelum {long_date(on)}",
            None,
            on - dt.timedelta(days=1),
            [key for key in due if key[0] < on],
        )
    ]
    by_month: dict[int, list[Key]] = defaultdict(list)
    for key in due:
        if key[0] >= on:
            by_month[min(Month.of(key[0]).since(start), MONTHS)].append(key)
    for place in range(MONTHS):
        month = start.plus(place)
        lines.append((month.words, max(on, month.first), month.last, by_month[place]))
    after = f"Sesudah {start.plus(MONTHS - 1).words}"
    lines.append((after, start.plus(MONTHS).first, None, by_month[MONTHS]))

    def table(code: str, title: str, bank: Bank | None) -> Table:
        columns = (
            Column("Jatuh tempo", Kind.TEXT),
            Column("Angsuran"),
            Column("Pokok (Rp)", MONEY),
            Column("Bunga (Rp)", MONEY),
            Column("Jumlah (Rp)", MONEY),
        )
        of = bank.code if bank else scope.bank_code

        def line(label: str, first: Any, last: Any, keys: Iterable[Key]) -> Row:
            found = _sum([due[key] for key in keys if bank is None or key[1] == bank.id])
            figures = (found.open_installments, found.open_principal, found.open_interest,
                       found.open_principal + found.open_interest)  # fmt: skip
            return row(label, *_due_cells(figures, scope, of, first, last))

        rows = tuple(line(*each) for each in lines)
        return Table(code, title, columns, rows, line("Jumlah", None, None, due))

    found = [table("arus-kas", "Arus kas 24 bulan ke depan", None)]
    if len(banks) > 1:
        found += [
            table(f"arus-kas-{bank.code.lower()}", f"Arus kas {bank.name}", bank) for bank in banks
        ]
    return tuple(found)
