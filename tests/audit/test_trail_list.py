from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import Client
from wibawa.access.trail import changes, record
from wibawa.web import pages

Enter = Callable[[str], Client]
NIGHT = dt.datetime(2026, 11, 19, 17, 30, tzinfo=dt.UTC)  # 20 November, 00.30 WIB


@pytest.fixture
def deeds(app: Flask, people: dict[str, int]) -> None:
    """A reveal by staff at night, a quota by the administrator, a try to sign in by nobody."""

    def make(session: Session) -> None:
        loan = factories.loan(session, people["staff"], people["approver"])
        record(session, NIGHT, people["staff"], "nik_revealed", "borrower", 1, "Cocokkan KTP 100%")
        told = changes([("Bank Pasar 2026", None, "Rp5.000.000")])
        record(session, NIGHT + dt.timedelta(days=1), people["admin"], "quota_set", "bank", 2, told)
        record(session, NIGHT + dt.timedelta(days=2), None, "sign_in_failed", "user", None)
        record(session, NIGHT + dt.timedelta(days=2), people["staff"], "contact_recorded", "loan",
               loan, "Telepon 081234567890, KTP 3374014804850001")  # fmt: skip

    factories.saved(app, make)


def shown(page: str) -> set[str]:
    names = {"Menampilkan NIK lengkap": "nik", "Menetapkan kuota bank": "quota",
             "Gagal masuk": "failed", "Mencatat penagihan": "contact"}  # fmt: skip
    return {name for said, name in names.items() if f"<td>{said}</td>" in page}


def test_the_trail_tells_who_did_what_newest_first(sign_in: Enter) -> None:
    sign_in("staff")
    page = sign_in("auditor").get("/jejak").get_data(as_text=True)
    assert page.index('row">Auditor<') < page.index('row">Staff<')
    assert "<td>Masuk</td>" in page
    assert "pengguna Staff" in page
    turned = sign_in("auditor").get("/jejak?urut=waktu").get_data(as_text=True)
    assert turned.index('row">Staff<') < turned.index('row">Auditor<')


def test_the_trail_is_paged_in_the_database(sign_in: Enter) -> None:
    for _ in range(26):
        sign_in("staff")
    auditor = sign_in("auditor")
    first = auditor.get("/jejak?per_hal=25").get_data(as_text=True)
    second = auditor.get("/jejak?per_hal=25&hal=2").get_data(as_text=True)
    assert first.count('row">Staff<') == 24
    assert second.count('row">Staff<') == 2
    assert "Halaman ini kosong" in auditor.get("/jejak?hal=99").text


SEARCHES = {
    "siapa={staff}": {"nik", "contact"},
    "siapa=0": {"failed"},
    "kegiatan=quota_set": {"quota"},
    "objek=borrower": {"nik"},
    "objek=bank&nomor=2": {"quota"},
    "objek=bank&nomor=3": set(),
    "cari=cocokkan+ktp": {"nik"},
    "cari=%25": {"nik"},  # a percent sign is looked for, not a wild card
    "cari=rp5.000": {"quota"},
    "dari=20/11/2026&sampai=20/11/2026": {"nik"},
    "dari=21/11/2026": {"quota", "failed", "contact"},
    "sampai=19/11/2026": set(),
    "alamat=10.9.9.9": set(),
    "siapa={staff}&kegiatan=nik_revealed&dari=1/11/2026": {"nik"},
}


def test_it_is_searched_by_person_deed_object_words_day_and_address(
    sign_in: Enter, people: dict[str, int], deeds: None
) -> None:
    auditor = sign_in("auditor")
    for search, found in SEARCHES.items():
        page = auditor.get(f"/jejak?{search.format(**people)}").get_data(as_text=True)
        assert shown(page) == found, search
    page = auditor.get("/jejak?cari=tidak+ada").get_data(as_text=True)
    assert "Tidak ada kegiatan yang cocok" in page
    assert "tanggal tidak terbaca" in auditor.get("/jejak?dari=kemarin").text
    assert "127.0.0.1" in auditor.get("/jejak?alamat=127.0.0.1").text
    for odd in ("KW-000012", "D51FF234"):
        page = auditor.get(f"/jejak?nomor={odd}").get_data(as_text=True)
        assert "Saringan nomor tidak dipakai" in page, odd
    assert "Saringan nomor" not in auditor.get("/jejak?nomor=12").text


def test_objects_lead_to_their_pages_for_who_may_open_them(sign_in: Enter, deeds: None) -> None:
    page = sign_in("auditor").get("/jejak").get_data(as_text=True)
    assert '<a href="/peminjam/1">peminjam nomor 1</a>' in page
    assert '<a href="/pinjaman/1">pinjaman nomor 1</a>' in page
    assert "/pengaturan/bank/2" not in page
    page = sign_in("admin").get("/jejak").get_data(as_text=True)
    assert '<a href="/pengaturan/bank/2">bank nomor 2</a>' in page
    assert "/pinjaman/1" not in page


def test_nothing_that_was_written_down_shows_a_number_of_a_person(
    sign_in: Enter, deeds: None
) -> None:
    page = sign_in("auditor").get("/jejak?objek=loan").get_data(as_text=True)
    assert "Telepon **********90, KTP ************0001" in page


def test_a_refused_page_says_which_one_it_was(sign_in: Enter) -> None:
    assert sign_in("staff").get("/jejak").status_code == 403
    page = sign_in("auditor").get("/jejak?kegiatan=denied").get_data(as_text=True)
    assert re.search(r'<td class="told">/jejak; nomor kejadian [0-9A-F]{8}</td>', page)


def test_the_list_is_exported_as_it_is_filtered_and_that_is_recorded(
    sign_in: Enter, deeds: None
) -> None:
    auditor = sign_in("auditor")
    answer = auditor.get("/jejak/ekspor.csv?objek=borrower&urut=waktu")
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert lines == [
        "Waktu (WIB);Siapa;Nama masuk;Kegiatan;Tentang;Keterangan;Alamat IP",
        "20 November 2026 00.30;Staff;staff;Menampilkan NIK lengkap;peminjam nomor 1;"
        "Cocokkan KTP 100%;",
    ]
    assert auditor.get("/jejak/ekspor.xlsx?siapa=0").status_code == 200
    page = auditor.get("/jejak?kegiatan=list_exported").get_data(as_text=True)
    assert page.count('<a href="/jejak">jejak kegiatan</a>') == 2
    assert '<span class="sub">Saringan: Peminjam; CSV</span>' in page
    assert page.count("; XLSX</span>") == 1


def test_of_what_was_looked_for_in_a_list_that_was_taken_away_only_that_it_was_is_kept(
    sign_in: Enter, deeds: None
) -> None:
    auditor = sign_in("auditor")
    auditor.get("/jejak/ekspor.xlsx?cari=Siti&objek=loan")
    page = auditor.get("/jejak?kegiatan=list_exported").get_data(as_text=True)
    assert "Memuat “…”" in page
    assert "; XLSX</span>" in page
    assert "Siti" not in page


def test_a_trail_longer_than_a_file_is_not_cut_but_taken_away_in_parts(
    sign_in: Enter, app: Flask, deeds: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five lines, with the one of signing in, and three in a file."""
    monkeypatch.setattr(pages, "MOST_IN_FILE", 3)
    auditor = sign_in("auditor")
    told = (
        "Daftar ini berisi 5 baris, sedangkan satu berkas memuat paling banyak 3. Supaya tidak "
        "ada yang terpotong, berkasnya tidak dibuat: persempit dahulu"
    )
    page = auditor.get("/jejak").get_data(as_text=True)
    assert told in page
    assert "/jejak/ekspor." not in page
    for kind in ("csv", "xlsx"):
        answer = auditor.get(f"/jejak/ekspor.{kind}")
        assert answer.status_code == 409
        assert told in answer.get_data(as_text=True)
    assert "/jejak/ekspor.csv?" in auditor.get("/jejak?dari=21/11/2026&sampai=22/11/2026").text
    parts = [
        len(auditor.get(f"/jejak/ekspor.csv?{days}").get_data(as_text=True).splitlines()) - 1
        for days in ("sampai=20/11/2026", "dari=21/11/2026&sampai=22/11/2026")
    ]
    assert parts == [1, 3]
