"""A real browser before a real server: Debian's chromium, waitress, a fresh database per test.

The clock is the real one, for the browser has no other.

`chromium-headless-shell` is the same browser without windows and starts and draws cheaper; where it
is missing, the whole one does.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
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
from tests.conftest import compiled_once, dispose, fill_of, fresh_database, people_in
from wibawa.app import create_app
from wibawa.database import db

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
# Rows of a long table are made by one template: a dozen of them say what all would. What is marked
# as seen was looked at on another page, or three times on this one: of rows the first, an even and
# an odd one.
LEFT_OUT = {"exclude": [["tbody tr:nth-child(n+13)"], ["[data-axe-seen]"]]}
AXE = Axe().axe_script
# WCAG 2.2 AA, and what axe calls good practice.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Only what is wrong comes back: telling of all that is right took as long as finding it. `preload`
# would fetch the styles once more, for rules that are not asked for.
AXE_OPTIONS = {"resultTypes": ["violations"], "runOnly": AXE_TAGS, "preload": False}
AXE_RUN = """([context, options]) => axe.run(context, options).then(found =>
    found.violations.flatMap(rule => rule.nodes.map(node =>
        `${rule.id}: ${node.target} ${node.failureSummary}`)))"""


# What each element is, as far as axe looks: its name, class and attributes, whether it says
# anything, whether what it refers to is there, what it stands in, and which heading came before.
# Whatever holds nothing but elements of known kinds, or of kinds that stood on the page so `often`
# before, is marked; the kinds that are new come back.
NEW_KINDS = """([known, often]) => {
    const seen = new Set(known), kinds = new Map(), fresh = new Set(), found = new Map();
    const short = text => {
        let sum = 7;
        for (let place = 0; place < text.length; place++)
            sum = (Math.imul(sum, 31) + text.charCodeAt(place)) | 0;
        return sum;
    };
    const refers = ["for", "aria-labelledby", "aria-describedby", "aria-controls"];
    const told = ["type", "role", "scope", "tabindex", "aria-current", "aria-live", "aria-hidden"];
    let before = "";
    for (const each of document.querySelectorAll("*")) {
        each.removeAttribute("data-axe-seen");
        const there = refers.map(name => (each.getAttribute(name) || "").split(/\\s+/)
            .filter(Boolean).map(id => !!document.getElementById(id)));
        const parts = [kinds.get(each.parentElement), each.localName, each.className.toString(),
            each.getAttributeNames().map(name => [name, !!each.getAttribute(name)]).sort(),
            told.map(name => each.getAttribute(name)), there, !!each.textContent.trim()];
        if (/^h[1-6]$/.test(each.localName)) {
            parts.push(before);
            before = each.localName;
        }
        const kind = short(JSON.stringify(parts));
        kinds.set(each, kind);
        const times = (found.get(kind) || 0) + 1;
        if (seen.has(kind) || times > often) continue;
        found.set(kind, times);
        for (let up = each; up && !fresh.has(up); up = up.parentElement) fresh.add(up);
    }
    for (const each of kinds.keys())
        if (!fresh.has(each) && fresh.has(each.parentElement))
            each.setAttribute("data-axe-seen", "");
    return [[...found.keys()], typeof axe === "object"];
}"""


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


def stop_server(server: Any, thread: threading.Thread, app: Flask) -> None:
    """Close, and wait for what is still being answered: a page may ask for something more when its
    test is at its end."""
    server.close()
    thread.join(timeout=5)
    with app.app_context():
        pool: Any = db.engine.pool
    for _ in range(250):
        if not getattr(pool, "checkedout", int)():
            break
        time.sleep(0.02)


@pytest.fixture(params=["sqlite"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """SQLite; `parametrize("engine_name", ENGINES, indirect=True)` asks for both engines."""
    return str(request.param)


@pytest.fixture
def database_url(
    engine_name: str, templates: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """Fresh and migrated; the people and what a `prepared` fixture puts in came today."""
    fill = fill_of(request)
    with fresh_database(engine_name, templates, tmp_path, request, True, fill, True) as url:
        yield url


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
    server, thread, url = run_server(app)
    yield Server(url, app)
    stop_server(server, thread, app)
    dispose(app)


@pytest.fixture
def people(live: Server) -> dict[str, int]:
    """One user of each role (bank officers: one at each bank); name → id."""
    with live.app.app_context():
        found = people_in(db.session())
        db.session.remove()
    return found


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
    """`enter("staff")` signs that person in, in a browser that nobody else is signed in with; who
    comes again sits down at the own browser, which still knows who it is."""
    browsers: dict[str, list[Any]] = {}
    last: list[str] = []

    def sign_in(username: str) -> Page:
        if last:
            browsers[last.pop()] = page.context.cookies()
        page.context.clear_cookies()
        last.append(username)
        if username in browsers:
            page.context.add_cookies(browsers[username])
            page.goto("/")
        else:
            page.goto("/masuk")
            page.get_by_label("Nama pengguna").fill(username)
            page.get_by_label("Kata sandi", exact=True).fill(factories.PASSWORD)
            page.get_by_role("button", name="Masuk").click()
        page.wait_for_url(lambda url: "/masuk" not in url)
        return page

    return sign_in


SEEN: set[int] = set()  # the kinds of elements that axe has found nothing wrong with


@pytest.fixture
def accessible(page: Page, pytestconfig: pytest.Config) -> Callable[[], None]:
    """`accessible()` fails when axe finds anything wrong with what no page before has shown; in the
    soak it looks at everything on every page."""
    every = pytestconfig.getoption("--hypothesis-profile") == "soak"

    def check() -> None:
        new, loaded = page.evaluate(NEW_KINDS, [[], 10_000] if every else [list(SEEN), 3])
        if not new:
            return
        if not loaded:
            page.evaluate(AXE)
        said = page.evaluate(AXE_RUN, [LEFT_OUT, AXE_OPTIONS])
        assert said == [], f"axe on {page.url}"
        SEEN.update(new)

    return check
