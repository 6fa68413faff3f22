"""A process under a time zone of its own: what it says of a year's last and first second.

`python -m tests.reports.zones URL…` writes, for each database and moment, what all reports, the
dashboard and the indicators say, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import time_machine
from sqlalchemy.orm import Session

import config
from wibawa.app import create_app
from wibawa.banks.queries import all_banks
from wibawa.dashboard import queries as dashboard
from wibawa.dashboard.books import Books
from wibawa.database import db, reading
from wibawa.indicators.queries import counts, figures_of_year, growth_of
from wibawa.reports.catalogue import REPORTS
from wibawa.rules.indicators import Rule, Unit, span_of
from wibawa.web import clock

# 23.59.59 and 00.00.00 in Semarang
MOMENTS = ("2026-12-31T16:59:59+00:00", "2026-12-31T17:00:00+00:00")
YEARS = (2026, 2027)


def answers(session: Session) -> dict[str, Any]:
    today, banks = clock.today(), all_banks(session)
    asked = {code: one.read({}, today, banks, None).scope for code, one in REPORTS.items()}
    reports = {code: REPORTS[code].make(session, scope) for code, scope in asked.items()}
    books, since = Books(session), dashboard.year_ago(today)
    goals, access = dashboard.goals(books, today, range(2020, 2030))
    funnel = dashboard.funnel(session, since, today)
    counted = counts(session, [span_of(year, today) for year in YEARS])
    lent = reports["pencairan"]
    seen = [
        goals, access, books.standing(today), dashboard.places(books, today), funnel,
        dashboard.trend(books, dashboard.trend_days(today)),
        dashboard.decisions(session, today), figures_of_year(session, today.year, today),
        growth_of(session, YEARS, today),
    ]  # fmt: skip
    return {
        "period": lent.scope,
        "lent": [cell.value for cell in lent.tables[0].totals[1:3]],
        "counted": {
            year: [found.of(rule, unit) for rule in (Rule.SERVED, Rule.CUMULATIVE) for unit in Unit]
            for year, found in sorted(counted.items())
        },
        "goals": sorted({goal.figure.year for goal in goals}),
        "recorded": funnel[0].reached,
        "reports": {code: repr(report) for code, report in reports.items()},
        "seen": [repr(each) for each in seen],
    }


def main(urls: list[str]) -> None:
    found: list[Any] = [time.tzname[0]]
    for url in urls:
        settings = config.load("testing", DATABASE_URL=url, SECRET_KEY="x" * 32, DATA_KEY="x" * 32)
        app = create_app(settings, check_schema=False)
        for moment in MOMENTS:
            with time_machine.travel(moment, tick=False), app.app_context(), reading():
                found.append(answers(db.session()))
                db.session.remove()
        with app.app_context():
            db.engine.dispose()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
