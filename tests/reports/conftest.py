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
from tests.reports.feeding import Feeder
from tests.reports.oracle import FIRST, LAST, World
from wibawa.database import db, writing
from wibawa.reports.catalogue import REPORTS
from wibawa.reports.document import Report
from wibawa.reports.forms import Scope

EACH_MONTH = ("portofolio", "angsuran", "titipan", "hapus-buku")


@dataclass
class Books:
    """The books after everything of the oracle's world was fed, and what some reports said on the
    last day of each month, before what came later."""

    app: Flask
    session: Session
    world: World
    feeder: Feeder
    before: dict[tuple[str, dt.date], Report] = field(default_factory=dict)

    def report(
        self, code: str, first: dt.date, last: dt.date, today: dt.date = LAST, **more: Any
    ) -> Report:
        return REPORTS[code].make(self.session, Scope(first, last, today, **more))  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
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

            def look(day: dt.date) -> None:
                for code in EACH_MONTH:
                    report = found.report(code, day.replace(day=1), day, day)
                    found.before[code, day] = report

            found.feeder.feed(look)
            session.commit()
            yield found
            session.rollback()
        dispose(app)
