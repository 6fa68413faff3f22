"""A large file: sent, the tab closed, signed in again, followed to its end, and posted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Server
from tests.journeys.test_bank_file import booked
from wibawa.database import db, writing
from wibawa.jobs import runner
from wibawa.loans.actions import import_portfolio
from wibawa.loans.journal import Author
from wibawa.repayments import jobs
from wibawa.web.clock import now

SAMPLES = Path(__file__).resolve().parent.parent / "files" / "samples"
FILE = SAMPLES / "angsuran_pasar_2026-10.csv"


@pytest.fixture
def start_worker(live: Server) -> Iterator[Callable[[], None]]:
    """A worker beside the server, from when it is called on."""
    stop = threading.Event()
    thread = threading.Thread(target=runner.work, args=(live.app, stop))
    yield thread.start
    stop.set()
    if thread.ident is not None:
        thread.join(10)


def test_a_large_file_is_followed_on_its_own_address_to_the_posting(
    live: Server, page: Page, enter: Callable[[str], Page], accessible: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch, start_worker: Callable[[], None],
) -> None:  # fmt: skip
    content = (SAMPLES / "data_awal.xlsx").read_bytes()
    with live.app.app_context(), writing():
        import_portfolio(db.session(), content, "data_awal.xlsx", Author(1, None, now()))
        db.session.commit()
        db.session.remove()
    live.app.config["LARGE_FILE_BYTES"] = 1000
    monkeypatch.setattr(runner, "TELL_SECONDS", 0)
    seen, read = threading.Event(), jobs.read_repayments

    def waits_until_seen(*args: object, **named: object) -> object:
        assert seen.wait(30)
        return read(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "read_repayments", waits_until_seen)

    enter("pasar")
    page.goto("/angsuran/berkas/baru")
    page.get_by_label("Berkas angsuran").set_input_files(FILE)
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(FILE.name)
    expect(page.locator(".progress p")).to_have_text("Menunggu giliran.")
    expect(page.get_by_role("button", name="Batalkan")).to_be_visible()
    accessible()
    address = page.url
    page.goto("about:blank")

    enter("pasar")
    page.get_by_role("link", name="Angsuran").first.click()
    expect(page.get_by_role("cell", name="Sedang diperiksa")).to_be_visible()
    page.get_by_role("link", name=FILE.name).click()
    assert page.url == address
    start_worker()
    expect(page.locator(".progress p")).to_contain_text("Langkah 1 dari 2: membaca berkas. Sudah ")
    accessible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1366, "height": 768})
    seen.set()
    expect(page.get_by_text("Berkas siap diajukan")).to_be_visible()  # it noticed by itself
    page.get_by_role("button", name="Ajukan ke dinas").click()
    expect(page.get_by_text("Menunggu dibukukan dinas")).to_be_visible()
    assert booked(live) == 0

    seen.clear()
    enter("staff")
    page.goto(address)
    page.get_by_role("button", name="Bukukan Rp52.022.819").click()
    expect(page.locator(".progress p")).to_contain_text("membaca berkas")
    expect(page.get_by_text("Yang dibukukan")).to_be_visible()
    accessible()
    assert booked(live) == 0
    seen.set()
    expect(page.get_by_text("Berkas sudah dibukukan")).to_be_visible()
    assert booked(live) == 52_022_819
