from __future__ import annotations

from collections.abc import Callable

from tests import factories
from wibawa.reports.catalogue import REPORTS

SignIn = Callable[[str], factories.Client]


def test_the_list_leads_to_every_report(sign_in: SignIn) -> None:
    page = sign_in("leader").get("/laporan").get_data(as_text=True)
    for code, definition in REPORTS.items():
        assert f'<a href="/laporan/{code}">{definition.title}</a>' in page


def test_who_may_not_see_reports_has_no_list(sign_in: SignIn) -> None:
    assert sign_in("pasar").get("/laporan").status_code == 403
