"""A clerk with a telephone in a customer's kitchen, and the officer who reads it at the bank."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.journeys.conftest import Server, watch
from wibawa.database import db
from wibawa.rules.statuses import State
from wibawa.scans.queries import content_of

FILES = Path(__file__).resolve().parent.parent / "files" / "scans"


@pytest.fixture
def phone(browser: Browser, live: Server) -> Iterator[Page]:
    """A telephone with the staff signed in: a narrow screen and a finger for a pointer."""
    context = browser.new_context(
        base_url=live.url, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True,
        locale="id-ID", timezone_id="Asia/Jakarta",
    )  # fmt: skip
    page, wrong = context.new_page(), list[str]()
    watch(page, wrong, live.url)
    page.goto("/masuk")
    page.get_by_label("Nama pengguna").fill("staff")
    page.get_by_label("Kata sandi", exact=True).fill(factories.PASSWORD)
    page.get_by_role("button", name="Masuk", exact=True).click()
    yield page
    context.close()
    assert wrong == []


def _application(live: Server) -> int:
    people = {name: number for number, name in enumerate(factories.PEOPLE, 1)}
    return factories.saved(
        live.app,
        lambda session: factories.application(session, people, to=State.SUBMITTED),
    )


def test_papers_and_photos_are_kept_from_a_telephone(live: Server, phone: Page) -> None:
    number = _application(live)
    phone.goto(f"/permohonan/{number}")
    phone.get_by_role("link", name="Unggah KTP pemohon").click()
    expect(phone.get_by_label("Ambil foto dengan kamera")).to_be_attached()
    expect(phone.get_by_text("Kamera telepon langsung terbuka.")).to_be_visible()
    phone.get_by_label("Ambil foto dengan kamera").set_input_files(FILES / "broken--cut.jpg")
    phone.get_by_role("button", name="Simpan").click()
    expect(phone.get_by_role("alert")).to_contain_text("rusak atau terpotong")
    phone.get_by_label("Ambil foto dengan kamera").set_input_files(FILES / "good_gps.jpg")
    phone.get_by_role("button", name="Simpan").click()
    expect(phone.get_by_text("KTP pemohon tersimpan.")).to_be_visible()
    phone.get_by_role("link", name="Isi hasil kunjungan").click()
    for name in ("business", "character", "capacity", "market"):
        phone.locator(f"input[name=score_{name}][value='3']").check()
    phone.get_by_role("radio", name="Layak", exact=True).check()
    phone.get_by_role("radio", name="Memenuhi", exact=True).check()
    phone.get_by_label("Jumlah yang disarankan").fill("4.500.000")
    phone.get_by_label("Catatan lapangan").fill("Dapur bersih, pesanan ramai.")
    phone.get_by_label("Foto kunjungan").set_input_files(
        [FILES / "good.png", FILES / "good_gps.jpg"]
    )
    expect(phone.get_by_text("2 berkas (18 KB)")).to_be_visible()
    phone.get_by_role("button", name="Simpan hasil kunjungan").click()
    expect(phone.get_by_text("Hasil kunjungan disimpan")).to_be_visible()
    photos = phone.locator(".photos img")
    expect(photos).to_have_count(2)
    for each in photos.all():
        each.scroll_into_view_if_needed()
        expect(each).to_have_js_property("complete", True)
        assert each.evaluate("image => image.naturalWidth") > 100
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_large_photo_is_made_smaller_before_it_is_sent(
    live: Server, phone: Page, tmp_path: Path
) -> None:
    large = tmp_path / "IMG_0001.jpg"
    Image.effect_noise((4000, 3000), 90).convert("RGB").save(large, quality=90)
    assert large.stat().st_size > 3_000_000
    number = _application(live)
    phone.goto(f"/permohonan/{number}/dokumen/4")
    field = phone.get_by_label("Pindaian atau foto")
    field.set_input_files(large)
    expect(phone.get_by_text(re.compile(r"IMG_0001\.jpg \((1,\d MB|\d+ KB)\)"))).to_be_visible()
    phone.get_by_role("button", name="Simpan").click()
    expect(phone.get_by_text("Foto usaha tersimpan.")).to_be_visible()
    with live.app.app_context():
        kept = content_of(db.session(), 1)
        db.session.remove()
    assert kept is not None
    assert Image.open(io.BytesIO(kept)).size == (1600, 1200)


def test_an_officer_of_the_bank_opens_a_ktp_and_a_pdf_in_the_browser(
    live: Server, page: Page, enter: Callable[[str], Page]
) -> None:
    people = {name: number for number, name in enumerate(factories.PEOPLE, 1)}
    number = factories.saved(live.app, lambda session: factories.application(session, people))
    enter("staff")
    for kind, name in (("KTP pemohon", "good_gps.jpg"), ("NPWP", "good.pdf")):
        page.goto(f"/permohonan/{number}")
        page.get_by_role("link", name=f"Unggah {kind}").click()
        page.get_by_label("Pindaian atau foto").set_input_files(FILES / name)
        page.get_by_role("button", name="Simpan").click()
        expect(page.get_by_text(f"{kind} tersimpan.")).to_be_visible()
    enter("pasar")
    page.goto(f"/permohonan/{number}")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Buka KTP pemohon").click()
    picture = opened.value
    picture.wait_for_load_state()
    assert picture.evaluate("document.images[0].naturalHeight") == 640
    picture.close()
    page.get_by_role("link", name="NPWP", exact=True).click()
    answer = page.request.get("/dokumen/2/isi")
    assert (answer.status, answer.body()) == (200, (FILES / "good.pdf").read_bytes())
    expect(page.get_by_role("link", name="Unduh")).to_be_visible()
