"""How fast somebody is found among 40.000 borrowers, and how fast the register opens.

`python -m tests.bench.bench_search` prints ratios and, as information, milliseconds. The floor is
one SELECT by primary key through the same session, a hundred times; the register is also timed at
400 borrowers. All sides are timed in turns in one run, so that a busy machine slows them alike.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tests.bench.bench_posting import settle
from tests.bench.databases import ENGINES, databases, opened
from tests.bulk import BATCH, MADE_AT, _borrower, large_portfolio, two_people
from wibawa.applications.models import Application
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.actions import add_borrowers
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import find_borrowers, kecamatan_choices, sectors
from wibawa.borrowers.register import BorrowerFilter, register_lines
from wibawa.home.queries import (
    exact_application,
    exact_loan,
    find_applications,
    find_loans,
    running_by_borrower,
)
from wibawa.web.clock import in_wib
from wibawa.web.pages import Wanted

BORROWERS, FEW, LOANS, APPLICATIONS = 40_000, 400, 10_000, 5_000
ROUNDS = 15
TODAY = in_wib(MADE_AT).date()
GIVEN = ("Aminah", "Bambang", "Cahyo", "Dwi", "Endah", "Fitri", "Gunawan", "Hartini", "Indah")
FAMILY = ("Handayani", "Hidayat", "Kusuma", "Maryati", "Nugroho", "Purnomo", "Rahayu", "Santoso")
FIRST_PAGE = Wanted(1, 50, "nama", False)


def fill(session: Session, borrowers: int, loans: int, applications: int) -> None:
    people = two_people(session)
    large_portfolio(session, loans, people, payments=False)
    for start in range(loans, borrowers, BATCH):
        some = []
        for number in range(start + 1, min(start + BATCH, borrowers) + 1):
            name = f"{GIVEN[number % len(GIVEN)]} {FAMILY[number // 7 % len(FAMILY)]}"
            phone = f"0812{number:08d}"
            some.append(replace(_borrower(number), name=f"{name} {number}", phone=phone))
        add_borrowers(session, some, people[0], MADE_AT)
    ids = session.scalars(select(Borrower.id).order_by(Borrower.id.desc()).limit(applications))
    rows = [
        {
            "number": f"PM-{n:06d}", "borrower_id": borrower_id, "bank_id": 1 + n % 2,
            "amount": 5_000_000, "months": 24, "purpose": "Modal", "terms_id": 1,
            "state": "draft", "state_since": MADE_AT, "version": 1, "created_by": people[0],
            "created_at": MADE_AT, "collateral": "",
        }
        for n, borrower_id in enumerate(ids, 1)
    ]  # fmt: skip
    session.execute(insert(Application), rows)


def _register(session: Session) -> object:
    """Everything that the page of the register asks of the database."""
    running = partial(running_by_borrower, TODAY, thresholds_on(session, TODAY))
    found = register_lines(session, running, BorrowerFilter(), FIRST_PAGE)
    return found, sectors(session, most=200), kecamatan_choices(session)


def _box(session: Session, text: str) -> Callable[[], object]:
    """Everything that the search box asks of the database for an office clerk."""

    def ask() -> object:
        exact = exact_loan(session, text, None, True) or exact_application(session, text, None)
        if exact is not None:
            return exact
        return (
            find_borrowers(session, text, 11),
            find_loans(session, text, None, True, 11),
            find_applications(session, text, None, 11),
        )

    return ask


def _sides(session: Session) -> dict[str, Callable[[], object]]:
    number = BORROWERS - 700
    known = _borrower(number)

    def floor() -> None:
        for borrower_id in range(1, 101):
            session.execute(select(Borrower.name).where(Borrower.id == borrower_id)).one()

    kinds = {
        "a name": "santoso",
        "a rare name": f"rahayu {number}",
        "a name that nobody has": "zzzzzz",
        "a business": f"warung {number}",
        "a NIK": known.nik,
        "a phone": f"0812{number:08d}",
        "an account": "300000000777",
        "a loan number": "KW-000777",
        "an application number": "PM-000777",
        "a number that nobody has": "999999999999",
    }
    searches = {f"box: {kind}": _box(session, text) for kind, text in kinds.items()}
    return {"floor": floor, "register": lambda: _register(session), **searches}


def _medians(sides: dict[str, Callable[[], object]], session: Session) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            gc.collect()
            session.expunge_all()
            started = time.perf_counter()
            side()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in times.items()}


def measure(engine: str) -> list[tuple[str, float, str]]:
    with databases(engine) as place:
        took = {}
        for borrowers, loans, applications in ((FEW, 100, 50), (BORROWERS, LOANS, APPLICATIONS)):
            with opened(place.fresh()) as (_, session):
                fill(session, borrowers, loans, applications)
                session.commit()
                settle(session)
                took[borrowers] = _medians(_sides(session), session)
    few, many = took[FEW], took[BORROWERS]
    for name, each in many.items():
        print(f"    {each * 1000:7.1f} ms  {engine}: {name}", file=sys.stderr)
    found = [
        (f"{engine}: {name}, {BORROWERS:,} borrowers / floor", each / many["floor"], "<= 3")
        for name, each in many.items()
        if name.startswith("box")
    ]
    ratio = (many["register"] / many["floor"]) / (few["register"] / few["floor"])
    return [*found, (f"{engine}: register, {BORROWERS:,} / {FEW} borrowers", ratio, "<= 2")]


def run() -> list[tuple[str, float, str]]:
    """Name, ratio and goal of each comparison, on both engines."""
    return [line for engine in ENGINES for line in measure(engine)]


if __name__ == "__main__":
    for name, ratio, goal in run():
        print(f"{ratio:8.3f}  {goal:<8} {name}")
