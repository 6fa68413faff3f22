"""The staff sends recommended applications to a bank; its officer approves less, and refuses."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlalchemy import select

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.journeys.conftest import Server
from wibawa.access.models import User
from wibawa.applications.models import Application
from wibawa.database import db, writing
from wibawa.rules.statuses import State


def recommended(live: Server) -> None:
    """Two applications for Bank Pasar, recommended by the approver."""
    with live.app.app_context(), writing():
        session = db.session()
        users = session.scalars(select(User)).all()
        people = {user.username: user.id for user in users}
        for number, name in enumerate(("Siti Aminah", "Rina Wati"), 1):
            factories.application(session, people, number=number, name=name, to=State.RECOMMENDED)
        session.commit()
        db.session.remove()


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_batch_goes_to_the_bank_and_comes_back_decided(
    live: Server, page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    recommended(live)
    enter("staff")
    page.get_by_role("link", name="Usulan").first.click()
    accessible()
    page.get_by_role("link", name="Buat usulan").first.click()
    accessible()
    page.get_by_role("button", name="Lanjut: periksa").click()
    expect(page.get_by_text("Rp10.000.000").first).to_be_visible()
    accessible()
    page.get_by_role("button", name="Kirim ke Bank Pasar").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("/USULAN/KW/")
    accessible()
    link = page.get_by_role("link", name="Surat dan daftar (PDF)").get_attribute("href")
    assert link is not None
    letter = PdfReader(io.BytesIO(page.request.get(link).body()))
    said = " ".join(" ".join(sheet.extract_text() for sheet in letter.pages).split())
    for part in ("sepuluh juta rupiah", "Siti Aminah", "Rina Wati"):
        assert part in said

    enter("jateng")
    page.goto("/permohonan")
    expect(page.get_by_text("Siti Aminah")).to_have_count(0)
    assert page.request.get("/permohonan/1").status == 404

    enter("pasar")
    page.goto("/permohonan/1/keputusan")
    accessible()
    page.get_by_label("Jumlah yang disetujui").fill("4.000.000")
    page.get_by_role("button", name="Setujui").click()
    expect(page.get_by_text("Persetujuan bank tersimpan")).to_be_visible()
    page.goto("/permohonan/2/keputusan")
    page.get_by_label("Alasan").select_option(label="Kemampuan bayar tidak cukup")
    page.get_by_role("button", name="Tolak").click()
    expect(page.get_by_text("Penolakan bank tersimpan")).to_be_visible()
    accessible()

    with live.app.app_context():
        found = db.session.execute(
            select(Application.state, Application.approved_amount).order_by(Application.id)
        )
        assert [tuple(row) for row in found] == [("approved", 4_000_000), ("refused_by_bank", None)]
    enter("staff")
    page.goto(link.rsplit("/", 1)[0])
    expect(page.get_by_text("Ditolak bank")).to_be_visible()
    expect(page.get_by_text("Rp4.000.000").first).to_be_visible()
