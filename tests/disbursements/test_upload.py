from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest

from tests import factories
from tests.disbursements.payments import HEAD, line, text, upload
from wibawa.disbursements.files.reader import COLUMNS

SignIn = Callable[[str], factories.Client]
PLACE = "/pencairan/berkas/baru"


def test_without_a_file_the_form_says_what_to_choose(sign_in: SignIn) -> None:
    answer = sign_in("pasar").post(PLACE, data={})
    assert "Belum ada berkas yang dipilih" in answer.get_data(as_text=True)


def test_the_office_says_whose_file_it_is_a_banks_officer_need_not(sign_in: SignIn) -> None:
    assert 'name="bank_id"' not in text(sign_in("pasar"), PLACE)
    staff = sign_in("staff")
    assert 'name="bank_id"' in text(staff, PLACE)
    data = {"file": (io.BytesIO((HEAD + line()).encode()), "cair.csv")}
    answer = staff.post(PLACE, data=data)
    assert answer.status_code == 200
    assert "Bank penyalur" in answer.get_data(as_text=True)
    assert upload(staff, line(), bank_id=factories.PASAR).startswith("/pencairan/berkas/")


def test_a_banks_officer_cannot_send_for_the_other_bank(sign_in: SignIn) -> None:
    url = upload(sign_in("pasar"), line(), bank_id=factories.JATENG)
    assert "Bank Pasar" in text(sign_in("staff"), url)


def test_a_file_without_the_needed_columns_is_refused_with_what_was_found(sign_in: SignIn) -> None:
    content = b"Kota;Kode;Luas\nSemarang;3374;373\n"
    answer = sign_in("pasar").post(PLACE, data={"file": (io.BytesIO(content), "kota.csv")})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Nomor Permohonan" in page
    assert "Kota" in page


def test_the_template_has_the_columns_of_the_reader(sign_in: SignIn) -> None:
    for who in ("pasar", "staff"):
        answer = sign_in(who).get("/pencairan/templat.xlsx")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        headings = [str(cell.value).rstrip(" *") for cell in sheet[1]]
        assert headings == [column.heading for column in COLUMNS]
        assert "NIK" not in headings


@pytest.mark.parametrize("who", ["approver", "leader", "auditor", "admin"])
def test_nobody_else_sends_files(sign_in: SignIn, who: str) -> None:
    assert sign_in(who).get(PLACE).status_code == 403
