"""The month's reconciliation in a real browser: two differences noted, a month proposed, closed and
signed; then a late file for it leaves it as it is."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from pathlib import Path

import pypdf
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests import factories
from tests.journeys.conftest import Server
from tests.reconciliation.steps import HEAD, INSTALLMENT, left, post, row
from wibawa.access.models import User
from wibawa.rules.reconciliation import Month
from wibawa.web.clock import today


def _people(session: Session) -> dict[str, int]:
    return {user.username: user.id for user in session.query(User)}


def _office(session: Session, month: Month) -> str:
    """Two loans that paid until now; the month's file says of one an installment that we lack, of
    the other a class that we do not see. The row that is missing, as the bank sends it later."""
    people = _people(session)
    by, second = people["staff"], people["approver"]
    began = month.plus(-3).first + dt.timedelta(days=4)
    one, two = (
        factories.loan(session, by, second, number=number, name=name, disbursed_on=began)
        for number, name in ((1, "Siti Aminah"), (2, "Joko Susilo"))
    )
    for loan in (one, two):
        before = month.first - dt.timedelta(days=1)
        factories.payment(session, loan, 2 * INSTALLMENT, before, by, second)
    last = month.last - dt.timedelta(days=3)
    post(session, people, "bulan_ini.csv", row(session, one, last, left(4), "C1"),
         row(session, two, last, left(3), "C2", kol=4))  # fmt: skip
    return HEAD + row(session, one, last + dt.timedelta(days=1), left(4), "C9") + "\n"


def test_a_month_is_reconciled_closed_and_signed_and_a_late_file_leaves_it_alone(
    live: Server,
    page: Page,
    enter: Callable[[str], Page],
    accessible: Callable[[], None],
    tmp_path: Path,
) -> None:
    month = Month.of(today()).plus(-1)
    words, after = month.words, month.plus(1).words
    late = tmp_path / "susulan.csv"
    late.write_text(factories.saved(live.app, lambda session: _office(session, month)))
    address = f"/rekonsiliasi/PASAR/{month.text}"

    enter("staff")
    page.get_by_role("link", name=re.compile("bulan belum direkonsiliasi")).click()
    accessible()
    page.goto(address)
    accessible()
    table = page.locator("#tabel-selisih")
    expect(table.get_by_text("Baris angsuran tidak ada")).to_be_visible()
    expect(table.get_by_text("Kolektibilitas berbeda")).to_be_visible()
    for text in ("Bank mencari slipnya", "Bank memperbaiki bulan depan"):
        lines = page.locator("#tabel-selisih tbody tr").filter(has_not_text=re.compile("Bank m"))
        line = lines.first
        line.get_by_text("Tulis catatan").click()
        line.get_by_label("Catatan", exact=True).fill(text)
        line.get_by_role("button", name="Simpan catatan").click()
        expect(page.locator("#tabel-selisih").get_by_text(text)).to_be_visible()
    page.get_by_role("button", name="Usulkan penutupan").click()
    expect(page.get_by_text("menunggu kepala bidang", exact=False).first).to_be_visible()

    enter("approver")
    page.goto(address)
    page.get_by_role("button", name=f"Tutup {words}").click()
    expect(page.get_by_text("Angkanya tidak berubah lagi")).to_be_visible()
    accessible()

    enter("staff")
    page.goto(address)
    page.get_by_role("button", name="Terbitkan Berita Acara").click()
    link = page.get_by_role("link", name=re.compile("Berita Acara")).first.get_attribute("href")
    assert link
    paper = page.context.request.get(live.url + link).body()
    text = " ".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(paper)).pages)
    for said in ("Bank mencari slipnya", "Untuk Bank Pasar", "Sidik rantai"):
        assert said in " ".join(text.split())
    figures = page.locator("#pernyataan").inner_text()

    enter("pasar")
    page.goto("/angsuran/berkas/baru")
    page.locator("input[type=file]").set_input_files(late)
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_text(f"bertanggal {words} yang sudah ditutup").first).to_be_visible()
    page.get_by_role("button", name=re.compile("Ajukan")).click()
    enter("staff")
    page.goto("/angsuran/berkas")
    page.get_by_role("link", name="susulan.csv").click()
    page.get_by_role("button", name=re.compile("Bukukan")).click()

    page.goto(address)
    assert page.locator("#pernyataan").inner_text() == figures
    assert page.context.request.get(live.url + link).body() == paper
    page.get_by_role("link", name="Lihat entri susulan").click()
    accessible()
    page.get_by_role("link", name=after).click()
    correction = page.locator("#koreksi")
    expect(correction.get_by_text("susulan.csv")).to_be_visible()
    accessible()
