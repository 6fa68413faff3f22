from __future__ import annotations

import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.siumi.files import JOKO, SITI, csv_of, sent, shown_plan
from wibawa.access.models import TrailEntry
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.siumi import actions

Enter = Callable[[str], factories.Client]
CHANGED = SITI | {"ALAMAT": "Jl. Baru No. 2", "BIDANG USAHA": "Roti"}


@pytest.fixture
def siti(app: Flask, people: dict[str, int]) -> int:
    return factories.saved(app, lambda s: factories.borrower(s, people["staff"]))


@pytest.fixture
def staff(sign_in: Enter) -> factories.Client:
    return sign_in("staff")


def text(client: factories.Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return " ".join(answer.get_data(as_text=True).split())


def count(app: Flask, model: type) -> int:
    return factories.saved(app, lambda s: s.scalar(select(func.count()).select_from(model)) or 0)


def test_what_would_change_is_shown_before_anything_is(
    app: Flask, staff: factories.Client, siti: int
) -> None:
    number = sent(staff, csv_of(CHANGED, JOKO))
    page = text(staff, f"/peminjam/impor/{number}")
    assert "Berkas siap diterapkan" in page
    assert "<del>Jl. Pekunden No. 1</del>" in page
    assert "<ins>Jl. Baru No. 2</ins>" in page
    assert f'href="/peminjam/{siti}"' in page
    new = text(staff, f"/peminjam/impor/{number}?tampil=baru")
    assert "Joko Susilo" in new
    assert "************0002" in new
    assert "3374011205790002" not in page + new
    assert count(app, Borrower) == 1
    assert count(app, BorrowerChange) == 0


def test_applying_puts_it_into_the_register_and_the_borrowers_history(
    app: Flask, staff: factories.Client, siti: int
) -> None:
    number = sent(staff, csv_of(CHANGED, JOKO))
    plan = {"shown": shown_plan(app, number)}
    assert staff.post(f"/peminjam/impor/{number}/terapkan", data=plan).status_code == 302
    assert "Berkas sudah diterapkan" in text(staff, f"/peminjam/impor/{number}")
    page = text(staff, f"/peminjam/{siti}")
    assert "Jl. Baru No. 2" in page
    assert f"Dari berkas SI-UMI nomor {number}, baris 2" in page
    joko = factories.saved(app, lambda s: s.scalar(select(func.max(Borrower.id))))
    assert f"Dari berkas SI-UMI nomor {number}, baris 3" in text(staff, f"/peminjam/{joko}")
    again = staff.post(f"/peminjam/impor/{number}/terapkan", data=plan)
    assert again.status_code == 302
    assert count(app, Borrower) == 2
    trail = select(TrailEntry.action).where(TrailEntry.object_id == number)
    recorded = factories.saved(app, lambda s: list(s.scalars(trail)))
    assert recorded == ["file_uploaded", "register_applied"]


def test_a_plan_that_was_not_shown_is_refused_in_words(app: Flask, staff: factories.Client) -> None:
    number = sent(staff, csv_of(JOKO))
    staff.post(f"/peminjam/impor/{number}/terapkan", data={"shown": "x"})
    assert "Belum ada yang diterapkan" in text(staff, f"/peminjam/impor/{number}")
    assert count(app, Borrower) == 0


def test_a_failure_in_the_middle_leaves_nothing_half_done(
    app: Flask, staff: factories.Client, siti: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = sent(staff, csv_of(CHANGED, JOKO))

    def fail(*_: object) -> None:
        raise RuntimeError("the power went out")

    plan = {"shown": shown_plan(app, number)}
    with monkeypatch.context() as patch:
        patch.setattr(actions, "change_borrowers", fail)
        patch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
        assert staff.post(f"/peminjam/impor/{number}/terapkan", data=plan).status_code == 500
    assert count(app, Borrower) == 1
    assert "Siap diterapkan" in text(staff, f"/peminjam/impor/{number}")
    staff.post(f"/peminjam/impor/{number}/terapkan", data=plan)
    assert count(app, Borrower) == 2
    assert "Jl. Baru No. 2" in text(staff, f"/peminjam/{siti}")


def test_problems_stand_with_row_column_and_what_is_needed(staff: factories.Client) -> None:
    number = sent(staff, csv_of(SITI | {"NO HP": "12"}, JOKO | {"KELURAHAN": "Menteng"}))
    page = text(staff, f"/peminjam/impor/{number}")
    assert "2 masalah pada 2 dari 2 baris" in page
    assert "tulis 7 sampai 15 angka" in page
    assert "177 kelurahan" in page
    one = text(staff, f"/peminjam/impor/{number}?jenis=kelurahan_unknown")
    assert "tulis 7 sampai 15 angka" not in one
    assert staff.post(f"/peminjam/impor/{number}/terapkan", data={"shown": ""}).status_code == 302
    assert "masih bermasalah" in text(staff, f"/peminjam/impor/{number}")


def test_bad_rows_are_left_out_for_a_reason(app: Flask, staff: factories.Client) -> None:
    number = sent(staff, csv_of(SITI | {"NO HP": "12"}, JOKO))
    address = f"/peminjam/impor/{number}/pilihan"
    staff.post(address, data={"skip_problems": "y"})
    assert "Alasan melewati baris bermasalah belum diisi" in text(
        staff, f"/peminjam/impor/{number}"
    )
    staff.post(address, data={"skip_problems": "y", "reason": "menunggu kelurahan"})
    assert "menunggu kelurahan" in text(staff, f"/peminjam/impor/{number}")
    plan = {"shown": shown_plan(app, number)}
    staff.post(f"/peminjam/impor/{number}/terapkan", data=plan)
    assert count(app, Borrower) == 1


def test_names_of_borrowers_with_a_running_loan_change_only_when_ticked(
    app: Flask, people: dict[str, int], staff: factories.Client
) -> None:
    by, second = people["staff"], people["approver"]
    factories.saved(app, lambda s: factories.loan(s, by, second, number=1))
    number = sent(staff, csv_of(SITI | {"NAMA": "Siti Rahayu"}, JOKO))
    page = text(staff, f"/peminjam/impor/{number}?tampil=nama")
    assert "Siti Rahayu" in page
    address = f"/peminjam/impor/{number}/nama"
    staff.post(address, data={"baris": ["2"]})
    assert "Perlu diperbaiki" in text(staff, f"/peminjam/impor/{number}")
    staff.post(address, data={"baris": ["2", "99"], "ganti": ["2", "77", "x"]})
    assert "Siap diterapkan" in text(staff, f"/peminjam/impor/{number}?tampil=nama")
    staff.post(address, data={"baris": ["2"]})  # taken back
    assert "Perlu diperbaiki" in text(staff, f"/peminjam/impor/{number}")
    staff.post(address, data={"baris": ["2"], "ganti": ["2"]})
    plan = {"shown": shown_plan(app, number)}
    staff.post(f"/peminjam/impor/{number}/terapkan", data=plan)
    named = select(Borrower.name).order_by(Borrower.id)
    assert factories.saved(app, lambda s: list(s.scalars(named))) == ["Siti Rahayu", "Joko Susilo"]


@pytest.mark.usefixtures("siti")
def test_the_lists_are_filtered_by_name_field_and_likeness(staff: factories.Client) -> None:
    wati = JOKO | {"NIK": "3374011205790003", "NAMA": "Wati", "NO HP": SITI["NO HP"],
                   "JENIS KELAMIN": ""}  # fmt: skip
    number = sent(staff, csv_of(CHANGED, JOKO, wati))
    here = f"/peminjam/impor/{number}"
    found = text(staff, f"{here}?tampil=baru&q=joko")
    assert "Joko Susilo" in found
    assert "Wati" not in found
    alike = text(staff, f"{here}?tampil=baru&mirip=ya")
    assert "Wati" in alike
    assert "Joko Susilo" not in alike
    assert '<a href="/peminjam/1">Siti Aminah</a>' in alike
    assert "Jl. Baru" in text(staff, f"{here}?tampil=berubah&kolom=sector")
    assert "Tidak ada baris di sini" in text(staff, f"{here}?tampil=berubah&kolom=phone")


@pytest.mark.usefixtures("siti")
def test_what_is_shown_can_be_exported(staff: factories.Client) -> None:
    number = sent(staff, csv_of(CHANGED, JOKO))
    new = staff.get(f"/peminjam/impor/{number}/baru.csv").get_data(as_text=True)
    assert "Joko Susilo;************0002;Bengkel Joko" in new
    changed = staff.get(f"/peminjam/impor/{number}/berubah.xlsx?kolom=address")
    sheet = openpyxl.load_workbook(io.BytesIO(changed.data)).active
    assert sheet is not None
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0] == 2]
    assert [row[3:6] for row in rows] == [
        ("Alamat", "Jl. Pekunden No. 1", "Jl. Baru No. 2"),
        ("Bidang usaha", "Kuliner", "Roti"),
    ]


def test_the_marked_file_tells_each_row_its_status_and_leaves_a_record(
    app: Flask, staff: factories.Client
) -> None:
    number = sent(staff, csv_of(SITI, JOKO | {"NO HP": "12"}, SITI))
    answer = staff.get(f"/peminjam/impor/{number}/hasil.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    status = rows[0].index("STATUS")
    assert [row[status] for row in rows[1:]] == ["BENAR", "PERBAIKI", "PERHATIKAN"]
    assert "tulis 7 sampai 15 angka" in str(rows[2][status + 1])
    assert staff.get(f"/peminjam/impor/{number}/asli").data == csv_of(
        SITI, JOKO | {"NO HP": "12"}, SITI
    )
    trail = select(TrailEntry.action).where(TrailEntry.object_id == number)
    recorded = factories.saved(app, lambda s: list(s.scalars(trail)))
    assert recorded == ["file_uploaded", "register_downloaded", "register_downloaded"]


def test_a_file_can_be_withdrawn_before_it_is_applied(app: Flask, staff: factories.Client) -> None:
    number = sent(staff, csv_of(JOKO))
    staff.post(f"/peminjam/impor/{number}/tarik")
    plan = {"shown": shown_plan(app, number)}
    staff.post(f"/peminjam/impor/{number}/terapkan", data=plan)
    assert "sudah ditarik" in text(staff, f"/peminjam/impor/{number}")
    assert count(app, Borrower) == 0


def test_who_may_not_see_contacts_sees_years_of_birth_only(
    app: Flask, staff: factories.Client, sign_in: Enter, siti: int
) -> None:
    twelfth = {"NIK": "3374011205790009", "TANGGAL LAHIR": "13-05-1979"}  # the wrong day
    older = SITI | {"NIK": "3374014804850001", "TANGGAL LAHIR": "08-04-1985"}
    number = sent(staff, csv_of(older, JOKO, JOKO | twelfth))
    here = f"/peminjam/impor/{number}?tampil=masalah"
    assert "08/04/1985" in text(staff, here)
    assert "13-05-1979" in text(staff, here)
    page = text(sign_in("auditor"), here)
    assert "1985" in page
    assert "/04/1985" not in page
    assert "13-05-1979" not in page
    told = re.findall(r"Tanggal lahir[^<]*", page)
    assert any("1979" in sentence for sentence in told), "what is wrong with the row is told"
    assert not re.search(r"\d\d?[-/ ](05|Mei)[-/ ]1979|\(1205\d\d\)", " ".join(told))
