"""How far a year is from its target, and how long things take: whole numbers only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


def numerator_needed(target: int, denominator: int) -> int:
    """The least numerator whose printed percentage is at least the target.

    `target` in hundredths of a percent, the rest are counts. A percentage is printed rounded half
    up to two decimals, so what rounds to the target has reached it. Source: domain rules §7. Raises
    ValueError when the denominator is not positive or the target negative.

    >>> numerator_needed(850, 36613)
    3111
    """
    if target < 0 or denominator < 1:
        raise ValueError(f"no numerator reaches {target} of {denominator}")
    return max(0, -(-(2 * target - 1) * denominator // 20_000))


@dataclass(frozen=True, slots=True)
class Pace:
    """`needed` more are wanted by the year's end (0: reached). `expected` is the count on 31
    December if it goes on as since 1 January; `reached_on` the day on which it would be enough,
    None when not in this year."""

    added: int
    needed: int
    expected: int
    reached_on: dt.date | None

    @property
    def reached(self) -> bool:
        return self.needed == 0


def pace(start: int, now: int, wanted: int, today: dt.date) -> Pace:
    """How a year goes: `start` is the count when it began, `now` the one at the end of `today`.

    Counts in; what is expected is rounded down, the day up, so that neither promises too much. A
    count that fell goes on falling, not below 0. Source: domain rules §7. Raises ValueError when a
    count is negative.

    >>> pace(100, 150, 190, dt.date(2026, 7, 2)).expected
    199
    """
    if min(start, now, wanted) < 0:
        raise ValueError(f"no negative counts: {start}, {now}, {wanted}")
    last = dt.date(today.year, 12, 31)
    whole = (last - dt.date(today.year, 1, 1)).days + 1
    gone = whole - (last - today).days
    added, needed = now - start, max(0, wanted - now)
    expected = max(0, start + added * whole // gone)
    if needed == 0:
        return Pace(added, 0, expected, None)
    reached_on = None
    if added > 0:
        days = -(-needed * gone // added)
        reached_on = today + dt.timedelta(days=days) if days <= (last - today).days else None
    return Pace(added, needed, expected, reached_on)


def median_halves(values: Sequence[int]) -> int | None:
    """Twice the median, so that the middle of two whole numbers is one too; None of nothing.

    Any unit. Source: chosen. No errors.

    >>> median_halves([1, 2, 9]), median_halves([1, 2]), median_halves([])
    (4, 3, None)
    """
    if not values:
        return None
    ordered, middle = sorted(values), len(values) // 2
    if len(values) % 2:
        return 2 * ordered[middle]
    return ordered[middle - 1] + ordered[middle]


def halves_text(halves: int) -> str:
    """Half units as a screen writes them.

    >>> halves_text(14), halves_text(7)
    ('7', '3,5')
    """
    whole, rest = divmod(halves, 2)
    return f"{whole},5" if rest else str(whole)
