"""New Year comes at midnight in Semarang, whatever zone the server stands in."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import ENGINES, dispose, fresh_database, make_app, people_in
from tests.indicators.office import borrower, lend, small_office
from wibawa.database import db, writing
from wibawa.rules.statuses import State
from wibawa.web.clock import today

ROOT = Path(__file__).resolve().parents[2]
ZONES = ("UTC", "Asia/Jakarta", "America/New_York")
ENDS, BEGINS = dt.time(16, 59, 59), dt.time(17)  # of a day in Semarang, by the clock of UTC


def test_every_zone_gives_the_same_answers_in_the_last_and_the_first_second_of_a_year(
    templates: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with ExitStack() as stack:
        urls = []
        for engine in ENGINES:
            folder = tmp_path / engine
            folder.mkdir()
            fresh = fresh_database(engine, templates, folder, request, with_people=True)
            urls.append(stack.enter_context(fresh))
            _fill(urls[-1])
        found = _said_in_each_zone(urls)
    assert {zone: said[0] for zone, said in found.items()} == {
        "UTC": "UTC", "Asia/Jakarta": "WIB", "America/New_York": "EST",
    }  # fmt: skip
    told = [said[1:] for said in found.values()]
    assert told[0] == told[1] == told[2]
    sqlite, postgresql = told[0][:2], told[0][2:]
    assert sqlite == postgresql
    for said, right in zip(sqlite, BY_HAND, strict=True):
        assert {name: said[name] for name in right} == right


# The small office lent twice in 2026: Rp2.000.000 to Dodi, Rp25.000.000 to Citra. Eka borrowed
# Rp5.000.000 in the year's last second, Fajar as much in the first of the next; applications were
# recorded in the last second of 2025 and in the first of 2026. Served and cumulative, each in
# people and loans.
BY_HAND: tuple[dict[str, Any], ...] = (
    {
        "period": "1 Januari 2026 – 31 Desember 2026, Semua bank",
        "lent": [3, 32_000_000],
        "counted": {"2026": [3, 3, 6, 8]},
        "goals": [2026],
        "recorded": 2,
    },
    {
        "period": "1 Januari 2027 – 1 Januari 2027, Semua bank",
        "lent": [1, 5_000_000],
        "counted": {"2026": [3, 3, 6, 8], "2027": [1, 1, 7, 9]},
        "goals": [2027],
        "recorded": 1,
    },
)


def _fill(url: str) -> None:
    app = make_app(url)

    def at(day: dt.date, time: dt.time, deed: Any) -> None:
        clock.move_to(dt.datetime.combine(day, time, dt.UTC))
        deed(db.session())
        db.session.flush()

    def apply(session: Session, number: int) -> None:
        factories.application(session, people, number=number, to=State.SUBMITTED)

    def served(session: Session, number: int, name: str) -> None:
        lend(session, people, borrower(session, people["staff"], number, name), today())

    begun, over = dt.date(2025, 12, 31), dt.date(2026, 12, 31)
    with (
        time_machine.travel(dt.datetime.combine(begun, ENDS, dt.UTC), tick=False) as clock,
        app.app_context(),
        writing(),
    ):
        people = people_in(db.session())
        at(begun, ENDS, lambda session: apply(session, 1))
        at(begun, BEGINS, lambda session: apply(session, 2))
        at(dt.date(2026, 11, 24), dt.time(3), lambda session: small_office(session, people))
        at(over, ENDS, lambda session: served(session, 11, "Eka"))
        at(over, BEGINS, lambda session: served(session, 12, "Fajar"))
        db.session.commit()
    dispose(app)


def _said_in_each_zone(urls: list[str]) -> dict[str, list[Any]]:
    """All at once: most of the time goes into their beginning."""
    with ExitStack() as stack:
        runs = {zone: stack.enter_context(_started(zone, urls)) for zone in ZONES}
        for run in runs.values():
            stack.callback(run.kill)
        found = {}
        for zone, run in runs.items():
            out, err = run.communicate(timeout=600)
            assert run.returncode == 0, err[-3000:]
            found[zone] = json.loads(out)
        return found


def _started(zone: str, urls: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.reports.zones", *urls],
        cwd=ROOT, env=os.environ | {"TZ": zone, "PGTZ": zone},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
