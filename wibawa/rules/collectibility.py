"""Collectibility classes and the three ratios of a portfolio (domain rules §4).

The limits differ per kind of bank and are dated settings of the database; the two tuples here are
only what a new database starts with.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from wibawa.rules.money import share

Thresholds = tuple[int, int, int, int]
"""The largest number of days past due of classes 1, 2, 3 and 4; beyond the last begins class 5."""

COMMERCIAL_DEFAULT: Final[Thresholds] = (0, 90, 120, 180)
RURAL_DEFAULT: Final[Thresholds] = (30, 90, 180, 360)

CLASS_NAMES: Final[dict[int, str]] = {
    1: "Lancar",
    2: "Dalam Perhatian Khusus",
    3: "Kurang Lancar",
    4: "Diragukan",
    5: "Macet",
}


def collectibility(days_past_due: int, thresholds: Thresholds) -> int:
    """The class, 1 (Lancar) to 5 (Macet), of a loan so many days past due.

    Unit: days. Source: domain rules §4, table of classes per kind of bank.
    Raises ValueError for negative days.

    >>> collectibility(91, COMMERCIAL_DEFAULT), collectibility(30, RURAL_DEFAULT)
    (3, 1)
    """
    if days_past_due < 0:
        raise ValueError(f"days past due cannot be negative: {days_past_due}")
    return bisect_left(thresholds, days_past_due) + 1


def npl(npl_outstanding: int, outstanding: int) -> int | None:
    """NPL: outstanding principal of classes 3 to 5 over the total outstanding principal.

    Unit: rupiah in, hundredths of a percent out; None when nothing is outstanding. The classes
    differ per kind of bank, so two banks' NPL cannot be compared. Source: domain rules §4.
    Raises ValueError when the part is negative or more than the whole.

    >>> npl(250, 10_000)
    250
    """
    return _part_of(npl_outstanding, outstanding)


def par30(par30_outstanding: int, outstanding: int) -> int | None:
    """PAR30: the WHOLE outstanding principal of loans more than 30 days past due over the total.

    Unit: rupiah in, hundredths of a percent out; None when nothing is outstanding. Comparable
    across banks. Source: domain rules §4.
    Raises ValueError when the part is negative or more than the whole.

    >>> par30(1_000, 8_000)
    1250
    """
    return _part_of(par30_outstanding, outstanding)


def arrears_ratio(arrears: int, outstanding: int) -> int | None:
    """Arrears ratio: the amount overdue (principal and interest) over the outstanding principal.

    Unit: rupiah in, hundredths of a percent out; None when nothing is outstanding. Overdue
    interest counts, so it may pass 100 %. Source: domain rules §4.
    Raises ValueError when an amount is negative.

    >>> arrears_ratio(100, 8_000)
    125
    """
    if arrears < 0 or outstanding < 0:
        raise ValueError(f"arrears {arrears} or outstanding {outstanding} is negative")
    return share(arrears, outstanding)


def _part_of(part: int, whole: int) -> int | None:
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    return share(part, whole)
