from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest

from tests import factories
from tests.decisions.files import text, upload
from wibawa.decisions.reader import COLUMNS

SignIn = Callable[[str], factories.Client]


def test_without_a_file_the_form_says_what_to_choose(sign_in: SignIn) -> None:
    answer = sign_in("pasar").post("/keputusan/berkas/baru", data={})
    assert "Belum ada berkas yang dipilih" in answer.get_data(as_text=True)


def test_a_file_without_the_needed_columns_is_refused_with_what_was_found(sign_in: SignIn) -> None:
    content = b"Kota;Kode;Luas\nSemarang;3374;373\n"
    answer = sign_in("pasar").post(
        "/keputusan/berkas/baru", data={"file": (io.BytesIO(content), "kota.csv")}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Nomor Permohonan" in page
    assert "Kota" in page


def test_the_page_tells_the_reasons_that_may_be_written(sign_in: SignIn) -> None:
    page = text(sign_in("pasar"), "/keputusan/berkas/baru")
    assert "Kemampuan bayar tidak cukup" in page
    assert "Alasan lain: … (wajib dijelaskan)" in page


def test_the_template_has_the_columns_of_the_reader(sign_in: SignIn) -> None:
    answer = sign_in("pasar").get("/keputusan/templat.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    headings = [str(cell.value).rstrip(" *") for cell in sheet[1]]
    assert headings == [column.heading for column in COLUMNS]


@pytest.mark.usefixtures("session")
def test_the_same_file_and_a_copy_lead_to_the_first_one(sign_in: SignIn) -> None:
    client = sign_in("pasar")
    rows = "PM-000001;Siti;SETUJU;1;\n"
    first = upload(client, rows).partition("?")[0]
    again = upload(client, rows, "salinan.csv")
    assert again == f"{first}?sama=1"
    assert upload(client, "pm-1;Siti;disetujui;Rp1;\n", "lain.csv") == again
    assert "sudah pernah diunggah" in text(client, again)
