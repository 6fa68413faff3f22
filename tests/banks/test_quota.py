from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from wibawa.banks.actions import set_quota
from wibawa.banks.models import Bank
from wibawa.banks.queries import quota_lines
from wibawa.disbursements.models import Disbursement
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pengaturan/kuota"


def _fill(session: Session, people: dict[str, int], amount: int = 20_000_000) -> None:
    """At Bank Pasar: 2 × Rp5.000.000 lent in 2026, one of 2025, Rp4.000.000 waiting."""
    by, second = people["staff"], people["approver"]
    factories.loan(session, by, second, number=1)
    factories.loan(session, by, second, number=2, disbursed_on=dt.date(2026, 11, 23))
    factories.loan(session, by, second, number=3, disbursed_on=dt.date(2025, 12, 31))
    session.add(
        Disbursement(
            status="recorded", borrower_id=factories.borrower(session, by, 4),
            bank_id=factories.PASAR, account_number="0200000000004", agreement_number="PK/4",
            disbursed_on=dt.date(2026, 11, 24), principal=4_000_000, rate=300, months=24,
            method="flat", multiple=1, entered_by=by, entered_at=now(),
            direct_reason="Masa peralihan",
        )
    )  # fmt: skip
    bank = session.get_one(Bank, factories.PASAR)
    set_quota(session, bank, 2026, 0, amount, "DPA 2026", second, now())


def test_each_bank_shows_allocated_used_reserved_and_free(
    app: Flask, people: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    factories.saved(app, lambda s: _fill(s, people))
    jateng, pasar = quota_lines(session, 2026)
    assert (jateng.allocated, jateng.free, jateng.percent, jateng.used) == (None, None, None, 0)
    assert (pasar.allocated, pasar.used, pasar.used_count) == (20_000_000, 10_000_000, 2)
    assert (pasar.reserved, pasar.reserved_count) == (4_000_000, 1)
    assert (pasar.free, pasar.percent) == (6_000_000, 5_000)
    page = sign_in("staff").get(ADDRESS).get_data(as_text=True)
    for text in ("Kuota bank 2026", "Rp6.000.000", "50,00%", "DPA 2026", "Belum ditetapkan"):
        assert text in page
    assert "Tetapkan" not in page


def test_another_year_has_its_own_figures(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(app, lambda s: _fill(s, people))
    page = sign_in("leader").get(f"{ADDRESS}?tahun=2025").get_data(as_text=True)
    assert "Kuota bank 2025" in page
    assert "Rp5.000.000" in page
    assert "DPA 2026" not in page


def test_more_than_the_quota_is_said_and_hinders_nobody(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(app, lambda s: _fill(s, people, 12_000_000))
    page = sign_in("approver").get(ADDRESS).get_data(as_text=True)
    assert "Bank Pasar melebihi kuota" in page
    assert "sebesar Rp2.000.000" in page
    assert "-Rp2.000.000" in page


@pytest.mark.parametrize("odd", ["abc", "1", "99999", ""])
def test_an_odd_year_falls_back_to_this_one(odd: str, sign_in: SignIn) -> None:
    page = sign_in("auditor").get(f"{ADDRESS}?tahun={odd}").get_data(as_text=True)
    assert "Kuota bank 2026" in page


def test_the_number_of_queries_does_not_grow_with_the_books(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    with factories.counted_queries(app) as few:
        client.get(ADDRESS)
    factories.saved(app, lambda s: _fill(s, people))
    with factories.counted_queries(app) as many:
        client.get(ADDRESS)
    assert len(many) == len(few)
