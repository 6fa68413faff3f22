from __future__ import annotations

import csv
import io
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import Office
from wibawa.indicators.inputs.actions import Said, write_down
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_books_stand_year_by_year_from_the_first_loan_on(
    office: Office, sign_in: SignIn
) -> None:
    page = sign_in("leader").get("/indikator/perkembangan").get_data(as_text=True)
    body = page[page.index("<tbody>") :]
    assert body.index("/indikator/angka/2023") < body.index("/indikator/angka/2026")
    assert "/indikator/angka/2022" not in body
    assert "102.000.000" in body  # 5 + 10 + 5 + 50 + 5 + 2 + 25 million


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_an_office_without_anything_is_told_what_to_do(sign_in: SignIn) -> None:
    page = sign_in("staff").get("/indikator/perkembangan").get_data(as_text=True)
    assert "Belum ada data" in page
    assert "Catat riwayat" in page


def test_the_growth_goes_out_as_a_file_with_what_is_not_known_in_words(
    office: Office, app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    said = Said("opening", "", 2022, 40, None, None, 200_000_000, None, "Contoh", "", "")
    factories.saved(app, lambda session: write_down(session, said, 0, people["staff"], now()))
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    client = sign_in("leader")
    assert "/indikator/perkembangan.csv" in client.get("/indikator/perkembangan").text
    text = client.get("/indikator/perkembangan.csv").data.decode("utf-8-sig")
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(text), delimiter=";")}
    nothing = "belum ada data"
    assert rows["2022"] == ["40", "200000000", "Contoh", *[nothing] * 5]
    assert rows["2026"] == [*[nothing] * 3, "5", "102000000", "5", "2", "1"]
    sheet = openpyxl.load_workbook(
        io.BytesIO(client.get("/indikator/perkembangan.xlsx").data)
    ).active
    notes = " ".join(str(row[0]) for row in sheet.iter_rows(max_row=6, values_only=True))
    assert "Tahun 2025 dikunci 24 November 2026 (kunci versi 1); di sini dihitung" in notes
