from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import ENGINES, dispose, fresh_database, make_app
from tests.reports.feeding import BANK_IDS, Feeder
from tests.reports.oracle import (
    CLOSED,
    CLOSED_ON,
    FIRST,
    LAST,
    LOCKED,
    LOCKED_ON,
    World,
    month_end,
    months_on,
)
from wibawa.database import db, writing
from wibawa.indicators.locks.document import members_bytes
from wibawa.indicators.locks.queries import locks_in_force, members_kept
from wibawa.reconciliation.queries import frozen_text
from wibawa.reports.catalogue import REPORTS
from wibawa.reports.document import Report
from wibawa.reports.forms import Scope
from wibawa.rules.reconciliation import Month

MONTH_ENDS = [
    month_end(day.year, day.month) for day in (months_on(FIRST, n - 1) for n in range(24))
]


@dataclass
class Books:
    """The books after everything of the oracle's world was fed, and what reports said on the last
    day of each month, before what came later; the month that was closed and the year that was
    locked meanwhile, as bytes."""

    app: Flask
    session: Session
    world: World
    feeder: Feeder
    before: dict[tuple[str, dt.date], Report] = field(default_factory=dict)
    closed: tuple[int, str] = (0, "")
    locked: tuple[bytes, bytes] = (b"", b"")

    def report(
        self, code: str, first: dt.date, last: dt.date, today: dt.date = LAST, **more: Any
    ) -> Report:
        return REPORTS[code].make(self.session, Scope(first, last, today, **more))

    def on(self, code: str, day: dt.date, today: dt.date = LAST) -> Report:
        """The report of a day, with the period that it would have had on that day."""
        return self.report(code, since(code, day), day, today)

    def sign(self, day: dt.date) -> None:
        """What two persons settle at the end of a day."""
        if day == CLOSED_ON:
            bank, month = BANK_IDS[CLOSED[0]], Month.of(CLOSED[1])
            number = factories.close_month(self.session, self.feeder.people, bank, month)
            self.closed = number, frozen_text(self.session, number)
        if day == LOCKED_ON:
            factories.lock_year(self.session, self.feeder.people, LOCKED)
            self.locked = self.lock()

    def lock(self) -> tuple[bytes, bytes]:
        """The locked year and the list behind it."""
        self.session.expire_all()
        found = locks_in_force(self.session, [LOCKED])[LOCKED]
        return found.data, members_bytes(members_kept(self.session, found.id))


def since(code: str, day: dt.date) -> dt.date:
    begins = REPORTS[code].since
    return day if begins is None else begins(day)


def looked_at(engine: str, whole: bool) -> set[tuple[str, dt.date]]:
    """Which reports are looked at on which month ends: all on each, or each on some in turn, so
    that every month end has its reports and every report its month ends."""
    step = 1 if whole else {"sqlite": 4, "postgresql": 12}[engine]
    return {
        (code, day)
        for place, day in enumerate(MONTH_ENDS)
        for number, code in enumerate(REPORTS)
        if (place + number) % step == 0
    }


@pytest.fixture(scope="session", params=ENGINES)
def books(
    request: pytest.FixtureRequest, templates: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """Fed once for each engine: nothing that uses it may write."""
    folder = tmp_path_factory.mktemp("books")
    with (
        fresh_database(request.param, templates, folder, request) as url,
        time_machine.travel(dt.datetime.combine(FIRST, dt.time(3), dt.UTC), tick=False) as clock,
    ):
        app = make_app(url)
        with app.app_context(), writing():
            session = db.session()
            people = factories.people(session)
            found = Books(app, session, World(), None)  # type: ignore[arg-type]
            found.feeder = Feeder(session, people, found.world, clock)

            whole = request.config.getoption("--hypothesis-profile") == "soak"
            looked = looked_at(request.param, whole)

            def look(day: dt.date) -> None:
                for code in REPORTS:
                    if (code, day) in looked:
                        found.before[code, day] = found.on(code, day, day)
                found.sign(day)

            look(MONTH_ENDS[0])
            found.feeder.feed(look)
            session.commit()
            yield found
            session.rollback()
        dispose(app)
