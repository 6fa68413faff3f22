"""A new version of a running loan's schedule, made from the old one (domain rules §4).

What every change keeps: the principal column adds up to the loan; rows that are covered stay as
they are; the money that is in stays where it was, so principal and interest paid are the same
before and after; due dates follow the original day of the month, held inside the month.

An installment that is paid in part keeps its amounts: it may move to a later day, what is
reckoned anew are the installments behind it that hold no money yet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from wibawa.rules.dates import add_months
from wibawa.rules.facts import Installment, Method
from wibawa.rules.money import divide_half_up
from wibawa.rules.money import number as shown
from wibawa.rules.refused import Refused
from wibawa.rules.schedule import MOST_MONTHS, MULTIPLES, schedule_rows

MOST_HOLIDAY: Final = 12
# The kinds of versions that ease a borrower's burden; the others only divide, date or end it anew.
RESTRUCTURING: Final = ("holiday", "tenor")
_PARTS: Final = 10_000 * 12


class HolidayInterest(StrEnum):
    """What becomes of the interest of the months in which nothing is asked for."""

    SPREAD = "spread"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Plan:
    """A version of a loan's schedule, and the money poured over it (rupiah, penalties left out).

    `due_day` is the original day of the month of its later due dates, 1 to 31.
    """

    rows: tuple[Installment, ...]
    rate: int
    method: Method
    multiple: int
    due_day: int
    applied: int

    @property
    def principal(self) -> int:
        return sum(row.principal for row in self.rows)

    @property
    def interest(self) -> int:
        return sum(row.interest for row in self.rows)

    @property
    def total(self) -> int:
        return sum(row.total for row in self.rows)

    @property
    def owed(self) -> int:
        """What the rows still ask for, interest included."""
        return self.total - self.applied


def first_open(plan: Plan) -> int:
    """The number of the first installment that lacks money; one more than there are, if none does.

    Source: domain rules §4. No errors.

    >>> rows = schedule_rows(1000, 0, 2, Method.FLAT, dt.date(2026, 1, 31))
    >>> first_open(Plan(tuple(rows), 0, Method.FLAT, 1, 31, 500))
    2
    """
    through = 0
    for row in plan.rows:
        through += row.total
        if through > plan.applied:
            return row.number
    return len(plan.rows) + 1


def first_to_come(plan: Plan, on: dt.date) -> int:
    """The first installment that lacks money and is not past due on `on`, else the first open one.

    What a change begins with unless somebody chooses otherwise: arrears stay arrears.
    Source **(chosen)**. No errors; one more than there are when all are covered.

    >>> rows = schedule_rows(1000, 0, 2, Method.FLAT, dt.date(2026, 1, 31))
    >>> first_to_come(Plan(tuple(rows), 0, Method.FLAT, 1, 31, 0), dt.date(2026, 3, 1))
    2
    """
    opened = first_open(plan)
    coming = (row.number for row in plan.rows[opened - 1 :] if row.due_on >= on)
    return next(coming, opened)


def holiday(plan: Plan, first: int, months: int, interest: HolidayInterest) -> Plan:
    """Nothing is asked for during `months` months: installment `first` and all behind it move.

    Principal AND interest are postponed, as in 2020. The interest of the months left out is that
    of a month by the loan's method (flat: on the original principal, else on the balance before
    `first`), without interest on interest. **(chosen)** `SPREAD` adds it in equal parts to the
    installments from `first` on of which no principal is paid, the last one takes the rest;
    `WAIVED` asks for none. When only an installment remains whose principal is paid in part,
    nothing is added, since that would alter what its money paid for.

    Unit: rupiah and months. Source: domain rules §1 and §4.
    Raises `Refused`: `nothing_owed`, `installment_covered`, `months_out_of_range`.

    >>> rows = schedule_rows(1200, 0, 3, Method.FLAT, dt.date(2026, 1, 31))
    >>> plan = Plan(tuple(rows), 0, Method.FLAT, 1, 31, 400)
    >>> later = holiday(plan, 2, 3, HolidayInterest.SPREAD)
    >>> [row.due_on.isoformat() for row in later.rows]
    ['2026-02-28', '2026-06-30', '2026-07-31']
    """
    _may_begin(plan, first)
    if not 1 <= months <= MOST_HOLIDAY:
        raise Refused(
            "months_out_of_range",
            f"Jeda {shown(months)} bulan di luar batas; isi 1 sampai {MOST_HOLIDAY} bulan.",
        )
    kept, moved = plan.rows[: first - 1], plan.rows[first - 1 :]
    rows = [row._replace(due_on=_moved(row.due_on, months, plan.due_day)) for row in moved]
    if interest == HolidayInterest.SPREAD:
        base = plan.principal if plan.method == Method.FLAT else rows[0].balance + rows[0].principal
        takers = [place for place, row in enumerate(rows) if _principal_paid(plan, row) == 0]
        shares = _spread(_month(base, plan.rate) * months, len(takers)) if takers else []
        for place, part in zip(takers, shares, strict=True):
            rows[place] = rows[place]._replace(interest=rows[place].interest + part)
    return replace(plan, rows=(*kept, *rows))


def longer(plan: Plan, first: int, more: int, starts_on: dt.date) -> Plan:
    """Spread what is left from installment `first` on over `more` months more.

    The principal is divided anew by the loan's method; interest is on the balance (flat: on the
    original principal, a month's for each month more). Interest postponed by an earlier holiday
    stays owed. When `first` is past due on `starts_on`, its day and those behind it begin with the
    first due day from then on: the arrears become part of the new installments.

    Unit: rupiah and months. Source: domain rules §3 and §4; what becomes of arrears **(chosen)**.
    Raises `Refused`: `nothing_owed`, `installment_covered`, `partly_paid`, `months_out_of_range`.

    >>> rows = schedule_rows(1200, 0, 3, Method.FLAT, dt.date(2026, 1, 31))
    >>> plan = Plan(tuple(rows), 0, Method.FLAT, 1, 31, 400)
    >>> [row.principal for row in longer(plan, 2, 2, dt.date(2026, 3, 1)).rows]
    [400, 200, 200, 200, 200]
    """
    _may_begin(plan, first)
    if more < 1 or len(plan.rows) + more > MOST_MONTHS:
        raise Refused(
            "months_out_of_range",
            f"Tambahan {shown(more)} bulan di luar batas; jangka waktu seluruhnya paling banyak "
            f"{MOST_MONTHS} bulan, sekarang {len(plan.rows)} bulan.",
        )
    start = plan.rows[first - 1].due_on
    if start < starts_on:
        start = _day_from(starts_on, plan.due_day)
    rows = _divided(plan, first, plan.multiple, more)
    dated = [
        row._replace(due_on=start if place == 0 else _moved(start, place, plan.due_day))
        for place, row in enumerate(rows[first - 1 :])
    ]
    return replace(plan, rows=(*rows[: first - 1], *dated))


def with_multiple(plan: Plan, first: int, multiple: int) -> Plan:
    """Round the installments from `first` on to another multiple; months and due dates stay.

    Unit: rupiah. Source: domain rules §3 (multiples 1, 100, 500, 1000).
    Raises `Refused`: `nothing_owed`, `installment_covered`, `partly_paid`, `multiple_unknown`,
    `nothing_changes`.

    >>> rows = schedule_rows(1300, 0, 3, Method.FLAT, dt.date(2026, 1, 31))
    >>> plan = Plan(tuple(rows), 0, Method.FLAT, 1, 31, 433)
    >>> [row.principal for row in with_multiple(plan, 2, 100).rows]
    [433, 400, 467]
    """
    _may_begin(plan, first)
    if multiple not in MULTIPLES:
        raise Refused(
            "multiple_unknown",
            f"Kelipatan angsuran {shown(multiple)} tidak dikenal; pilih 1, 100, 500 atau 1.000.",
        )
    if multiple == plan.multiple:
        raise Refused(
            "nothing_changes", f"Kelipatan angsuran sudah {shown(multiple)}. Pilih yang lain."
        )
    rows = _divided(plan, first, multiple, 0)
    return replace(plan, rows=tuple(rows), multiple=multiple)


def on_day(plan: Plan, first: int, day: int, starts_on: dt.date) -> Plan:
    """Move the due dates from installment `first` on to another day of the month.

    Each keeps its month; when the new day of the first one has passed on `starts_on`, or is not
    after the installment before it, all move to the month behind. Amounts stay: calendar days do
    not matter for interest.

    Source: domain rules §3; the month **(chosen)**. Raises `Refused`: `nothing_owed`,
    `installment_covered`, `past_due`, `day_out_of_range`, `nothing_changes`.

    >>> rows = schedule_rows(1200, 0, 3, Method.FLAT, dt.date(2026, 1, 31))
    >>> plan = Plan(tuple(rows), 0, Method.FLAT, 1, 31, 400)
    >>> [row.due_on.isoformat() for row in on_day(plan, 2, 5, dt.date(2026, 3, 10)).rows]
    ['2026-02-28', '2026-04-05', '2026-05-05']
    """
    _may_begin(plan, first)
    old = plan.rows[first - 1].due_on
    if not 1 <= day <= 31:
        raise Refused("day_out_of_range", f"Tanggal {shown(day)} tidak ada; isi 1 sampai 31.")
    if day == plan.due_day:
        raise Refused(
            "nothing_changes", f"Angsuran sudah jatuh tempo setiap tanggal {day}. Pilih yang lain."
        )
    if old < starts_on:
        raise Refused(
            "past_due",
            f"Angsuran ke-{first} sudah lewat jatuh tempo. Pilih angsuran yang belum jatuh tempo.",
        )
    before = plan.rows[first - 2].due_on if first > 1 else starts_on - dt.timedelta(days=1)
    start = _moved(old, 0, day)
    if start < starts_on or start <= before:
        start = _moved(old, 1, day)
    rows = [
        row if row.number < first else row._replace(due_on=_moved(start, row.number - first, day))
        for row in plan.rows
    ]
    return replace(plan, rows=tuple(rows), due_day=day)


def settled(plan: Plan, on: dt.date) -> Plan:
    """The schedule of a loan that is paid off early on `on`: the rest in one installment.

    Asked for are the outstanding principal, the interest that is due, and the interest of the
    current month, that is of the first installment due on or after `on`; the remaining interest is
    waived, apart from what has been paid of it already. What is to be paid is `owed` of the answer,
    what is waived the difference of both plans' interest.

    Unit: rupiah. Source: domain rules §4 **(chosen)**. Raises `Refused`: `nothing_owed`.

    >>> rows = schedule_rows(5000000, 300, 24, Method.FLAT, dt.date(2026, 1, 31))
    >>> plan = Plan(tuple(rows), 300, Method.FLAT, 1, 31, 10 * 220833)
    >>> settled(plan, dt.date(2026, 12, 10)).owed
    2929170
    """
    opened = first_open(plan)
    if opened > len(plan.rows):
        raise _nothing_owed()
    coming = (row.number for row in plan.rows if row.due_on >= on)
    current = next(coming, len(plan.rows))
    last = max(current, opened)
    row = plan.rows[last - 1]
    interest = row.interest if opened <= current else _interest_paid(plan, row)
    whole = row._replace(principal=row.principal + row.balance, interest=interest, balance=0)
    return replace(plan, rows=(*plan.rows[: last - 1], whole))


def what_changes(old: Plan, new: Plan) -> tuple[int, int, int]:
    """How many months, how much interest and how many installments more `new` has than `old`.

    Months count between the last due dates, whole or begun ones by calendar month. No errors.

    >>> rows = schedule_rows(1200, 0, 3, Method.FLAT, dt.date(2026, 1, 31))
    >>> plan = Plan(tuple(rows), 0, Method.FLAT, 1, 31, 400)
    >>> what_changes(plan, holiday(plan, 2, 3, HolidayInterest.SPREAD))
    (3, 0, 0)
    """
    ends = [plan.rows[-1].due_on for plan in (old, new)]
    months = [day.year * 12 + day.month for day in ends]
    return months[1] - months[0], new.interest - old.interest, len(new.rows) - len(old.rows)


def _nothing_owed() -> Refused:
    return Refused("nothing_owed", "Pinjaman ini sudah lunas; tidak ada angsuran yang diubah.")


def _may_begin(plan: Plan, first: int) -> None:
    opened = first_open(plan)
    if opened > len(plan.rows):
        raise _nothing_owed()
    if not opened <= first <= len(plan.rows):
        raise Refused(
            "installment_covered",
            f"Perubahan tidak dapat mulai dari angsuran ke-{shown(first)}; pilih angsuran ke-"
            f"{opened} sampai ke-{len(plan.rows)}, yang belum lunas.",
        )


def _paid(plan: Plan, row: Installment) -> int:
    """The money that lies in a row of the plan."""
    before = sum(each.total for each in plan.rows[: row.number - 1])
    return min(max(plan.applied - before, 0), row.total)


def _interest_paid(plan: Plan, row: Installment) -> int:
    return min(_paid(plan, row), row.interest)


def _principal_paid(plan: Plan, row: Installment) -> int:
    """Of a row moved by date only: its amounts are those of the plan."""
    return max(_paid(plan, row) - plan.rows[row.number - 1].interest, 0)


def _month(base: int, rate: int) -> int:
    return divide_half_up(base * rate, _PARTS)


def _spread(amount: int, count: int) -> list[int]:
    """`amount` in `count` parts, each rounded half up, the last one takes the rest."""
    part = divide_half_up(amount, count)
    parts = []
    for place in range(1, count + 1):
        parts.append(amount if place == count else min(part, amount))
        amount -= parts[-1]
    return parts


def _moved(day: dt.date, months: int, due_day: int) -> dt.date:
    return add_months(day, months, due_day)


def _day_from(on: dt.date, due_day: int) -> dt.date:
    """The first due day on or after `on`."""
    same = _moved(on, 0, due_day)
    return same if same >= on else _moved(on, 1, due_day)


def _divided(plan: Plan, first: int, multiple: int, more: int) -> list[Installment]:
    """All rows, those from `first` on that hold no money divided anew, `more` of them more.

    Where there are more, they all have the last due date until the caller sets theirs.
    """
    start = first if _paid(plan, plan.rows[first - 1]) == 0 else first + 1
    kept, old = plan.rows[: start - 1], plan.rows[start - 1 :]
    principal = sum(row.principal for row in old)
    if not old or principal == 0:
        raise Refused(
            "partly_paid",
            f"Sisa pinjaman tinggal angsuran ke-{first} yang sudah dibayar sebagian; tidak ada "
            "yang dapat dihitung ulang.",
        )
    parts = _amounts(plan, old, principal, multiple, more)
    rows, balance = list(kept), principal
    for place, (part, interest) in enumerate(parts):
        balance -= part
        due_on = old[min(place, len(old) - 1)].due_on
        rows.append(Installment(start + place, due_on, part, interest, balance))
    return rows


def _amounts(
    plan: Plan, old: Sequence[Installment], principal: int, multiple: int, more: int
) -> list[tuple[int, int]]:
    """(principal, interest) of the new rows in place of `old`."""
    count = len(old) + more
    had = sum(row.interest for row in old)
    flat = plan.method == Method.FLAT
    anew = schedule_rows(principal, 0 if flat else plan.rate, count, plan.method, _ANY, multiple)
    if flat:
        extra = had + more * _month(plan.principal, plan.rate)
    else:
        regular = sum(_month(row.balance + row.principal, plan.rate) for row in old)
        extra = max(had - regular, 0)
    shares = _spread(extra, count)
    return [(row.principal, row.interest + part) for row, part in zip(anew, shares, strict=True)]


_ANY: Final = dt.date(2026, 1, 1)  # amounts do not depend on the day
