"""A paper is issued at the counter; a stranger with a telephone checks it."""

from __future__ import annotations

import io
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.journeys.conftest import Server, watch
from wibawa.access.models import User
from wibawa.database import db, writing
from wibawa.letters.queries import paper_data

MOST_BYTES = 100_000


def _books(session: Session) -> int:
    people = dict(session.execute(select(User.username, User.id)).all())
    return factories.loan(session, people["staff"], people["approver"], name="Joko Susilo")  # type: ignore[index]


def _code(live: Server, paper: int) -> str:
    with live.app.app_context():
        data = paper_data(db.session(), paper)
        db.session.remove()
    assert data is not None
    return str(data["schedule"]["token"])


def test_a_schedule_is_issued_checked_by_a_stranger_and_withdrawn(
    browser: Browser, live: Server, page: Page, enter: Callable[[str], Page],
    accessible: Callable[[], None],
) -> None:  # fmt: skip
    with live.app.app_context(), writing():
        loan = _books(db.session())
        db.session.commit()
        db.session.remove()
    enter("staff")
    page.goto(f"/pinjaman/{loan}")
    page.get_by_role("link", name="Cetak", exact=True).click()
    page.get_by_role("button", name="Terbitkan jadwal").click()
    expect(page.get_by_text("Jadwal angsuran sudah terbit")).to_be_visible()
    accessible()
    link = page.get_by_role("link", name="Buka PDF").get_attribute("href")
    assert link is not None
    pdf = page.request.get(link).body()
    said = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    assert "001/JADWAL/KW/" in said
    assert "Joko Susilo" in said

    wrong: list[str] = []
    sizes: list[int] = []
    phone = browser.new_context(base_url=live.url, viewport={"width": 360, "height": 740})
    stranger = phone.new_page()
    watch(stranger, wrong, live.url)
    stranger.on("response", lambda answer: sizes.append(len(answer.body())))
    address = f"/cek/{_code(live, 1)}"
    stranger.goto(address)
    stranger.wait_for_load_state("networkidle")
    expect(stranger.get_by_text("masih berlaku")).to_be_visible()
    expect(stranger.get_by_text("J*** S***")).to_be_visible()
    assert sum(sizes) <= MOST_BYTES, f"{sum(sizes)} bytes"
    assert stranger.evaluate("document.documentElement.scrollWidth") <= 360

    page.goto("/surat-keluar/1")
    page.get_by_label("Alasan").fill("Nama salah eja")
    page.get_by_role("button", name="Tarik surat").click()
    expect(page.get_by_text("Surat ditarik.")).to_be_visible()
    stranger.goto(address)
    expect(stranger.get_by_text("Tidak berlaku lagi")).to_be_visible()
    stranger.goto("/cek/lain")
    expect(stranger.get_by_text("Kode tidak dikenal")).to_be_visible()
    phone.close()
    assert wrong == []
