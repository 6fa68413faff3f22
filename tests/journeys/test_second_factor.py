"""Signing in with a code: a one-time password, the own one, the telephone, and the paper."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyotp
from playwright.sync_api import Page, expect

from tests import factories
from tests.journeys.conftest import Server
from wibawa.access import second_factor
from wibawa.access.models import User

NEW = "lumpia basah tiga puluh"


def _sign_in(page: Page, password: str) -> None:
    page.goto("/masuk")
    page.get_by_label("Nama pengguna").fill("hesti")
    page.get_by_label("Kata sandi", exact=True).fill(password)
    page.get_by_role("button", name="Masuk").click()


def test_a_new_clerk_chooses_a_password_sets_up_codes_and_signs_in_with_one(
    live: Server, page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    enter("admin")
    page.goto("/pengaturan/pengguna/baru")
    page.get_by_label("Nama lengkap").fill("Hesti Wulandari")
    page.get_by_label("Nama pengguna", exact=True).fill("hesti")
    page.get_by_role("button", name="Simpan").click()
    issued = page.locator("dd", has_text=re.compile(r"^\w{4}-\w{4}-\w{4}-\w{4}$")).inner_text()
    accessible()
    page.get_by_role("button", name="Keluar", exact=True).click()
    _sign_in(page, issued)
    expect(page.get_by_text("kata sandi sekali pakai. Pilih")).to_be_visible()
    page.get_by_label("Kata sandi baru", exact=True).fill("lumpia basah")
    expect(page.get_by_text("Cukup. Tambah satu kata")).to_be_visible()
    page.get_by_label("Kata sandi baru", exact=True).fill(NEW)
    expect(page.get_by_text("Sangat kuat.")).to_be_visible()
    page.get_by_label("Ulangi kata sandi baru").fill(NEW)
    accessible()
    page.get_by_role("button", name="Ganti kata sandi").click()
    page.get_by_role("link", name="Akun saya").click()
    accessible()
    page.get_by_role("link", name="Kode masuk").click()
    page.get_by_text("Tidak dapat memindai, atau").click()
    secret = page.locator("details .code").inner_text().replace(" ", "")
    assert page.locator("svg.qr path").bounding_box()
    accessible()
    page.get_by_label("Kode 6 angka").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Pasang kode").click()
    on_paper = page.locator(".recovery-codes li").first.inner_text()
    accessible()
    page.get_by_role("button", name="Keluar", exact=True).click()
    _sign_in(page, NEW)
    expect(page.get_by_role("heading", name="Kode masuk")).to_be_visible()
    accessible()
    _let_any_code_be_new(live)
    page.get_by_label("Kode", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Masuk").click()
    expect(page.get_by_role("link", name="Akun saya")).to_be_visible()
    page.get_by_role("button", name="Keluar", exact=True).click()
    _sign_in(page, NEW)
    page.get_by_label("Kode", exact=True).fill(on_paper)
    page.get_by_role("button", name="Masuk").click()
    expect(page.get_by_text("sisa 9")).to_be_visible()


def _let_any_code_be_new(live: Server) -> None:
    """The code that set the telephone up is used up for half a minute; the test does not wait."""

    def forget(session: object) -> None:
        user = session.query(User).filter_by(username="hesti").one()  # type: ignore[attr-defined]
        session.get(second_factor.SecondFactor, user.id).last_step = 0  # type: ignore[attr-defined]

    factories.saved(live.app, forget)


def test_minutes_before_the_end_a_page_warns_and_lets_one_go_on(
    page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    # The first page says by itself that somebody is there; the answer must not come in the midst.
    with page.expect_response("**/akun/lanjut"):
        enter("staff")
    page.clock.install()
    page.goto("/pinjaman")
    expect(page.locator("body[data-watched]")).to_be_attached()
    page.clock.fast_forward("03:54:00")
    expect(page.get_by_role("button", name="Lanjutkan")).to_have_count(0)
    page.clock.fast_forward("00:01:30")
    warned = page.get_by_text(re.compile(r"akan keluar pukul \d\d\.\d\d WIB"))
    expect(warned).to_be_visible()
    accessible()
    page.get_by_role("button", name="Lanjutkan").click()
    expect(warned).to_have_count(0)
    page.clock.fast_forward("08:01:00")
    expect(page.get_by_text("Waktu masuk Anda sudah habis")).to_be_visible()
