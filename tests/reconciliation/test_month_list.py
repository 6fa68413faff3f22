"""The table of months: which bank has sent what, and what is to be reconciled."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import Client
from tests.reconciliation.steps import OCTOBER, SEPTEMBER, left, of, post, row, two_loans
from wibawa.banks.models import Bank
from wibawa.reconciliation import actions
from wibawa.web.clock import now


def _states(page: str) -> dict[str, list[str]]:
    """Month → the states in its row."""
    body = page.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0]
    return {
        re.findall(r"<th[^>]*>([^<]+)</th>", line)[0]: re.findall(r"badge-\w+\">([^<]+)<", line)
        for line in body.split("</tr>")
        if "<th" in line
    }


def test_every_month_of_every_bank_says_where_it_stands(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    def make(session: Session) -> None:
        one, _ = two_loans(session, people)
        factories.loan(session, people["staff"], people["approver"], number=9,
                       bank_id=factories.JATENG, disbursed_on=dt.date(2026, 8, 20))  # fmt: skip
        factories.close_month(session, people, factories.PASAR, SEPTEMBER)
        post(session, people, "o.csv",
             row(session, one, dt.date(2026, 10, 27), left(10), "B1"))  # fmt: skip

    factories.saved(app, make)
    client = sign_in("staff")
    said = _states(client.get("/rekonsiliasi").get_data(as_text=True))
    assert said["November 2026"] == ["Berjalan, belum ada berkas"] * 2
    assert said["Oktober 2026"] == ["Belum ada berkas", "Selisih 1"]
    assert said["September 2026"] == ["Belum ada berkas", "Ditutup"]
    assert said["Agustus 2026"] == ["Belum ada berkas", "Tidak direkonsiliasi"]
    assert said["Juli 2026"] == ["Tidak direkonsiliasi"] * 2
    # Jateng: August, September, October; Pasar: October.
    home = client.get("/").get_data(as_text=True)
    assert "<strong>4</strong> bulan belum direkonsiliasi" in home
    assert "bulan belum direkonsiliasi" not in sign_in("approver").get("/").get_data(as_text=True)


def test_a_proposed_month_waits_for_the_other_person(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    def make(session: Session) -> None:
        two_loans(session, people)
        bank = session.get_one(Bank, factories.PASAR)
        seen = actions.shown(of(session, OCTOBER))
        actions.propose(session, bank, OCTOBER, seen, "", people["staff"], now())

    factories.saved(app, make)
    client = sign_in("approver")
    home = client.get("/").get_data(as_text=True)
    assert "<strong>1</strong> bulan menunggu ditutup" in home
    said = _states(client.get("/rekonsiliasi").get_data(as_text=True))
    assert said["Oktober 2026"][-1] == "Menunggu penutupan"


def test_a_bank_officer_sees_the_own_bank_only(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    factories.saved(app, lambda session: two_loans(session, people))
    page = sign_in("jateng").get("/rekonsiliasi").get_data(as_text=True)
    assert "/rekonsiliasi/JATENG/" in page
    assert "PASAR" not in page
    assert "Bank Pasar" not in page


def test_an_empty_office_has_nothing_to_reconcile(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    page = sign_in("staff").get("/rekonsiliasi").get_data(as_text=True)
    assert "sudah ditutup" in page
