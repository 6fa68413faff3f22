"""Of days before the books begin, reports say that there is no data; 0 is told of what is known."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterator

import openpyxl
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from wibawa.database import db, reading
from wibawa.reports.catalogue import REPORTS
from wibawa.reports.document import Report
from wibawa.reports.files import as_json
from wibawa.reports.forms import Scope

SignIn = Callable[[str], factories.Client]
TODAY = dt.date(2026, 11, 24)
BEFORE = "?dari=1/1/2025&sampai=31/12/2025&tanggal=31/12/2025"
# What each of these reckons is 0 where nothing is there; others find the word themselves.
ZEROS = ("peminjam", "kualitas", "kolektibilitas", "jatuh-tempo", "titipan", "hapus-buku",
         "portofolio", "restrukturisasi", "tahunan")  # fmt: skip


loans = prepared(factories.two_banks)


@pytest.fixture
def books(app: Flask, loans: dict[str, int]) -> Iterator[Session]:
    with app.app_context(), reading():
        yield db.session()
        db.session.rollback()


def year(number: int, **more: object) -> Scope:
    last = min(dt.date(number, 12, 31), TODAY)
    return Scope(dt.date(number, 1, 1), last, TODAY, **more)  # type: ignore[arg-type]


def values(report: Report) -> list[object]:
    """Every value of a report's tables and charts."""
    rows = [row for table in report.tables for row in table.all_rows]
    charts = [value for table in report.tables if table.chart for value in table.chart.values]
    return [cell.value for row in rows for cell in row] + list(charts)


def words(report: Report) -> set[str]:
    """What stands where a table has no value."""
    cells = [cell for table in report.tables for row in table.all_rows for cell in row]
    return {cell.missing for cell in cells if cell.value is None}


@pytest.mark.parametrize("code", REPORTS)
def test_a_year_before_the_first_loan_has_no_0_anywhere(books: Session, code: str) -> None:
    definition = REPORTS[code]
    if code in ZEROS:
        assert 0 in values(definition.figures(books, year(2025)))
    report = definition.make(books, year(2025))
    assert 0 not in values(report)
    assert "belum ada data" in words(report)
    tables = as_json(report)["tables"]
    assert isinstance(tables, list)
    assert all(0 not in row for table in tables for row in (*table["rows"], table["totals"] or ()))


@pytest.mark.parametrize("code", REPORTS)
def test_its_page_and_files_have_none_either(
    loans: dict[str, int], sign_in: SignIn, code: str
) -> None:
    client = sign_in("leader")
    page = client.get(f"/laporan/{code}{BEFORE}").get_data(as_text=True)
    assert "belum ada data" in page
    assert re.findall(r">0(?:,00%)?</", page) == []
    text = client.get(f"/laporan/{code}/unduh.csv{BEFORE}").data.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert not {"0", "0,00"} & {cell for line in lines for cell in line}
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(f"/laporan/{code}/unduh.xlsx{BEFORE}").data)
    )
    cells = [cell for sheet in book for line in sheet.iter_rows(values_only=True) for cell in line]
    assert [cell for cell in cells if cell == 0] == []
    assert "belum ada data" in cells


@pytest.mark.parametrize("code", REPORTS)
def test_a_year_with_loans_is_told_as_it_is(books: Session, code: str) -> None:
    definition = REPORTS[code]
    assert definition.make(books, year(2026)) == definition.figures(books, year(2026))


def test_a_table_of_which_nothing_is_known_has_no_dash_beside_the_word(books: Session) -> None:
    for code in ("peminjam", "kualitas", "portofolio", "hapus-buku"):
        assert words(REPORTS[code].make(books, year(2025))) == {"belum ada data"}, code


def test_what_was_published_and_what_is_aimed_at_stay(books: Session) -> None:
    for code in ("tpb", "tahunan", "akses-pembiayaan", "permodalan-koperasi"):
        known = set(values(REPORTS[code].figures(books, year(2025)))) - {0}
        assert known <= set(values(REPORTS[code].make(books, year(2025)))), code
    assert {794, 800} <= set(values(REPORTS["tpb"].make(books, year(2025))))


def test_a_figure_without_data_leads_nowhere(books: Session) -> None:
    for definition in REPORTS.values():
        for table in definition.make(books, year(2025)).tables:
            for row in table.all_rows:
                gone = [c for c in row if c.missing == "belum ada data" and c.value is None]
                assert [cell.link for cell in gone if cell.link] == []


def test_a_bank_without_a_loan_has_no_data_of_its_own_and_0_beside_the_other(
    app: Flask, people: dict[str, int]
) -> None:
    by, second = people["staff"], people["approver"]
    factories.saved(app, lambda s: factories.loan(s, by, second, bank_id=factories.JATENG))
    alone = {"bank_id": factories.PASAR, "bank_code": "PASAR", "bank_name": "Bank Pasar"}
    with app.app_context(), reading():
        session = db.session()
        of_one = REPORTS["kualitas"].make(session, year(2026, **alone))
        of_both = REPORTS["kualitas"].make(session, year(2026))
    assert 0 not in values(of_one)
    pasar = next(row for row in of_both.tables[0].rows if row[0].value == "Bank Pasar")
    assert pasar[1].value == 0


def test_titipan_before_any_loan_is_told_and_none_beside_loans_is_a_known_0(
    app: Flask, people: dict[str, int]
) -> None:
    by, second = people["staff"], people["approver"]
    factories.saved(app, lambda s: factories.suspense(s, by, on=dt.date(2025, 6, 2)))
    first, second_day = dt.date(2025, 6, 1), dt.date(2025, 6, 2)
    with app.app_context(), reading():
        found = [REPORTS["titipan"].make(db.session(), Scope(day, day, TODAY))
                 for day in (first, second_day)]  # fmt: skip
        db.session.rollback()
    assert words(found[0]) == {"belum ada data"}
    assert [table.totals[-1].value for table in found[1].tables] == [250_000, 250_000]
    assert 0 in values(found[1])
    factories.saved(app, lambda s: factories.loan(s, by, second, bank_id=factories.JATENG))
    alone = {"bank_id": factories.JATENG, "bank_code": "JATENG", "bank_name": "Bank Jateng"}
    with app.app_context(), reading():
        beside = REPORTS["titipan"].make(db.session(), year(2026, **alone))
    assert [table.totals[-1].value for table in beside.tables] == [0, 0]
