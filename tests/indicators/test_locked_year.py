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
    assert hashlib.sha256(content).hexdigest() in page
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
