"""Dates: read from the cells of bank files, printed in Indonesian, moved by months.

Nobody here reads the clock: a function that needs today's date is given it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from wibawa.rules.facts import HolidayRule
from wibawa.rules.refused import Refused

MONTH_NAMES: Final = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip

_SPELLINGS: Final = (
    "jan januari january",
    "feb februari february peb pebruari",
    "mar maret march mrt",
    "apr april",
    "mei may",
    "jun juni june",
    "jul juli july",
    "agu agustus august aug agt ags agust",
    "sep september sept",
    "okt oktober october oct",
    "nov november nop nopember",
    "des desember december dec",
)
_MONTH_OF: Final = {
    name: month for month, names in enumerate(_SPELLINGS, 1) for name in names.split()
}

_TIME: Final = r"(?:[ T](?:[01]?[0-9]|2[0-3])[:.][0-5][0-9](?:[:.][0-5][0-9](?:[.,][0-9]{1,6})?)?)?"
_DAY_FIRST: Final = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([0-9]{{4}}){_TIME}")
_YEAR_FIRST: Final = re.compile(rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}}){_TIME}")
_NAMED: Final = re.compile(rf"([0-9]{{1,2}})([ -])([A-Za-z]{{3,9}})\.?\2([0-9]{{4}}){_TIME}")
_LONGEST_CELL: Final = 64
FIRST_YEAR: Final = 1900
_DAYS_IN_MONTH: Final = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class DateError(Refused):
    """A cell that is no date; `found` is what stands there, `code` always `date_unreadable`."""

    def __init__(self, found: str) -> None:
        if len(found) > _LONGEST_CELL:
            found = found[: _LONGEST_CELL - 1] + "…"
        start = f"Tanggal “{found}” tidak dapat dibaca" if found.strip() else "Tanggal kosong"
        super().__init__(
            "date_unreadable",
            f"{start}; tulis hari-bulan-tahun dengan tahun empat angka, misalnya 05-10-2026.",
        )
        self.found = found


def parse_date(cell: object) -> dt.date:
    """Read one cell of a bank's file as a date; the day always stands before the month.

    Dates pass as they are and a moment gives its date. Text may be written `05-10-2026`,
    `5/10/2026`, `05.10.2026`, `2026-10-05`, `5 Okt 2026` or `5 Oktober 2026` (Indonesian and
    English names), with or without a time behind it. Numbers are refused: only the reader of the
    workbook knows what day a serial number counts from.

    Source: reading rules for dates of the file rules §1.
    Raises `DateError` for impossible days, two-digit years, written years before 1900 and
    everything else.

    >>> parse_date("5 Okt 2026")
    datetime.date(2026, 10, 5)
    """
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if not isinstance(cell, str):
        raise DateError("" if cell is None else _shown(cell))
    if len(cell) > _LONGEST_CELL:
        raise DateError(cell)
    return _parse_text(cell)


def _read_text(cell: str) -> dt.date:
    text = cell.strip()
    parts = _DAY_FIRST.fullmatch(text)
    if parts is not None:
        return _date(parts[4], parts[3], parts[1], text)
    parts = _YEAR_FIRST.fullmatch(text)
    if parts is not None:
        return _date(parts[1], parts[2], parts[3], text)
    parts = _NAMED.fullmatch(" ".join(text.split()))
    month = _MONTH_OF.get(parts[3].lower()) if parts is not None else None
    if parts is None or month is None:
        raise DateError(text)
    return _date(parts[4], month, parts[1], text)


# A file of 100.000 rows holds a few hundred different dates.
_parse_text = lru_cache(maxsize=2048)(_read_text)


def _shown(cell: object) -> str:
    try:
        return str(cell)
    except ValueError:  # an int too long to be written out
        return type(cell).__name__


def _date(year: str, month: str | int, day: str, found: str) -> dt.date:
    if int(year) < FIRST_YEAR:
        raise DateError(found)
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        raise DateError(found) from None


def month_name(month: int) -> str:
    """The Indonesian name of a month, 1 to 12.

    Source: domain rules §3. Raises ValueError for any other number.

    >>> month_name(11)
    'November'
    """
    if not 1 <= month <= 12:
        raise ValueError(f"no month {month}")
    return MONTH_NAMES[month - 1]


def long_date(d: dt.date) -> str:
    """A date as letters and screens write it. No errors. Source: domain rules §3.

    >>> long_date(dt.date(2026, 11, 24))
    '24 November 2026'
    """
    return f"{d.day} {MONTH_NAMES[d.month - 1]} {d.year}"


def short_date(d: dt.date) -> str:
    """A date as narrow columns write it, day first. No errors. Source: file rules §1.

    >>> short_date(dt.date(2026, 11, 4))
    '04/11/2026'
    """
    return f"{d.day:02d}/{d.month:02d}/{d.year:04d}"


def long_moment(moment: dt.datetime) -> str:
    """A moment with the dot between hour and minute that Indonesian uses.

    The moment is written as it stands: the caller has moved it to Asia/Jakarta (domain rules §7).
    No errors.

    >>> long_moment(dt.datetime(2026, 1, 5, 9, 14))
    '5 Januari 2026 09.14'
    """
    return f"{long_date(moment)} {moment.hour:02d}.{moment.minute:02d}"


def days_in_month(year: int, month: int) -> int:
    """How many days a month has. No errors for months 1 to 12.

    Source: the Gregorian calendar, for the month ends of domain rules §3.

    >>> days_in_month(2028, 2)
    29
    """
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        return 29
    return _DAYS_IN_MONTH[month]


def add_months(d: dt.date, n: int, day: int | None = None) -> dt.date:
    """The date `n` months after `d` (before it, when negative), held inside the month.

    `day` is the ORIGINAL day of the month when `d` has already been held back; without it the day
    of `d` counts. Source: domain rules §3 (31 Jan, 28 Feb, 31 Mar, 30 Apr).
    Raises ValueError when the year leaves 1 to 9999.

    >>> add_months(dt.date(2026, 2, 28), 1, day=31)
    datetime.date(2026, 3, 31)
    """
    years, month = divmod(d.year * 12 + d.month - 1 + n, 12)
    month += 1
    return dt.date(years, month, min(day or d.day, days_in_month(years, month)))


def completed_years(start: dt.date, day: dt.date) -> int:
    """Whole years from a start to a day, as an age or as the age of a business.

    What began on 29 February has its anniversary on 1 March of common years. A day before the
    start gives a negative number. Source: domain rules §5 (age 17, business age 2 years). No
    errors.

    >>> completed_years(dt.date(2009, 11, 24), dt.date(2026, 11, 23))
    16
    """
    return day.year - start.year - ((day.month, day.day) < (start.month, start.day))


def pay_by(due_on: dt.date, rule: HolidayRule, holidays: Collection[dt.date]) -> dt.date:
    """The working day that is printed as "bayar paling lambat" beside the contractual due date.

    Saturdays, Sundays and `holidays` are no working days. FOLLOWING moves to the next working day,
    PRECEDING to the one before, NONE does not move. The contractual date never changes and days
    past due count from it. Source: domain rules §3.
    Raises OverflowError when the calendar has no working day left.

    >>> pay_by(dt.date(2026, 8, 15), HolidayRule.FOLLOWING, {dt.date(2026, 8, 17)})
    datetime.date(2026, 8, 18)
    """
    if rule is HolidayRule.NONE:
        return due_on
    step = dt.timedelta(days=1 if rule is HolidayRule.FOLLOWING else -1)
    day = due_on
    while day.weekday() >= 5 or day in holidays:
        day += step
    return day
