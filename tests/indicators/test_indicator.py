from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pypdf
import pytest

from tests import factories
from tests.conftest import SOAK_ON_BOTH

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)


def test_the_page_tells_the_definition_and_its_history(sign_in: SignIn) -> None:
    page = sign_in("leader").get("/indikator/tpb-8-3-1-c").get_data(as_text=True)
    for words in ("Definisi yang berlaku", "Versi 1", "SI-UMI", "188,33%", "99,25%", "MS-Ind"):
        assert words in page
    assert "Usulkan definisi baru" not in page
    assert "Usulkan definisi baru" in sign_in("staff").get("/indikator/pemulihan").get_data(
        as_text=True
    )


def test_an_indicator_without_a_definition_says_what_is_missing(sign_in: SignIn) -> None:
    page = sign_in("staff").get("/indikator/akses-pembiayaan").get_data(as_text=True)
    assert "Belum ada definisi" in page
    assert sign_in("staff").get("/indikator/akses-pembiayaan/ms-ind.pdf").status_code == 404


def test_an_indicator_that_is_none_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("leader").get("/indikator/lain").status_code == 404


def test_the_metadata_sheet_holds_what_the_statistics_office_asks_for(sign_in: SignIn) -> None:
    client = sign_in("leader")
    answer = client.get("/indikator/tpb-8-3-1-c/ms-ind.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = {row[1]: row[2] for row in sheet.iter_rows(values_only=True) if row[1]}
    assert rows["Nama indikator"].endswith("(TPB 8.3.1.(c))")
    assert rows["Ukuran"] == "Persentase"
    assert rows["Batas waktu data"] == "31 Desember"
    assert rows["Versi"] == "1, berlaku untuk tahun 2017 dan sesudahnya"
    assert rows["Penetapan"].startswith("Definisi awal aplikasi, belum ditetapkan")
    assert {"Konsep", "Definisi", "Interpretasi", "Metode atau rumus penghitungan", "Satuan",
            "Klasifikasi penyajian", "Indikator komposit", "Level estimasi",
            "Dapat diakses umum"} <= rows.keys()  # fmt: skip
    paper = client.get("/indikator/tpb-8-3-1-c/ms-ind.pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(paper.data)).pages)
    assert "METADATA STATISTIK INDIKATOR" in text
    assert "Klasifikasi penyajian" in text
    assert "Semarang, 24 November 2026" in text  # the day of the print: nobody approved it
    assert paper.data == client.get("/indikator/tpb-8-3-1-c/ms-ind.pdf?versi=1").data
