"""A year of the indicators in a real browser: the staff asks, the head of the division locks it,
and a number of the locked year leads to the loan behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import borrower, lend
from tests.journeys.conftest import Server
from wibawa.access.models import User
from wibawa.web.clock import today


def _office(session: Session, year: int) -> None:
    people = {user.username: user.id for user in session.query(User)}
    for number, name in ((1, "Aminah"), (2, "Citra")):
        who = borrower(session, people["staff"], number, name)
        lend(session, people, who, dt.date(year, 6, number))


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_head_of_the_division_locks_a_year_and_follows_its_number_to_a_loan(
    live: Server, page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    year = today().year - 1
    factories.saved(live.app, lambda session: _office(session, year))
    enter("staff")
    page.goto(f"/indikator/kunci/{year}")
    accessible()
    page.get_by_label("Keterangan untuk kepala bidang").fill("Sudah direkonsiliasi")
    page.get_by_role("button", name="Usulkan penguncian").click()
    expect(page.get_by_text("menunggu kepala bidang").first).to_be_visible()
    enter("approver")
    page.goto(f"/indikator/kunci/{year}")
    page.get_by_role("button", name=f"Kunci {year}").click()
    expect(page.get_by_text("Tidak ada selisih")).to_be_visible()
    page.get_by_role("link", name="Lihat angka terkunci").click()
    accessible()
    page.get_by_role("link", name="Rincian").click()
    accessible()
    page.locator("#jenis-kelamin").get_by_role("link", name="2", exact=True).click()
    accessible()
    expect(page.get_by_text("1–2 dari 2 peminjam")).to_be_visible()
    page.locator("#daftar tbody").get_by_role("link", name="KW-").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("KW-")
