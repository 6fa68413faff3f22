from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import Office
from wibawa.banks.queries import thresholds_on
from wibawa.indicators.counted.queries import funnel
from wibawa.rules.indicators import Span, span_of
from wibawa.rules.statuses import State

SignIn = Callable[[str], factories.Client]
TODAY = dt.date(2026, 11, 24)


def said(
    session: Session, span: Span
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    moves, paid_out, late = funnel(session, span, thresholds_on(session, span.last))
    first, second = (
        {step.label: dict(step.by_sex) for step in each if step.total}
        for each in ((*moves.steps, *paid_out.steps), late.steps)
    )
    return first, second


def test_each_step_counts_what_happened_in_the_year_by_sex(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    factories.application(session, people, to=State.SENT)
    factories.application(session, people, to=State.SUBMITTED, number=2)
    steps, late = said(session, span_of(2026, TODAY))
    assert steps == {
        "Diajukan": {"P": 2},
        "Direkomendasikan dinas": {"P": 1},
        "Dicairkan": {"L": 1, "P": 1},  # Dodi on 1 January, Citra on 3 March
    }
    assert late == {"Lebih dari 180 hari": {"L": 3, "P": 3}}
    # On 10 March: Dodi's first installment was due on 1 February (37 days), Citra's of December on
    # 31 January (38); her second loan falls due on 3 April. The others have owed since long before.
    _, late = said(session, Span(2026, dt.date(2026, 3, 10)))
    assert late == {
        "0 hari": {"P": 1},
        "31–90 hari": {"L": 1, "P": 1},
        "Lebih dari 180 hari": {"L": 2, "P": 1},
    }


def test_a_step_of_new_years_eve_belongs_to_the_year_of_jakarta(
    session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    eve = dt.datetime(2026, 12, 31, 16, 59, 59, tzinfo=dt.UTC)  # 23:59:59 WIB
    clock.move_to(eve)
    factories.application(session, people, to=State.SUBMITTED)
    clock.move_to(eve + dt.timedelta(seconds=1))
    factories.application(session, people, to=State.SUBMITTED, number=2)
    today = dt.date(2027, 1, 1)
    for year in (2026, 2027):
        assert said(session, span_of(year, today))[0] == {"Diajukan": {"P": 1}}


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_page_shows_both_tables_or_that_there_is_nothing(
    app: Flask, office: Office, sign_in: SignIn
) -> None:
    client = sign_in("leader")
    page = client.get("/indikator/angka/2026/corong").get_data(as_text=True)
    assert "Pinjaman berjalan menurut hari tunggakan" in page
    assert "Belum ada data" in client.get("/indikator/angka/2020/corong").get_data(as_text=True)


def lines(page: str) -> dict[str, str]:
    """What stands beside each step."""
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th>(.*?)</tr>', page)
    return {label: " ".join(re.sub(r"<[^>]+>", " ", cells).split()) for label, cells in rows}


def test_a_part_of_which_nothing_is_known_says_so_and_never_0(
    app: Flask, people: dict[str, int], office: Office, sign_in: SignIn
) -> None:
    client = sign_in("leader")

    def shown(year: int, **asked: str) -> dict[str, str]:
        address = f"/indikator/angka/{year}/corong"
        return lines(client.get(address, query_string=asked).get_data(as_text=True))

    imported = shown(2026)
    unknown = ("Diajukan", "Direkomendasikan dinas", "Disetujui bank")
    assert {imported[label] for label in unknown} == {"belum ada data"}
    assert (imported["Dicairkan"], imported["0 hari"]) == ("1 1 2", "0 0 0")
    # Aminah's loan of 2023 alone runs in January 2024; nothing was paid out then.
    quiet = shown(2024, tanggal="2024-01-31")
    assert (quiet["Dicairkan"], quiet["Disetujui bank"]) == ("belum ada data", "belum ada data")
    assert "1 0 1" in quiet.values()
    factories.saved(app, lambda session: factories.application(session, people, to=State.SUBMITTED))
    asked = shown(2026)
    assert [asked[label] for label in unknown] == ["1 0 1", "0 0 0", "0 0 0"]


def test_an_application_before_any_loan_leaves_the_loans_unknown(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(app, lambda session: factories.application(session, people, to=State.SUBMITTED))
    page = sign_in("leader").get("/indikator/angka/2026/corong").get_data(as_text=True)
    shown = lines(page)
    assert shown["Diajukan"] == "1 0 1"
    for label in ("Dicairkan", "0 hari", "Lebih dari 180 hari"):
        assert shown[label] == "belum ada data"


def test_the_funnel_goes_out_as_a_file_and_says_what_is_not_known(
    office: Office, sign_in: SignIn
) -> None:
    client = sign_in("leader")
    asked = "?tanggal=2026-03-10"
    page = client.get(f"/indikator/angka/2026/corong{asked}").get_data(as_text=True)
    assert f"/indikator/angka/2026/corong.xlsx{asked}" in page
    text = client.get(f"/indikator/angka/2026/corong.csv{asked}").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert rows[0] == ["Bagian", "Langkah", "Perempuan", "Laki-laki", "Jumlah"]
    assert ["Langkah", "Diajukan", *["belum ada data"] * 3] in rows
    assert ["Langkah", "Dicairkan", "1", "1", "2"] in rows
    late = "Pinjaman berjalan 10 Maret 2026"
    assert [late, "31–90 hari", "1", "1", "2"] in rows
    assert [late, "1–30 hari", "0", "0", "0"] in rows
