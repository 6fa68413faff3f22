from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.conftest import prepared, unnumbered
from wibawa.access.models import TrailEntry
from wibawa.database import db
from wibawa.loans.statement import paid_rows
from wibawa.rules.facts import Installment

SignIn = Callable[[str], factories.Client]


loans = prepared(factories.two_banks)


def test_the_page_shows_position_terms_schedule_and_ledger(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get(f"/pinjaman/{loans['pasar_late']}").get_data(as_text=True)
    assert "KW-000003" in page
    assert "Menunggak 24 hari" in page
    assert "Rp3.333.336" in page  # 5.000.000 − 8 × 208.333
    assert "Rp220.833" in page
    assert "3,00% per tahun" in page
    assert 'id="entri-2"' in page
    assert "Dicatat langsung" in page
    assert "disetujui Approver" in page
    assert page.count(">lunas<") == 8


def test_a_past_day_is_shown_as_it_was(loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("staff")
    page = client.get(f"/pinjaman/{loans['pasar_late']}?tanggal=10/02/2026").get_data(as_text=True)
    assert "Berjalan" in page
    assert "Rp5.000.000" in page
    assert "sesudah tanggal posisi" in page
    before = client.get(f"/pinjaman/{loans['pasar']}?tanggal=01/01/2026").get_data(as_text=True)
    assert "Belum dicairkan" in before


def test_the_nik_is_masked_even_for_those_who_see_names(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get(f"/pinjaman/{loans['jateng']}").get_data(as_text=True)
    assert "************0001" in page
    assert "3374014804850001" not in page


def test_leadership_sees_the_money_but_no_person(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("leader").get(f"/pinjaman/{loans['jateng']}").get_data(as_text=True)
    assert "Disamarkan" in page
    for hidden in ("Siti", "****0001", "Pekunden", "0100000000001", "PK/", "/cetak"):
        assert hidden not in page


def test_another_banks_loan_does_not_exist_for_a_bank_officer_and_the_try_is_recorded(
    app: Flask, loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("pasar")
    answer = client.get(f"/pinjaman/{loans['jateng']}")
    missing = client.get("/pinjaman/999999")
    assert answer.status_code == missing.status_code == 404
    assert unnumbered(answer) == unnumbered(missing)
    with app.app_context():
        tries = db.session.execute(
            select(TrailEntry.object_kind, TrailEntry.object_id).where(
                TrailEntry.action == "denied"
            )
        ).all()
    assert [tuple(row) for row in tries] == [("loan", loans["jateng"]), ("loan", 999_999)]


def test_the_banks_own_balance_stands_beside_ours_and_a_difference_is_said(
    app: Flask, people: dict[str, int], loans: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(
        app,
        lambda s: factories.payment(
            s,
            loans["pasar"],
            220_833,
            dt.date(2026, 11, 20),
            people["staff"],
            people["approver"],
            bank_outstanding=3_000_000,
            bank_collectibility=2,
        ),
    )
    page = sign_in("auditor").get(f"/pinjaman/{loans['pasar']}").get_data(as_text=True)
    assert "Menurut berkas bank, 20 November 2026" in page
    assert "lebih besar Rp83.330 daripada buku ini" in page  # ours: 5.000.000 − 10 × 208.333


def test_the_page_takes_the_same_number_of_queries_however_long_the_ledger(
    app: Flask, people: dict[str, int], loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    with factories.counted_queries(app) as short:
        client.get(f"/pinjaman/{loans['jateng']}")
    factories.saved(
        app,
        lambda s: [
            factories.payment(
                s,
                loans["jateng"],
                1_000,
                dt.date(2026, 3, day),
                people["staff"],
                people["approver"],
            )
            for day in range(1, 21)
        ],
    )
    with factories.counted_queries(app) as long:
        client.get(f"/pinjaman/{loans['jateng']}")
    assert len(long) == len(short)


def test_money_covers_interest_before_principal_and_each_row_says_its_state() -> None:
    rows = [
        Installment(1, dt.date(2026, 2, 28), 100, 10, 300),
        Installment(2, dt.date(2026, 3, 31), 100, 10, 200),
        Installment(3, dt.date(2026, 4, 30), 100, 10, 100),
        Installment(4, dt.date(2026, 5, 31), 100, 0, 0),
    ]
    paid = paid_rows(rows, 115, dt.date(2026, 4, 1))
    assert [(row.principal_paid, row.interest_paid) for row in paid] == [
        (100, 10),
        (0, 5),
        (0, 0),
        (0, 0),
    ]
    assert [row.state for row in paid] == [
        "lunas",
        "menunggak",
        "belum jatuh tempo",
        "belum jatuh tempo",
    ]
    early = paid_rows(rows, 115, dt.date(2026, 3, 31))
    assert early[1].state == "sebagian"
    assert paid_rows(rows, 110, dt.date(2026, 3, 31))[1].state == "jatuh tempo hari ini"
