from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import factories
from tests.disbursements.forms import NIK, approve, recorded

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.usefixtures("direct_allowed")


def test_the_page_shows_all_facts_words_and_the_plan(sign_in: SignIn) -> None:
    number = recorded(sign_in("staff"))
    page = sign_in("auditor").get(f"/pencairan/{number}").get_data(as_text=True)
    for said in (
        "Menunggu persetujuan",
        "lima juta rupiah",
        "24 November 2026",
        "30011234",
        "PK/77/2026",
        "3,00% per tahun",
        "Tanpa agunan",
        "************0012",
        "Disamarkan",  # the address, for an auditor
        "24 November 2028",
        "Staff, 24 November 2026 10.00",
    ):
        assert said in page, said
    assert NIK not in page


def test_who_may_decide_sees_the_buttons_and_nobody_else(sign_in: SignIn) -> None:
    number = recorded(sign_in("staff"))
    address = f"/pencairan/{number}"
    assert f"{address}/setujui" in sign_in("approver").get(address).get_data(as_text=True)
    for who in ("staff", "staff2", "auditor"):
        page = sign_in(who).get(address).get_data(as_text=True)
        assert "/setujui" not in page
        assert "/tolak" not in page


def test_an_approved_one_leads_to_its_loan_and_tells_who_decided(sign_in: SignIn) -> None:
    number = recorded(sign_in("staff"))
    loan_id = approve(sign_in("approver"), number)
    page = sign_in("staff").get(f"/pencairan/{number}").get_data(as_text=True)
    assert f"/pinjaman/{loan_id}" in page
    assert "Approver, 24 November 2026 10.00" in page
    assert "/setujui" not in page


def test_warnings_are_shown_before_the_decision(sign_in: SignIn) -> None:
    number = recorded(sign_in("staff"), nik="3322014804850012")
    page = sign_in("approver").get(f"/pencairan/{number}").get_data(as_text=True)
    assert "Perlu diperiksa sebelum diputuskan" in page
    assert "tidak berawalan 3374" in page


@pytest.mark.parametrize("who", ["jateng", "pasar", "leader", "admin"])
def test_others_are_kept_out(sign_in: SignIn, who: str) -> None:
    number = recorded(sign_in("staff"))
    assert sign_in(who).get(f"/pencairan/{number}").status_code == 403


def test_an_unknown_number_is_404(sign_in: SignIn) -> None:
    assert sign_in("staff").get("/pencairan/99").status_code == 404
