"""How fast the portfolio of 100.000 loans is reckoned, against reading its tables once.

`python -m tests.bench.bench_portfolio` prints ratios and, as information, seconds. The bare side is
one SELECT that adds up all of `ledger_entries` and all of `schedule_rows` and knows no loan. Both
sides are timed in turns in one run, so that a busy machine slows them alike.
"""

from __future__ import annotations

import datetime as dt
import gc
import statistics
import sys
import time
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.bench.bench_posting import settle
from tests.bench.databases import ENGINES, databases, opened
from tests.bulk import large_portfolio, two_people
from wibawa.banks.queries import thresholds_on
from wibawa.loans.lists import LoanFilter, loan_lines
from wibawa.loans.portfolio import portfolio
from wibawa.web.pages import Wanted

LOANS = 100_000
ROUNDS = 5
ON = dt.date(2026, 11, 24)
PAST = dt.date(2025, 6, 30)
GOALS = {"sqlite": "goal <= 2 s", "postgresql": "goal <= 1 s"}
SCAN = """SELECT (SELECT SUM(applied) FROM ledger_entries),
(SELECT SUM(principal + interest) FROM schedule_rows)"""


def timed(sides: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """How long each side took in each round, one side after the other."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            gc.collect()
            started = time.perf_counter()
            side()
            times[name].append(time.perf_counter() - started)
    return times


def _sides(session: Session) -> dict[str, Callable[[], object]]:
    classes = thresholds_on(session, ON)
    first_page = Wanted(1, 50, "nomor", False)
    by_arrears = Wanted(1, 50, "hari", True)
    return {
        "one scan": lambda: session.execute(text(SCAN)).one(),
        "portfolio today": lambda: portfolio(session, ON, classes),
        "portfolio of a past day": lambda: portfolio(session, PAST, classes),
        "first page of the list": lambda: loan_lines(
            session, ON, classes, LoanFilter(), first_page
        ),
        "first page, most days past due": lambda: loan_lines(
            session, ON, classes, LoanFilter(), by_arrears
        ),
    }


def measure(engine: str, loans: int = LOANS) -> list[tuple[str, float, str]]:
    with databases(engine) as place:
        url = place.fresh()
        with opened(url) as (_, session):
            large_portfolio(session, loans, two_people(session))
            session.commit()
            settle(session)
            sizes = session.execute(
                text(
                    "SELECT (SELECT COUNT(*) FROM schedule_rows), "
                    "(SELECT COUNT(*) FROM ledger_entries)"
                )
            ).one()
            took = {name: statistics.median(each) for name, each in timed(_sides(session)).items()}
    print(f"  {engine}: {loans:,} loans, {sizes[0]:,} rows, {sizes[1]:,} entries", file=sys.stderr)
    for name, each in took.items():
        print(f"    {each:6.2f} s  {name}", file=sys.stderr)
    scan = took.pop("one scan")
    return [
        (
            f"{engine}: {name}, {loans:,} loans / one scan",
            each / scan,
            GOALS[engine] if name.startswith("portfolio") else "report only",
        )
        for name, each in took.items()
    ]


def run() -> list[tuple[str, float, str]]:
    """Name, ratio and goal of each comparison, on both engines."""
    return [line for engine in ENGINES for line in measure(engine)]


if __name__ == "__main__":
    for name, ratio, goal in run():
        print(f"{ratio:8.3f}  {goal:<12} {name}")
