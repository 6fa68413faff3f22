"""What was booked into a closed month after it was signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import Client
from tests.reconciliation.steps import OCTOBER, left, post, row, two_loans
from wibawa.repayments.closed import closed_notices
from wibawa.rules.reconciliation import Month
from wibawa.uploads.models import UploadProblem

PAGE = "/rekonsiliasi/PASAR/2026-10/susulan"
PAID = dt.date(2026, 10, 27)


def _closed_with_late_row(app: Flask, people: dict[str, int]) -> int:
    def make(session: Session) -> int:
        one, _ = two_loans(session, people)
        factories.close_month(session, people, factories.PASAR, OCTOBER)
        return post(session, people, "susulan.csv", row(session, one, PAID, left(9), "B1"))

    return factories.saved(app, make)


def test_each_later_entry_leads_to_its_file_and_row_and_to_the_month_it_counts_in(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    upload = _closed_with_late_row(app, people)
    page = sign_in("staff").get(PAGE).get_data(as_text=True)
    assert f"/angsuran/berkas/{upload}" in page
    assert "susulan.csv</a>, baris 2" in page
    assert '<a href="/rekonsiliasi/PASAR/2026-11">November 2026</a>' in page
    lines = sign_in("auditor").get(f"{PAGE}.csv").get_data(as_text=True).splitlines()
    assert lines[1].endswith("November 2026")
    hidden = sign_in("leader").get(PAGE).get_data(as_text=True)
    assert "Siti Aminah" not in hidden
    assert "susulan.csv<" not in hidden


def test_a_month_without_later_entries_says_so_and_an_open_one_has_no_such_page(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    def make(session: Session) -> None:
        two_loans(session, people)
        factories.close_month(session, people, factories.PASAR, OCTOBER)

    factories.saved(app, make)
    client = sign_in("staff")
    assert "Tidak ada entri susulan" in client.get(PAGE).get_data(as_text=True)
    assert client.get(PAGE.replace("2026-10", "2026-11")).status_code == 404


def test_a_file_with_rows_of_a_closed_month_says_so_before_it_is_posted(
    app: Flask, people: dict[str, int], session: Session
) -> None:
    upload = _closed_with_late_row(app, people)
    found = session.query(UploadProblem).filter_by(upload_id=upload, code="month_closed").one()
    assert (found.row, found.blocking) == (0, False)
    assert found.message == (
        "1 baris bertanggal Oktober 2026 yang sudah ditutup; dibukukan dengan tanggalnya, dihitung "
        "di November 2026."
    )


def test_a_closed_month_is_said_once_whatever_number_of_rows() -> None:
    days = [dt.date(2026, 8, 1)] * 3 + [dt.date(2026, 9, 30), dt.date(2026, 10, 1)]
    found = closed_notices(days, Month(2026, 9))
    assert [(each.found, each.message.split()[0]) for each in found] == [
        ("2026-08", "3"), ("2026-09", "1"),
    ]  # fmt: skip
    assert closed_notices(days, None) == []
