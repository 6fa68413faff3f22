"""Borrowers' ways from the counter of the office to a loan, or to the answer that there is none.

The whole way and what turns back early are gone in the gate; the ways that leave the whole one at a
later step (refused, withdrawn) in the soak, for the pages of those steps have tests of their own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.conftest import ON_POSTGRESQL
from tests.journeys.conftest import Server
from wibawa.applications.models import Application, ApplicationMove
from wibawa.database import db
from wibawa.loans.models import Loan
from wibawa.rules.dates import add_months
from wibawa.web.clock import today

NIK = "3374014804850012"  # a woman born on 8 April 1985
CHAIR_NIK = "3374010507700034"  # a man born on 5 July 1970
Enter = Callable[[str], Page]


def micro(page: Page, name: str = "Siti Aminah", nik: str = NIK) -> None:
    """What a clerk types of a new micro-enterprise."""
    page.goto("/permohonan")
    page.get_by_role("link", name="Permohonan baru").first.click()
    page.get_by_role("link", name="Usaha mikro baru").click()
    page.get_by_label("Nama lengkap").fill(name)
    page.get_by_label("NIK", exact=True).fill(nik)
    page.get_by_label("Perempuan").check()
    page.get_by_role("textbox", name="Tanggal lahir").fill("08/04/1985")
    page.get_by_label("Kelurahan").select_option("33.74.01.1001")
    page.get_by_label("Nama usaha").fill("Roti Siti")
    page.get_by_label("Bidang usaha").fill("Kuliner")
    page.get_by_role("textbox", name="Tanggal mulai usaha").fill("01/06/2019")
    page.get_by_label("Alamat usaha").fill("Jl. Miroto No. 1")


def wish(
    page: Page, amount: str = "5.000.000", bank: str = "Bank Pasar", months: str = "24"
) -> None:
    page.get_by_label("Jumlah yang diminta").fill(amount)
    page.get_by_label("Bank yang diinginkan").select_option(label=bank)
    page.get_by_label("Jangka waktu").select_option("24")
    page.get_by_label("Tujuan penggunaan").fill("Membeli oven dan bahan baku")


def submit(page: Page) -> str:
    """Send the form in; the address of the application."""
    page.get_by_role("button", name="Ajukan", exact=True).click()
    expect(page.get_by_text("Permohonan diajukan dan menunggu kunjungan")).to_be_visible()
    return re.sub(r"https?://[^/]+", "", page.url)


def visit(page: Page, address: str, *, feasible: bool = True) -> None:
    """As on the phone in the field: everything by its label."""
    page.goto(f"{address}/kunjungan")
    for name in ("Usaha", "Karakter", "Kemampuan bayar", "Pasar"):
        scores = page.get_by_role("radiogroup", name=name, exact=True)
        scores.get_by_label("3 Baik" if feasible else "1 Kurang").check()
    page.get_by_label("Layak" if feasible else "Tidak layak", exact=True).check()
    page.get_by_label("Memenuhi", exact=True).check()
    page.get_by_label("Jumlah yang disarankan").fill("3.000.000" if feasible else "0")
    page.get_by_label("Catatan lapangan").fill("Toko ramai, pembukuan sederhana tetapi lengkap.")
    page.get_by_role("button", name="Simpan hasil kunjungan").click()
    expect(page.get_by_text("Hasil kunjungan disimpan")).to_be_visible()


def recommend(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Rekomendasikan").click()
    expect(page.get_by_text("Permohonan direkomendasikan.")).to_be_visible()


def send_batch(page: Page, bank: str = "Bank Pasar") -> str:
    """Send what waits for the bank; the address of the batch."""
    page.goto("/usulan")
    page.get_by_role("link", name="Buat usulan").first.click()
    page.get_by_role("button", name="Lanjut: periksa").click()
    page.get_by_role("button", name=f"Kirim ke {bank}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("/USULAN/KW/")
    return re.sub(r"https?://[^/]+", "", page.url)


def to_the_bank(page: Page, enter: Enter, address: str, bank: str = "Bank Pasar") -> str:
    """Visited, recommended by another person and sent; the address of the batch."""
    visit(page, address)
    enter("approver")
    recommend(page, address)
    enter("staff")
    return send_batch(page, bank)


def answered(page: Page, batch: str, answers: list[tuple[str, int | None, str]]) -> bytes:
    """The list that was sent, filled in as the bank fills it in with Excel."""
    book = openpyxl.load_workbook(io.BytesIO(page.request.get(f"{batch}/daftar.xlsx").body()))
    sheet = book.active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    head = next(row for row in rows if any(cell.value == "KEPUTUSAN" for cell in row))
    columns = {cell.value: cell.column for cell in head}
    for number, (word, amount, reason) in enumerate(answers, head[0].row + 1):
        sheet.cell(number, columns["KEPUTUSAN"], word)
        sheet.cell(number, columns["JUMLAH DISETUJUI"], amount)
        sheet.cell(number, columns["ALASAN"], reason)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send_answers(page: Page, content: bytes, folder: Path) -> None:
    file = folder / "jawaban bank.xlsx"
    file.write_bytes(content)
    page.goto("/usulan")
    page.get_by_role("link", name="Berkas keputusan").click()
    page.get_by_role("link", name="Unggah keputusan").first.click()
    page.get_by_label("Berkas", exact=False).first.set_input_files(file)
    page.get_by_role("button", name="Periksa").click()
    page.get_by_role("button", name="Kirim keputusan").click()
    expect(page.get_by_text("sudah dikirim; dinas melihatnya")).to_be_visible()


def send_payments(page: Page, folder: Path) -> None:
    """One row as the bank's officer writes it, sent on to the head of section."""
    file, day = folder / "pencairan.csv", today()
    dates = f"{day:%d-%m-%Y};{day:%d-%m-%Y};4.000.000;{add_months(day, 24):%d-%m-%Y}"
    row = f"PM-000001;Siti Aminah;'0123456789;PK/P/2026/0001;{dates}"
    head = "Nomor Permohonan;Nama;Nomor Rekening;Nomor Perjanjian;Tanggal Perjanjian;"
    head += "Tanggal Pencairan;Jumlah Pencairan;Jatuh Tempo"
    file.write_text(f"{head}\n{row}\n")
    page.goto("/pencairan/berkas/baru")
    page.get_by_label("Berkas", exact=False).first.set_input_files(file)
    page.get_by_role("button", name="Unggah dan periksa").click()
    page.get_by_role("button", name="Ajukan ke kepala bidang").click()
    expect(page.get_by_text("sudah diajukan ke kepala bidang")).to_be_visible()


def state_of(live: Server, number: int = 1) -> str:
    with live.app.app_context():
        return str(db.session.scalar(select(Application.state).where(Application.id == number)))


def moves_of(live: Server, number: int = 1) -> list[str]:
    with live.app.app_context():
        found = select(ApplicationMove.action).where(ApplicationMove.application_id == number)
        return list(db.session.scalars(found.order_by(ApplicationMove.sequence)))


def end(page: Page, address: str, button: str, reason: str) -> None:
    page.goto(address)
    page.get_by_label("Alasan").fill(reason)
    page.get_by_role("button", name=button).click()


@pytest.mark.parametrize("engine_name", ON_POSTGRESQL, indirect=True)
def test_a_micro_enterprise_comes_from_the_counter_to_its_loan_for_less_than_it_asked_by_files(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None], tmp_path: Path
) -> None:
    enter("staff")
    micro(page)
    wish(page)
    expect(page.get_by_text("lima juta rupiah").first).to_be_visible()
    accessible()
    address = submit(page)
    assert NIK not in page.content()
    batch = to_the_bank(page, enter, address)
    enter("pasar")
    page.goto(batch)
    content = answered(page, batch, [("DISETUJUI", 4_000_000, "Disesuaikan dengan omzet")])
    send_answers(page, content, tmp_path)
    accessible()
    assert state_of(live) == "approved"

    enter("staff")
    page.goto(address)
    expect(page.get_by_text("Rp4.000.000").first).to_be_visible()
    enter("pasar")
    send_payments(page, tmp_path)
    accessible()
    file = page.url
    assert state_of(live) == "approved"
    enter("approver")
    page.goto(file)
    expect(page.get_by_role("cell", name="Siti Aminah")).to_be_visible()
    accessible()
    page.get_by_role("button", name="Setujui semua").click()
    page.get_by_role("link", name="KW-000001").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("KW-000001")
    assert state_of(live) == "disbursed"
    assert moves_of(live) == [
        "record", "submit", "visit", "recommend", "send", "approve", "disburse",
    ]  # fmt: skip
    with live.app.app_context():
        assert db.session.scalars(select(Loan.principal)).one() == 4_000_000
    page.goto(address)
    expect(page.get_by_text("Dicairkan").first).to_be_visible()
    page.get_by_role("link", name="KW-000001").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("KW-000001")


def test_a_cooperative_is_judged_by_its_standing_and_comes_to_the_bank(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None]
) -> None:
    enter("staff")
    page.goto("/permohonan/baru/peminjam")
    page.get_by_role("link", name="Koperasi baru").click()
    page.get_by_label("Nama koperasi").fill("Koperasi Wanita Melati")
    page.get_by_label("Nomor induk koperasi").fill("3374010020015")
    page.get_by_role("textbox", name="Tanggal berdiri").fill("01/03/2015")
    page.get_by_label("Bidang usaha").fill("Simpan pinjam")
    page.get_by_label("Alamat").fill("Jl. Melati No. 5")
    page.get_by_label("Kelurahan").select_option("33.74.01.1001")
    page.get_by_label("Nama ketua").fill("Bambang Wijaya")
    page.get_by_label("NIK ketua").fill(CHAIR_NIK)
    page.get_by_label("Laki-laki", exact=True).check()
    page.get_by_role("textbox", name="Tanggal lahir ketua").fill("05/07/1970")
    page.get_by_label("Anggota laki-laki").fill("12")
    page.get_by_label("Anggota perempuan").fill("38")
    wish(page, "4.000.000", "Bank Jateng")
    page.get_by_role("button", name="Ajukan", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("masih aktif")
    expect(alert).to_contain_text("sehat")
    expect(page.get_by_label("Nama koperasi")).to_have_value("Koperasi Wanita Melati")
    accessible()
    page.get_by_label("Koperasi masih aktif").select_option(label="Ya")
    page.get_by_label("Kesehatan koperasi").select_option(label="Sehat")
    page.get_by_role("textbox", name="Tanggal penilaian").fill("01/06/2026")
    page.get_by_role("textbox", name="Rapat anggota tahunan").fill("15/03/2026")
    address = submit(page)
    to_the_bank(page, enter, address, "Bank Jateng")
    enter("jateng")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Koperasi Wanita Melati")
    enter("pasar")
    assert page.request.get(address).status == 404
    assert state_of(live) == "sent"


@pytest.mark.soak
def test_the_office_refuses_after_a_visit_and_the_reason_is_kept(
    live: Server, page: Page, enter: Enter
) -> None:
    enter("staff")
    micro(page)
    wish(page)
    address = submit(page)
    visit(page, address, feasible=False)
    enter("approver")
    page.goto(address)
    expect(page.get_by_text("hanya dapat dikembalikan atau ditolak")).to_be_visible()
    end(page, address, "Tolak", "Usahanya sudah tidak berjalan sejak Agustus")
    expect(page.get_by_text("Permohonan ditolak.")).to_be_visible()
    assert state_of(live) == "refused_by_office"
    enter("staff")
    page.goto(address)
    expect(page.get_by_text("Usahanya sudah tidak berjalan").first).to_be_visible()


def test_what_is_returned_is_completed_and_submitted_again(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None]
) -> None:
    enter("staff")
    micro(page)
    wish(page)
    address = submit(page)
    enter("approver")
    end(page, address, "Kembalikan", "Jumlahnya melebihi kebutuhan; minta perincian")
    enter("staff")
    page.goto("/permohonan")
    expect(page.get_by_text("Lengkapi, lalu ajukan lagi")).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("minta perincian").first).to_be_visible()
    accessible()
    page.get_by_role("link", name="Ubah", exact=True).click()
    page.get_by_label("Jumlah yang diminta").fill("3.500.000")
    page.get_by_role("button", name="Simpan perubahan").click()
    page.get_by_role("button", name="Ajukan").click()
    expect(page.get_by_text("Rp5.000.000 → Rp3.500.000")).to_be_visible()
    assert moves_of(live) == ["record", "submit", "return", "revise", "submit"]
    assert state_of(live) == "submitted"


@pytest.mark.soak
def test_a_bank_refuses_by_file_and_the_office_reads_why(
    live: Server, page: Page, enter: Enter, tmp_path: Path
) -> None:
    enter("staff")
    micro(page)
    wish(page)
    address = submit(page)
    batch = to_the_bank(page, enter, address)
    enter("pasar")
    page.goto(batch)
    send_answers(page, answered(page, batch, [("TOLAK", None, "Agunan tidak memenuhi")]), tmp_path)
    assert state_of(live) == "refused_by_bank"
    enter("staff")
    page.goto(address)
    expect(page.get_by_text("Agunan tidak memenuhi").first).to_be_visible()


@pytest.mark.soak
def test_an_application_at_the_bank_is_withdrawn_and_the_borrower_may_ask_again(
    live: Server, page: Page, enter: Enter
) -> None:
    enter("staff")
    micro(page)
    wish(page)
    address = submit(page)
    to_the_bank(page, enter, address)
    end(page, address, "Batalkan permohonan", "Pemohon memperoleh modal dari keluarganya")
    expect(page.get_by_text("Permohonan dibatalkan.")).to_be_visible()
    assert state_of(live) == "withdrawn"
    enter("pasar")
    page.goto(address)
    expect(page.get_by_text("Dibatalkan").first).to_be_visible()
    expect(page.get_by_role("link", name="Beri keputusan")).to_have_count(0)
    enter("staff")
    micro(page)
    wish(page, "3.000.000", "Bank Jateng")
    submit(page)
    assert state_of(live, 2) == "submitted"


def test_a_second_application_is_blocked_in_words_and_an_officer_never_reads_of_the_other_bank(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None]
) -> None:
    enter("staff")
    micro(page)
    wish(page, bank="Bank Jateng")
    address = submit(page)
    to_the_bank(page, enter, address, "Bank Jateng")
    micro(page)
    wish(page, bank="Bank Pasar")
    page.get_by_role("button", name="Ajukan", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("PM-000001")
    expect(alert).to_contain_text("Bank Jateng")
    expect(page.get_by_label("Tujuan penggunaan")).to_have_value("Membeli oven dan bahan baku")
    accessible()
    enter("pasar")
    for there in ("/permohonan", "/", "/usulan"):
        page.goto(there)
        expect(page.get_by_text("Siti Aminah")).to_have_count(0)
        expect(page.get_by_text("Bank Jateng")).to_have_count(0)
    assert page.request.get(address).status == 404
