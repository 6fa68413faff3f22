"""How fast each report of 100.000 loans is made, against reading the books' tables once.

`python -m tests.bench.bench_reports [CODE …]` prints ratios and, as information, seconds, with the
period or day, and the part, that the page shows first; `dasbor` is the first look after something
was booked. Each report of two books: of ordinary payers, of whom one in five falters, and of such
that nearly all fall behind. The bare side is the one scan of `bench_portfolio`. The goals are two
seconds on SQLite and one on PostgreSQL, said in scans of 0,26 s and 0,20 s: what a scan took when a
portfolio took 1,1 s and 0,9 s (docs/measurements.md, 24 November 2026).
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import partial

from flask import current_app
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.bench.bench_portfolio import LOANS, ON, SCAN, timed
from tests.bench.bench_posting import settle
from tests.bench.databases import ENGINES, databases, opened
from tests.bulk import FALTERING, ORDINARY, large_portfolio, two_people
from wibawa.banks.queries import all_banks
from wibawa.dashboard.books import Books
from wibawa.dashboard.queries import goals, places
from wibawa.reports.catalogue import REPORTS

GOALS = {"sqlite": "<= 7.6", "postgresql": "<= 4.9"}
YEARS = range(2020, 2030)
BOOKS = {"ordinary": ORDINARY, "faltering": FALTERING}


def _first_look(session: Session) -> None:
    """What the dashboard reckons of the books when it knows nothing of them yet."""
    current_app.extensions.pop("memory_books", None)
    books = Books(session)
    goals(books, ON, YEARS)
    books.standing(ON)
    places(books, ON)


def _sides(session: Session, codes: list[str]) -> dict[str, Callable[[], object]]:
    banks = all_banks(session)
    sides: dict[str, Callable[[], object]] = {"one scan": lambda: session.execute(text(SCAN)).one()}
    for code, definition in REPORTS.items():
        if not codes or code in codes:
            scope = definition.page(definition.read({}, ON, banks, None), None).scope
            sides[code] = partial(definition.make, session, scope)
    if not codes or "dasbor" in codes:
        sides["dasbor"] = partial(_first_look, session)
    return sides


def measure(
    engine: str, book: str, codes: list[str], loans: int = LOANS
) -> list[tuple[str, float, str]]:
    with databases(engine) as place, opened(place.fresh()) as (_, session):
        large_portfolio(session, loans, two_people(session), payers=BOOKS[book])
        session.commit()
        settle(session)
        took = {name: statistics.median(each) for name, each in
                timed(_sides(session, codes), rounds=3).items()}  # fmt: skip
    for name, each in took.items():
        print(f"    {engine}, {book}: {each:6.2f} s  {name}", file=sys.stderr)
    scan = took.pop("one scan")
    return [
        (f"{engine}, {book}: {name}, {loans:,} loans / one scan", each / scan, GOALS[engine])
        for name, each in took.items()
    ]


def run(codes: list[str] | None = None) -> list[tuple[str, float, str]]:
    """Name, ratio and goal of each comparison, on both engines."""
    return [
        line for engine in ENGINES for book in BOOKS for line in measure(engine, book, codes or [])
    ]


if __name__ == "__main__":
    for name, ratio, goal in run(sys.argv[1:]):
        print(f"{ratio:8.3f}  {goal:<12} {name}")
