"""A late borrower is called; the promise passes, the loan comes back to the top, and the letters go
out together."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.journeys.conftest import Server
from wibawa.access.models import User
from wibawa.database import db, writing
from wibawa.web.clock import today

ONE_DAY = dt.timedelta(days=1)


def _books(session: Session) -> None:
    people = dict(session.execute(select(User.username, User.id)).all())
    by, second = people["staff"], people["approver"]  # type: ignore[index]
    for number, name in ((1, "Siti Aminah"), (2, "Joko Susilo")):
        factories.loan(session, by, second, number=number, name=name)
    # Joko paid one month more than Siti: she has been late for longer
    factories.payment(session, 2, 220_833, dt.date(2026, 3, 31), by, second)


def test_a_promise_that_passed_comes_back_to_the_top(
    live: Server, page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    with live.app.app_context(), writing():
        _books(db.session())
        db.session.commit()
        db.session.remove()
    enter("staff")
    page.get_by_role("link", name="Tunggakan", exact=True).first.click()
    first = page.locator("#daftar-tunggakan tbody tr").first
    expect(first).to_contain_text("Siti Aminah")
    page.get_by_role("link", name="KW-000002").click()
    page.locator("#kind").select_option("Telepon")
    page.locator("#contacted_on").fill(f"{today() - 9 * ONE_DAY:%d-%m-%Y}")
    page.locator("#outcome").select_option("Berjanji membayar")
    page.locator("#promise_amount").fill("220.833")
    page.locator("#promise_on").fill(f"{today() - ONE_DAY:%d-%m-%Y}")
    page.get_by_role("button", name="Simpan catatan").click()
    expect(page.locator("#riwayat")).to_contain_text("Janji lewat")
    accessible()
    page.locator("#officer").select_option(index=1)
    page.get_by_role("button", name="Simpan petugas").click()
    expect(page.get_by_text("Petugas disimpan.")).to_be_visible()
    page.goto("/")
    page.get_by_role("link", name="1 janji pembayaran yang lewat").click()
    page.goto("/tunggakan")
    expect(first).to_contain_text("Joko Susilo")
    expect(first).to_contain_text("Janji lewat")
    accessible()
    page.get_by_role("link", name="Surat peringatan").click()
    accessible()
    page.get_by_role("button", name="Lanjut: periksa isi surat").click()
    expect(page.locator("#isi-surat")).to_contain_text("Surat Peringatan I")
    accessible()
    page.get_by_role("button", name="Terbitkan 2 surat").click()
    expect(page.get_by_text("001/PERINGATAN/KW/")).to_be_visible()
    accessible()
    link = page.get_by_role("link", name="Buka PDF semua surat").get_attribute("href")
    assert link is not None
    book = PdfReader(io.BytesIO(page.request.get(link).body()))
    assert len(book.outline) == 2
