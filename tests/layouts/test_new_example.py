from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from time_machine import Traveller

from tests.factories import PASAR, Client
from tests.layouts.conftest import STRANGE, example, send
from wibawa.layouts.models import LayoutExample

Enter = Callable[[str], Client]


def kept(session: Session) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(LayoutExample)) or 0)


def test_the_example_is_kept_sealed_and_its_table_shown(sign_in: Enter, session: Session) -> None:
    client = sign_in("admin")
    page = client.get(example(client)).get_data(as_text=True)
    assert "NILAI TRX" in page
    assert "220,833.00" in page
    session.rollback()
    content = session.scalar(select(LayoutExample.content))
    assert content is not None
    assert b"KONTRAK" not in content
    assert b"Siti" not in content


def test_what_was_recognised_is_filled_in(sign_in: Enter) -> None:
    client = sign_in("admin")
    content = b"No Rekening;Tgl Bayar;XX\r\n'001;05-10-2026;5.000\r\n"
    page = client.get(example(client, content)).get_data(as_text=True)
    assert page.count("dikenali") == 2
    assert '<option selected value="1">B: Tgl Bayar</option>' in page
    assert "Kolom untuk Jumlah Bayar (atau Pokok dan Bunga) belum dipilih" in page


def test_headings_under_merged_cells_and_on_the_second_sheet_are_found(sign_in: Enter) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Catatan", "Isi"])  # type: ignore[union-attr]
    sheet = book.create_sheet("DATA")
    for line in (["KONTRAK", "WAKTU", "UANG", ""], ["", "", "MODAL", "JASA"], ["01", "x", 1, 2]):
        sheet.append(line)
    content = io.BytesIO()
    book.save(content)
    client = sign_in("admin")
    place = example(client, content.getvalue(), name="aneh.xlsx")
    assert "DATA, baris 1–2: KONTRAK, WAKTU, MODAL, JASA" in client.get(place).get_data(
        as_text=True
    )
    page = client.get(f"{place}?judul=1:1:2").get_data(as_text=True)
    assert "C: MODAL" in page


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Belum ada berkas yang dipilih"),
        (b"%PDF-1.7 x", "Berkas ini PDF"),
        (b"PK\x03\x04 broken", "Berkas Excel rusak"),
        (b"hanya satu kata", "Tidak ada tabel"),
    ],
)
def test_what_is_no_table_is_refused_in_words(
    sign_in: Enter, session: Session, content: bytes, sentence: str
) -> None:
    data = {"file": (io.BytesIO(content), "x.csv")} if content else {}
    answer = sign_in("admin").post(f"/pengaturan/bank/{PASAR}/berkas/angsuran", data=data)
    assert sentence in answer.get_data(as_text=True)
    assert kept(session) == 0


def test_an_example_is_thrown_away_on_request_and_after_a_day(
    sign_in: Enter, session: Session, clock: Traveller
) -> None:
    client = sign_in("admin")
    place = example(client)
    assert client.post(f"{place}/buang").status_code == 302
    assert kept(session) == 0
    place = example(client)
    clock.shift(24 * 3600 + 1)
    client = sign_in("admin")
    for address in (place, f"{place}/pratinjau"):
        assert client.get(address).headers["Location"] == "/pengaturan/bank"
    assert "sudah tidak disimpan" in client.get("/pengaturan/bank").get_data(as_text=True)
    example(client)
    assert kept(session) == 1  # the old one went when the new one came


def test_another_persons_example_is_nobodys(sign_in: Enter, session: Session) -> None:
    place = example(sign_in("admin"))
    session.rollback()
    found = session.scalar(select(LayoutExample))
    assert found is not None
    found.uploaded_by = 1
    session.commit()
    client = sign_in("admin")
    assert client.get(place).status_code == 404
    assert client.post(f"{place}/buang").status_code == 404
    assert kept(session) == 1


@pytest.mark.parametrize("who", ["staff", "approver", "pasar", "leader", "auditor"])
def test_only_an_administrator_teaches(sign_in: Enter, who: str) -> None:
    client = sign_in(who)
    assert send(client, STRANGE).status_code == 403
    assert client.get(f"/pengaturan/bank/{PASAR}/berkas").status_code == 403
