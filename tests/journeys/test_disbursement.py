"""A clerk records a disbursement, the head of section approves it, the borrower gets the paper."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlalchemy import func, select

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.journeys.conftest import Server
from wibawa.access.models import User
from wibawa.database import db, writing
from wibawa.disbursements.models import Disbursement
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.rules.dates import add_months, short_date
from wibawa.rules.statuses import State
from wibawa.web.clock import today

NIK = "3374014804850012"  # a woman born on 8 April 1985


def fill_in(page: Page) -> None:
    page.get_by_label("Nama lengkap").fill("Siti Aminah")
    page.get_by_label("NIK", exact=True).fill(NIK)
    page.get_by_label("Perempuan").check()
    page.get_by_role("textbox", name="Tanggal lahir").fill("08/04/1985")
    page.get_by_label("Kelurahan").select_option("33.74.01.1001")
    page.get_by_label("Nama usaha").fill("Roti Siti")
    page.get_by_label("Bidang usaha").fill("Kuliner")
    page.get_by_role("textbox", name="Tanggal mulai usaha").fill("01/06/2019")
    page.get_by_label("Alamat usaha").fill("Jl. Miroto No. 1")
    page.get_by_label("Bank penyalur").select_option(label="Bank Pasar")
    page.get_by_role("textbox", name="Tanggal pencairan").fill(short_date(today()))
    page.get_by_label("Nomor rekening pinjaman").fill("0123456789")
    page.get_by_label("Nomor perjanjian kredit").fill("PK/P/2026/0001")
    page.get_by_label("Alasan tanpa permohonan").fill("Cair sebelum permohonan dicatat di sini")


def loans(live: Server) -> int:
    with live.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Loan)) or 0


@pytest.fixture
def direct_allowed(live: Server) -> None:
    """Both banks' loans may be recorded without an application."""
    with live.app.app_context(), writing():
        admin = db.session.scalar(select(User.id).where(User.username == "admin"))
        factories.allow_direct(db.session(), {"admin": admin or 0})
        db.session.commit()
        db.session.remove()


def approved_application(live: Server) -> None:
    """What the visit, the recommendation and the bank's answer left: Rp5.000.000 to pay out."""
    with live.app.app_context(), writing():
        session = db.session()
        people = {user.username: user.id for user in session.scalars(select(User))}
        factories.application(session, people, to=State.APPROVED)
        session.commit()
        db.session.remove()


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_clerk_records_and_the_head_of_section_approves_and_the_schedule_is_printed(
    live: Server, page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    approved_application(live)
    enter("staff")
    page.get_by_role("navigation").locator("a[href='/pencairan']").click()
    accessible()
    page.get_by_role("link", name="Lihat daftarnya").click()
    accessible()
    page.get_by_role("link", name="Catat pencairan PM-").click()
    accessible()
    page.get_by_role("textbox", name="Tanggal pencairan").fill(short_date(today()))
    page.get_by_label("Nomor rekening pinjaman").fill("0123456789")
    page.get_by_label("Nomor perjanjian kredit").fill("PK/P/2026/0001")
    page.get_by_label("Jumlah pencairan").fill("5.000.000")
    expect(page.get_by_text("lima juta rupiah").first).to_be_visible()
    expect(page.get_by_text("Rp220.833").first).to_be_visible()  # the preview, while typing
    page.get_by_role("button", name="Catat pencairan").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Siti Aminah")
    assert NIK not in page.content()
    accessible()
    assert loans(live) == 0
    address = page.url

    enter("approver")
    expect(page.get_by_role("heading", level=1)).to_have_text("Beranda")
    page.goto(address)
    page.get_by_role("button", name="Setujui").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("KW-000001")
    accessible()
    with live.app.app_context():
        entry = db.session.scalars(select(LedgerEntry)).one()
        assert (entry.kind, entry.amount, entry.applied) == ("disbursement", 5_000_000, 0)
        assert entry.approved_by != entry.entered_by

    page.get_by_role("link", name="Cetak", exact=True).click()
    link = page.get_by_role("link", name="Cetak konsep tanpa nomor").get_attribute("href")
    assert link is not None
    answer = page.request.get(link)
    assert answer.headers["content-type"] == "application/pdf"
    paper = PdfReader(io.BytesIO(answer.body()))
    assert len(paper.pages) == 1
    words = " ".join(paper.pages[0].extract_text().replace("Lima", "lima").split())
    for said in ("Siti Aminah", "lima juta rupiah", "220.833", "220.841", "5.300.000"):
        assert said in words, said
    assert short_date(add_months(today(), 24)) in words or str(today().year + 2) in words


@pytest.mark.usefixtures("direct_allowed")
def test_a_mistake_keeps_what_was_typed_and_says_what_is_needed(
    page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    enter("staff")
    page.goto("/pencairan/baru?jenis=mikro")
    fill_in(page)
    page.get_by_label("Laki-laki").check()
    page.get_by_label("Jumlah pencairan").fill("75.000.000")
    page.get_by_role("button", name="Catat pencairan").click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("Rp50.000.000")
    expect(page.get_by_label("Nama lengkap")).to_have_value("Siti Aminah")
    expect(page.get_by_label("Jumlah pencairan")).to_have_value("75.000.000")
    accessible()


@pytest.mark.usefixtures("direct_allowed")
def test_pressing_the_button_twice_and_going_back_makes_one_disbursement(
    live: Server, page: Page, enter: Callable[[str], Page]
) -> None:
    enter("staff")
    page.goto("/pencairan/baru?jenis=mikro")
    fill_in(page)
    page.get_by_label("Jumlah pencairan").fill("3.000.000")
    page.get_by_role("button", name="Catat pencairan").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Siti Aminah")
    page.go_back()
    page.get_by_role("button", name="Catat pencairan").click()
    page.wait_for_load_state()
    with live.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Disbursement)) == 1
