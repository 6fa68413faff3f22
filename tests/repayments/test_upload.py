from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl

from tests.factories import Client
from wibawa.repayments.layout import COLUMNS
from wibawa.repayments.reader import read_repayments

Enter = Callable[[str], Client]


def test_without_a_file_the_form_says_what_to_choose(sign_in: Enter) -> None:
    answer = sign_in("pasar").post("/angsuran/berkas/baru", data={})
    assert "Belum ada berkas yang dipilih" in answer.get_data(as_text=True)


def test_a_file_without_the_needed_columns_is_refused_with_what_was_found(
    sign_in: Enter,
) -> None:
    content = b"Kota;Kode;Luas\nSemarang;3374;373\n"
    answer = sign_in("pasar").post(
        "/angsuran/berkas/baru", data={"file": (io.BytesIO(content), "kota.csv")}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Nomor Rekening" in page
    assert "Kota" in page


def test_the_template_is_read_by_the_reader_that_it_is_made_for(sign_in: Enter) -> None:
    answer = sign_in("pasar").get("/angsuran/templat.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    headings = [str(cell.value).rstrip(" *") for cell in sheet[1]]
    assert headings == [column.heading for column in COLUMNS]
    file = read_repayments(answer.data, "templat.xlsx")
    assert file.problems == []
    assert [row.amount for row in file.rows] == [220_833]


def test_only_bank_officers_upload(sign_in: Enter) -> None:
    for who in ("staff", "approver", "leader", "auditor", "admin"):
        assert sign_in(who).get("/angsuran/berkas/baru").status_code == 403
