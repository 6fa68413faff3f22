from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests import factories
from tests.conftest import prepared
from wibawa.banks.queries import thresholds_on
from wibawa.database import db
from wibawa.loans.portfolio import Portfolio, portfolio
from wibawa.rules.collectibility import npl, par30
from wibawa.rules.money import percent, rupiah
from wibawa.web.clock import today

SignIn = Callable[[str], factories.Client]


loans = prepared(factories.two_banks)


def _portfolio(app: Flask, bank_id: int | None = None) -> Portfolio:
    with app.app_context():
        return portfolio(db.session(), today(), thresholds_on(db.session(), today()), bank_id)


def test_the_figures_are_those_of_the_portfolio_and_lead_to_their_rows(
    app: Flask, loans: dict[str, int], sign_in: SignIn
) -> None:
    total = _portfolio(app).total
    page = sign_in("staff").get("/").get_data(as_text=True)
    for figure in (total.outstanding_principal, total.arrears):
        assert f">{rupiah(figure)}</a>" in page
    late = par30(total.par30_outstanding, total.outstanding_principal)
    bad = npl(total.npl_outstanding, total.outstanding_principal)
    assert late is not None
    assert bad is not None
    assert f"{percent(late)}</a>" in page
    assert f"{percent(bad)}</a>" in page
    assert 'href="/pinjaman?lewat=30&amp;tanggal=2026-11-24"' in page
    assert 'href="/pinjaman?npl=1&amp;tanggal=2026-11-24"' in page
    assert page.count("Posisi 24 November 2026") >= 5


def test_the_rows_behind_a_figure_add_up_to_the_figure(
    app: Flask, loans: dict[str, int], sign_in: SignIn
) -> None:
    total = _portfolio(app).total
    client = sign_in("staff")

    def sums(query: str) -> tuple[int, int]:
        text = client.get(f"/pinjaman/ekspor.csv?{query}").get_data(as_text=True)
        rows = [line.split(";") for line in text.splitlines()[1:]]
        return sum(int(row[6]) for row in rows), sum(int(row[7]) for row in rows)

    assert sums("") == (total.outstanding_principal, total.arrears)
    assert sums("keadaan=menunggak")[1] == total.arrears
    assert sums("lewat=30")[0] == total.par30_outstanding
    assert sums("npl=1")[0] == total.npl_outstanding
    for number, figures in total.classes.items():
        assert sums(f"kol={number}")[0] == figures.outstanding


def test_a_bank_officer_sees_the_own_bank_only(
    app: Flask, loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("pasar").get("/").get_data(as_text=True)
    assert rupiah(_portfolio(app, factories.PASAR).total.outstanding_principal) in page
    assert "Bank Jateng" not in page
    assert rupiah(_portfolio(app).total.outstanding_principal) not in page
    assert "TPB 8.3.1" not in page


def test_an_administrator_sees_tasks_and_no_money(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("admin").get("/").get_data(as_text=True)
    assert "Tugas Anda" in page
    assert 'href="/pengaturan/bank"' in page
    assert "Rp" not in page
    assert "Titipan" not in page


def test_what_waits_is_counted_for_those_who_can_do_it(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    assert "<strong>2</strong> titipan" in sign_in("staff").get("/").get_data(as_text=True)
    assert "<strong>1</strong> titipan" in sign_in("jateng").get("/").get_data(as_text=True)


def test_an_empty_office_is_told_what_comes_first(sign_in: SignIn) -> None:
    page = sign_in("staff").get("/").get_data(as_text=True)
    assert "Belum ada pinjaman" in page
    assert "Tidak ada yang menunggu Anda" in page
