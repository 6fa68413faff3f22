from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from wibawa.borrowers import register as lists
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import sectors
from wibawa.rules.facts import BorrowerKind, Health
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def cooperative(session: Session, by: int, nik: str = "3374010101700009") -> int:
    """A cooperative in Bandarharjo with Agus Salim in the chair."""
    return add_borrowers(
        session,
        [
            NewBorrower(
                kind=BorrowerKind.COOPERATIVE,
                name="Koperasi Maju Bersama",
                nik=nik,
                sex="L",
                birth_date=dt.date(1970, 1, 1),
                kelurahan_code="33.74.02.1001",
                sector="Simpan pinjam",
                business_started_on=dt.date(2015, 5, 1),
                address="Jl. Mataram No. 9",
                phone="0248311111",
                cooperative_number="3374110020001",
                chair_name="Agus Salim",
                members_male=40,
                members_female=60,
                active=True,
                health=Health.HEALTHY,
                health_assessed_on=dt.date(2026, 4, 20),
                annual_meeting_on=dt.date(2026, 3, 14),
            )
        ],
        by,
        now(),
    ).ids[0]


@pytest.fixture
def register(app: Flask, people: dict[str, int]) -> dict[str, int]:
    """Siti with a running loan, Joko without one, and a cooperative; name → id."""

    def make(session: Session) -> dict[str, int]:
        by = people["staff"]
        factories.loan(session, by, people["approver"], number=1)
        return {
            "siti": 1,
            "joko": factories.borrower(session, by, 2, "Joko Susilo"),
            "coop": cooperative(session, by),
        }

    return factories.saved(app, make)


def test_the_register_shows_every_borrower_with_masked_nik_and_totals(
    register: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get("/peminjam").get_data(as_text=True)
    for name in ("Siti Aminah", "Joko Susilo", "Koperasi Maju Bersama", "ketua Agus Salim"):
        assert name in page
    assert "************0001" in page
    assert "3374014804850001" not in page
    said = "Jumlah 3 peminjam: 2 usaha mikro, 1 koperasi; 1 dengan pinjaman berjalan"
    assert said in page
    assert "1–3 dari 3 peminjam" in page
    assert "5.000.000" in page


FILTERS: dict[str, set[str]] = {
    "": {"siti", "joko", "coop"},
    "q=aminah": {"siti"},
    "q=roti": {"siti", "joko"},
    "q=agus+salim": {"coop"},
    "q=3374110020001": {"coop"},
    "q=%25": set(),
    "jenis=koperasi": {"coop"},
    "jenis=mikro": {"siti", "joko"},
    "kecamatan=33.74.02": {"coop"},
    "kecamatan=33.74.01": {"siti", "joko"},
    "bidang=Kuliner": {"siti", "joko"},
    "pinjaman=berjalan": {"siti"},
    "pinjaman=tanpa": {"joko", "coop"},
    "pinjaman=tanpa&jenis=mikro": {"joko"},
    "jenis=x&kecamatan=y&pinjaman=z&hal=99&urut=drop": {"siti", "joko", "coop"},
}
NAMES = {"siti": "Siti Aminah", "joko": "Joko Susilo", "coop": "Koperasi Maju Bersama"}


def test_each_filter_keeps_the_right_borrowers_on_screen_and_in_the_export(
    register: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("auditor")
    for filters, keys in FILTERS.items():
        page = client.get(f"/peminjam?{filters}").get_data(as_text=True)
        assert {key for key, name in NAMES.items() if f">{name}</a>" in page} == keys, filters
        text = client.get(f"/peminjam/ekspor.csv?{filters}").get_data(as_text=True)
        rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))
        assert {row["Nama"] for row in rows} == {NAMES[key] for key in keys}, filters


def test_the_list_is_sorted_by_the_database(register: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("staff")
    for order, first in (("nama", "Joko"), ("-nama", "Siti"), ("-baki", "Siti"), ("jenis", "Kope")):
        page = client.get(f"/peminjam?urut={order}").get_data(as_text=True)
        body = page[page.index("<tbody>") :]
        assert body.index(f">{first}") == min(body.index(f">{n[:4]}") for n in NAMES.values())


def test_the_export_masks_the_nik_and_leaves_a_trail(
    register: dict[str, int], sign_in: SignIn
) -> None:
    content = sign_in("staff").get("/peminjam/ekspor.xlsx").data
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert "************0001" in cells
    assert "5000000" in cells
    assert not [cell for cell in cells if "3374014804850001" in cell]
    trail = sign_in("auditor").get("/jejak").get_data(as_text=True)
    assert "Mengekspor daftar" in trail


def test_a_nik_or_a_phone_in_an_address_is_not_looked_up_and_taken_out_of_it(
    register: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    answer = client.get("/peminjam?q=3374014804850001&jenis=mikro")
    assert answer.headers["Location"] == "/peminjam?jenis=mikro"
    page = client.get("/peminjam?jenis=mikro").get_data(as_text=True)
    assert "NIK dan nomor telepon tidak dicari lewat alamat halaman" in page
    for typed in ("0812-3456-7890", "%2B62 812 3456 7890", "024 8311111"):
        answer = client.get(f"/peminjam?q={typed}&jenis=mikro")
        assert answer.headers["Location"] == "/peminjam?jenis=mikro"
        assert "nomor telepon tidak dicari" in client.get("/peminjam").get_data(as_text=True)
    exported = client.get("/peminjam/ekspor.csv?q=3374014804850001").get_data(as_text=True)
    assert "Joko Susilo" in exported  # the NIK was no filter


def test_the_list_takes_the_same_number_of_queries_for_3_and_for_60_borrowers(
    app: Flask, people: dict[str, int], register: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    with factories.counted_queries(app) as few:
        assert "1–3 dari 3 peminjam" in client.get("/peminjam?per_hal=200").get_data(True)
    factories.saved(
        app,
        lambda s: [factories.borrower(s, people["staff"], number=n) for n in range(4, 61)],
    )
    with factories.counted_queries(app) as many:
        assert "1–60 dari 60 peminjam" in client.get("/peminjam?per_hal=200").get_data(True)
    assert len(many) == len(few)


@pytest.mark.parametrize("who", ["jateng", "leader", "admin"])
def test_bank_officers_leadership_and_administrators_have_no_register(
    register: dict[str, int], sign_in: SignIn, who: str
) -> None:
    client = sign_in(who)
    for address in ("/peminjam", "/peminjam/ekspor.csv", f"/peminjam/{register['siti']}"):
        assert client.get(address).status_code == 403
    assert "Peminjam</span>" not in client.get("/").get_data(as_text=True)


def test_an_empty_register_says_how_borrowers_come_into_it(sign_in: SignIn) -> None:
    page = sign_in("staff").get("/peminjam").get_data(as_text=True)
    assert "Belum ada peminjam" in page
    assert "/permohonan/baru/peminjam" in page


def test_a_long_register_tells_its_sums_when_asked(
    register: dict[str, int], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_SUMMED", 2)
    client = sign_in("staff")
    page = client.get("/peminjam?jenis=mikro&urut=-nama").get_data(as_text=True)
    assert "1 dengan pinjaman berjalan" in page  # two borrowers are a short list
    page = client.get("/peminjam?urut=-nama").get_data(as_text=True)
    assert "Jumlah 3 peminjam: 2 usaha mikro, 1 koperasi</th>" in page
    assert "5.000.000" in page  # what stands on the page is reckoned all the same
    assert 'href="/peminjam?urut=-nama&amp;jumlah=ya"' in page
    asked = client.get("/peminjam?urut=-nama&jumlah=ya").get_data(as_text=True)
    assert "1 koperasi; 1 dengan pinjaman berjalan</th>" in asked
    sorted_by_it = client.get("/peminjam?urut=-baki").get_data(as_text=True)
    assert "1 dengan pinjaman berjalan" in sorted_by_it


def test_a_borrower_is_found_by_a_new_name_at_once_and_by_the_old_one_no_more(
    app: Flask, register: dict[str, int], sign_in: SignIn
) -> None:
    def rename(session: Session) -> None:
        session.get_one(Borrower, register["coop"]).chair_name = "Rahmat Édi"

    factories.saved(app, rename)
    client = sign_in("staff")
    assert "Koperasi Maju" in client.get("/peminjam?q=rahmat édi").get_data(as_text=True)
    assert "Tidak ada peminjam" in client.get("/peminjam?q=agus").get_data(as_text=True)


def test_the_sectors_are_offered_in_order_and_once(app: Flask, people: dict[str, int]) -> None:
    def make(session: Session) -> list[str]:
        for number in range(1, 5):
            factories.borrower(session, people["staff"], number)
        for number, sector in ((1, "Jasa"), (2, ""), (3, "Fesyen")):
            session.get_one(Borrower, number).sector = sector
        session.flush()
        return sectors(session) + sectors(session, most=2)

    found = factories.saved(app, make)
    assert found == ["Fesyen", "Jasa", "Kuliner", "Fesyen", "Jasa"]
