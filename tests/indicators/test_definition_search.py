from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import Office
from tests.indicators.test_input_list import said
from wibawa.indicators.implied import implied_of
from wibawa.indicators.inputs.actions import write_down
from wibawa.rules.indicators import Rule, Unit
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
LABELS = {(Rule.CUMULATIVE, Unit.PEOPLE): "kumulatif", (Rule.RUNNING, Unit.ACCOUNTS): "berjalan"}


def test_2024_is_490_enterprises_away_from_the_programme_and_fits_with_another_one(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    by, when = people["staff"], now()
    history = said(2_416, kind="opening", name="Kredit Wibawa", year=2024, principal=17_591_500_000)
    write_down(session, history, 0, by, when)
    write_down(session, said(491, kind="programme", name="KUR", year=2024), 0, by, when)
    found = implied_of(session, dt.date(2026, 11, 24), LABELS)
    umi = {each.year: each for each in found if each.denominator is not None
           and each.denominator.name == "SI-UMI"}  # fmt: skip
    # 11,295 % of 21.509 is 2.429,4 and 11,305 % is 2.431,6; 7,935 % of 36.613 is 2.905,2.
    assert {year: each.numerators for year, each in umi.items()} == {
        2020: (2430, 2431),
        2024: (2906, 2908),
    }
    away = {each.label: (each.count, each.away) for each in umi[2024].candidates}
    assert away == {
        "kumulatif": (2, -2904),
        "berjalan": (2, -2904),
        "Riwayat program": (2416, -490),
        "Program lain": (491, -2415),
        "Riwayat dan program lain": (2907, 0),
    }
    assert {each.count for each in umi[2020].candidates} == {None}


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_page_says_the_range_and_what_is_missing(sign_in: SignIn) -> None:
    page = sign_in("leader").get("/indikator/mencari-definisi").get_data(as_text=True)
    assert "<strong>2.906</strong> dan <strong>2.908</strong>" in page
    assert "36.613" in page
    assert "belum ada data" in page
