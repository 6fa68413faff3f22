"""Many schedules are asked for, the tab is closed and opened again, and the file comes."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlalchemy import select

from tests import factories
from tests.journeys.conftest import Server
from wibawa.access.models import User
from wibawa.database import db, writing
from wibawa.jobs import runner
from wibawa.papers import queries
from wibawa.printing import routes

LOANS = 4


@pytest.fixture
def start_worker(live: Server) -> Iterator[Callable[[], None]]:
    """A worker beside the server, from when it is called on."""
    stop = threading.Event()
    thread = threading.Thread(target=runner.work, args=(live.app, stop))
    yield thread.start
    stop.set()
    if thread.ident is not None:
        thread.join(10)


def test_many_schedules_are_made_while_the_page_shows_how_far_it_is(
    live: Server, page: Page, enter: Callable[[str], Page], accessible: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch, start_worker: Callable[[], None],
) -> None:  # fmt: skip
    with live.app.app_context(), writing():
        people = dict(db.session.execute(select(User.username, User.id)).all())
        for number in range(1, LOANS + 1):
            factories.loan(db.session(), people["staff"], people["approver"], number=number)
        db.session.commit()
        db.session.remove()
    monkeypatch.setattr(routes, "AT_ONCE", LOANS - 1)
    monkeypatch.setattr(queries, "AT_A_TIME", 1)
    monkeypatch.setattr(runner, "TELL_SECONDS", 0)
    enter("staff")
    page.goto("/pinjaman/jadwal")
    page.get_by_role("button", name="Unduh").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Jadwal Angsuran Kredit Wibawa, 4 pinjaman (PDF)"
    )
    expect(page.locator(".progress p")).to_have_text("Menunggu giliran.")
    accessible()
    page.goto("/")
    page.get_by_role("link", name="Pekerjaan saya").click()
    expect(page.get_by_text("Antre")).to_be_visible()
    accessible()
    page.get_by_role("link", name="Jadwal Angsuran Kredit Wibawa").click()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    start_worker()
    button = page.get_by_role("link", name="Unduh hasil")
    expect(button).to_be_visible()  # the page noticed by itself
    accessible()
    with page.expect_download() as waited:
        button.click()
    content = waited.value.path().read_bytes()
    assert len(PdfReader(io.BytesIO(content), strict=True).pages) == LOANS
