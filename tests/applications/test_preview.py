from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import factories
from tests.applications.forms import NIK

Client = factories.Client
SignIn = Callable[[str], Client]
ADDRESS = "/permohonan/pratinjau"


@pytest.fixture
def fragment(sign_in: SignIn) -> Callable[[str], str]:
    """The fragment for what an address asks; it is no page, so it is not inspected as one."""
    client = sign_in("staff")
    return lambda query: Client.open(client, f"{ADDRESS}?{query}").get_data(as_text=True)


def test_first_installments_of_every_method_stand_side_by_side(
    fragment: Callable[[str], str],
) -> None:
    said = fragment("bank_id=2&amount=5.000.000&months=24")
    for figure in ("214.906", "220.833", "157.747", "300.000", "156.252"):
        assert figure in said, "the worked example of the rules"
    for words in (">6<", ">12<", ">18<", ">24<", "Anuitas", "Flat", "Menurun"):
        assert words in said
    assert "<strong>220.833</strong>" in said, "what this bank would ask for"
    assert "Bank Pasar memakai metode flat" in said


def test_without_a_bank_it_still_compares(fragment: Callable[[str], str]) -> None:
    assert "Pilih bank" in fragment("amount=7500000")
    assert "agunan wajib diuraikan" in fragment("amount=7500000")


@pytest.mark.parametrize(
    "query", ["", "amount=", "amount=1.5", "amount=0", f"amount={NIK}", "bank_id=x&months=y"]
)
def test_what_cannot_be_reckoned_asks_for_the_amount(
    fragment: Callable[[str], str], query: str
) -> None:
    assert "Isi jumlahnya" in fragment(query)
