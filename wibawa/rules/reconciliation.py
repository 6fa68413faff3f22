"""The month's reconciliation with a bank: which month money counts in, how a month's principal
foots, and why a bank's figure may differ from ours (domain rules §4)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from wibawa.rules.dates import days_in_month, month_name

_WRITTEN: Final = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")


class Month(NamedTuple):
    """A calendar month. `code` is how the database writes it: 202610 for October 2026."""

    year: int
    number: int

    @classmethod
    def of(cls, day: dt.date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def from_code(cls, code: int) -> Month:
        return cls(*divmod(code, 100))

    @classmethod
    def parse(cls, text: str) -> Month | None:
        """The month that an address names as 2026-10; None for anything else."""
        found = _WRITTEN.fullmatch(text)
        return None if found is None else cls(int(found[1]), int(found[2]))

    @property
    def code(self) -> int:
        return self.year * 100 + self.number

    @property
    def first(self) -> dt.date:
        return dt.date(self.year, self.number, 1)

    @property
    def last(self) -> dt.date:
        return dt.date(self.year, self.number, days_in_month(self.year, self.number))

    @property
    def text(self) -> str:
        """As addresses and file names write it.

        >>> Month(2026, 10).text
        '2026-10'
        """
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def words(self) -> str:
        return f"{month_name(self.number)} {self.year}"

    def plus(self, months: int) -> Month:
        """So many months later, or earlier.

        >>> Month(2026, 1).plus(-1)
        Month(year=2025, number=12)
        """
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def holds(self, day: dt.date) -> bool:
        return (day.year, day.month) == (self.year, self.number)

    def since(self, other: Month) -> int:
        """How many months this one is after `other`."""
        return (self.year - other.year) * 12 + self.number - other.number


def accounting_month(effective_on: dt.date, closed: Month | None) -> Month:
    """The month in whose statement an entry counts. `closed`: the last month that was closed when
    the entry was booked, None before the first one.

    An entry keeps its effective date. Booked while its month was open it counts there; booked
    later it counts in the first month that is open, as a correction.

    No errors. Source: domain rules §4, closing of a month.

    >>> accounting_month(dt.date(2026, 10, 31), Month(2026, 9)).text
    '2026-10'
    >>> accounting_month(dt.date(2026, 8, 5), Month(2026, 10)).text
    '2026-11'
    """
    own = Month.of(effective_on)
    return own if closed is None or own > closed else closed.plus(1)


Came = Literal["", "disbursed", "taken_over"]


class Points(NamedTuple):
    """What a loan's outstanding principal is at the points between which a month moved it. Rupiah.

    `opening`: as signed for the month before (0 once written off, 0 for a loan not known then).
    `before`: at the end of the month before as the books say now, 0 when it was not in the books
    by that day. `gone_before`, `gone`: written off by the end of the month before, of the month.
    `came`: it was disbursed, or taken over with an opening portfolio, in the month.
    `rescheduled`: with the money of before under the schedule in force at the month's end;
    `restored`: the same, less what reversals in the month took back of older money; `closing`: at
    the month's end, whether written off or not.
    """

    opening: int
    before: int
    rescheduled: int
    restored: int
    closing: int
    gone_before: bool = False
    gone: bool = False
    came: Came = ""


class Movement(NamedTuple):
    """How principal went from the opening to the closing of a month; rupiah, of a loan or of many.

    `late`: what was booked into closed months since they were signed; `restored`: reversals in the
    month of money of before; `rescheduled`: by a new version of a schedule; `written_off`: out of
    the books, negative, or back into them. All four are corrections.
    """

    opening: int = 0
    disbursed: int = 0
    taken_over: int = 0
    repaid: int = 0
    late: int = 0
    restored: int = 0
    rescheduled: int = 0
    written_off: int = 0
    closing: int = 0

    @property
    def corrections(self) -> int:
        return self.late + self.restored + self.rescheduled + self.written_off

    @property
    def foots(self) -> bool:
        """Opening + disbursed + taken over − repaid ± corrections = closing, to the rupiah."""
        brought = self.disbursed + self.taken_over
        return self.opening + brought - self.repaid + self.corrections == self.closing


def movement(at: Points) -> Movement:
    """Which part of a month's change of outstanding principal has which cause.

    A loan that is written off is out of the statement: what is recovered of it afterwards moves
    nothing. Money of the month reduces principal before a write-off in the same month takes the
    rest out.

    Unit: rupiah. Source: domain rules §4. No errors; the result always foots.

    >>> movement(Points(1000, 1000, 1000, 1200, 900)).repaid
    300
    """
    live = 0 if at.gone_before else at.before
    late = live - at.opening
    if at.gone_before:
        back = 0 if at.gone else at.closing
        return Movement(opening=at.opening, late=late, written_off=back, closing=back)
    brought = at.rescheduled if at.came else 0
    return Movement(
        opening=at.opening,
        disbursed=brought if at.came == "disbursed" else 0,
        taken_over=brought if at.came == "taken_over" else 0,
        repaid=at.restored - at.closing,
        late=late,
        restored=at.restored - at.rescheduled,
        rescheduled=at.rescheduled - at.before - brought,
        written_off=-at.closing if at.gone else 0,
        closing=0 if at.gone else at.closing,
    )


def add_up(movements: Iterable[Movement]) -> Movement:
    """The sum of movements, figure by figure.

    >>> add_up([Movement(opening=1, closing=1), Movement(opening=2, closing=2)]).closing
    3
    """
    columns = list(zip(*movements, strict=True))
    return Movement(*(sum(column) for column in columns))


class SuspenseAccount(NamedTuple):
    """Titipan of a month in rupiah: opening as signed, `late` for closed months, money received,
    what became money of a loan, what was given back or undone, and what is open at the end."""

    opening: int = 0
    late: int = 0
    received: int = 0
    placed: int = 0
    returned: int = 0
    closing: int = 0

    @property
    def foots(self) -> bool:
        return (
            self.opening + self.late + self.received - self.placed - self.returned == self.closing
        )


# — why a bank's figure differs from ours —


class Cause(StrEnum):
    POSTED_LATER = "posted_later"
    OTHER_SPLIT = "other_split"
    MISSING_ROW = "missing_row"
    OTHER_CLASS = "other_class"
    UNKNOWN = "unknown"


CAUSE_WORDS: Final = {
    Cause.POSTED_LATER: "Dibukukan pada waktu lain",
    Cause.OTHER_SPLIT: "Pembagian pokok dan bunga berbeda",
    Cause.MISSING_ROW: "Baris angsuran tidak ada",
    Cause.OTHER_CLASS: "Kolektibilitas berbeda",
    Cause.UNKNOWN: "Belum diketahui",
}


class Evidence(NamedTuple):
    """What is known of one loan at a month's end, ours and the bank's. Rupiah.

    `stated` and `stated_class`: what the bank's last row of the month says, None where it says
    nothing; `class_then`: our class on the day of that row. `otherwise`: our balance with the money
    that one side may know and the other may not, counted or left out. `splits`: by how much the
    principal parts of the bank's rows exceed ours, in the month and since the loan began. `steps`:
    our balance after each further installment. `has_row`: a row of the month's files names the
    loan. `fell_due`: it was paid up to date before, and an installment of the month is not covered.
    """

    ours: int
    our_class: int
    stated: int | None = None
    stated_class: int | None = None
    class_then: int | None = None
    otherwise: tuple[int, ...] = ()
    splits: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    has_row: bool = True
    fell_due: bool = False


def likely_cause(seen: Evidence) -> Cause | None:
    """Why the bank's figures of a loan differ from ours; None when they do not.

    A cause is named only when it explains the difference to the rupiah. A balance weighs more than
    a class: where both differ, the cause is that of the balance.

    Unit: rupiah. Source: domain rules §4 (the bank's split and balance are kept beside ours).
    No errors.

    >>> likely_cause(Evidence(ours=900, our_class=1, stated=800, steps=(800, 700)))
    <Cause.MISSING_ROW: 'missing_row'>
    """
    if seen.stated is not None and seen.stated != seen.ours:
        if seen.stated in seen.otherwise:
            return Cause.POSTED_LATER
        if any(split and seen.stated + split == seen.ours for split in seen.splits):
            return Cause.OTHER_SPLIT
        if seen.stated in seen.steps:
            return Cause.MISSING_ROW
        return Cause.UNKNOWN
    if seen.stated is None and any(seen.splits):
        return Cause.OTHER_SPLIT
    if seen.stated_class is not None and seen.stated_class not in (seen.our_class, seen.class_then):
        return Cause.OTHER_CLASS
    if not seen.has_row and seen.fell_due:
        return Cause.MISSING_ROW
    return None
