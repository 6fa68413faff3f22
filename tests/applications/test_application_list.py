from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable

import openpyxl
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, recorded, text_of, visited
from wibawa.access.models import TrailEntry

SignIn = Callable[[str], factories.Client]


@pytest.fixture
def three(
    sign_in: SignIn, session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> dict[str, int]:
    """A draft of staff's and a submitted one of 3 November, a visited one of 20 November."""
    more = {"Dewi": {"simpan": "1"}, "Joko": {"bank_id": "1"}, "Rahayu": dict[str, str]()}
    ids = {
        name: factories.borrower(session, people["staff"], at, name)
        for at, name in enumerate(more, 20)
    }
    session.commit()
    clock.move_to(dt.datetime(2026, 11, 3, 3, tzinfo=dt.UTC))
    client = sign_in("staff")
    made = {
        name: recorded(client, f"/permohonan/baru?peminjam={ids[name]}", **more[name])
        for name in more
    }
    clock.move_to(dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC))
    visited(sign_in("staff"), made["Rahayu"], visited_on="20/11/2026")
    clock.move_to(dt.datetime(2026, 11, 24, 3, tzinfo=dt.UTC))
    return made


def _waiting(page: str) -> str:
    return page[page.index('id="menunggu"') : page.index('class="filter-bar"')]


@pytest.mark.usefixtures("three")
def test_each_role_sees_what_waits_for_it_and_for_how_long(sign_in: SignIn) -> None:
    page = _waiting(text_of(sign_in("staff"), "/permohonan"))
    assert page.index("Dewi") < page.index("Joko")
    assert "Rahayu" not in page
    assert page.count("21 hari") == 2
    assert "Kunjungi usahanya" in page
    other = _waiting(text_of(sign_in("staff2"), "/permohonan"))
    assert "Joko" in other
    assert "Dewi" not in other, "a draft waits for who began it"
    page = _waiting(text_of(sign_in("approver"), "/permohonan"))
    assert "Rahayu" in page
    assert "4 hari" in page
    assert "Joko" not in page
    assert 'id="menunggu"' not in text_of(sign_in("auditor"), "/permohonan")


@pytest.mark.usefixtures("three")
def test_the_menu_counts_what_waits(sign_in: SignIn) -> None:
    for who, count in (("staff", 2), ("staff2", 1), ("approver", 1)):
        page = text_of(sign_in(who), "/")
        item = page[page.index('href="/permohonan"') :]
        assert f'menu-count">{count}' in item[: item.index("</a>")]
        assert "permohonan menunggu langkah Anda" in page
    page = text_of(sign_in("auditor"), "/")
    item = page[page.index('href="/permohonan"') :]
    assert "menu-count" not in item[: item.index("</a>")]
    assert 'href="/permohonan"' not in text_of(sign_in("leader"), "/")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Dewi", "Joko", "Rahayu"}),
        ("?keadaan=diverifikasi", {"Rahayu"}),
        ("?keadaan=menunggu", {"Dewi", "Joko"}),
        ("?bank=JATENG", {"Joko"}),
        ("?lama=7", {"Dewi", "Joko"}),
        ("?lama=30", set()),
        ("?lama=7&bank=PASAR", {"Dewi"}),
        ("?keadaan=aneh&bank=X&lama=5&hal=-1&urut=zz", {"Dewi", "Joko", "Rahayu"}),
    ],
)
def test_filters_stand_in_the_address_and_odd_ones_fall_away(
    sign_in: SignIn, query: str, names: set[str]
) -> None:
    page = text_of(sign_in("staff"), f"/permohonan{query}")
    table = page[page.index('id="tabel-permohonan"') :] if names else ""
    assert {each for each in ("Dewi", "Joko", "Rahayu") if each in table} == names
    if names:
        assert f"Jumlah {len(names)} permohonan" in table
    else:
        assert "Tidak ada permohonan yang cocok" in page


@pytest.mark.usefixtures("three")
def test_it_is_paged_and_sorted_in_the_database(sign_in: SignIn, app: Flask) -> None:
    client = sign_in("staff")
    page = text_of(client, "/permohonan?urut=-nama")
    table = page[page.index('id="tabel-permohonan"') :]
    assert table.index("Rahayu") < table.index("Joko") < table.index("Dewi")
    assert "Halaman ini kosong" in text_of(client, "/permohonan?hal=9")
    with factories.counted_queries(app) as seen:
        client.get("/permohonan")
    assert len([each for each in seen if "FROM applications" in each]) <= 5


@pytest.mark.usefixtures("three")
def test_the_export_is_exactly_what_is_shown(sign_in: SignIn, session: Session) -> None:
    client = sign_in("staff")
    for query, names in (
        ("", ["Rahayu", "Joko", "Dewi"]),
        ("?keadaan=menunggu&urut=nama", ["Dewi", "Joko"]),
        ("?bank=JATENG", ["Joko"]),
        ("?batas=lewat&urut=nomor", ["Dewi", "Joko"]),
    ):
        answer = client.get(f"/permohonan/ekspor.csv{query}")
        text = answer.get_data(as_text=True).lstrip("\ufeff")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
        assert [row["Peminjam"] for row in rows] == names, query
    assert rows[0]["Keadaan"] == "Draf"
    assert rows[0]["Batas waktu"] == "17/11/2026"
    assert rows[0]["Hari terlambat"] == "7"
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/permohonan/ekspor.xlsx").data)).active
    assert sheet is not None
    assert sheet.max_row >= 4
    session.rollback()
    trail = select(TrailEntry.action).where(TrailEntry.object_kind == "application_list")
    assert set(session.scalars(trail)) == {"list_exported"}
    other = sign_in("jateng").get("/permohonan/ekspor.csv").get_data(as_text=True)
    assert "Joko" not in other, "not sent to the bank yet"


def test_an_empty_list_says_how_to_begin(sign_in: SignIn) -> None:
    assert "/permohonan/baru/peminjam" in text_of(sign_in("staff"), "/permohonan")
    page = text_of(sign_in("auditor"), "/permohonan")
    assert "Belum ada permohonan" in page
    assert "/permohonan/baru/peminjam" not in page
    for who in ("leader", "admin"):
        assert sign_in(who).get("/permohonan").status_code == 403


def test_what_ended_is_no_longer_open(
    sign_in: SignIn, three: dict[str, int], clock: time_machine.Traveller
) -> None:
    client = sign_in("staff")
    assert act(client, three["Dewi"], "batalkan") == 302
    assert "Dewi" not in _waiting(text_of(client, "/permohonan"))
    clock.move_to(dt.datetime(2026, 12, 31, 3, tzinfo=dt.UTC))
    page = text_of(sign_in("staff"), "/permohonan?lama=30")
    assert "Dewi" not in page[page.index('id="tabel-permohonan"') :]
