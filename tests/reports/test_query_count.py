"""How often reports, dashboard and the pages of a year ask, whatever the number of loans."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests import factories
from tests.bulk import large_portfolio
from tests.factories import counted_queries
from wibawa.banks.queries import all_banks
from wibawa.database import db, reading
from wibawa.reports.catalogue import REPORTS
from wibawa.web import clock

SignIn = Callable[[str], factories.Client]
PAGES = (
    "/dasbor",
    "/indikator",
    "/indikator/angka/2026",
    "/indikator/angka/2026/rincian",
    "/indikator/angka/2026/corong",
    "/indikator/kunci/2025",
)
PAST = {"tanggal": "31/10/2026", "dari": "1/1/2026", "sampai": "31/10/2026"}


def test_no_report_and_no_page_of_figures_asks_more_often_of_more_loans(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    by, client = (people["staff"], people["approver"]), sign_in("leader")

    def filled(loans: int, first: int) -> dict[str, int]:
        factories.saved(app, lambda session: large_portfolio(session, loans, by, first=first))
        return {**_reports(app), **_pages(app, client)}

    client.get("/laporan")
    assert filled(4, 1) == filled(40, 5)


def _reports(app: Flask) -> dict[str, int]:
    found = {}
    with app.app_context(), reading():
        banks = all_banks(db.session())
        for code, definition in REPORTS.items():
            for asked in ({}, PAST):
                scope = definition.read(asked, clock.today(), banks, None).scope
                with counted_queries(app) as said:
                    definition.make(db.session(), scope)
                found[f"{code} {scope.last}"] = len(said)
        db.session.rollback()
    return found


def _pages(app: Flask, client: factories.Client) -> dict[str, int]:
    found = {}
    for page in PAGES:
        with counted_queries(app) as said:
            assert client.get(page).status_code == 200
        found[page] = len(said)
    return found
