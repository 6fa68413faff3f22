"""The receipt of a posted file: issued by the bank or the office, printed again as issued, void
once the file was undone. The figures are those of the file that the test writes itself."""

from __future__ import annotations

import io
from collections.abc import Callable

import pypdf
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import Client
from tests.repayments.test_check_upload import shown_on, text
from wibawa.access.once import new_key
from wibawa.database import db, writing
from wibawa.letters.models import IssuedPaper
from wibawa.papers.filed import MOST_LISTED, _skipped
from wibawa.papers.models import UploadPaper
from wibawa.papers.queries import why_void
from wibawa.rules.nik import mask_niks
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today

Enter = Callable[[str], Client]
HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\n"
ROWS = (
    "'0012;Siti Aminah;05-10-2026;220.833;P1\n"
    "'0013;Budi Santoso;06-10-2026;22o.833;P2\n"
    "'0099;Dewi Lestari;07-10-2026;441.666;P3\n"
    ";TOTAL;;883.332;\n"
)


@pytest.fixture
def url(app: Flask, people: dict[str, int], sign_in: Enter) -> str:
    """A posted file: one row to a loan, one to titipan, one left out."""
    with app.app_context(), writing():
        who = {"number": 1, "account": "0012", "name": "Siti Aminah"}
        factories.loan(db.session(), people["staff"], people["approver"], **who)
        db.session.commit()
    officer, staff = sign_in("pasar"), sign_in("staff")
    name = "angsuran 3374014804850012.csv"
    data = {"file": (io.BytesIO((HEAD + ROWS).encode()), name), "replaces": ""}
    address = str(officer.post("/angsuran/berkas/baru", data=data).headers["Location"])
    choice = {"skip_problems": "y", "suspend_unknown": "y", "reason": "menunggu cabang"}
    officer.post(f"{address}/pilihan", data=choice)
    officer.post(f"{address}/ajukan")
    staff.post(f"{address}/bukukan", data={"shown": shown_on(text(staff, address))})
    return address


def issue(client: Client, url: str) -> int:
    return client.post(f"{url}/tanda-terima", data={"request_key": new_key()}).status_code


def receipt(app: Flask) -> int:
    with app.app_context():
        return db.session.scalars(select(UploadPaper.paper_id)).one()


def pdf(client: Client, url: str, paper: int) -> bytes:
    answer = client.get(f"{url}/tanda-terima/{paper}.pdf")
    assert answer.status_code == 200
    return bytes(answer.data)


def test_it_says_what_came_where_it_went_and_what_is_open(
    app: Flask, url: str, sign_in: Enter
) -> None:
    officer = sign_in("pasar")
    assert issue(officer, url) == 302
    pages = pypdf.PdfReader(io.BytesIO(pdf(officer, url, receipt(app)))).pages
    said = " ".join(" ".join(page.extract_text() for page in pages).split())
    for part in (
        "001/TANDA-TERIMA/KW/XI/2026",
        "Bank Pasar",
        "angsuran ************0012.csv",
        "Dibukukan ke pinjaman 1 220.833",
        "Masuk titipan 1 441.666",
        "Sudah dibukukan sebelumnya 0 0",
        "Dilewati 1 220.833",
        "Total kontrol menurut baris jumlah 3 883.332",
        "delapan ratus delapan puluh tiga ribu tiga ratus tiga puluh dua rupiah",
        "4 0099 07/10/2026 441.666 Rekening tidak dikenal",
        "dengan alasan bank: menunggu cabang.",
        ": Pasar, 24 November 2026 10.00 WIB",
        ": Staff, 24 November 2026 10.00 WIB",
    ):
        assert part in said, (part, said)
    with app.app_context():
        digest = db.session.scalars(select(Upload.sha256)).one()
    assert digest[:8] + " " + digest[8:16] in said
    assert mask_niks(said) == said


def test_it_is_issued_once_and_printed_again_as_issued(
    app: Flask, url: str, sign_in: Enter
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    for client in (officer, staff, officer):
        issue(client, url)
    paper = receipt(app)
    assert pdf(officer, url, paper) == pdf(staff, url, paper)
    assert "001/TANDA-TERIMA/KW/XI/2026" in text(staff, url)


def test_a_file_that_is_not_posted_has_none(app: Flask, sign_in: Enter) -> None:
    officer = sign_in("jateng")
    data = {"file": (io.BytesIO((HEAD + ROWS).encode()), "a.csv"), "replaces": ""}
    url = str(officer.post("/angsuran/berkas/baru", data=data).headers["Location"])
    issue(officer, url)
    assert "hanya untuk berkas yang sudah dibukukan" in text(officer, url)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(IssuedPaper)) == 0


def test_it_counts_no_more_once_its_file_was_undone(app: Flask, url: str, sign_in: Enter) -> None:
    officer = sign_in("pasar")
    issue(officer, url)
    paper = receipt(app)
    with app.app_context():
        assert why_void(db.session(), paper, today()) == ""
    with app.app_context(), writing():
        db.session.execute(update(Upload).values(reversed_at=now()))
        db.session.commit()
    with app.app_context():
        assert why_void(db.session(), paper, today()).startswith("Berkas ini dibatalkan")
    issue(officer, url)
    assert receipt(app) == paper, "an undone file gets no other receipt"
    assert pdf(officer, url, paper), "it stays readable"


def test_another_bank_and_another_file_have_none_of_it(
    app: Flask, url: str, sign_in: Enter
) -> None:
    issue(sign_in("pasar"), url)
    paper, other = receipt(app), sign_in("jateng")
    assert issue(other, url) == 404
    assert other.get(f"{url}/tanda-terima/{paper}.pdf").status_code == 404
    assert sign_in("staff").get(f"{url}/tanda-terima/{paper + 1}.pdf").status_code == 404


def test_a_receipt_can_neither_be_changed_nor_taken_away(
    session: Session, app: Flask, url: str, sign_in: Enter
) -> None:
    issue(sign_in("pasar"), url)
    for verb in ("UPDATE upload_papers SET upload_id = 2", "DELETE FROM upload_papers"):
        with pytest.raises(DBAPIError):
            session.connection().exec_driver_sql(verb)
        session.rollback()


def test_long_lists_end_in_words() -> None:
    *_, last = _skipped([(row, "salah") for row in range(MOST_LISTED + 7)], "x")
    assert last == "Masih ada 7 baris lagi; semuanya ada di Hasil pemeriksaan berkas ini."
