"""What falls due: this month, and the cash that the schedules in force promise for two years."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.loans.models import ScheduleRow
from wibawa.loans.positions import stands_on
from wibawa.loans.standings.models import Standing
from wibawa.loans.undone import write_offs
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


def coming_report(session: Session, scope: Scope) -> Report:
    """What falls due from `scope.last` on: five queries."""
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
    """Installments by due date and bank: all of the month, and of other days those that lack
    money. Two queries."""
    on, month, each = scope.last, Month.of(scope.last), ScheduleRow
    gone = write_offs(on)
    principal, interest = each.principal, each.interest
    # Of the first that lacks money a part may be covered, and of its interest first.
    open_principal = Standing.outstanding - each.balance
    open_interest = each.total_through - Standing.applied - open_principal

    def grouped(which: Any, *sums: Any) -> Any:
        """Sums over installments of the schedules in force by due date and bank."""
        return (
            select(each.due_on, Standing.bank_id, func.count(), *map(func.sum, sums))
            .join(each, and_(each.schedule_id == Standing.schedule_id, which))
            .outerjoin(gone, gone.c.loan_id == Standing.loan_id)
            .where(stands_on(on), gone.c.loan_id.is_(None), of_bank(Standing.bank_id, scope))
            .group_by(each.due_on, Standing.bank_id)
        )

    in_month = and_(each.due_on.between(month.first, month.last), principal + interest > 0)
    of_month = grouped(in_month, principal, interest)
    first = each.number == Standing.number
    lacking = grouped(
        each.number >= Standing.number,
        case((first, open_principal), else_=principal),
        case((first, open_interest), else_=interest),
    )
    found: dict[Key, list[int]] = defaultdict(lambda: [0] * 6)
    for at, query in ((0, of_month), (3, lacking)):
        for day, bank, *sums in session.execute(query):
            found[day, bank][at : at + 3] = whole(sums)
    return {key: Due(*sums) for key, sums in found.items()}


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
