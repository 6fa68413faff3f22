from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.models import TrailEntry
from wibawa.letters.documents import PaperKind
from wibawa.letters.queries import profile_on

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pengaturan/kop-surat"
OFFICE = {
    "valid_from": "24/11/2026",
    "government": "PEMERINTAH KOTA SEMARANG",
    "office": "DINAS KOPERASI DAN USAHA MIKRO",
    "address": "Jl. Pemuda No. 175, Gedung Pandanaran\n\n  Kota  Semarang 50139",
    "phone": "(024) 3584077",
    "website": "dinkopumkm.example",
    "email": "surat@dinkopumkm.example",
    "place": "Semarang",
    "signatory_role": "Kepala Dinas Koperasi dan Usaha Mikro Kota Semarang",
    "signatory_name": "Dra. Ratna Kusuma, M.M.",
    "signatory_rank": "Pembina Utama Muda",
    "signatory_nip": "19700101 199503 2 001",
    "paper": "A4",
    "proposal": "500.3/{nomor}/USULAN/{bulan}/{tahun}",
    "approval": "{nomor}/SETUJU/KW/{bulan}/{tahun}",
    "office_refusal": "{nomor}/TOLAK/KW/{bulan}/{tahun}",
    "bank_refusal": "{nomor}/TOLAK-BANK/KW/{bulan}/{tahun}",
    "completion": "{nomor}/LENGKAPI/KW/{bulan}/{tahun}",
    "recommendation": "{nomor}/REKOMENDASI/KW/{bulan}/{tahun}",
    "schedule": "{nomor}/JADWAL/KW/{bulan}/{tahun}",
    "card": "{nomor}/KARTU/KW/{bulan}/{tahun}",
    "receipt": "{nomor}/BUKTI/KW/{bulan}/{tahun}",
    "payoff": "{nomor}/LUNAS/KW/{bulan}/{tahun}",
    "reminder": "{nomor}/PERINGATAN/KW/{bulan}/{tahun}",
    "offer": "{nomor}/PENAWARAN/KW/{bulan}/{tahun}",
    "minutes": "{nomor}/BA/KW/{bulan}/{tahun}",
    "upload_receipt": "{nomor}/TANDA-TERIMA/KW/{bulan}/{tahun}",
    "reconciliation": "{nomor}/REKONSILIASI/KW/{bulan}/{tahun}",
}


def entry(client: factories.Client, **changes: str) -> dict[str, str]:
    page = client.get(ADDRESS).get_data(as_text=True)
    found = re.search(r'name="shown"[^>]*value="(\d+)"', page)
    assert found
    return OFFICE | {"shown": found[1]} | changes


def text_of(answer: object) -> str:
    return html.unescape(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def test_what_came_with_the_program_is_shown_with_the_next_number(sign_in: SignIn) -> None:
    page = text_of(sign_in("admin").get(ADDRESS))
    assert "Bawaan aplikasi" in page
    assert "Nama penandatangan belum diisi" in page
    assert "Nomor berikutnya hari ini: 001/USULAN/KW/XI/2026" in page


def test_a_change_counts_from_its_day_on_and_stays_in_the_history(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    assert client.post(ADDRESS, data=entry(client)).status_code == 302
    later = {"valid_from": "01/01/2027", "signatory_name": "Bambang Wijaya, S.E."}
    assert client.post(ADDRESS, data=entry(client, **later)).status_code == 302
    page = text_of(client.get(ADDRESS))
    assert "Dra. Ratna Kusuma, M.M. (berlaku)" in page
    assert "mulai 1 Januari 2027" in page
    assert "Nomor berikutnya hari ini: 500.3/001/USULAN/XI/2026" in page
    session.rollback()
    today, then = (profile_on(session, dt.date(year, 1, 2)) for year in (2026, 2027))
    assert today.signatory_name == ""
    assert then.signatory_name == "Bambang Wijaya, S.E."
    now = profile_on(session, dt.date(2026, 11, 24))
    assert now.letterhead.address == (
        "Jl. Pemuda No. 175, Gedung Pandanaran",
        "Kota Semarang 50139",
    )
    actions = session.scalars(select(TrailEntry.action).where(TrailEntry.object_kind == "office"))
    assert list(actions) == ["office_changed", "office_changed"]


def test_the_same_sent_twice_leaves_one_entry(sign_in: SignIn) -> None:
    client = sign_in("admin")
    data = entry(client)
    for _ in range(2):
        assert client.post(ADDRESS, data=data).status_code == 302
    assert text_of(client.get(ADDRESS)).count('class="timeline-title"') == 2


def test_somebody_elses_change_is_not_written_over(sign_in: SignIn) -> None:
    client = sign_in("admin")
    late = entry(client, phone="024 1")
    client.post(ADDRESS, data=entry(client))
    answer = client.post(ADDRESS, data=late)
    assert answer.status_code == 409
    assert "baru saja diubah orang lain" in text_of(answer)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"valid_from": "23/11/2026"}, "23 November 2026 sudah lewat"),
        ({"government": " "}, "Isian ini wajib diisi."),
        ({"address": "a\nb\nc\nd"}, "Paling banyak 3 baris."),
        ({"signatory_nip": "123"}, "NIP terdiri dari 18 angka."),
        ({"proposal": "USULAN/{tahun}"}, "Tulis {nomor} dan {tahun} masing-masing satu kali"),
        ({"proposal": "{nomor}/{tahun}/{hari}"}, "hanya boleh {nomor}, {bulan}, dan {tahun}"),
        ({"approval": OFFICE["completion"]}, "setiap jenis memerlukan nomornya sendiri"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_changes(
    changes: dict[str, str], said: str, sign_in: SignIn
) -> None:
    client = sign_in("admin")
    answer = client.post(ADDRESS, data=entry(client, **changes))
    assert said in text_of(answer)
    assert text_of(client.get(ADDRESS)).count('class="timeline-title"') == 1


def test_the_schedule_carries_the_letterhead_of_the_day(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    loan_id = factories.saved(app, lambda s: factories.loan(s, people["staff"], people["approver"]))
    admin = sign_in("admin")
    admin.post(ADDRESS, data=entry(admin))
    answer = sign_in("staff").get(f"/pinjaman/{loan_id}/jadwal.pdf")
    text = PdfReader(BytesIO(answer.data)).pages[0].extract_text()
    assert "Jl. Pemuda No. 175, Gedung Pandanaran" in text
    assert "(024) 3584077" in text


def test_the_next_number_of_every_kind_of_paper_is_told(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/pengaturan/kop-surat").get_data(as_text=True)
    assert page.count("Nomor berikutnya hari ini: 001/") == len(PaperKind)
    assert "Nomor berikutnya hari ini: 001/SETUJU/KW/XI/2026" in page
