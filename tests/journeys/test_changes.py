"""Every change of a loan is asked for by a clerk and decided by the head of section: at a real
browser, each with its preview."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests import factories
from tests.conftest import prepared
from tests.journeys.conftest import Server
from tests.loans.steps import journal, versions
from wibawa.database import db
from wibawa.web.clock import today

SCANS = Path(__file__).resolve().parent.parent / "files" / "scans"
# An early payoff is not in force before its money has come.
AGREED = re.compile("Permintaan disetujui dan sudah berlaku|Jumlah pelunasan disetujui")
Enter = Callable[[str], Page]


LAST = "the last one that there is to choose"

loans = prepared(factories.two_banks, autouse=True)


def kinds(live: Server, loan_id: int) -> list[str]:
    """The kinds of the versions of a loan's schedule, in order."""
    with live.app.app_context():
        found = [kind for kind, _ in versions(db.session(), loan_id)]
        db.session.remove()
    return found


def ask(
    page: Page, loan_id: int, label: str, fields: dict[str, str], letter: str | None = None
) -> None:
    """From the loan's page to the request; what is in `fields` is typed or chosen, a `letter` of
    the borrower sent along."""
    page.goto(f"/pinjaman/{loan_id}")
    page.get_by_role("link", name="Ubah pinjaman").click()
    page.get_by_role("link", name=label).click()
    for name, value in fields.items():
        field = page.get_by_label(name)
        if field.evaluate("field => field.tagName") != "SELECT":
            field.fill(value)
        elif value == LAST:
            field.select_option(index=field.locator("option").count() - 1)
        else:
            field.select_option(value)
    page.get_by_label("Alasan").fill("Toko kebanjiran sejak Oktober")
    page.get_by_role("button", name="Lihat akibatnya").click()
    expect(page.get_by_role("table", name="Sebelum dan sesudah")).to_be_visible()
    if letter is not None:
        page.get_by_text("Lampirkan dokumen").click()
        page.get_by_label("Surat peminjam").set_input_files(SCANS / letter)
    page.get_by_role("button", name="Ajukan permintaan").click()
    expect(page.get_by_text("menunggu keputusan kepala bidang").first).to_be_visible()


def decide(page: Page, enter: Enter, count: int) -> None:
    """The head of section finds what waits on the first page and approves it, one by one."""
    enter("approver")
    for left in range(count, 0, -1):
        page.goto("/")
        page.get_by_role("link", name="Permintaan perubahan menunggu keputusan").click()
        waiting = page.get_by_role("link", name=re.compile(r"^Nomor \d+"))
        expect(waiting).to_have_count(left)
        waiting.first.click()
        page.get_by_role("button", name="Setujui").click()
        expect(page.get_by_text(AGREED)).to_be_visible()


def test_holiday_tenor_multiple_and_due_day_come_to_the_schedule_through_two_persons(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None], loans: dict[str, int]
) -> None:
    enter("staff")
    ask(page, loans["pasar"], "Jeda angsuran", {"Lama jeda": "3"}, "good_gps.jpg")
    expect(page.get_by_role("link", name="Buka Surat peminjam")).to_be_visible()
    accessible()
    ask(page, loans["pasar_late"], "Perpanjangan jangka waktu", {"Tambahan jangka waktu": "6"})
    ask(page, loans["jateng"], "Pembulatan angsuran", {"Kelipatan angsuran": "1000"})
    decide(page, enter, 3)
    enter("staff")
    # Not the next one: on the last days of a month the fifth has passed.
    day = {"Tanggal jatuh tempo": "5", "Mulai dari angsuran": LAST}
    ask(page, loans["jateng"], "Pindah tanggal jatuh tempo", day)
    decide(page, enter, 1)
    assert kinds(live, loans["pasar"]) == ["first", "holiday"]
    assert kinds(live, loans["pasar_late"]) == ["first", "tenor"]
    assert kinds(live, loans["jateng"]) == ["first", "multiple", "due_day"]


def test_an_early_payoff_is_paid_and_taken_back_and_a_lost_loan_is_written_off(
    live: Server, page: Page, enter: Enter, accessible: Callable[[], None], loans: dict[str, int]
) -> None:
    enter("staff")
    ask(page, loans["pasar"], "Pelunasan dipercepat", {})
    accessible()
    ask(page, loans["jateng"], "Hapus buku", {})
    decide(page, enter, 2)
    with live.app.app_context():
        assert journal(db.session(), loans["jateng"])[-1][0] == "write_off"
        db.session.remove()

    enter("staff")
    page.goto(f"/pinjaman/{loans['pasar']}")
    amount = page.get_by_text("untuk lunas").first.inner_text().split("Rp")[1].split(" ")[0]
    page.goto(f"/pinjaman/{loans['pasar']}/ubah/pembayaran")
    page.get_by_role("textbox", name="Tanggal uang diterima bank").fill(
        today().strftime("%d/%m/%Y")
    )
    page.get_by_label("Jumlah seluruhnya").fill(amount)
    page.get_by_label("Dilaporkan oleh").fill("Rina, Bank Pasar, telepon")
    page.get_by_label("Alasan").fill("Melunasi sekaligus")
    page.get_by_role("button", name="Lihat akibatnya").click()
    expect(page.get_by_text("Pelunasan dipercepat selesai")).to_be_visible()
    page.get_by_role("button", name="Ajukan permintaan").click()
    decide(page, enter, 1)
    assert kinds(live, loans["pasar"]) == ["first", "settlement"]
    enter("staff")
    ask(page, loans["pasar"], "Buka kembali pinjaman", {})
    decide(page, enter, 1)
    assert kinds(live, loans["pasar"]) == ["first", "settlement", "reopen"]
