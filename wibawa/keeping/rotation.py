"""Which backups stay: the newest of each of the last days, weeks and months that have one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Keep:
    """How many days, weeks and months; each that has a backup counts, however long ago."""

    days: int = 7
    weeks: int = 5
    months: int = 12


def staying(made: Iterable[dt.datetime], keep: Keep) -> set[dt.datetime]:
    """Those of `made` that stay.

    Example: nightly backups of three months, kept 7 days, 5 weeks, 12 months: the last seven, the
    last one of each of five weeks (the first of which is among the seven), of each of three months.
    """
    newest_first = sorted(set(made), reverse=True)
    periods: tuple[tuple[int, Callable[[dt.datetime], Hashable]], ...] = (
        (keep.days, lambda moment: moment.date()),
        (keep.weeks, lambda moment: tuple(moment.isocalendar())[:2]),
        (keep.months, lambda moment: (moment.year, moment.month)),
    )
    stay: set[dt.datetime] = set(newest_first[:1])  # the newest one, whatever was set
    for count, period in periods:
        newest: dict[Hashable, dt.datetime] = {}
        for moment in newest_first:
            newest.setdefault(period(moment), moment)
        stay |= set(list(newest.values())[:count])
    return stay
