"""The demo office moves from SQLite to PostgreSQL: every report says the same there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.commands.conftest import CommandLine
from tests.conftest import TODAY
from tests.keeping.conftest import app_at, content, url_of, without_trail
from wibawa import demo
from wibawa.database import db, writing
from wibawa.reports.catalogue import REPORTS


def reports(app: Flask) -> dict[str, object]:
    """Every report of the page Laporan, and the indicators, as its command prints them."""
    run = CommandLine(lambda: app)
    found: dict[str, object] = {code: run.json("report", code) for code in REPORTS}
    for year in (2024, 2025, 2026):
        found[f"indicators {year}"] = run.json("report", "indicators", "--year", year)
    return found


@pytest.mark.soak
@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_every_report_of_the_demo_office_is_the_same_after_it_moved(
    app: Flask, empty: Callable[[str], str]
) -> None:
    with app.app_context(), writing():
        demo.fill(db.session(), TODAY)
        db.session.commit()
        db.session.remove()
    server = empty("postgresql")
    told = CommandLine(lambda: app).json("move", server)
    assert told["ok"]
    assert without_trail(content(server)) == without_trail(content(url_of(app)))
    before = reports(app)
    assert len(before) > 15
    with app_at(server) as there:
        after = reports(there)
    assert {name for name in before if before[name] != after[name]} == set()
    print(f"{told['rows']} rows, {len(before)} reports")
