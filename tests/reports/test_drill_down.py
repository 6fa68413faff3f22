"""Every number of every report leads to the list of exactly what it counts, on both engines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.reports.conftest import Books
from tests.reports.oracle import LAST
from wibawa.banks.queries import all_banks, thresholds_on
from wibawa.borrowers.queries import kecamatan_choices
from wibawa.loans import forms
from wibawa.loans.dues.forms import read_dues
from wibawa.loans.dues.lists import DueTotals, due_totals
from wibawa.loans.entries.forms import read_entries
from wibawa.loans.entries.lists import EntryTotals, entry_totals
from wibawa.loans.lists import LoanTotals, SuspenseTotals, loan_lines, suspense_lines
from wibawa.loans.moves.forms import read_moves
from wibawa.loans.moves.lists import MoveTotals, move_totals
from wibawa.reports.catalogue import REPORTS
from wibawa.reports.document import Kind, Link
from wibawa.web.pages import Wanted

ONE_PAGE = Wanted(1, 25, "bank", False)
FIRST, LATE = dt.date(2025, 3, 10), dt.date(2026, 8, 31)
PASAR = {"bank_id": 2, "bank_code": "PASAR", "bank_name": "Bank Pasar"}

# Numbers without a list of their own, each with its reason.
WITHOUT = {
    ("kuota", "kuota", "Sisa (Rp)"): "the quota less what is beside it",
    ("hapus-buku", "keadaan", "Pokok kembali (Rp)"): "the difference of the figures beside it",
    ("permodalan-koperasi", "koperasi", "Target (koperasi)"): "a target counts nothing",
    ("tpb", "tahun", "Penyebut"): "an input, not counted here",
    ("akses-pembiayaan", "tahun", "Penyebut"): "an input, not counted here",
    ("tahunan", "indikator", "Target"): "a target counts nothing",
    ("tahunan", "indikator", "Penyebut"): "an input, not counted here",
    ("tahunan", "tren", "Penyebut"): "an input, not counted here",
    ("tahunan", "indikator", "Realisasi"): "leads to its members from the indicator's own page",
}


Asked = dict[str, str]


def _loans(session: Session, asked: Asked) -> LoanTotals:
    places = dict(kecamatan_choices(session))
    read = forms.read_list(asked, LAST, all_banks(session), None, True, places)
    classes = thresholds_on(session, read.on)
    return loan_lines(session, read.on, classes, read.wanted, ONE_PAGE)[1]


def _loan_sums(totals: LoanTotals, asked: Asked, one: str, two: str) -> set[int]:
    """What a figure of a row `one` and a column `two` may be; where it is of people, their number
    alone."""
    people = ("Peminjam", "Dilayani", "Kumulatif", "Berjalan", "Realisasi (koperasi)")
    if two.startswith(people) or one in ("Peminjam dilayani", "Peminjam sejak awal"):
        return {totals.borrowers}
    return {totals.loans, totals.principal, totals.outstanding, totals.arrears}


def _entries(session: Session, asked: Asked) -> EntryTotals:
    return entry_totals(session, read_entries(asked, all_banks(session), None).wanted)


def _entry_sums(totals: EntryTotals, asked: Asked, one: str, two: str) -> set[int]:
    of = {
        "Pembayaran": totals.entries,
        "Diterima (Rp)": totals.amount,
        "Dibatalkan (Rp)": totals.reversed,
        "Denda (Rp)": totals.penalty,
        "Pinjaman dihapus buku": totals.count,
    }
    return {of.get(two, totals.net)}


def _moves(session: Session, asked: Asked) -> MoveTotals:
    wanted = read_moves(asked, LAST, all_banks(session), None).wanted
    classes = thresholds_on(session, wanted.first), thresholds_on(session, wanted.last)
    return move_totals(session, wanted, classes)


def _move_sums(totals: MoveTotals, asked: Asked, one: str, two: str) -> set[int]:
    of = {
        "Pokok (Rp)": totals.principal_paid,
        "Di antaranya pokok": totals.principal_paid,
        "Bunga (Rp)": totals.interest_paid,
        "Di antaranya bunga": totals.interest_paid,
        "Baki debet semula (Rp)": totals.before,
    }
    return {of[word] for word in (one, two) if word in of} or {totals.loans, totals.after}


def _dues(session: Session, asked: Asked) -> DueTotals:
    return due_totals(session, read_dues(asked, LAST, all_banks(session), None).wanted)


def _due_sums(totals: DueTotals, asked: Asked, one: str, two: str) -> set[int]:
    every = "keadaan" in asked
    left = totals.open_principal, totals.open_interest
    principal, interest = (totals.principal, totals.interest) if every else left
    of = {
        "Angsuran": totals.installments,
        "Pokok (Rp)": principal,
        "Bunga (Rp)": interest,
        "Jumlah (Rp)": principal + interest,
        "Sudah tertutup (Rp)": totals.covered,
        "Sisa pokok (Rp)": left[0],
        "Sisa bunga (Rp)": left[1],
    }
    return {of[two]}


def _suspense(session: Session, asked: Asked) -> SuspenseTotals:
    read = forms.read_suspense(asked, LAST, all_banks(session), None, LAST)
    return suspense_lines(session, read.wanted, LAST, ONE_PAGE)[1]


def _suspense_sums(totals: SuspenseTotals, asked: Asked, one: str, two: str) -> set[int]:
    if two == "Titipan masuk (Rp)":
        return {totals.amount}
    return {totals.open if two.endswith("(Rp)") else totals.count}


# The list behind an endpoint: its sums, and which of them a figure must be.
LISTS: dict[str, tuple[Callable[[Session, Asked], Any], Callable[..., set[int]]]] = {
    "loans.loan_list": (_loans, _loan_sums),
    "loans.entry_list": (_entries, _entry_sums),
    "loans.moved_list": (_moves, _move_sums),
    "loans.due_list": (_dues, _due_sums),
    "loans.suspense_list": (_suspense, _suspense_sums),
}
# A part of what the loans of the list owe: the list has no column for it.
PART = "Di antaranya tunggakan pokok"


# Tables that the yearly report takes over whole from others, with their links.
TAKEN_OVER = ("pencairan", "peminjam-kecamatan", "peminjam-kelamin", "peminjam-jenis")


@pytest.mark.parametrize(
    ("first", "last", "of"),
    [
        (dt.date(2026, 6, 10), LAST, {}),
        pytest.param(FIRST, LATE, {}, marks=pytest.mark.soak),
        pytest.param(dt.date(2026, 6, 1), LAST, PASAR, marks=pytest.mark.soak),
    ],
    ids=["months", "long", "one bank"],
)
@pytest.mark.parametrize("code", REPORTS)
def test_every_number_leads_to_the_list_of_exactly_what_it_counts(
    books: Books, code: str, first: dt.date, last: dt.date, of: dict[str, Any]
) -> None:
    report = books.report(code, first, last, last, **({} if REPORTS[code].of_all else of))
    seen: dict[Link, Any] = {}
    for table in report.tables:
        if code == "tahunan" and table.code in TAKEN_OVER:
            continue
        for row in table.all_rows:
            for place, cell in enumerate(row):
                one, two = str(row[0].value), table.columns[place].heading
                kind = table.kind_of(cell, place)
                if kind not in (Kind.COUNT, Kind.RUPIAH) or not cell.value:
                    continue
                if cell.link is None:
                    reasoned = (code, table.code, two) in WITHOUT or isinstance(cell.value, str)
                    assert reasoned, (code, table.code, one, two)
                elif cell.link.endpoint in LISTS and one != PART:
                    find, sums = LISTS[cell.link.endpoint]
                    asked = dict(cell.link.arguments)
                    if cell.link not in seen:
                        seen[cell.link] = find(books.session, asked)
                    right = sums(seen[cell.link], asked, one, two)
                    assert cell.value in right, (code, table.code, one, two, cell, right)
    assert seen or REPORTS[code].of_all
