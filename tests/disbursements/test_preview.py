from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import factories
from wibawa.rules.facts import Method
from wibawa.rules.money import number
from wibawa.rules.schedule import schedule_rows

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.usefixtures("direct_allowed")


def fragment(client: factories.Client, **asked: str) -> str:
    """The fragment as a script gets it (it is no whole page, so it is not inspected as one)."""
    answer = FlaskClient.open(client, "/pencairan/pratinjau", query_string=asked)
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


@pytest.mark.parametrize(("bank", "method"), [("1", Method.ANNUITY), ("2", Method.FLAT)])
@pytest.mark.parametrize("amount", [1, 999, 5_000_000, 49_999_999])
def test_the_preview_is_the_schedule_of_the_rules(
    sign_in: SignIn, bank: str, method: Method, amount: int
) -> None:
    page = fragment(
        sign_in("staff"), bank_id=bank, principal=number(amount), disbursed_on="31/01/2026"
    )
    rows = schedule_rows(amount, 300, 24, method, dt.date(2026, 1, 31))
    cells = re.findall(
        r'nowrap">([^<]+)</td><td class="num">([^<]+)</td><td class="num">([^<]+)<', page
    )
    assert cells == [
        (f"{row.due_on:%d/%m/%Y}", number(row.total), number(row.balance)) for row in rows
    ]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"bank_id": "2", "principal": "", "disbursed_on": "24/11/2026"},
        {"bank_id": "2", "principal": "1.5", "disbursed_on": "24/11/2026"},
        {"bank_id": "2", "principal": "-5", "disbursed_on": "24/11/2026"},
        {"bank_id": "99", "principal": "5000000", "disbursed_on": "24/11/2026"},
        {"bank_id": "x", "principal": "5000000", "disbursed_on": "24/11/2026"},
        {"bank_id": "2", "principal": "5000000", "disbursed_on": "24/11/9999"},
    ],
)
def test_what_is_missing_or_impossible_gets_a_hint_and_no_error(
    sign_in: SignIn, asked: dict[str, str]
) -> None:
    assert "Isi bank, tanggal, dan jumlah" in fragment(sign_in("staff"), **asked)


def test_an_amount_that_needs_collateral_says_so(sign_in: SignIn) -> None:
    page = fragment(sign_in("staff"), bank_id="2", principal="5000001", disbursed_on="24/11/2026")
    assert "agunan wajib diuraikan" in page


def test_others_are_kept_out(sign_in: SignIn) -> None:
    for who in ("jateng", "leader"):
        assert sign_in(who).get("/pencairan/pratinjau").status_code == 403
