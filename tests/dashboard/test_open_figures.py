"""The public page: off until somebody opens it, aggregates only, small cells hidden, no session."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import Office, borrower, lend
from wibawa.dashboard.opened.actions import switch
from wibawa.dashboard.opened.document import part_of, split
from wibawa.dashboard.opened.queries import history, setting_on
from wibawa.indicators.inputs.actions import Said, write_down
from wibawa.rules.refused import Refused
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]
BANYUMANIK = "33.74.11.1001"


def opened(app: Flask, people: dict[str, int]) -> None:
    def deed(session: Session) -> bool:
        seen = history(session)[0].id
        return switch(session, today(), True, "Surat 1/2026", seen, people["approver"], now())

    assert factories.saved(app, deed)


def test_nothing_is_there_until_the_office_opens_it(app: Flask, office: Office) -> None:
    client = app.test_client()
    for address in ("/terbuka", "/terbuka/data.json", "/terbuka/data.csv"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_whoever_asks_gets_the_same_page_without_a_cookie(
    app: Flask, people: dict[str, int], office: Office, sign_in: SignIn
) -> None:
    opened(app, people)
    bodies = set()
    for client in (app.test_client(), sign_in("leader"), sign_in("staff")):
        answer = client.get("/terbuka")
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert "Vary" not in answer.headers
        assert answer.headers["Cache-Control"] == "public, max-age=600"
        bodies.add(answer.get_data())
    assert len(bodies) == 1


def test_small_cells_and_what_would_tell_them_are_hidden(
    app: Flask, people: dict[str, int], office: Office
) -> None:
    """Five borrowers of the small office: 3 in Semarang Tengah, 2 in Genuk; 2 women, 3 men. Seven
    women more in Banyumanik. Of 12 in all the 9 women would tell of the 3 men."""

    def more(session: Session) -> None:
        for number in range(10, 17):
            who = borrower(session, people["staff"], number, f"Peminjam {number}", "P", BANYUMANIK)
            lend(session, people, who, dt.date(2026, 2, 2))

    factories.saved(app, more)
    opened(app, people)
    data = app.test_client().get("/terbuka/data.json").get_json()
    places = {each["name"]: each["borrowers"] for each in data["borrowers_by_kecamatan"]}
    assert places["Banyumanik"] == 7
    assert [places["Semarang Tengah"], places["Genuk"], places["Tugu"]] == [None, None, None]
    assert [each["borrowers"] for each in data["borrowers_by_sex"]] == [None, None]
    assert data["totals"]["borrowers"] == 12
    page = app.test_client().get("/terbuka").get_data(as_text=True)
    for name in ("Aminah", "Budi", "Citra", "Dodi", "Koperasi Maju", "Peminjam 10"):
        assert name not in page


def test_one_disbursement_is_not_seen_by_looking_before_and_after_it(
    app: Flask, people: dict[str, int], office: Office
) -> None:
    opened(app, people)
    before = app.test_client().get("/terbuka/data.json").get_json()
    assert before["as_of"] == "2026-10-31"

    def one_more(session: Session) -> None:
        who = borrower(session, people["staff"], 30, "Peminjam 30", "P", BANYUMANIK)
        lend(session, people, who, today())

    factories.saved(app, one_more)
    assert app.test_client().get("/terbuka/data.json").get_json() == before
    assert before["totals"]["principal"]


def test_a_total_below_five_takes_the_money_with_it(app: Flask, people: dict[str, int]) -> None:
    factories.two_banks(app, people)  # three borrowers
    opened(app, people)
    data = app.test_client().get("/terbuka/data.json").get_json()
    assert set(data["totals"].values()) == {None}
    assert {each["borrowers"] for each in data["borrowers_by_kecamatan"]} == {None}


def test_the_indicators_are_those_that_were_published_or_locked(
    app: Flask, people: dict[str, int], office: Office
) -> None:
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    opened(app, people)
    data = app.test_client().get("/terbuka/data.json").get_json()
    found = {(each["code"], each["year"]): each for each in data["indicators"]}
    access = found["TPB 8.3.1.(c)", 2024]
    assert (access["target"], access["realised"], access["ratio"]) == ("8.00", "7.94", "99.25")
    assert access["state"] == "published"
    # 2026 is reckoned from the books and nobody has locked it: the public sees its target alone.
    assert found["TPB 8.3.1.(c)", 2026]["realised"] is None
    assert found["TPB 8.3.1.(c)", 2026]["state"] == "target_only"
    # One cooperative got a loan in 2025: locked, but fewer than five.
    assert found["KOP-PERMODALAN", 2025]["state"] == "hidden"
    text = app.test_client().get("/terbuka/data.csv").data.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=";") if row[3] == "2024"]
    found_rows = {(row[1], row[4]): row[5] for row in rows}
    assert found_rows["TPB 8.3.1.(c)", "realisasi (%)"] == "7.94"
    assert found_rows["TPB 8.3.1.(c)", "rasio capaian (%)"] == "99.25"


def test_a_locked_percentage_stands_with_what_it_is_a_part_of(
    app: Flask, people: dict[str, int], office: Office
) -> None:
    """Six borrowers up to 2025: 6 of 80."""

    def locked(session: Session) -> None:
        for number in (11, 12):
            who = borrower(session, people["staff"], number, f"Peminjam {number}")
            lend(session, people, who, dt.date(2025, 7, 1))
        said = Said("denominator", "SI-UMI", 2025, 80, None, None, None, None, "Contoh", "", "")
        write_down(session, said, 0, people["staff"], now())
        factories.lock_year(session, people, 2025)

    factories.saved(app, locked)
    opened(app, people)
    client = app.test_client()
    data = client.get("/terbuka/data.json").get_json()
    found = {(each["code"], each["year"]): each for each in data["indicators"]}
    access = found["TPB 8.3.1.(c)", 2025]
    assert (access["realised"], access["state"]) == ("7.50", "locked")
    assert (access["numerator"], access["denominator"]) == (6, 80)
    for other in (("TPB 8.3.1.(c)", 2024), ("TPB 8.3.1.(c)", 2026), ("KOP-PERMODALAN", 2025)):
        assert (found[other]["numerator"], found[other]["denominator"]) == (None, None)
    text = client.get("/terbuka/data.csv").data.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=";") if row[0] == "Indikator"]
    values = {(row[1], row[3], row[4]): row[5] for row in rows}
    assert values["TPB 8.3.1.(c)", "2025", "pembilang (jumlah)"] == "6"
    assert values["TPB 8.3.1.(c)", "2025", "penyebut (jumlah)"] == "80"
    assert values["TPB 8.3.1.(c)", "2024", "penyebut (jumlah)"] == ""
    assert not [key for key in values if key[0] == "KOP-PERMODALAN" and "pembilang" in key[2]]
    page = client.get("/terbuka").get_data(as_text=True)
    assert '<td class="num">6</td><td class="num">80</td>' in page
    assert '<td class="num">–</td><td class="num">–</td>' in page


def test_a_part_is_hidden_when_it_or_its_rest_is_small() -> None:
    assert [part_of(part, 30) for part in (4, 5, 25, 26, 30)] == [None, 5, 25, None, 30]
    assert part_of(20, None) is None
    cells, total = split([("a", "A", 12), ("b", "B", 3), ("c", "C", 9)])
    assert [cell.borrowers for cell in cells] == [12, None, None]
    assert total == 24
    assert split([("a", "A", 3)])[1] is None


def test_a_date_in_the_past_and_a_form_that_is_out_of_date_are_refused(
    session: Session, people: dict[str, int]
) -> None:
    first = history(session)[0].id
    by = people["approver"]
    with pytest.raises(Refused, match="sudah lewat"):
        switch(session, dt.date(2026, 11, 23), True, "Surat 1", first, by, now())
    later = today() + dt.timedelta(days=7)
    assert switch(session, later, True, "Surat 1", first, by, now())
    assert not setting_on(session, today()).is_open
    assert setting_on(session, later).is_open
    with pytest.raises(Refused, match="orang lain"):
        switch(session, today(), True, "Surat 2", first, by, now())
