"""A bank's new core system writes other headings: the administrator teaches them, and the bank's
officer goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests import factories
from tests.journeys.conftest import Server
from tests.layouts.conftest import STRANGE
from wibawa.access.models import User
from wibawa.database import db, writing


def test_a_strange_file_is_taught_and_then_taken(
    live: Server,
    page: Page,
    enter: Callable[[str], Page],
    accessible: Callable[[], None],
    tmp_path: Path,
) -> None:
    with live.app.app_context(), writing():
        session = db.session()
        staff, approver = (
            session.scalars(select(User.id).where(User.username == name)).one()
            for name in ("staff", "approver")
        )
        factories.loan(session, staff, approver, bank_id=factories.PASAR, account="0200000000001")
        session.commit()
        db.session.remove()
    file = tmp_path / "mutasi.csv"
    file.write_bytes(STRANGE.replace(b"'0200000000009;Budi;20261121;1,000.00;0\r\n", b""))

    enter("pasar")
    page.goto("/angsuran/berkas/baru")
    page.get_by_label("Berkas angsuran").set_input_files(file)
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_text("minta administrator dinas mengajarkannya").first).to_be_visible()

    enter("admin")
    page.get_by_role("link", name="Bank", exact=True).first.click()
    page.get_by_role("link", name="Bank Pasar").first.click()
    page.get_by_role("link", name="Nama kolom berkas bank").click()
    accessible()
    page.get_by_role("link", name="Ajarkan dari contoh berkas Angsuran").click()
    accessible()
    page.get_by_label("Contoh berkas").set_input_files(file)
    page.get_by_role("button", name="Unggah contoh").click()
    expect(page.get_by_text("Kolom untuk Nomor Rekening belum dipilih")).to_be_visible()
    accessible()
    for ours, theirs in (
        ("Nomor Rekening", "A: NO KONTRAK"),
        ("Nama", "B: DEB"),
        ("Tanggal Bayar", "C: TGL POSTING"),
        ("Jumlah Bayar", "D: NILAI TRX"),
        ("Sisa Pokok", "E: SALDO POKOK"),
    ):
        page.get_by_label(ours).select_option(label=theirs)
    expect(page.get_by_text("1 baris terbaca, 1 di antaranya bermasalah")).to_be_visible()
    page.get_by_label("Tahun dulu").check()
    page.get_by_label("Tanda desimal").select_option(label="Titik: 1,250,000.00")
    expect(page.get_by_text("1 baris terbaca, 0 di antaranya bermasalah")).to_be_visible()
    expect(page.get_by_role("cell", name="220.833", exact=True)).to_be_visible()
    accessible()
    page.get_by_role("button", name="Simpan nama kolom").click()
    expect(page.get_by_text("contoh berkasnya sudah dibuang")).to_be_visible()
    accessible()

    enter("pasar")
    page.goto("/angsuran/berkas/baru")
    page.get_by_label("Berkas angsuran").set_input_files(file)
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_text("Berkas siap diajukan")).to_be_visible()
    expect(page.get_by_role("cell", name="20/11/2026").first).to_be_visible()
