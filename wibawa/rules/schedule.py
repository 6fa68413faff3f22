"""The installment schedule of a loan (domain rules §3), in whole rupiah.

Rounding **(chosen)**: every division is rounded half up, once, from the exact value. With a
multiple, the exact annuity installment (flat and declining: the exact principal part) is rounded
half up to the nearest multiple, never rounded to a rupiah first. So the installments stray from
the exact value by at most half a multiple each, and the last row, which takes the whole remainder,
by at most half a multiple for each row before it (for annuities, and the interest on that). When
parts were rounded up, the principal can be used up earlier; the rows behind are then zero.

One installment is raised instead: an annuity installment that would be rounded below its first
month's interest goes up to the next multiple, since it could never be paid as agreed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import gcd
from typing import Final, NamedTuple

from wibawa.rules.dates import add_months
from wibawa.rules.facts import Installment, Method, Terms
from wibawa.rules.money import number as shown
from wibawa.rules.refused import Refused

MULTIPLES: Final = (1, 100, 500, 1000)
MOST_MONTHS: Final = 120
MOST_RATE: Final = 10_000
LAST_YEAR_OF_DISBURSEMENT: Final = 9900
NEVER_DUE: Final = dt.date(9999, 12, 31)

# A rate in basis points a year is this many parts of a month's interest.
_PARTS: Final = 10_000 * 12
_HALF: Final = _PARTS // 2

_CALENDAR_FROM: Final = 2010
_CALENDAR_MONTHS: Final = 50 * 12


class Running(NamedTuple):
    """A row of a schedule with the running sums that let storage find a position by one query.

    `total_before` is what the rows before it ask for, `total_through` the same with this row;
    `next_due_on` is the due date of the row behind it, 9999-12-31 for the last one.
    """

    number: int
    due_on: dt.date
    next_due_on: dt.date
    principal: int
    interest: int
    balance: int
    total_before: int
    total_through: int


def schedule(terms: Terms) -> list[Installment]:
    """The installments of a loan, one for each month.

    Unit: rupiah. The principal column adds up to the loan, the last balance is 0, no part is
    negative or larger than what is left. Source: domain rules §3.
    Raises `Refused` with `principal_not_positive`, `rate_out_of_range` (0 to 10.000 basis points),
    `months_out_of_range` (1 to 120), `multiple_unknown` (1, 100, 500, 1000), `method_unknown` or
    `disbursement_date_impossible`.

    >>> terms = Terms(5000000, 300, 24, Method.ANNUITY, dt.date(2026, 1, 31))
    >>> first = schedule(terms)[0]
    >>> first.due_on, first.principal, first.interest, first.total
    (datetime.date(2026, 2, 28), 202406, 12500, 214906)
    """
    return schedule_rows(
        terms.principal,
        terms.rate,
        terms.months,
        terms.method,
        terms.disbursed_on,
        terms.multiple,
    )


def schedule_rows(
    principal: int,
    rate: int,
    months: int,
    method: Method,
    disbursed_on: dt.date,
    multiple: int = 1,
) -> list[Installment]:
    """`schedule` by position, for files and batches that hold no `Terms`.

    Units: rupiah, basis points a year, months, rupiah. Source and errors: as `schedule`.

    >>> schedule_rows(5000000, 300, 24, Method.FLAT, dt.date(2026, 1, 31))[-1].principal
    208341
    """
    _check(principal, rate, months, multiple, disbursed_on)
    dates = due_dates(disbursed_on, months)
    if method == Method.ANNUITY:
        installment = annuity_installment(principal, rate, months, multiple)
        return _annuity(principal, rate, installment, dates)
    if method == Method.FLAT:
        return _flat(principal, rate, multiple, dates)
    if method == Method.DECLINING:
        return _declining(principal, rate, multiple, dates)
    raise Refused("method_unknown", f"Metode “{method}” tidak dikenal.")


def _check(principal: int, rate: int, months: int, multiple: int, disbursed_on: dt.date) -> None:
    if principal < 1:
        raise Refused(
            "principal_not_positive",
            f"Plafon {shown(principal)} tidak dapat dijadwalkan; plafon paling sedikit 1 rupiah.",
        )
    if not 0 <= rate <= MOST_RATE:
        raise Refused(
            "rate_out_of_range",
            f"Bunga {shown(rate)} basis poin setahun di luar batas; "
            f"isi 0 sampai {shown(MOST_RATE)}.",
        )
    if not 1 <= months <= MOST_MONTHS:
        raise Refused(
            "months_out_of_range",
            f"Jangka waktu {shown(months)} bulan di luar batas; isi 1 sampai {MOST_MONTHS} bulan.",
        )
    if multiple not in MULTIPLES:
        raise Refused(
            "multiple_unknown",
            f"Kelipatan angsuran {shown(multiple)} tidak dikenal; pilih 1, 100, 500 atau 1.000.",
        )
    if disbursed_on.year > LAST_YEAR_OF_DISBURSEMENT:
        raise Refused(
            "disbursement_date_impossible",
            f"Tahun pencairan {disbursed_on.year} tidak mungkin; periksa tanggal pencairan.",
        )


def annuity_installment(principal: int, rate: int, months: int, multiple: int = 1) -> int:
    """The equal installment of an annuity, rounded half up to the multiple from the exact value.

    The exact value is principal × i × (1+i)^n ÷ ((1+i)^n − 1) with i = rate ÷ 12, kept as a ratio
    of whole numbers; without interest it is principal ÷ months. When rounding would leave less
    than the first month's interest, the next multiple is taken.

    Unit: rupiah. Source: domain rules §3. No errors within the limits of `schedule`.

    >>> annuity_installment(5000000, 300, 24)
    214906
    """
    top, bottom = _annuity_factor(rate, months)
    top *= principal
    installment = (2 * top + bottom * multiple) // (2 * bottom * multiple) * multiple
    first_interest = (principal * rate + _HALF) // _PARTS
    if installment < first_interest:
        installment = -(-top // (bottom * multiple)) * multiple
    return installment


def _exact_factor(rate: int, months: int) -> tuple[int, int]:
    """Installment per rupiah of principal as an exact ratio."""
    if rate == 0:
        return 1, months
    common = gcd(rate, _PARTS)
    rate, parts = rate // common, _PARTS // common
    grown, still = (parts + rate) ** months, parts**months
    return rate * grown, parts * (grown - still)


_annuity_factor = lru_cache(maxsize=1024)(_exact_factor)


def due_dates(disbursed_on: dt.date, months: int) -> tuple[dt.date, ...]:
    """The contractual due dates of a loan, always reckoned from the day of disbursement.

    Source: domain rules §3: the disbursement's day of the month, clamped to the month's end;
    weekends and holidays do not move it. Raises ValueError when the year leaves 9999.

    >>> [d.day for d in due_dates(dt.date(2026, 1, 31), 3)]
    [28, 31, 30]
    """
    start = (disbursed_on.year - _CALENDAR_FROM) * 12 + disbursed_on.month
    if start >= 0 and start + months <= _CALENDAR_MONTHS:
        return _calendar(disbursed_on.day)[start : start + months]
    return tuple(add_months(disbursed_on, n) for n in range(1, months + 1))


def _months_of(day: int) -> tuple[dt.date, ...]:
    """One day of the month in every month of the office's years; due dates are a slice of it."""
    first = dt.date(_CALENDAR_FROM, 1, day)
    return tuple(add_months(first, n) for n in range(_CALENDAR_MONTHS))


_calendar = lru_cache(maxsize=31)(_months_of)


# tuple.__new__ skips the Python-level constructor of the NamedTuple: half the time of a schedule.
_new = tuple.__new__


def _annuity(
    principal: int, rate: int, installment: int, dates: tuple[dt.date, ...]
) -> list[Installment]:
    rows: list[Installment] = []
    last = len(dates)
    balance = principal
    for number, due_on in enumerate(dates, 1):
        interest = (balance * rate + _HALF) // _PARTS
        part = installment - interest
        if part > balance or number == last:
            part = balance
        balance -= part
        rows.append(_new(Installment, (number, due_on, part, interest, balance)))
    return rows


def _flat(
    principal: int, rate: int, multiple: int, dates: tuple[dt.date, ...]
) -> list[Installment]:
    rows: list[Installment] = []
    last = len(dates)
    part = _principal_part(principal, last, multiple)
    interest_left = (principal * rate * last + _HALF) // _PARTS
    interest = (2 * interest_left + last) // (2 * last)
    balance = principal
    for number, due_on in enumerate(dates, 1):
        if part > balance or number == last:
            part = balance
        if interest > interest_left or number == last:
            interest = interest_left
        balance -= part
        interest_left -= interest
        rows.append(_new(Installment, (number, due_on, part, interest, balance)))
    return rows


def _declining(
    principal: int, rate: int, multiple: int, dates: tuple[dt.date, ...]
) -> list[Installment]:
    rows: list[Installment] = []
    last = len(dates)
    part = _principal_part(principal, last, multiple)
    balance = principal
    for number, due_on in enumerate(dates, 1):
        interest = (balance * rate + _HALF) // _PARTS
        if part > balance or number == last:
            part = balance
        balance -= part
        rows.append(_new(Installment, (number, due_on, part, interest, balance)))
    return rows


def _principal_part(principal: int, months: int, multiple: int) -> int:
    step = months * multiple
    return (2 * principal + step) // (2 * step) * multiple


def running(rows: Sequence[Installment]) -> list[Running]:
    """The rows of a schedule with the running sums and the next due date for storage.

    Unit: rupiah. Source: domain rules §4 (running sums make the position of the whole portfolio
    one set-based query). No errors; no rows give an empty list.

    >>> rows = schedule_rows(1000, 0, 2, Method.FLAT, dt.date(2026, 1, 31))
    >>> [(row.total_before, row.total_through) for row in running(rows)]
    [(0, 500), (500, 1000)]
    """
    next_dates: Iterable[dt.date] = (*(row[1] for row in rows[1:]), NEVER_DUE)
    stored: list[Running] = []
    before = 0
    for (number, due_on, part, interest, balance), next_due_on in zip(
        rows, next_dates, strict=False
    ):
        through = before + part + interest
        stored.append(
            _new(Running, (number, due_on, next_due_on, part, interest, balance, before, through))
        )
        before = through
    return stored
