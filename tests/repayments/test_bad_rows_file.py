"""A messy file is booked without its bad rows; these come back as a file, are mended and follow."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.factories import Client
from tests.repayments.test_check_upload import shown_on, text
from wibawa.database import db, writing
from wibawa.loans.models import LedgerEntry
from wibawa.uploads.models import Upload

Enter = Callable[[str], Client]
HEAD = "Laporan Angsuran\n\nNo.;Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti;Loket\n"
RIGHT = (
    "1;'0012;Siti Aminah;05-10-2026;220.833;P1;Utara\n"
    "2;'0013;Budi Santoso;06-10-2026;220.833;P2;Barat\n"
    "3;'0014;Dewi Lestari;07-10-2026;441.666;P3;Utara\n"
)
MESSY = (
    "1;'0012;Siti Aminah;05-10-2026;220.833;P1;Utara\n"
    "2;'0013;Budi Santoso;06-10-2026;22o.833;P2;Barat\n"
    "3;'0041;Dewi Lestari;07-10-2026;441.666;P3;Utara\n"
)
TOTAL = ";TOTAL;;;883.332;;\n"
MENDED = {"22o.833": "220.833", "0041": "0014", "'0041": "'0014"}


@pytest.fixture(autouse=True)
def three_loans(app: Flask, people: dict[str, int]) -> None:
    names = {"0012": "Siti Aminah", "0013": "Budi Santoso", "0014": "Dewi Lestari"}
    with app.app_context(), writing():
        for number, (account, name) in enumerate(names.items(), 1):
            who = {"number": number, "account": account, "name": name}
            factories.loan(db.session(), people["staff"], people["approver"], **who)
        db.session.commit()


def _send(officer: Client, content: bytes, name: str) -> str:
    data = {"file": (io.BytesIO(content), name), "replaces": ""}
    answer = officer.post("/angsuran/berkas/baru", data=data)
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    return str(answer.headers["Location"])


def _post(officer: Client, staff: Client, url: str) -> None:
    officer.post(f"{url}/ajukan")
    staff.post(f"{url}/bukukan", data={"shown": shown_on(text(staff, url))})


def _money(app: Flask) -> list[tuple[int, int, str]]:
    with app.app_context():
        found = db.session.execute(
            select(LedgerEntry.loan_id, LedgerEntry.applied, LedgerEntry.bank_reference)
            .where(LedgerEntry.kind == "repayment")
            .order_by(LedgerEntry.loan_id)
        )
        return [tuple(row) for row in found]


def _identities(app: Flask) -> Iterator[tuple[int, int, int, int, int]]:
    with app.app_context():
        for each in db.session.scalars(select(Upload).order_by(Upload.id)):
            parts = (each.posted_total, each.suspense_total, each.already_posted_total)
            assert sum(parts) + each.skipped_total == each.control_total
            yield (*parts, each.skipped_total, each.control_total)


def _mend(content: bytes) -> bytes:
    """What the officer does in Excel: she corrects the two cells and saves."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for row in book.active.iter_rows():
        for cell in row:
            cell.value = MENDED.get(str(cell.value), cell.value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_messy_file_and_its_mended_rows_make_the_ledger_of_a_clean_one(
    app: Flask, sign_in: Enter
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = _send(officer, (HEAD + MESSY + TOTAL).encode(), "oktober.csv")
    assert "Hanya baris bermasalah" in text(officer, url)
    officer.post(f"{url}/pilihan", data={"skip_problems": "y", "reason": "menunggu cabang"})
    _post(officer, staff, url)
    page = text(officer, url)
    assert "Dibukukan Rp220.833 + titipan Rp0 + sudah dibukukan sebelumnya Rp0" in page
    assert "dilewati Rp662.499 = <strong>total kontrol Rp883.332</strong>" in page
    bad = officer.get(f"{url}/bermasalah.xlsx")
    follow = _send(officer, _mend(bad.data), "susulan.xlsx")
    assert "Siap diajukan" in text(officer, follow)
    _post(officer, staff, follow)
    assert _money(app) == [(1, 220_833, "P1"), (2, 220_833, "P2"), (3, 441_666, "P3")]
    assert list(_identities(app)) == [
        (220_833, 0, 0, 662_499, 883_332),
        (662_499, 0, 0, 0, 662_499),
    ]


def test_a_clean_file_makes_the_same_ledger(app: Flask, sign_in: Enter) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    _post(officer, staff, _send(officer, (HEAD + RIGHT + TOTAL).encode(), "oktober.csv"))
    assert _money(app) == [(1, 220_833, "P1"), (2, 220_833, "P2"), (3, 441_666, "P3")]


def test_the_file_holds_the_bad_rows_alone_with_what_is_needed(sign_in: Enter) -> None:
    officer = sign_in("pasar")
    url = _send(officer, (HEAD + MESSY + TOTAL).encode(), "oktober.csv")
    book = openpyxl.load_workbook(io.BytesIO(officer.get(f"{url}/bermasalah.xlsx").data))
    first, second, third = book.active.iter_rows(values_only=True)
    assert first[1:8] == (
        "Nomor Rekening", "Nama", "Tanggal Bayar", "Jumlah Bayar", "No Bukti", "Loket", "STATUS",
    )  # fmt: skip
    assert (second[4], second[6], second[7], second[9]) == ("22o.833", "Barat", "PERBAIKI", 5)
    assert "tidak dapat dibaca" in second[8]
    assert third[1].lstrip("'") == "0041"
    assert "bukan rekening Kredit Wibawa di bank ini" in third[8]


def test_a_row_sent_again_as_it_was_is_still_wrong(app: Flask, sign_in: Enter) -> None:
    officer = sign_in("pasar")
    url = _send(officer, (HEAD + MESSY + TOTAL).encode(), "oktober.csv")
    again = _send(officer, officer.get(f"{url}/bermasalah.xlsx").data, "susulan.xlsx")
    assert "2 masalah dalam 2 baris" in text(officer, again)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == 3


def test_another_banks_bad_rows_are_not_there(sign_in: Enter) -> None:
    url = _send(sign_in("pasar"), (HEAD + MESSY + TOTAL).encode(), "oktober.csv")
    assert sign_in("jateng").get(f"{url}/bermasalah.xlsx").status_code == 404
