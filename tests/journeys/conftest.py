"""A real browser before a real server: Debian's chromium, waitress, a fresh database per test.

`chromium-headless-shell` is the same browser without windows and starts and draws cheaper; where it
is missing, the whole one does.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import waitress
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

import config
from tests import factories
from tests.conftest import compiled_once, dispose
from wibawa.app import create_app
from wibawa.database import db, writing

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium-headless-shell")
    or shutil.which("chromium")
    or "/usr/bin/chromium-headless-shell"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# WCAG 2.2 AA, and what axe calls good practice.
# Rows of a long table are made by one template: a dozen of them say what all would.
REPEATED = {"exclude": [["tbody tr:nth-child(n+13)"]]}
AXE = Axe().axe_script
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Only what is wrong comes back: telling of all that is right took as long as finding it. `preload`
# would fetch the styles once more, for rules that are not asked for.
AXE_OPTIONS = {"resultTypes": ["violations"], "runOnly": AXE_TAGS, "preload": False}
AXE_RUN = """([context, options]) => axe.run(context, options).then(found =>
    found.violations.flatMap(rule => rule.nodes.map(node =>
        `${rule.id}: ${node.target} ${node.failureSummary}`)))"""


@dataclass(frozen=True)
class Server:
    """The running application: `url` without a slash at its end, and the app for looking inside."""

    url: str
    app: Flask


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(
            f"{CHROMIUM} is missing: `apt-get install chromium-headless-shell`, or set CHROMIUM"
        )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


def run_server(app: Flask) -> tuple[Any, threading.Thread, str]:
    """waitress in a thread on a free port; (server, thread, URL)."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=6, ident=None)

    def serve() -> None:
        try:
            server.run()
        except OSError as error:  # closed by the end of the test between two looks at its sockets
            if error.errno != errno.EBADF:
                raise

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return server, thread, f"http://127.0.0.1:{server.effective_port}"


@pytest.fixture(params=["sqlite"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """SQLite; `parametrize("engine_name", ENGINES, indirect=True)` asks for both engines."""
    return str(request.param)


@pytest.fixture
def live(database_url: str) -> Iterator[Server]:
    """A server on a fresh database with one person of each role. Forms need their CSRF token."""
    settings = config.load(
        "testing",
        DATABASE_URL=database_url,
        SECRET_KEY="secret key of the tests, not of anything real",
        DATA_KEY="data key of the tests, not of anything real",
        WTF_CSRF_ENABLED=True,
        PROPAGATE_EXCEPTIONS=False,
    )
    app = create_app(settings)
    compiled_once(app)
    with app.app_context(), writing():
        factories.people(db.session())
        db.session.commit()
        db.session.remove()
    server, thread, url = run_server(app)
    yield Server(url, app)
    server.close()
    thread.join(timeout=5)
    dispose(app)


@pytest.fixture
def page(browser: Browser, live: Server) -> Iterator[Page]:
    """A tab of 1366 × 768 on the live server. Errors on the console or the server fail the test."""
    context = browser.new_context(
        base_url=live.url,
        viewport={"width": 1366, "height": 768},
        locale="id-ID",
        timezone_id="Asia/Jakarta",
        accept_downloads=True,
    )
    context.set_default_timeout(15_000)
    opened = context.new_page()
    wrong: list[str] = []
    watch(opened, wrong, live.url)
    yield opened
    context.close()
    assert wrong == []


def watch(page: Page, wrong: list[str], own: str) -> None:
    """Collect into `wrong` what should never happen while a page is used."""

    def on_console(message: ConsoleMessage) -> None:
        # A page that says 403, 404 or 409 in words is no fault; the browser logs it all the same.
        if message.type == "error" and "Failed to load resource" not in message.text:
            wrong.append(f"console: {message.text}")

    def on_response(response: Response) -> None:
        if response.status >= 500:
            wrong.append(f"{response.status} {response.url}")
        if response.status >= 400 and "/static/" in response.url:
            wrong.append(f"{response.status} {response.url}")
        if not response.url.startswith((own, "data:", "blob:")):
            wrong.append(f"another host: {response.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.on("response", on_response)


@pytest.fixture
def enter(page: Page) -> Callable[[str], Page]:
    """`enter("staff")` signs that person in, in a browser that nobody else is signed in with."""

    def sign_in(username: str) -> Page:
        page.context.clear_cookies()
        page.goto("/masuk")
        page.get_by_label("Nama pengguna").fill(username)
        page.get_by_label("Kata sandi", exact=True).fill(factories.PASSWORD)
        page.get_by_role("button", name="Masuk").click()
        page.wait_for_url(lambda url: "/masuk" not in url)
        return page

    return sign_in


@pytest.fixture
def accessible(page: Page) -> Callable[[], None]:
    """`accessible()` fails when axe finds anything on the page as it is now."""

    def check() -> None:
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(AXE)
        said = page.evaluate(AXE_RUN, [REPEATED, AXE_OPTIONS])
        assert said == [], f"axe on {page.url}"

    return check
