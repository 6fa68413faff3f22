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
from tests.conftest import prepared
from wibawa.banks.queries import thresholds_on
from wibawa.database import db
from wibawa.loans.portfolio import portfolio
from wibawa.web.clock import today

SignIn = Callable[[str], factories.Client]


loans = prepared(factories.two_banks)


def test_the_report_shows_every_figure_of_each_bank_and_of_all(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("leader").get("/laporan/portofolio").get_data(as_text=True)
    for words in ("Bank Jateng", "Bank Pasar", "Semua bank", "PAR30", "NPL", "Rasio tunggakan"):
        assert words in page
    assert 'href="/pinjaman?bank=JATENG&amp;tanggal=2026-11-24&amp;npl=1"' in page
    assert "belum lengkap" not in page
    assert "Perkiraan" not in page


def test_a_future_day_is_called_a_projection(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("leader").get("/laporan/portofolio?tanggal=2027-01-31").get_data(as_text=True)
    assert "Tanggal ini belum tiba" in page


def test_a_day_before_the_opening_cut_off_is_called_incomplete(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(
        app,
        lambda s: factories.loan(
            s,
            people["staff"],
            people["approver"],
            opened_on=dt.date(2026, 9, 30),
            opening=1_000_000,
        ),
    )
    client = sign_in("leader")
    before = client.get("/laporan/portofolio?tanggal=2026-08-31").get_data(as_text=True)
    assert "Angka belum lengkap" in before
    assert "30 September 2026" in before
    after = client.get("/laporan/portofolio?tanggal=2026-10-31").get_data(as_text=True)
    assert "Angka belum lengkap" not in after
    workbook = client.get("/laporan/portofolio/unduh.xlsx?tanggal=2026-08-31").data
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    assert any("Angka belum lengkap" in str(row[0].value) for row in sheet.iter_rows(max_row=6))


def test_both_exports_hold_the_figures_of_the_portfolio(
    app: Flask, loans: dict[str, int], sign_in: SignIn
) -> None:
    with app.app_context():
        figures = portfolio(db.session(), today(), thresholds_on(db.session(), today()))
    client = sign_in("leader")
    content = client.get("/laporan/portofolio/unduh.csv").data.decode("utf-8-sig")
    rows = {row[0]: row for row in csv.reader(io.StringIO(content), delimiter=";") if row}
    assert rows["Baki debet"][2:] == [
        *(str(bank.outstanding_principal) for bank in figures.banks),
        str(figures.total.outstanding_principal),
    ]
    assert "," in rows["PAR30"][2]
    book = openpyxl.load_workbook(
        io.BytesIO(client.get("/laporan/portofolio/unduh.xlsx").data)
    ).worksheets[0]
    cells = {row[0]: row for row in book.iter_rows(values_only=True)}
    assert cells["Tunggakan pokok dan bunga"][4] == figures.total.arrears
    assert cells["PAR30"][2] == pytest.approx(100)
    assert "Laporan portofolio" in sign_in("auditor").get("/jejak").get_data(as_text=True)


def test_a_bank_officer_has_no_report_of_all_banks(sign_in: SignIn) -> None:
    client = sign_in("pasar")
    assert client.get("/laporan/portofolio").status_code == 403
    assert client.get("/laporan/portofolio/unduh.csv").status_code == 403


def test_the_cut_off_of_one_bank_says_nothing_about_the_other(
    session: Session, people: dict[str, int]
) -> None:
    cut_off = dt.date(2026, 9, 30)
    pair = (people["staff"], people["approver"])
    factories.loan(session, *pair, bank_id=factories.JATENG, opened_on=cut_off, opening=0)
    factories.loan(session, *pair, bank_id=factories.PASAR, number=2)
    classes = thresholds_on(session, cut_off)
    found = {
        bank: portfolio(session, cut_off, classes, bank).incomplete_before
        for bank in (factories.JATENG, factories.PASAR, None)
    }
    assert found == {factories.JATENG: cut_off, factories.PASAR: None, None: cut_off}
