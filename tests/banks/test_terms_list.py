from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask

from tests import factories
from tests.banks.forms import approve, proposed

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pengaturan/ketentuan"


@pytest.mark.parametrize("who", ["staff", "approver", "leader", "auditor", "admin"])
def test_the_page_shows_what_is_in_force_today_and_that_it_is_not_confirmed(
    who: str, sign_in: SignIn
) -> None:
    page = sign_in(who).get(ADDRESS).get_data(as_text=True)
    for text in ("Berlaku hari ini", "1 Januari 2017", "3,00% per tahun", "Rp50.000.000"):
        assert text in page
    assert "Belum dikonfirmasi" in page
    assert ("Usulkan perubahan" in page) == (who in ("staff", "approver"))


def test_what_waits_stands_on_top_and_is_counted_for_the_approver(sign_in: SignIn) -> None:
    proposed(sign_in("staff"))
    approver = sign_in("approver")
    page = approver.get(ADDRESS).get_data(as_text=True)
    assert "1 usulan menunggu keputusan Anda" in page
    assert page.index("Rp75.000.000") < page.rindex("Rp50.000.000")
    assert "<strong>1</strong> ketentuan menunggu persetujuan" in approver.get("/").get_data(
        as_text=True
    )
    assert "menunggu keputusan kepala bidang" in sign_in("auditor").get(ADDRESS).get_data(
        as_text=True
    )


def test_a_version_comes_into_force_on_its_day_and_the_old_one_is_shown_as_replaced(
    sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    approve(sign_in, proposed(sign_in("staff")))
    page = sign_in("staff").get(ADDRESS).get_data(as_text=True)
    assert "Ketentuan berikutnya mulai berlaku 1 Januari 2027" in page
    assert "Berlaku nanti" in page
    clock.move_to("2027-01-01T00:30:00+07:00")
    page = sign_in("staff").get(ADDRESS).get_data(as_text=True)
    assert "36 bulan" in page
    assert "Diganti" in page
    assert "Berlaku nanti" not in page


def test_the_number_of_queries_does_not_grow_with_the_versions(app: Flask, sign_in: SignIn) -> None:
    staff = sign_in("staff")
    with factories.counted_queries(app) as few:
        staff.get(ADDRESS)
    for number in range(1, 6):
        proposed(staff, str(number), valid_from=f"0{number}/01/2027")
    with factories.counted_queries(app) as many:
        staff.get(ADDRESS)
    assert len(many) == len(few)
