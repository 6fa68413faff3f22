"""Those who answer for the figures, the administrator, and the manners of every page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.commands.test_chain_export import verify
from tests.conftest import prepared
from tests.disbursements.payments import HEAD, line
from tests.journeys.conftest import Server
from tests.reconciliation.steps import OCTOBER
from tests.siumi.files import JOKO, SITI, csv_of
from wibawa.access.models import User
from wibawa.access.permissions import Role
from wibawa.applications.moves import Author as Mover
from wibawa.applications.queries import standings
from wibawa.arrears.reminders.queries import due_lines
from wibawa.banks.queries import bank_by_code, thresholds_on
from wibawa.database import db, writing
from wibawa.disbursements.files.actions import receive as send_payments
from wibawa.disbursements.files.actions import submit
from wibawa.disbursements.files.reader import read_payments
from wibawa.jobs.actions import enqueue
from wibawa.loans.actions import import_portfolio
from wibawa.loans.journal import Author
from wibawa.printing.forms import JOB
from wibawa.reconciliation.actions import issue as issue_minutes
from wibawa.reconciliation.queries import closed_month
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.rules.statuses import State
from wibawa.scans.reader import ScanLimits, read_scan
from wibawa.siumi.actions import receive
from wibawa.siumi.reader import read_register
from wibawa.web.clock import now, today

FILES = Path(__file__).resolve().parent.parent / "files"
SAMPLES, SCANS = FILES / "samples", FILES / "scans"
PAGES = {
    "staff": ("/", "/usulan", "/usulan/baru", "/surat-keluar", "/permohonan", "/pencairan",
              "/pencairan/permohonan", "/pencairan/berkas", "/pencairan/berkas/baru",
              "/pencairan/berkas/5", "/pencairan/baru/peminjam",
              "/pencairan/baru?jenis=koperasi",
              "/permohonan/1", "/permohonan/1/surat", "/permohonan/1/dokumen/2", "/dokumen/1",
              "/dokumen/2", "/permohonan/1/kunjungan/1/foto",
              "/peminjam/1", "/peminjam/ganda", "/peminjam/1/gabung", "/peminjam/gabung",
              "/peminjam/gabung/baru?tetap=1&lain=2",
              "/peminjam/impor", "/peminjam/impor/baru", "/peminjam/impor/4",
              "/peminjam/impor/4?tampil=baru", "/peminjam/impor/4?tampil=berubah",
              "/peminjam/impor/4?tampil=nama",
              "/pinjaman", "/pinjaman/5", "/pinjaman/5/cetak", "/pinjaman/jadwal",
              "/pekerjaan", "/pekerjaan/1",
              "/tunggakan", "/tunggakan/5",
              "/tunggakan/surat", "/tunggakan/surat/1",
              "/pinjaman/5/ubah/pembayaran",
              "/pinjaman/5/ubah/pindahkan", "/pinjaman/5/ubah/batalkan-entri", "/angsuran/berkas",
              "/angsuran/berkas/3", "/angsuran/berkas/3/batalkan-berkas", "/titipan",
              "/titipan?keadaan=semua", "/laporan/portofolio", "/indikator"),
    "approver": ("/", "/pencairan", "/pencairan/berkas/6", "/indikator?tahun=2024"),
    "pasar": ("/", "/permohonan", "/permohonan/1", "/dokumen/2", "/usulan", "/pinjaman",
              "/angsuran/berkas", "/angsuran/berkas/baru", "/keputusan/berkas",
              "/keputusan/berkas/baru", "/pencairan/berkas", "/pencairan/berkas/baru", "/titipan"),
    "leader": ("/dasbor", "/pinjaman", "/tunggakan", "/laporan", "/laporan/portofolio",
               "/laporan/angsuran", "/laporan/peminjam", "/laporan/tahunan", "/indikator"),
    "auditor": ("/", "/entri", "/pinjaman/perpindahan", "/pinjaman/jatuh-tempo",
                "/pinjaman/5", "/tunggakan/5", "/jejak", "/permohonan/1", "/dokumen/2"),
    "admin": ("/", "/pengaturan/pengguna", "/pengaturan/pengguna/baru", "/pengaturan/bank",
              "/pengaturan/bank/1", "/pengaturan/bank/1/tanpa-permohonan", "/pengaturan/kop-surat",
              "/pengaturan/batas-waktu", "/pengaturan/surat-peringatan",
              "/pengaturan/dokumen-permintaan", "/komponen"),
}  # fmt: skip
MOST_BYTES = 200_000


def _running_office(session: Session, people: dict[str, int]) -> None:
    """The opening portfolio, Jateng's October, a file of SI-UMI and two of disbursements."""
    author = Author(1, None, now())
    content = (SAMPLES / "data_awal.xlsx").read_bytes()
    import_portfolio(session, content, "data_awal.xlsx", author)
    bank = bank_by_code(session, "JATENG")
    assert bank is not None
    content = (SAMPLES / "angsuran_jateng_2026-10.xlsx").read_bytes()
    posted = Author(people["jateng"], people["staff"], now())
    import_at_once(session, bank, content, "angsuran_jateng_2026-10.xlsx", posted, Options())
    _application(session, people)
    known = {"NIK": "3374031106718118", "JENIS KELAMIN": "L", "TANGGAL LAHIR": "11-06-1971"}
    other = SITI | known | {"NAMA": "Wahyu Prasetya"}
    rows = csv_of(other, SITI, JOKO, JOKO | {"NIK": "3374011205790009", "NO HP": "12"})
    receive(session, rows, "siumi.csv", read_register(rows, "siumi.csv"), author)
    factories.allow_direct(session, {"admin": author.entered_by})
    _payment_files(session, people)
    _reminders(session)
    enqueue(session, JOB, "Jadwal Angsuran Bank Pasar, 612 pinjaman (ZIP)", {}, people["staff"],
            None, now())  # fmt: skip


running_office = prepared(_running_office, autouse=True)


def _application(session: Session, people: dict[str, int]) -> None:
    """One that was sent to Bank Pasar, with a KTP that was replaced and a photo of the business."""
    number = factories.application(session, people)
    (holder,) = [each.holder for each in standings(session, application_id=number)]
    for content in (b"old", b"new"):
        factories.document(session, 1, borrower_id=holder.borrower_id, content=content)
    picture = read_scan((SCANS / "good.png").read_bytes(), ScanLimits()).content
    factories.document(session, 1, "business_photo", application_id=number, content=picture)


def _reminders(session: Session) -> None:
    """Letters to the two that have been late longest."""
    due = due_lines(session, today(), thresholds_on(session, today()))
    factories.reminders(session, 1, *(line.id for line in due[:2]))


def _payment_files(session: Session, people: dict[str, int]) -> None:
    """A file of disbursements with a mistake, and one that waits for the approver."""
    made = factories.application(session, people, number=77, to=State.APPROVED)
    day = today()
    rows = line(made, agreement_on="", disbursed_on=f"{day:%d-%m-%Y}", matures_on="")
    officer = Mover(people["pasar"], Role.BANK_OFFICER, now())
    for name, text in (("salah.csv", line(999)), ("cair.csv", rows)):
        content = (HEAD + text).encode()
        file = read_payments(content, name)
        upload = send_payments(session, factories.PASAR, content, name, file, officer).upload
    assert submit(session, upload, officer, file)


def test_leadership_reads_the_dashboard_and_a_report_and_sees_no_name(
    page: Page, enter: Callable[[str], Page], accessible: Callable[[], None]
) -> None:
    enter("leader")
    page.wait_for_url("**/dasbor")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dasbor")
    page.get_by_text("Angka dalam tabel").first.click()
    expect(page.get_by_role("cell", name="188,33%").first).to_be_visible()
    accessible()
    seen = [page.content()]
    page.get_by_role("link", name="Laporan menurut kecamatan dan jenis kelamin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Peminjam menurut kecamatan dan jenis kelamin"
    )
    seen.append(page.content())
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dasbor")
    page.locator("#kecamatan a").first.click()
    expect(page.get_by_text("Disamarkan").first).to_be_visible()
    seen.append(page.content())
    names = ("Prasetyo", "Wahyu", "Siti Aminah")
    assert [name for name in names if any(name in each for each in seen)] == []


def _signed_october(live: Server) -> str:
    """October of Bank Jateng, closed by the approver; where its Berita Acara is printed."""
    with live.app.app_context(), writing():
        session = db.session()
        people = dict(session.execute(select(User.username, User.id)).all())
        factories.close_month(session, people, factories.JATENG, OCTOBER)  # type: ignore[arg-type]
        bank, closed = (
            bank_by_code(session, "JATENG"),
            closed_month(session, factories.JATENG, OCTOBER),
        )
        assert bank is not None
        assert closed is not None
        paper = issue_minutes(session, closed, bank, people["staff"], now())
        session.commit()
        db.session.remove()
    return f"/rekonsiliasi/JATENG/2026-10/berita-acara/{paper}.pdf"


def _printed(page: Page, address: str) -> str:
    """What stands on a paper, without the ends of its lines."""
    paper = pypdf.PdfReader(io.BytesIO(page.context.request.get(address).body()))
    return " ".join(" ".join(each.extract_text() for each in paper.pages).split())


def test_an_auditor_takes_a_printed_figure_down_to_row_person_and_approval_and_proves_the_chains(
    live: Server, page: Page, enter: Callable[[str], Page], tmp_path: Path
) -> None:
    enter("staff")
    minutes = _printed(page, _signed_october(live))
    scope = "dari=01/10/2026&sampai=31/10/2026&bank=JATENG"
    enter("auditor")
    figure = "68.764.555"
    assert figure in _printed(page, f"/laporan/angsuran/unduh.pdf?{scope}")
    page.goto(f"/laporan/angsuran?{scope}")
    page.get_by_role("link", name=figure).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Entri buku pinjaman")
    expect(page.locator("#daftar-entri tfoot")).to_contain_text(figure)
    page.get_by_label("Nomor pinjaman", exact=True).fill("KW-000012")
    page.get_by_role("button", name="Saring", exact=True).click()
    page.locator("#daftar-entri tbody tr").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("KW-000012")
    entry = page.locator("#buku tbody tr:target")
    expect(entry).to_contain_text("disetujui Staff")
    entry.get_by_role("link", name="angsuran_jateng_2026-10.xlsx").click()
    expect(page.get_by_text("Sidik berkas (SHA-256)")).to_be_visible()
    row = page.locator("tr[aria-current=true]")
    expect(row).to_contain_text("KW-000012")
    expect(row).to_be_in_viewport()
    page.get_by_role("link", name="Semua entri buku dari berkas ini").click()
    expect(page.locator("#daftar-entri tfoot")).to_contain_text(figure)
    page.goto("/rantai")
    page.locator("#mata-rantai").get_by_role("link", name="JATENG Oktober 2026").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Oktober 2026")
    expect(page.get_by_text("Approver").first).to_be_visible()

    for chain, said in (("Bank Jateng", "Sidik rantai"), ("Dinas", "Sidik rantai keputusan")):
        printed = re.search(rf"{said} : ((?:[0-9a-f]{{8}} ?){{8}})", minutes)
        assert printed, minutes
        out = tmp_path / "rantai.jsonl"
        page.goto("/rantai")
        with page.expect_download() as sent:
            page.locator(".steps-text").get_by_role("link", name=chain).click()
        sent.value.save_as(out)
        assert verify(out, *printed[1].split())[0] == 0
        whole = out.read_text()
        out.write_text(whole.replace("|2026-", "|2025-", 1))
        code, told = verify(out, *printed[1].split())
        assert code == 1
        assert "isinya bukan yang dibukukan" in told


def test_an_auditor_clicks_from_a_number_of_the_dashboard_down_to_the_row_of_the_banks_file(
    page: Page, enter: Callable[[str], Page]
) -> None:
    enter("auditor")
    page.goto("/dasbor")
    whole = page.get_by_role("link", name="Baki debet").first
    figure = re.search(r"Rp[\d.]+", whole.inner_text())
    assert figure
    whole.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pinjaman")
    expect(page.locator("tfoot")).to_contain_text(figure[0].removeprefix("Rp"))
    page.get_by_role("link", name="KW-000012", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("KW-000012")
    page.locator("#buku").get_by_role("link", name="angsuran_jateng_2026-10.xlsx").first.click()
    row = page.locator("tr[aria-current=true]")
    expect(row).to_contain_text("KW-000012")
    expect(row).to_be_in_viewport()


@pytest.mark.parametrize("who", PAGES)
def test_every_page_is_accessible_light_and_fits_a_phone(
    page: Page,
    enter: Callable[[str], Page],
    accessible: Callable[[], None],
    who: str,
) -> None:
    """Of two pages one is opened on the phone and widened, the other the other way round."""
    sizes: list[int] = []
    enter(who)
    page.on("response", lambda answer: sizes.append(len(answer.body())))

    def look(address: str, width: int) -> None:
        if width == 1366:
            accessible()
        else:
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{address} scrolls sideways on a phone: {wide}"

    screens = [(1366, 768), (360, 740)]
    for address in PAGES[who]:
        sizes.clear()
        page.goto(address)
        assert sum(sizes) < MOST_BYTES, f"{address}: {sum(sizes)} bytes"
        look(address, screens[0][0])
        screens.reverse()
        page.set_viewport_size({"width": screens[0][0], "height": screens[0][1]})
        look(address, screens[0][0])


def test_axe_says_what_is_wrong_with_a_page_and_where(
    page: Page, accessible: Callable[[], None]
) -> None:
    page.set_content('<html lang="id"><title>T</title><main><h1>T</h1><input class="bare"></main>')
    with pytest.raises(AssertionError, match=r"label: \.bare|label: input"):
        accessible()
    page.locator("input").evaluate("each => each.setAttribute('aria-label', 'Nama')")
    accessible()
