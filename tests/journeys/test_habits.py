"""What a browser keeps, and what it must not: dense rows stay, a number leaves no address."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests import factories
from tests.journeys.conftest import Server
from wibawa.access.models import User
from wibawa.database import db, writing


def test_dense_rows_outlive_signing_out_and_a_number_typed_into_a_filter_leaves_no_address(
    live: Server, enter: Callable[[str], Page]
) -> None:
    with live.app.app_context(), writing():
        by = db.session.scalar(select(User.id).where(User.username == "staff"))
        factories.borrower(db.session(), by or 0)
        db.session.commit()
        db.session.remove()
    page = enter("staff")
    page.goto("/peminjam")
    root = page.locator("html")
    page.get_by_role("button", name="Rapat").click()
    expect(root).to_have_attribute("data-density", "compact")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Nama, usaha, nomor koperasi").fill("0812-3456-7890")
    page.get_by_role("button", name="Saring").click()
    expect(page.get_by_role("link", name="Siti Aminah")).to_be_visible()
    assert page.url == f"{live.url}/cari"
    assert not [url for url in asked if "7890" in url]
    page.get_by_role("button", name="Keluar").click()
    page.wait_for_url("**/masuk")
    page.get_by_label("Nama pengguna").fill("staff")
    page.get_by_label("Kata sandi", exact=True).fill(factories.PASSWORD)
    page.get_by_role("button", name="Masuk").click()
    page.wait_for_url(lambda url: "/masuk" not in url)
    page.goto("/peminjam")
    expect(root).to_have_attribute("data-density", "compact")


def test_under_tls_the_cookie_of_the_rows_is_for_this_host_only(
    live: Server, browser: Browser
) -> None:
    """There is no TLS here: the browser is told that what the server answers came from there."""
    there = "https://wibawa.example"
    with browser.new_context() as context:
        context.route(
            f"{there}/**",
            lambda route: route.fulfill(
                response=route.fetch(url=route.request.url.replace(there, live.url))
            ),
        )
        page = context.new_page()
        page.goto(f"{there}/masuk")
        page.evaluate(
            """() => {
                const button = document.createElement("button");
                button.dataset.density = "";
                document.body.append(button);
                button.click();
            }"""
        )
        kept = {cookie["name"]: cookie for cookie in context.cookies()}
        rows = kept["__Host-wibawa_rows"]
        assert (rows["value"], rows["secure"], rows["path"]) == ("compact", True, "/")
        assert rows["domain"] == "wibawa.example"
