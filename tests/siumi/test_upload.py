from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl

from tests.factories import Client
from tests.siumi.files import JOKO, SITI, csv_of, sent
from wibawa.siumi.reader import COLUMNS, read_register

Enter = Callable[[str], Client]


def test_without_a_file_the_form_says_what_to_choose(sign_in: Enter) -> None:
    answer = sign_in("staff").post("/peminjam/impor/baru", data={})
    assert "Belum ada berkas yang dipilih" in answer.get_data(as_text=True)


def test_a_file_without_the_needed_columns_is_refused_with_what_was_found(sign_in: Enter) -> None:
    content = b"Kota;Kode;Luas\nSemarang;3374;373\n"
    answer = sign_in("staff").post(
        "/peminjam/impor/baru", data={"file": (io.BytesIO(content), "kota.csv")}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "KELURAHAN" in page
    assert "Kota" in page


def test_the_template_is_read_by_the_reader_that_it_is_made_for(sign_in: Enter) -> None:
    answer = sign_in("staff").get("/peminjam/impor/templat.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    headings = [str(cell.value).rstrip(" *") for cell in sheet[1]]
    assert headings == [column.heading for column in COLUMNS]
    file = read_register(answer.data, "templat.xlsx")
    assert file.problems == []
    assert [row.nik for row in file.rows] == ["3374014804850012"]


def test_the_same_file_again_leads_to_the_first_one(sign_in: Enter) -> None:
    staff = sign_in("staff")
    first = sent(staff, csv_of(SITI, JOKO))
    assert sent(staff, csv_of(SITI, JOKO), "salinan.csv") == first
    assert "sudah pernah diunggah" in staff.get(f"/peminjam/impor/{first}?sama=1").text


def test_a_mended_file_takes_the_place_of_the_faulty_one(sign_in: Enter) -> None:
    staff = sign_in("staff")
    first = sent(staff, csv_of(SITI | {"NO HP": "x"}))
    second = sent(staff, csv_of(SITI), replaces=str(first))
    assert second != first
    assert "Ditarik" in staff.get(f"/peminjam/impor/{first}").text


def test_only_the_office_staff_uploads_and_only_those_who_see_borrowers_look(
    sign_in: Enter,
) -> None:
    number = sent(sign_in("staff"), csv_of(SITI))
    for who in ("approver", "auditor"):
        client = sign_in(who)
        assert client.get("/peminjam/impor/baru").status_code == 403
        assert client.get(f"/peminjam/impor/{number}").status_code == 200
        for address in ("asli", "hasil.xlsx"):  # these hold every NIK
            assert client.get(f"/peminjam/impor/{number}/{address}").status_code == 403
    assert sign_in("pasar").get(f"/peminjam/impor/{number}").status_code == 403
