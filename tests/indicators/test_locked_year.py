from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable

import openpyxl
import pytest
import time_machine
from flask import Flask

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import Office, borrower, lend
from wibawa.database import db, writing

SignIn = Callable[[str], factories.Client]
ADDRESS = "/indikator/kunci/2025/versi/1"


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_page_and_files_of_a_locked_year_are_the_same_bytes_whatever_is_booked_later(
    app: Flask,
    office: Office,
    people: dict[str, int],
    sign_in: SignIn,
    clock: time_machine.Traveller,
) -> None:
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    client = sign_in("leader")

    def seen() -> tuple[str, bytes, bytes]:
        page = client.get(ADDRESS).get_data(as_text=True)
        body = page[page.index("<main") : page.index("</main>")]
        files = [client.get(f"{ADDRESS}/ekspor.{kind}").data for kind in ("xlsx", "json")]
        return body, files[0], files[1]

    before = seen()
    with app.app_context(), writing():
        session = db.session()
        lend(session, people, borrower(session, people["staff"], 31, "Eka"), dt.date(2025, 6, 1))
        pair = (people["staff"], people["approver"])
        factories.reversal(session, office.loans[4], 1, dt.date(2025, 5, 6), *pair)
        session.commit()
        db.session.remove()
    clock.shift(dt.timedelta(hours=1))
    assert seen() == before
    page, workbook, content = before
    assert hashlib.sha256(content).hexdigest() in page.replace(" ", "")
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).active
    rows = list(sheet.iter_rows(values_only=True))
    found = {row[2]: row[6] for row in rows if row[0] == "Varian"}
    assert found["Berjalan pada tahun itu, semua peminjam: peminjam"] == 4
    assert found["Dilayani pada tahun itu, koperasi: peminjam"] == 1
    assert "Ada selisih" in client.get("/indikator/kunci/2025").get_data(as_text=True)
    assert "KW-" not in client.get("/indikator/kunci/2025").get_data(as_text=True)
    staff = sign_in("staff").get("/indikator/kunci/2025").get_data(as_text=True)
    assert "Keluar" in staff
    assert "Masuk" in staff


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_version_that_was_never_locked_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("leader").get(ADDRESS).status_code == 404


LIVE = "Tahun 2025 dikunci 24 November 2026 (kunci versi 1); angka di halaman ini dihitung dari"
PAGES = ("", "/rincian", "/daftar", "/corong")


def test_pages_that_count_a_locked_year_anew_say_so_and_lead_to_what_was_locked(
    app: Flask, office: Office, people: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")

    def page(address: str) -> str:
        return client.get(f"/indikator/angka/2025{address}").get_data(as_text=True)

    assert [each for each in PAGES if "dikunci" in page(each)] == []
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    assert [each for each in PAGES if LIVE not in page(each)] == []
    assert f'href="{ADDRESS}"' in page("")
    same = "varian=dilayani&amp;satuan=pinjaman&amp;kunci=1"
    asked = "?varian=dilayani&satuan=pinjaman&tanggal=31/03/2025"
    assert f'href="/indikator/angka/2025/rincian?{same}"' in page(f"/rincian{asked}")
    part = f"{same}&amp;menurut=bank&amp;isi=1"
    assert f'href="/indikator/angka/2025/daftar?{part}"' in page(
        f"/daftar{asked}&menurut=bank&isi=1"
    )
    for kept in ("/rincian?kunci=1", "/daftar?kunci=1"):
        assert LIVE not in page(kept)
    assert "dikunci" not in client.get("/indikator/angka/2024").get_data(as_text=True)


def test_the_growth_of_the_programme_names_the_years_that_are_locked(
    app: Flask, office: Office, people: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("leader")
    said = "juga untuk tahun yang dikunci"
    assert said not in client.get("/indikator/perkembangan").get_data(as_text=True)
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    page = client.get("/indikator/perkembangan").get_data(as_text=True)
    assert said in page
    assert f'<a href="{ADDRESS}">Tahun 2025 dikunci 24 November 2026 (kunci versi 1)</a>' in page


def test_a_file_of_a_locked_year_that_is_counted_anew_says_so(
    app: Flask, office: Office, people: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    client = sign_in("staff")

    def notes(address: str) -> str:
        content = client.get(f"/indikator/angka/2025/{address}").data
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        return " ".join(str(row[0]) for row in sheet.iter_rows(max_row=8, values_only=True))

    for which in ("rincian", "daftar"):
        assert "angka di berkas ini dihitung dari buku sekarang" in notes(f"{which}.xlsx")
        assert "buku sekarang" not in notes(f"{which}.xlsx?kunci=1")


def test_the_report_on_cooperatives_tells_locked_figures_from_those_of_the_books(
    app: Flask, office: Office, people: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("leader")
    said = "tahun 2025 dikunci; Pinjaman dan Plafon di sebelahnya dihitung dari buku"
    address = "/laporan/permodalan-koperasi"
    assert said not in client.get(address).get_data(as_text=True)
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    assert said in client.get(address).get_data(as_text=True)
    # On a day of 2025 the report counts anew, as the books knew that day: nothing of it is locked.
    assert said not in client.get(f"{address}?tanggal=2025-06-30").get_data(as_text=True)
