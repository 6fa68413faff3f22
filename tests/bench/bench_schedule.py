"""How fast schedules are made, against a bare integer loop and against mortgagemath.

`python -m tests.bench.bench_schedule` prints the ratios. Both sides of a ratio are timed in turns
in one run, so that a busy machine slows them alike. What is kept between loans is what a running
server keeps: a calendar and the annuity factor of each product, never anything of a single loan.
"""

from __future__ import annotations

import datetime as dt
import gc
import random
import time
import warnings
from collections.abc import Callable, Iterable
from decimal import Decimal

import mortgagemath

from wibawa.rules import schedule as ours
from wibawa.rules.facts import Method, Terms

LOANS = 1500
ROUNDS = 7
GOAL = 1.5

Row = tuple[int, dt.date, int, int, int]

_LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def portfolio(method: Method, loans: int = LOANS) -> list[Terms]:
    """Terms as an office of two banks would have them, over four years of disbursement days."""
    dice = random.Random(20261124)
    start = dt.date(2023, 1, 1)
    return [
        Terms(
            principal=dice.randrange(1_000_000, 50_000_000, 125_000),
            rate=300,
            months=dice.choice((12, 18, 24, 24, 24, 36)),
            method=method,
            disbursed_on=start + dt.timedelta(days=dice.randrange(1460)),
        )
        for _ in range(loans)
    ]


def bare_loop(terms: Terms) -> list[Row]:
    """What one would write by hand for multiple 1: no checks, no names, plain tuples."""
    principal, rate, months = terms.principal, terms.rate, terms.months
    year, month, day = terms.disbursed_on.year, terms.disbursed_on.month, terms.disbursed_on.day
    annuity = terms.method is Method.ANNUITY
    flat = terms.method is Method.FLAT
    installment = fixed = left = 0
    if annuity:
        grown, still = (120_000 + rate) ** months, 120_000**months
        top, bottom = principal * rate * grown, 120_000 * (grown - still)
        installment = (2 * top + bottom) // (2 * bottom)
    else:
        installment = (2 * principal + months) // (2 * months)
    if flat:
        left = (principal * rate * months + 60_000) // 120_000
        fixed = (2 * left + months) // (2 * months)
    rows: list[Row] = []
    balance = principal
    date = dt.date
    for number in range(1, months + 1):
        month += 1
        if month == 13:
            year, month = year + 1, 1
        longest = 28 if month == 2 and year % 4 else _LONGEST[month]
        if flat:
            interest = fixed if number < months else left
            left -= interest
        else:
            interest = (balance * rate + 60_000) // 120_000
        part = installment - interest if annuity else installment
        if number == months:
            part = balance
        balance -= part
        rows.append(
            (number, date(year, month, day if day < longest else longest), part, interest, balance)
        )
    return rows


def by_mortgagemath(terms: Terms) -> list[mortgagemath.Installment]:
    """The independent library; it makes no dates and knows annuities only."""
    return mortgagemath.amortization_schedule(
        mortgagemath.LoanParams(
            principal=Decimal(terms.principal),
            annual_rate=Decimal(terms.rate).scaleb(-2),
            term_months=terms.months,
            payment_rounding=mortgagemath.PaymentRounding.ROUND_HALF_UP,
            currency_unit=Decimal(1),
        )
    )


def _positional(terms: Terms) -> object:
    return ours.schedule_rows(
        terms.principal, terms.rate, terms.months, terms.method, terms.disbursed_on, terms.multiple
    )


def _seconds(make: Callable[[Terms], object], loans: Iterable[Terms]) -> float:
    gc.collect()
    start = time.perf_counter()
    for terms in loans:
        make(terms)
    return time.perf_counter() - start


def _ratio(
    mine: Callable[[Terms], object], other: Callable[[Terms], object], loans: list[Terms]
) -> float:
    pairs = [(_seconds(mine, loans), _seconds(other, loans)) for _ in range(ROUNDS)]
    return min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs)


def run() -> list[tuple[str, float, str]]:
    """Time of ours over time of the other: name, ratio, goal."""
    goal = f"<= {GOAL}"
    found = [
        (
            f"schedule {method.value} / bare integer loop",
            _ratio(ours.schedule, bare_loop, portfolio(method)),
            goal,
        )
        for method in Method
    ]
    loans = portfolio(Method.ANNUITY)
    found.append(("schedule_rows annuity / bare loop", _ratio(_positional, bare_loop, loans), goal))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mortgagemath.EarlyPayoffWarning)
        some = loans[:200]
        found.append(
            (
                "schedule annuity / mortgagemath (which makes no dates)",
                _ratio(ours.schedule, by_mortgagemath, some),
                "report only",
            )
        )
    return found


if __name__ == "__main__":
    for name, ratio, goal in run():
        print(f"{ratio:8.3f}  {goal:<12} {name}")
