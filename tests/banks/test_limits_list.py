from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine

from tests import factories
from tests.banks.forms import approve, proposed_limits

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pengaturan/kolektibilitas"


@pytest.mark.parametrize("who", ["staff", "approver", "leader", "auditor", "admin"])
def test_the_page_shows_the_classes_of_both_kinds_of_bank(who: str, sign_in: SignIn) -> None:
    page = sign_in(who).get(ADDRESS).get_data(as_text=True)
    for text in ("121–180 hari", "lebih dari 360 hari", "0–30 hari", "Bank umum", "BPR"):
        assert text in page
    assert ("Ubah batas BPR" in page) == (who in ("staff", "approver"))


def test_another_kind_of_bank_keeps_its_limits(
    sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    approve(sign_in, proposed_limits(sign_in("staff")))
    clock.move_to("2027-01-02T08:00:00+07:00")
    page = sign_in("staff").get(ADDRESS).get_data(as_text=True)
    head = page[page.index('id="berlaku"') : page.index('id="versi"')]
    assert "lebih dari 270 hari" in head
    assert "lebih dari 360 hari" in head
    assert "lebih dari 180 hari" not in head
    assert "Diganti" in page
