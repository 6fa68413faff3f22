"""The money's way of a file, loan by loan, before it is posted and after.

Flat loans of 5.000.000 over 24 months (domain rules §3): 208.333 + 12.500 = 220.833 a month, the
last 208.341 + 12.500; 5.300.000 in all.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import factories
from tests.bulk import large_portfolio, repayments_csv, two_people
from tests.factories import Client
from tests.repayments.test_check_upload import shown_on, text
from wibawa.database import db, writing
from wibawa.repayments.outcome import Checked, Entry, SuspenseEntry
from wibawa.repayments.ways import Piece, covered, kept_plan, plan_from, ways_of
from wibawa.rules.collectibility import COMMERCIAL_DEFAULT
from wibawa.rules.facts import Method, Terms
from wibawa.rules.position import position
from wibawa.rules.schedule import schedule

Enter = Callable[[str], Client]
HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;Denda;No Bukti\n"
ROWS = (
    "'0012;Siti Aminah;05-10-2026;300.000;10.000;P1\n"
    "'0013;Budi Santoso;06-10-2026;220.833;0;P2\n"
    "'0099;Entah Siapa;07-10-2026;441.666;0;P3\n"
    "'0013;Budi Santoso;08-10-2026;220.833;0;P4\n"
    "'0014;Dewi Lestari;09-10-2026;5.300.100;0;P5\n"
)
# Siti: 290.000 without the penalty: 220.833, then 12.500 interest and 56.667 principal of number 2.
LINES = [
    ["0012", "2", "300000", "10000", "angsuran 1 lunas; angsuran 2 sebagian, sisa Rp151.666",
     "0", "", "5000000", "4735000"],
    ["0013", "3, 5", "441666", "0", "angsuran 1–2 lunas", "0", "", "5000000", "4583334"],
    ["0099", "4", "0", "0", "", "441666", "Rekening tidak dikenal", "", ""],
    ["0014", "6", "5300000", "0", "angsuran 1–24 lunas", "100", "Melebihi sisa tagihan",
     "5000000", "0"],
]  # fmt: skip


@pytest.fixture
def three_loans(app: Flask, people: dict[str, int]) -> None:
    names = {"0012": "Siti Aminah", "0013": "Budi Santoso", "0014": "Dewi Lestari"}
    with app.app_context(), writing():
        for number, (account, name) in enumerate(names.items(), 1):
            who = {"number": number, "account": account, "name": name}
            factories.loan(db.session(), people["staff"], people["approver"], **who)
        db.session.commit()


@pytest.fixture
def url(three_loans: None, sign_in: Enter) -> str:
    officer = sign_in("pasar")
    data = {"file": (io.BytesIO((HEAD + ROWS).encode()), "oktober.csv"), "replaces": ""}
    address = str(officer.post("/angsuran/berkas/baru", data=data).headers["Location"])
    officer.post(f"{address}/pilihan", data={"suspend_unknown": "y", "reason": ""})
    officer.post(f"{address}/ajukan")
    return address


def post(staff: Client, url: str) -> None:
    staff.post(f"{url}/bukukan", data={"shown": shown_on(text(staff, url))})


def exported(client: Client, url: str, asked: str = "") -> list[list[str]]:
    """The list without headings, numbers and names."""
    said = client.get(f"{url}/alokasi.csv{asked}").get_data(as_text=True).lstrip("\ufeff")
    rows = list(csv.reader(io.StringIO(said), delimiter=";"))
    return [[row[1].lstrip("'"), *row[3:]] for row in rows[1:]]


def test_each_loans_money_is_told_before_posting_and_the_same_after(
    url: str, sign_in: Enter
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    assert exported(officer, url) == LINES
    page = text(staff, f"{url}/alokasi")
    assert "Angsuran 1 lunas; angsuran 2 sebagian, sisa Rp151.666" in page
    assert "Belum ada yang dibukukan" in page
    post(staff, url)
    assert exported(officer, url) == LINES
    assert "Belum ada yang dibukukan" not in text(officer, f"{url}/alokasi")


@pytest.mark.parametrize("posted", [False, True])
def test_it_is_sought_narrowed_sorted_and_paged(url: str, sign_in: Enter, posted: bool) -> None:
    staff = sign_in("staff")
    if posted:
        post(staff, url)

    def accounts(asked: str) -> list[str]:
        return [row[0] for row in exported(staff, url, asked)]

    assert accounts("?q=budi") == ["0013"]
    assert accounts("?q=0099") == ["0099"]
    assert accounts("?q=001") == ["0012", "0013", "0014"]
    assert accounts("?titipan=ya") == ["0099", "0014"]
    assert accounts("?urut=-jumlah")[0] == "0014"
    assert accounts("?urut=-titipan")[0] == "0099"
    assert accounts("?q=tidak-ada") == []
    assert "Tidak ada yang cocok" in text(staff, f"{url}/alokasi?q=tidak-ada")
    assert "0012" not in text(staff, f"{url}/alokasi?hal=2")


def test_an_officer_sees_nothing_of_another_bank(url: str, sign_in: Enter) -> None:
    other = sign_in("jateng")
    assert other.get(f"{url}/alokasi").status_code == 404
    assert other.get(f"{url}/alokasi.csv").status_code == 404


def test_a_page_asks_as_often_whatever_the_files_size(
    app: Flask, people: dict[str, int], sign_in: Enter
) -> None:
    with app.app_context(), writing():
        by = two_people(db.session())
        loans = large_portfolio(db.session(), 150, by, banks=(2,), payments=False)
        db.session.commit()
    officer, counts = sign_in("pasar"), []
    for size in (10, 600):
        content = repayments_csv(size, loans[: min(size, 120)], seed=size)
        data = {"file": (io.BytesIO(content), f"{size}.csv"), "replaces": ""}
        address = str(officer.post("/angsuran/berkas/baru", data=data).headers["Location"])
        with factories.counted_queries(app) as seen:
            page = text(officer, f"{address}/alokasi")
        counts.append(len(seen))
    assert "1–50 dari 120 pinjaman dan rekening" in page
    assert counts[0] == counts[1]


def test_a_plan_comes_back_as_it_was_kept() -> None:
    day = dt.date(2026, 10, 5)
    checked = Checked(bad_rows={9, 3})
    checked.entries = [Entry(2, 7, 500, 10, day, None, "k", None, None, None, None)]
    checked.suspense = [
        SuspenseEntry(4, "00\ud8009", "Siti", 30, day, None, "k", None, "account_unknown"),
        SuspenseEntry(2, "0012", "Siti", 20, day, None, "k", 7, "exceeds_outstanding"),
    ]
    plan = plan_from(kept_plan(checked))
    assert plan.bad_rows == {3, 9}
    assert [tuple(piece) for piece in plan.pieces] == [
        ((7, ""), 2, day, 500, 10, ""),
        ((0, "00\ud8009"), 4, day, 30, 0, "account_unknown"),
        ((7, ""), 2, day, 20, 0, "exceeds_outstanding"),
    ]


@settings(max_examples=150)
@given(
    principal=st.integers(1, 60_000_000),
    method=st.sampled_from(Method),
    parts=st.lists(st.integers(1, 3_000_000), min_size=1, max_size=6),
    applied=st.integers(0, 5_000_000),
)
def test_what_is_told_is_the_position_of_the_books(
    principal: int, method: Method, parts: list[int], applied: int
) -> None:
    rows = schedule(Terms(principal, 300, 24, method, dt.date(2026, 1, 31)))
    day = dt.date(2026, 10, 5)
    (way,) = ways_of(Piece((7, ""), row, day, amount) for row, amount in enumerate(parts, 2))
    told = covered(principal, rows, applied, way)
    before = position(principal, rows, applied, day, COMMERCIAL_DEFAULT)
    after = position(principal, rows, applied + sum(parts), day, COMMERCIAL_DEFAULT)
    assert (told.before, told.after) == (before.outstanding_principal, after.outstanding_principal)
