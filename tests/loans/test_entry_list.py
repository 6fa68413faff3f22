from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from wibawa.loans.entries.lists import EntryFilter, entry_lines
from wibawa.web.pages import Wanted

SignIn = Callable[[str], factories.Client]
OCTOBER = dt.date(2026, 10, 31)


@pytest.fixture
def loans(app: Flask, people: dict[str, int]) -> dict[str, int]:
    """As `two_banks`, and a payment of Rp220.833 at Bank Pasar that was taken back."""
    made = factories.two_banks(app, people)
    pair = people["staff"], people["approver"]

    def undo(session: Session) -> None:
        day = dt.date(2026, 11, 10)
        number = factories.paid(session, made["pasar_late"], 220_833, day, *pair)
        factories.reversal(session, made["pasar_late"], number, dt.date(2026, 11, 12), *pair)

    factories.saved(app, undo)
    return made


def test_filters_choose_and_sums_are_of_the_whole_list(
    loans: dict[str, int], session: Session
) -> None:
    first = Wanted(1, 25, "tanggal", True)

    def sums(**wanted: object) -> tuple[int, int, int, int]:
        page, totals = entry_lines(session, EntryFilter(**wanted), first)  # type: ignore[arg-type]
        assert totals.net == sum(line.signed for line in page.rows)
        assert totals.applied == sum(line.applied for line in page.rows)
        assert len(page.rows) == totals.count
        return totals.count, totals.amount, totals.reversed, totals.applied

    paid, undone = 9 * 220_833 + 8 * 220_833, 220_833
    assert sums(kind="bersih") == (4, paid + undone, undone, paid)
    assert sums(kind="diterima") == (3, paid + undone, 0, paid + undone)
    assert sums(kind="dibatalkan") == (1, 0, undone, -undone)
    assert sums(kind="diterima", state="utuh") == (2, paid, 0, paid)
    assert sums(kind="diterima", state="utuh", as_at=dt.date(2026, 11, 11))[0] == 3
    assert sums(kind="diterima", state="batal") == (1, undone, 0, undone)
    assert sums(kind="diterima", last=OCTOBER) == (2, paid, 0, paid)
    assert sums(kind="pencairan") == (3, 15_000_000, 0, 0)
    assert sums(kind="pencairan", bank_id=factories.JATENG) == (1, 5_000_000, 0, 0)
    assert sums(loan="KW-000002", kind="diterima") == (1, 9 * 220_833, 0, 9 * 220_833)
    assert sums(booked_last=OCTOBER)[0] == 0  # all were booked on 24 November
    assert sums(upload_id=99)[0] == 0


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_page_tells_who_entered_and_approved_and_what_was_taken_back(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("auditor").get("/entri?jenis=bersih&bank=PASAR").get_data(as_text=True)
    assert "Uang diterima dan pembatalannya" in page
    assert "disetujui Approver" in page
    assert "Rahayu Lestari" in page
    assert "dibatalkan entri 4" in page
    assert "Jumlah 4 entri" in page
    assert "3.754.161" in page  # 17 installments of 220.833
    assert f'href="/pinjaman/{loans["pasar"]}#entri-2"' in page


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_leadership_sees_sums_and_no_person(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("leader").get("/entri").get_data(as_text=True)
    assert "KW-000002" in page
    assert "Joko Susilo" not in page
    text = sign_in("leader").get("/entri/ekspor.csv").data.decode("utf-8-sig")
    assert "Joko Susilo" not in text
    assert "Disamarkan" in text


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_files_hold_exactly_the_filtered_entries(loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("staff")
    asked = "jenis=diterima&keadaan=utuh&urut=jumlah"
    text = client.get(f"/entri/ekspor.csv?{asked}").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [row["Jumlah (Rp)"] for row in rows] == ["1766664", "1987497"]
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/entri/ekspor.xlsx?{asked}").data))
    said = [str(row[0].value) for row in book.worksheets[0].iter_rows(max_row=6)]
    assert "Saringan: Uang diterima, Tidak dibatalkan" in said
    assert 1_987_497 in [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert "daftar entri" in sign_in("auditor").get("/jejak").get_data(as_text=True)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_odd_words_in_the_address_are_left_aside_and_said(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    asked = "jenis=lainnya&dari=besok&berkas=-1&hal=99&per=x&bank=LAIN&asal=bulan"
    page = sign_in("staff").get(f"/entri?{asked}").get_data(as_text=True)
    assert "Tertulis “besok”" in page
    assert "Jumlah 7 entri" in page
    empty = sign_in("staff").get("/entri?pinjaman=KW-999999").get_data(as_text=True)
    assert "Tidak ada entri dengan saringan ini" in empty
