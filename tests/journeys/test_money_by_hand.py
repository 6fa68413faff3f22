"""What goes wrong with money is put right by two people, and stays visible: at a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from tests.journeys.conftest import Server
from tests.loans.steps import HEAD, journal, post, titipan
from wibawa.database import db

REASON = "Dilaporkan bank lewat telepon"
Enter = Callable[[str], Page]


def _books(session: Session, people: dict[str, int]) -> None:
    """Two loans of Bank Pasar, of Siti Aminah and Joko Susilo, and a posted file: Rp44.000 for
    Siti, Rp30.000 on an account that differs in one digit from Joko's."""
    by, second = people["staff"], people["approver"]
    factories.loan(session, by, second, account="0200000000001")
    factories.loan(session, by, second, number=2, account="0200000000002", name="Joko Susilo")
    post(
        session,
        "0200000000001;Siti Aminah;05-10-2026;44.000;B1",
        "0200000000022;Susilo J;06-10-2026;30.000;B2",
    )


books = prepared(_books, autouse=True)


def look(live: Server, what: Callable[[Session], object]) -> object:
    with live.app.app_context():
        found = what(db.session())
        db.session.remove()
    return found


def send(page: Page, accessible: Callable[[], None]) -> str:
    """See what it would change, ask for it; the address of the request."""
    page.get_by_label("Alasan").fill(REASON)
    page.get_by_role("button", name="Lihat akibatnya").click()
    expect(page.get_by_role("table", name="Sebelum dan sesudah")).to_be_visible()
    accessible()
    page.get_by_role("button", name="Ajukan permintaan").click()
    expect(page.get_by_text("menunggu keputusan kepala bidang")).to_be_visible()
    accessible()
    return page.url


def agree(page: Page, enter: Enter, address: str) -> None:
    enter("approver")
    expect(page.get_by_text("Permintaan perubahan menunggu keputusan")).to_be_visible()
    page.goto(address)
    page.get_by_role("button", name="Setujui").click()
    expect(page.get_by_text("Permintaan disetujui dan sudah berlaku.")).to_be_visible()


def test_a_payment_by_phone_is_recorded_moved_and_reversed(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None]
) -> None:
    enter("staff")
    page.goto("/pinjaman/1")
    page.get_by_role("link", name="Catat pembayaran").click()
    page.get_by_role("textbox", name="Tanggal uang diterima bank").fill("20/10/2026")
    page.get_by_label("Jumlah seluruhnya").fill("220.833")
    page.get_by_label("Dilaporkan oleh").fill("Rina, Bank Pasar, telepon")
    accessible()
    agree(page, enter, send(page, accessible))
    assert look(live, lambda s: journal(s, 1)[-1]) == ("repayment", 220_833, 220_833)

    enter("staff")
    page.goto("/pinjaman/1")
    accessible()
    page.get_by_role("link", name="Pindahkan entri 3").click()
    expect(page.get_by_label("Entri")).to_have_value("3")
    page.get_by_label("Pinjaman tujuan").fill("KW-000002")
    agree(page, enter, send(page, accessible))
    assert look(live, lambda s: journal(s, 2)[-1]) == ("repayment", 220_833, 220_833)

    enter("staff")
    page.goto("/pinjaman/2")
    page.get_by_role("link", name="Batalkan entri 2").click()
    agree(page, enter, send(page, accessible))
    page.get_by_role("link", name="Buka pinjaman KW-000002").click()
    expect(page.get_by_text("Pembatalan entri 2")).to_be_visible()
    accessible()
    assert look(live, lambda s: journal(s, 2)[-1]) == ("reversal", 220_833, -220_833)


def test_titipan_finds_its_loan_by_one_digit_and_the_rest_goes_back_to_the_bank(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None]
) -> None:
    enter("staff")
    page.get_by_role("navigation").locator("a[href='/titipan']").click()
    expect(page.get_by_text("Titipan yang menunggu lama")).to_be_visible()
    accessible()
    page.get_by_role("link", name="0200000000022").click()
    expect(page.get_by_text("satu angka rekening berbeda").first).to_be_visible()
    accessible()
    page.get_by_role("link", name="Jadikan angsuran KW-000002").click()
    expect(page.get_by_label("Pinjaman", exact=True)).to_have_value("KW-000002")
    page.get_by_label("Jumlah").fill("20.000")
    agree(page, enter, send(page, accessible))
    assert look(live, titipan) == [(30_000, 10_000)]

    enter("staff")
    page.goto("/titipan/1/kembalikan")
    page.get_by_label("Nomor bukti pengembalian").fill("BA-12/2026")
    agree(page, enter, send(page, accessible))
    assert look(live, titipan) == [(30_000, 0)]
    page.goto("/titipan")
    expect(page.get_by_text("Tidak ada titipan")).to_be_visible()
    page.goto("/titipan?keadaan=selesai")
    page.get_by_role("link", name="0200000000022").click()
    expect(page.get_by_role("row", name="Dikembalikan ke bank")).to_be_visible()
    accessible()


def test_a_wrong_file_is_undone_and_the_corrected_one_is_posted(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None], tmp_path: Path
) -> None:
    enter("staff")
    page.goto("/angsuran/berkas/1")
    page.get_by_role("link", name="Batalkan berkas").click()
    agree(page, enter, send(page, accessible))
    page.get_by_role("link", name="Buka berkasnya").click()
    expect(page.get_by_text("Berkas ini dibatalkan")).to_be_visible()
    accessible()

    enter("pasar")
    page.goto("/angsuran/berkas/baru")
    right = tmp_path / "angsuran_betul.csv"
    right.write_text(HEAD + "0200000000001;Siti Aminah;05-10-2026;45.000;B1\n")
    page.get_by_label("Berkas angsuran").set_input_files(right)
    page.get_by_role("button", name="Unggah dan periksa").click()
    page.get_by_role("button", name="Ajukan ke dinas").click()
    expect(page.get_by_text("Menunggu dibukukan dinas")).to_be_visible()
    address = page.url
    enter("staff")
    page.goto(address)
    page.get_by_role("button", name="Bukukan Rp45.000").click()
    expect(page.get_by_text("Berkas sudah dibukukan")).to_be_visible()
    assert look(live, lambda s: journal(s, 1)[-1]) == ("repayment", 45_000, 45_000)
