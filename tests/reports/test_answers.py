"""Every figure of every report against the oracle, on both engines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.reports import answers, results
from tests.reports.conftest import MONTH_ENDS, Books, since
from tests.reports.oracle import (
    CLOSED,
    CLOSED_ON,
    CUT_OFF,
    LAST,
    LOCKED,
    Figures,
    World,
    month_end,
)
from wibawa.banks.queries import all_banks, thresholds_on
from wibawa.borrowers.queries import kecamatan_choices
from wibawa.indicators.locks.queries import locks_in_force, moved
from wibawa.loans.forms import read_list
from wibawa.loans.invariants import run_checks
from wibawa.loans.lists import LoanTotals, loan_lines
from wibawa.reconciliation.queries import frozen_text
from wibawa.reports.catalogue import REPORTS
from wibawa.reports.document import Kind, Link, Report, Table
from wibawa.web.pages import Wanted

NEW_YEAR = dt.date(2026, 1, 1)
MIDDLE, LATE = dt.date(2025, 9, 15), dt.date(2026, 8, 31)

Expect = Callable[[World, dt.date, dt.date, dt.date], answers.Answer]
OF_DAY: dict[str, Callable[[World, dt.date, dt.date], answers.Answer]] = {
    "portofolio": answers.portfolio,
    "kualitas": answers.quality,
    "jatuh-tempo": answers.coming,
    "kuota": answers.quota,
    "titipan": answers.suspense,
    "permodalan-koperasi": results.capital,
    "akses-pembiayaan": results.access,
    "tpb": results.tpb,
}
OF_PERIOD: dict[str, Expect] = {
    "kolektibilitas": answers.moves,
    "restrukturisasi": answers.eased,
    "hapus-buku": answers.given_up,
    "pencairan": answers.lent,
    "angsuran": answers.came,
    "peminjam": answers.reached,
    "tahunan": results.yearly,
}


def figures(table: Table) -> Figures:
    """A table as the answers write it: labels → figures."""
    labels = next((n for n, column in enumerate(table.columns) if column.kind is not Kind.TEXT), 0)
    return {
        tuple(str(cell.value) for cell in row[:labels]): [
            cell.missing if cell.value is None and cell.missing != "–" else cell.value
            for cell in row[labels:]
        ]
        for row in table.all_rows
    }


def same(report: Report, answer: answers.Answer) -> None:
    found = {table.code: figures(table) for table in report.tables}
    assert found.keys() == answer.keys()
    for code, rows in answer.items():
        if code.endswith("kecamatan"):  # those that nobody lives in are rows of zeros
            assert _with_anybody(found[code]) == _with_anybody(rows), f"{report.code}, {code}"
            continue
        assert found[code] == rows, f"{report.code}, {code}"


def _with_anybody(rows: Figures) -> Figures:
    nobody = (0, None, answers.NONE)
    return {label: line for label, line in rows.items() if any(each not in nobody for each in line)}


def expected(
    world: World, code: str, first: dt.date, last: dt.date, known: dt.date
) -> answers.Answer:
    if code in OF_DAY:
        answer = OF_DAY[code](world, last, known)
    else:
        answer = OF_PERIOD[code](world, first, last, known)
    return answer if answers.begun(world, code, last, known) else answers.without_data(answer)


def test_every_report_has_an_answer() -> None:
    assert {*OF_DAY, *OF_PERIOD} == set(REPORTS)


def test_the_books_that_were_fed_are_sound(books: Books) -> None:
    found = run_checks(books.session, LAST, thresholds_on(books.session, LAST))
    assert [f"{check.name}: {check.found}" for check in found if not check.ok] == []
    for loan in books.world.loans:
        assert loan.key in books.feeder.loans


@pytest.mark.parametrize("day", [MIDDLE, LATE, LAST, dt.date(2027, 2, 10)], ids=str)
@pytest.mark.parametrize("code", OF_DAY)
def test_a_report_of_a_day_has_the_known_figures(books: Books, code: str, day: dt.date) -> None:
    same(books.report(code, day, day), OF_DAY[code](books.world, day, LAST))


@pytest.mark.parametrize(
    ("first", "last"),
    [(NEW_YEAR, LAST), (dt.date(2025, 3, 10), MIDDLE), (LATE, LATE + dt.timedelta(days=30))],
    ids=str,
)
@pytest.mark.parametrize("code", OF_PERIOD)
def test_a_report_of_a_period_has_the_known_figures(
    books: Books, code: str, first: dt.date, last: dt.date
) -> None:
    same(books.report(code, first, last), OF_PERIOD[code](books.world, first, last, LAST))


def test_vintages_can_be_quarters(books: Books) -> None:
    report = books.report("kualitas", LATE, LATE, split="triwulan")
    same(report, answers.quality(books.world, LATE, LAST, quarterly=True))


def test_a_report_of_one_bank_is_that_banks_part(books: Books) -> None:
    one = {"bank_id": 2, "bank_code": "PASAR", "bank_name": "Bank Pasar"}
    for code in ("kualitas", "pencairan", "angsuran", "titipan"):
        whole = books.report(code, NEW_YEAR, LATE)
        part = books.report(code, NEW_YEAR, LATE, **one)
        name = "umur" if code == "titipan" else "bank"
        of_bank = figures(next(table for table in whole.tables if table.code == name))
        alone = figures(next(t for t in part.tables if t.code in (name, "bulan")))
        if code == "titipan":
            assert {key: line[2:4] for key, line in of_bank.items()} == alone
        else:
            assert alone["Jumlah",] == of_bank["Bank Pasar",]


def bare(report: Report) -> Report:
    """Without ways to lists: of a day that is past some lists would be today's, so none leads."""
    tables = tuple(
        replace(
            table,
            rows=tuple(tuple(replace(cell, link=None) for cell in row) for row in table.rows),
            totals=table.totals and tuple(replace(cell, link=None) for cell in table.totals),
        )
        for table in report.tables
    )
    return replace(report, tables=tables)


@pytest.mark.parametrize("day", MONTH_ENDS, ids=str)
def test_a_past_day_changes_by_later_entries_alone_and_says_so(books: Books, day: dt.date) -> None:
    """The last day of each month as it was told on that day, and as it is told now, after what came
    later, back-dated and undone: both are right for what was booked by then, and where nothing of
    the report came later, both are one."""
    world = books.world
    told = {code: before for (code, on), before in books.before.items() if on == day}
    assert told
    for code, before in told.items():
        first = since(code, day)
        same(before, expected(world, code, first, day, day))
        assert list(before.notes) == results.kept(code, day, day), code
        now = books.on(code, day)
        same(now, expected(world, code, first, day, LAST))
        lines = results.later(world, code, day)
        assert list(now.notes) == lines, code
        kept = results.kept(code, day, LAST)
        alike = all(line.startswith("Tidak ada") for line in lines if line not in kept)
        if alike and not _knew_nothing(before):  # "belum ada data" then, and 0 of it now
            cautions = before.cautions if day < CUT_OFF else now.cautions  # it came later
            assert bare(replace(now, notes=before.notes, cautions=cautions)) == bare(before), code


def _knew_nothing(report: Report) -> bool:
    cells = [cell for table in report.tables for row in table.all_rows for cell in row]
    return not any(isinstance(cell.value, int) for cell in cells)


def test_what_was_told_is_what_every_month_end_and_every_report_has(books: Books) -> None:
    assert {code for code, _ in books.before} == set(REPORTS)
    assert {day for _, day in books.before} == set(MONTH_ENDS)
    assert len(MONTH_ENDS) == 24


def test_a_closed_month_and_a_locked_year_stay_byte_for_byte(books: Books) -> None:
    """Entries of both came afterwards: a month's back-dated payments, a loan of the year."""
    number, text = books.closed
    assert frozen_text(books.session, number) == text
    bank, first = CLOSED
    end = month_end(first.year, first.month)
    assert any(
        first <= entry.on <= end and entry.booked > CLOSED_ON
        for loan in books.world.loans
        for entry in loan.entries
        if loan.bank == bank
    )
    assert books.lock() == books.locked
    lock = locks_in_force(books.session, [LOCKED])[LOCKED]
    late = books.feeder.loans[books.world.loans[-1].key]
    found, count = moved(books.session, lock)
    assert {each.loan_id for each in found} == {late}
    assert count == len(found) > 0


def test_totals_are_the_sums_of_their_rows_wherever_rows_are_parts(books: Books) -> None:
    for code in (*OF_DAY, *OF_PERIOD):
        for table in books.report(code, NEW_YEAR, LAST).tables:
            if not table.totals or (code, table.code) == ("restrukturisasi", "keputusan"):
                continue
            for place, column in enumerate(table.columns):
                if column.kind in (Kind.COUNT, Kind.RUPIAH):
                    parts = [row[place].value for row in table.rows]
                    values = [value for value in parts if isinstance(value, int)]
                    assert sum(values) == (table.totals[place].value or 0), (code, table.code)


def test_what_falls_due_is_the_outstanding_principal_of_the_portfolio(books: Books) -> None:
    cash = figures(books.report("jatuh-tempo", LAST, LAST).tables[1])
    whole = figures(books.report("portofolio", LAST, LAST).tables[0])
    assert cash["Jumlah",][1] == whole["Baki debet", "Rp"][-1]
    late = cash[next(key for key in cash if key[0].startswith("Tunggakan"))]
    assert late[3] == whole["Tunggakan pokok dan bunga", "Rp"][-1]


def test_the_renstra_form_has_the_published_figures_and_ratios(books: Books) -> None:
    table = books.report("tpb", LAST, LAST).tables[0]
    assert [column.heading for column in table.columns[2:]] == [str(y) for y in range(2020, 2025)]
    rows: dict[str, list[Any]] = {
        str(row[0].value): [cell.value for cell in row[2:]] for row in table.rows
    }
    assert rows == {
        "Target": [600, 650, 700, 750, 800],
        "Realisasi": [1130, 1062, 797, 804, 794],
        "Rasio capaian": [18833, 16338, 11386, 10720, 9925],
    }


@pytest.mark.parametrize("variant", answers.VARIANTS)
def test_the_splits_of_the_oracle_add_up(variant: str) -> None:
    """The oracle itself: a split of accounts has as many members as the whole."""
    world = World()
    for year in (2025, 2026):
        for unit in ("people", "accounts"):
            whole = answers.indicator(world, year, variant, unit)[""]
            for split in answers.SPLITS:
                parts = sum(answers.indicator(world, year, variant, unit, split).values())
                many = unit == "people" and split == "bank"  # somebody has loans at both
                assert parts == whole or (many and parts > whole)


LINKED = ("portofolio", "kolektibilitas", "pencairan", "kuota", "restrukturisasi", "hapus-buku",
          "permodalan-koperasi")  # fmt: skip


@pytest.mark.parametrize("code", LINKED)
def test_the_list_behind_a_figure_has_exactly_its_members(books: Books, code: str) -> None:
    """Every linked count is the number of loans of the list that it leads to; every amount is one
    of that list's sums."""
    session = books.session
    seen: dict[Link, LoanTotals] = {}
    report = books.report(code, dt.date(2026, 6, 1), LATE, today=LATE)
    known, places = all_banks(session), dict(kecamatan_choices(session))
    for table in report.tables:
        for row in table.all_rows:
            for place, cell in enumerate(row):
                kind = table.kind_of(cell, place)
                if cell.link is None or not cell.value or kind is Kind.PERCENT:
                    continue
                if cell.link.endpoint != "loans.loan_list":
                    continue
                if cell.link not in seen:
                    asked = read_list(dict(cell.link.arguments), LAST, known, None, True, places)
                    classes = thresholds_on(session, asked.on)
                    first = Wanted(1, 25, "nomor", False)
                    seen[cell.link] = loan_lines(session, asked.on, classes, asked.wanted, first)[1]
                totals = seen[cell.link]
                says = (report.code, table.code, row[0].value, table.columns[place].heading)
                if kind is Kind.COUNT:
                    assert totals.loans == cell.value, says
                else:
                    sums = {totals.principal, totals.outstanding, totals.arrears}
                    assert cell.value in sums or code in PARTS, says
    assert seen


# Tables with amounts that are a part of their list's sums: overdue principal, or what was lost.
PARTS = ("portofolio", "hapus-buku")


def test_the_words_of_the_yearly_report_are_its_figures(books: Books) -> None:
    table = books.report("tahunan", NEW_YEAR, LAST).tables[0]
    count = figures(table)["Pinjaman dicairkan", "pinjaman"][0]
    assert f"dicairkan {count} pinjaman" in " ".join(table.words)
