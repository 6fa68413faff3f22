from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable

import openpyxl
from flask import Flask

from tests import factories
from tests.conftest import prepared

SignIn = Callable[[str], factories.Client]


loans = prepared(factories.two_banks)


def test_the_list_shows_loans_with_their_position_and_the_totals_of_all(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get("/pinjaman").get_data(as_text=True)
    assert "Siti Aminah" in page
    assert "Joko Susilo" in page
    assert "Jumlah 3 pinjaman dari 3 peminjam" in page
    assert "15.000.000" in page  # principal of all three
    assert "1–3 dari 3 pinjaman" in page


def test_a_bank_officer_sees_only_the_own_bank_whatever_the_address_asks(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("pasar")
    for address in ("/pinjaman", "/pinjaman?bank=JATENG", "/pinjaman?q=Siti&keadaan=semua"):
        page = client.get(address).get_data(as_text=True)
        assert "Siti Aminah" not in page
        assert "Bank Jateng" not in page
    assert "Siti Aminah" not in client.get("/pinjaman/ekspor.csv?bank=JATENG").get_data(True)
    assert client.get("/pinjaman?q=KW-000001").status_code == 200  # nothing found, nothing told


def test_leadership_sees_no_names_or_accounts_and_finds_none_by_searching(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("leader")
    page = client.get("/pinjaman").get_data(as_text=True)
    assert "Disamarkan" in page
    assert "Siti" not in page
    assert "0100000000001" not in page
    for text in ("Siti", "0100000000001"):
        found = client.get(f"/pinjaman?q={text}&keadaan=semua").get_data(as_text=True)
        assert "Tidak ada pinjaman yang cocok" in found
    for kind in ("csv", "xlsx"):
        content = client.get(f"/pinjaman/ekspor.{kind}").data
        assert b"Siti" not in content
    assert "KW-000001" in client.get("/pinjaman?q=PK/0001").get_data(as_text=True)


FILTERS: dict[str, set[int]] = {
    "": {1, 2, 3},
    "bank=PASAR": {2, 3},
    "kol=5": {1},
    "kol=1": {2, 3},
    "keadaan=menunggak": {1, 3},
    "keadaan=lunas": set(),
    "keadaan=semua": {1, 2, 3},
    "lewat=30": {1},
    "lewat=20": {1, 3},
    "npl=1": {1},
    "q=rahayu": {3},
    "q=0200000000002&keadaan=semua&bank=JATENG": set(),
    "q=%25": set(),
    "jenis=koperasi": set(),
    "cair=2026": {1, 2, 3},
    "cair=2025": set(),
    "restrukturisasi=2026": set(),
    "kecamatan=33.74.06": set(),
    "kecamatan=33.74": {1, 2, 3},
    "tanggal=2026-01-30&keadaan=semua": set(),
    "tanggal=2026-10-31&keadaan=menunggak": {1},
    "bank=ADA&kol=9&keadaan=x&lewat=-1&hal=99&urut=drop": {1, 2, 3},
}


def test_each_filter_of_the_address_keeps_the_right_loans_on_screen_and_in_the_export(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    for filters, numbers in FILTERS.items():
        rows = client.get(f"/pinjaman/ekspor.csv?{filters}").get_data(as_text=True)
        found = {int(line.split(";")[0].removeprefix("KW-")) for line in rows.splitlines()[1:]}
        assert found == numbers, filters
        page = client.get(f"/pinjaman?{filters}").get_data(as_text=True)
        assert {n for n in (1, 2, 3) if f">KW-{n:06d}</a>" in page} == numbers, filters


def test_filters_in_use_stand_as_chips_that_can_be_taken_off(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get("/pinjaman?bank=PASAR&lewat=20&urut=-hari").get_data(as_text=True)
    assert "Menunggak lebih dari 20 hari" in page
    assert 'href="/pinjaman?bank=PASAR&amp;urut=-hari"' in page
    assert 'href="/pinjaman?lewat=20&amp;urut=-hari"' in page
    assert 'href="/pinjaman/jadwal?bank=PASAR"' in page
    assert 'aria-sort="descending"' in page


def test_an_exact_number_leads_straight_to_the_loan(loans: dict[str, int], sign_in: SignIn) -> None:
    answer = sign_in("staff").get("/pinjaman?q=kw-000002")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/pinjaman/2"


def test_a_date_that_cannot_be_read_is_answered_in_words(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    assert "tanggal tidak terbaca" in client.get("/pinjaman?tanggal=31/31/2026").get_data(True)
    assert "di luar jangkauan" in client.get("/pinjaman?tanggal=9999-12-31").get_data(True)


def test_the_workbook_holds_exactly_the_list_with_typed_cells(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    answer = sign_in("staff").get("/pinjaman/ekspor.xlsx?bank=PASAR&urut=-nama")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = list(sheet.iter_rows(values_only=True))
    top = next(place for place, row in enumerate(rows) if row[0] == "Nomor pinjaman")
    assert [row[1] for row in rows[top + 1 :]] == ["Rahayu Lestari", "Joko Susilo"]
    assert rows[top + 1][2] == "0200000000003"
    assert rows[top + 1][5] == 5_000_000
    assert rows[top + 1][4].date().isoformat() == "2026-01-31"
    assert any("Saringan: Bank Pasar" in str(row[0]) for row in rows[:top])


def test_a_name_that_looks_like_a_formula_stays_text_in_both_exports(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    evil = "=1+cmd|' /C calc'!A0"
    factories.saved(
        app, lambda s: factories.loan(s, people["staff"], people["approver"], name=evil)
    )
    client = sign_in("staff")
    text = client.get("/pinjaman/ekspor.csv").data.decode("utf-8-sig")
    assert client.get("/pinjaman/ekspor.csv").data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert rows[1][1] == "'" + evil
    book = openpyxl.load_workbook(io.BytesIO(client.get("/pinjaman/ekspor.xlsx").data)).active
    cell = next(each for row in book.iter_rows() for each in row if each.value == evil)
    assert cell.data_type == "s"


def test_an_export_leaves_a_line_in_the_trail(loans: dict[str, int], sign_in: SignIn) -> None:
    sign_in("staff").get("/pinjaman/ekspor.csv")
    assert "Mengekspor daftar" in sign_in("auditor").get("/jejak").get_data(as_text=True)


def test_the_list_takes_the_same_number_of_queries_for_3_and_for_60_loans(
    app: Flask, people: dict[str, int], loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    with factories.counted_queries(app) as few:
        assert "1–3 dari 3 pinjaman" in client.get("/pinjaman?per_hal=200").get_data(True)
    factories.saved(
        app,
        lambda s: [
            factories.loan(s, people["staff"], people["approver"], number=n) for n in range(4, 61)
        ],
    )
    with factories.counted_queries(app) as many:
        assert "1–60 dari 60 pinjaman" in client.get("/pinjaman?per_hal=200").get_data(True)
    assert len(many) == len(few)


def test_an_administrator_has_no_business_with_loans(sign_in: SignIn) -> None:
    client = sign_in("admin")
    assert client.get("/pinjaman").status_code == 403
    assert client.get("/pinjaman/ekspor.csv").status_code == 403


def test_a_loan_that_is_written_off_leaves_the_running_ones_and_has_a_list_of_its_own(
    app: Flask, loans: dict[str, int], people: dict[str, int], sign_in: SignIn
) -> None:
    by, second, on = people["staff"], people["approver"], dt.date(2026, 11, 20)
    factories.saved(
        app,
        lambda session: factories.write_off(session, loans["jateng"], 5_000_000, on, by, second),
    )
    client = sign_in("staff")

    def shows(query: str) -> bool:
        return "KW-000001" in client.get(f"/pinjaman?{query}").get_data(as_text=True)

    for query in ("", "keadaan=menunggak", "kol=5", "npl=1&keadaan=semua", "lewat=30"):
        assert not shows(query), query
    assert shows("tanggal=2026-11-19")
    assert shows("keadaan=hapusbuku")
    assert not shows("keadaan=hapusbuku&tanggal=2026-11-19")
    assert "Hapus buku" in client.get("/pinjaman?keadaan=hapusbuku").get_data(as_text=True)
    report = client.get("/laporan/portofolio").get_data(as_text=True)
    assert "Sisa pokok pinjaman yang dihapus buku" in report
