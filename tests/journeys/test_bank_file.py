"""A bank officer's month: the messy file, its problems, the clean file; the dinas posts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH, prepared
from tests.journeys.conftest import Server
from wibawa.database import db
from wibawa.loans.actions import import_portfolio
from wibawa.loans.journal import Author
from wibawa.loans.models import LedgerEntry
from wibawa.web.clock import now

SAMPLES = Path(__file__).resolve().parent.parent / "files" / "samples"


def _running_portfolio(session: Session) -> None:
    content = (SAMPLES / "data_awal.xlsx").read_bytes()
    import_portfolio(session, content, "data_awal.xlsx", Author(1, None, now()))


running_portfolio = prepared(_running_portfolio, autouse=True)


def booked(live: Server) -> int:
    with live.app.app_context():
        return (
            db.session.scalar(
                select(func.sum(LedgerEntry.amount)).where(LedgerEntry.kind == "repayment")
            )
            or 0
        )


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_from_the_messy_file_to_the_posted_one(
    live: Server, page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    enter("pasar")
    page.get_by_role("link", name="Angsuran").click()
    accessible()
    page.get_by_role("link", name="Unggah berkas").first.click()
    accessible()
    page.get_by_label("Berkas angsuran").set_input_files(SAMPLES / "angsuran_pasar_salah.csv")
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("angsuran_pasar_salah.csv")
    expect(page.get_by_text("13 masalah dalam 15 baris")).to_be_visible()
    expect(page.get_by_role("cell", name="2l5.000,00 (lihat")).to_be_visible()
    accessible()
    page.get_by_role("link", name="Nomor bukti ganda").click()
    expect(page.locator("tr.problem-says")).to_have_count(2)

    page.get_by_label("Berkas angsuran").set_input_files(SAMPLES / "angsuran_pasar_2026-10.csv")
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("angsuran_pasar_2026-10.csv")
    expect(page.get_by_text("Berkas siap diajukan")).to_be_visible()
    expect(page.get_by_role("cell", name="Rp52.022.819").first).to_be_visible()
    accessible()
    page.get_by_role("button", name="Ajukan ke dinas").click()
    expect(page.get_by_text("Menunggu dibukukan dinas")).to_be_visible()
    assert booked(live) == 0
    address = page.url

    enter("staff")
    page.get_by_role("link", name="Angsuran").first.click()
    page.get_by_role("link", name="angsuran_pasar_2026-10.csv").click()
    assert page.url == address
    page.get_by_role("button", name="Bukukan Rp52.022.819").click()
    expect(page.get_by_text("Berkas sudah dibukukan")).to_be_visible()
    accessible()
    assert booked(live) == 52_022_819
    page.get_by_role("link", name="KW-").first.click()
    expect(page.get_by_role("link", name="angsuran_pasar_2026-10.csv")).to_be_visible()


def test_the_other_bank_sees_nothing_of_it(
    live: Server, page: Page, enter: Callable[[str], Page]
) -> None:
    enter("pasar")
    page.goto("/angsuran/berkas/baru")
    page.get_by_label("Berkas angsuran").set_input_files(SAMPLES / "angsuran_pasar_2026-10.csv")
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_text("Berkas siap diajukan")).to_be_visible()
    address = page.url
    enter("jateng")
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 404
    page.goto("/angsuran/berkas")
    expect(page.get_by_text("angsuran_pasar_2026-10.csv")).to_have_count(0)
    page.goto("/pinjaman?keadaan=semua")
    expect(page.get_by_text("Bank Pasar")).to_have_count(0)


def test_it_all_works_without_scripts(live: Server, browser: Browser) -> None:
    context = browser.new_context(base_url=live.url, java_script_enabled=False)
    page = context.new_page()

    def enter(username: str) -> None:
        context.clear_cookies()
        page.goto("/masuk")
        page.fill("[name=username]", username)
        page.fill("[name=password]", factories.PASSWORD)
        page.get_by_role("button", name="Masuk").click()

    enter("jateng")
    page.goto("/angsuran/berkas/baru")
    page.set_input_files("[name=file]", SAMPLES / "angsuran_jateng_2026-10.xlsx")
    page.get_by_role("button", name="Unggah dan periksa").click()
    page.get_by_role("button", name="Ajukan ke dinas").click()
    address = page.url
    enter("staff2")
    page.goto(address)
    page.get_by_role("button", name="Bukukan Rp68.764.555").click()
    expect(page.get_by_text("Berkas sudah dibukukan")).to_be_visible()
    assert booked(live) == 68_764_555
    context.close()
