"""A bank's file on its way: uploaded, checked, submitted, posted; each step by the right person."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from tests.factories import Client
from wibawa.access.models import TrailEntry
from wibawa.banks.models import Bank
from wibawa.database import db, writing
from wibawa.loans.actions import import_portfolio
from wibawa.loans.journal import Author
from wibawa.loans.models import LedgerEntry, SuspenseEntry
from wibawa.repayments import routes
from wibawa.uploads.limits import unreadable
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

SAMPLES = Path(__file__).resolve().parent.parent / "files" / "samples"
JATENG = SAMPLES / "angsuran_jateng_2026-10.xlsx"
PASAR = SAMPLES / "angsuran_pasar_2026-10.csv"
FAULTY = SAMPLES / "angsuran_pasar_salah.csv"
Enter = Callable[[str], Client]


def _portfolio(session: Session, people: dict[str, int]) -> None:
    """240 running loans at both banks, cut off on 30 September 2026."""
    content = (SAMPLES / "data_awal.xlsx").read_bytes()
    result = import_portfolio(session, content, "data_awal.xlsx", Author(1, None, now()))
    assert result.loans == 240


running_portfolio = prepared(_portfolio, autouse=True)


def send(client: Client, path: Path, name: str | None = None, replaces: str = "") -> str:
    """Upload a file; the address of its check page."""
    answer = client.post(
        "/angsuran/berkas/baru",
        data={"file": (io.BytesIO(path.read_bytes()), name or path.name), "replaces": replaces},
    )
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    return str(answer.headers["Location"])


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def shown_on(page: str) -> str:
    """The figures that the post button carries."""
    return page.split('name="shown" value="')[1].split('"', maxsplit=1)[0]


def booked(app: Flask) -> tuple[int, int]:
    """Repayments in the journal: how many, how much."""
    with app.app_context():
        count, amount = db.session.execute(
            select(func.count(), func.coalesce(func.sum(LedgerEntry.amount), 0)).where(
                LedgerEntry.kind == "repayment"
            )
        ).one()
    return int(count), int(amount)


def test_a_clean_file_is_booked_only_when_the_bank_submitted_and_the_dinas_posted(
    app: Flask, sign_in: Enter
) -> None:
    officer, staff = sign_in("jateng"), sign_in("staff")
    url = send(officer, JATENG)
    page = text(officer, url)
    assert "Siap diajukan" in page
    assert "Rp68.764.555" in page
    assert booked(app) == (0, 0)
    officer.post(f"{url}/ajukan")
    assert booked(app) == (0, 0)
    page = text(staff, url)
    assert "Bukukan Rp68.764.555" in page
    staff.post(f"{url}/bukukan", data={"shown": shown_on(page)})
    assert booked(app) == (116, 68_764_555)
    assert "Dibukukan" in text(officer, url)


def test_pressing_post_twice_books_once(app: Flask, sign_in: Enter) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = send(officer, PASAR)
    officer.post(f"{url}/ajukan")
    officer.post(f"{url}/ajukan")
    shown = shown_on(text(staff, url))
    for _ in range(3):
        answer = staff.post(f"{url}/bukukan", data={"shown": shown})
        assert answer.status_code == 302
    assert booked(app) == (96, 52_022_819)


def test_the_faulty_file_shows_each_problem_in_the_officers_own_row(sign_in: Enter) -> None:
    officer = sign_in("pasar")
    page = text(officer, send(officer, FAULTY))
    assert "Berkas perlu diperbaiki" in page
    assert "2l5.000,00" in page
    assert "13 masalah dalam 15 baris" in page
    assert "Ajukan ke dinas" not in page
    only = text(officer, f"{send(officer, FAULTY)}&jenis=reference_duplicate")
    assert only.count("problem-says") == 2


def test_a_faulty_file_cannot_be_submitted_by_typing_the_address(
    app: Flask, sign_in: Enter
) -> None:
    officer = sign_in("pasar")
    url = send(officer, FAULTY)
    answer = officer.post(f"{url}/ajukan", follow_redirects=True)
    assert "masih bermasalah" in answer.get_data(as_text=True)
    assert booked(app) == (0, 0)


def test_the_marked_file_has_the_officers_columns_first_then_status_and_explanation(
    sign_in: Enter,
) -> None:
    officer = sign_in("pasar")
    url = send(officer, FAULTY)
    answer = officer.get(f"{url}/hasil.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    head = next(row for row in rows if "STATUS" in row)
    assert head[:9] == ["No.", "Nomor Rekening", "Nama", "Tanggal Bayar", "Jumlah Bayar", "Denda",
                        "Sisa Pokok", "Kolektibilitas", "No Bukti"]  # fmt: skip
    status, says = head.index("STATUS"), head.index("KETERANGAN")
    by_account = {row[1]: row for row in rows}
    assert by_account["05698091148001"][status] == "PERBAIKI"
    assert "2l5.000,00" in by_account["05698091148001"][says]
    assert by_account["08399959786059"][status] == "BENAR"


def test_skipping_bad_rows_needs_a_reason_and_then_books_the_right_ones(
    app: Flask, sign_in: Enter
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = send(officer, FAULTY)
    answer = officer.post(f"{url}/pilihan", data={"skip_problems": "y"}, follow_redirects=True)
    assert "Alasan melewati baris bermasalah belum diisi" in answer.get_data(as_text=True)
    officer.post(f"{url}/pilihan", data={"skip_problems": "y", "reason": "Menunggu cabang"})
    with app.app_context():
        trail = select(TrailEntry.detail).where(TrailEntry.action == "file_choice")
        (told,) = db.session.scalars(trail)
        db.session.remove()
    assert told.endswith(": Lewati baris bermasalah: tidak → ya")
    page = text(officer, url)
    assert "13 baris bermasalah dilewati dengan alasan: Menunggu cabang" in page
    officer.post(f"{url}/ajukan")
    staff.post(f"{url}/bukukan", data={"shown": shown_on(text(staff, url))})
    assert booked(app) == (2, 200_000)


def test_unknown_accounts_go_to_titipan_when_the_officer_says_so(
    app: Flask, sign_in: Enter, tmp_path: Path
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    file = tmp_path / "satu.csv"
    file.write_text(
        "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\n"
        "0999999999999;Tidak Dikenal;15-10-2026;215.000,00;T1\n"
    )
    url = send(officer, file)
    officer.post(f"{url}/pilihan", data={"suspend_unknown": "y"})
    officer.post(f"{url}/ajukan")
    staff.post(f"{url}/bukukan", data={"shown": shown_on(text(staff, url))})
    with app.app_context():
        entry = db.session.scalars(select(SuspenseEntry)).one()
        assert (entry.amount, entry.reason, entry.loan_id) == (215_000, "account_unknown", None)
    assert booked(app) == (0, 0)


def test_the_same_bytes_again_show_the_earlier_upload(app: Flask, sign_in: Enter) -> None:
    officer = sign_in("pasar")
    first = send(officer, PASAR)
    again = send(officer, PASAR, "nama_lain.csv")
    assert again == f"{first}?sama=1"
    assert "Berkas ini sudah pernah diunggah" in text(officer, again)
    with app.app_context():
        assert (
            db.session.scalar(
                select(func.count()).select_from(Upload).where(Upload.kind == "repayments")
            )
            == 1
        )


def test_a_copy_saved_again_by_a_spreadsheet_program_is_the_same_file(
    sign_in: Enter, tmp_path: Path
) -> None:
    officer = sign_in("jateng")
    first = send(officer, JATENG)
    book = openpyxl.load_workbook(JATENG)
    book.active.column_dimensions["B"].width = 40
    copy = tmp_path / "salinan.xlsx"
    book.save(copy)
    assert copy.read_bytes() != JATENG.read_bytes()
    assert send(officer, copy) == f"{first}?sama=1"


def test_a_corrected_file_replaces_the_faulty_one(app: Flask, sign_in: Enter) -> None:
    officer = sign_in("pasar")
    faulty = send(officer, FAULTY)
    send(officer, PASAR, replaces=faulty.rsplit("/", 1)[1])
    assert "Ditarik" in text(officer, faulty)


def test_a_file_of_another_bank_is_pointed_out_and_can_be_taken_back(sign_in: Enter) -> None:
    officer = sign_in("pasar")
    url = send(officer, JATENG)
    page = text(officer, url)
    assert "Mungkin berkas bank lain" in page
    assert "Mungkin berkas bank lain" not in text(officer, send(officer, FAULTY))
    assert f"{url}/tarik" in page
    officer.post(f"{url}/tarik")
    assert "Berkas ditarik" in text(officer, url)


def test_nobody_posts_the_file_that_she_herself_submitted(app: Flask, sign_in: Enter) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = send(officer, PASAR)
    officer.post(f"{url}/ajukan")
    with app.app_context(), writing():
        upload = db.session.scalars(select(Upload).where(Upload.status == "submitted")).one()
        upload.submitted_by = db.session.scalar(
            select(TrailEntry.user_id)
            .where(TrailEntry.action == "sign_in")
            .order_by(TrailEntry.id.desc())
        )
        db.session.commit()
    answer = staff.post(
        f"{url}/bukukan", data={"shown": shown_on(text(staff, url))}, follow_redirects=True
    )
    assert "Anda sendiri yang mengajukan" in answer.get_data(as_text=True)
    assert booked(app) == (0, 0)
    with app.app_context():
        denied = select(TrailEntry.object_kind).where(TrailEntry.action == "denied")
        assert db.session.scalars(denied).all() == ["upload"]


def test_what_changed_since_it_was_shown_is_not_booked_but_shown_again(
    app: Flask, sign_in: Enter, tmp_path: Path
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    lines = PASAR.read_bytes().decode("cp1252").split("\r\n")
    half = tmp_path / "separuh.csv"
    half.write_bytes("\r\n".join(lines[:40]).encode("cp1252"))
    whole, part = send(officer, PASAR), send(officer, half)
    for url in (whole, part):
        officer.post(f"{url}/ajukan")
    seen = shown_on(text(staff, whole))
    staff.post(f"{part}/bukukan", data={"shown": shown_on(text(staff, part))})
    before = booked(app)
    assert before[0] == 39
    answer = staff.post(f"{whole}/bukukan", data={"shown": seen}, follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert "Hasil pemeriksaan berubah" in page
    assert booked(app) == before
    staff.post(f"{whole}/bukukan", data={"shown": shown_on(text(staff, whole))})
    assert booked(app) == (96, 52_022_819)


def test_another_banks_file_is_not_there_and_the_try_is_recorded(
    app: Flask, sign_in: Enter
) -> None:
    officer, other = sign_in("pasar"), sign_in("jateng")
    url = send(officer, PASAR)
    for path in ("", "/hasil.xlsx", "/asli"):
        assert other.get(url + path).status_code == 404
    for path in ("/ajukan", "/tarik", "/pilihan"):
        assert other.post(url + path).status_code == 404
    with app.app_context():
        tries = db.session.scalar(
            select(func.count())
            .select_from(TrailEntry)
            .where(TrailEntry.action == "denied", TrailEntry.object_kind == "upload")
        )
    assert tries == 6


def test_an_unreadable_file_gets_a_sentence_and_leaves_nothing(app: Flask, sign_in: Enter) -> None:
    officer = sign_in("pasar")
    answer = officer.post(
        "/angsuran/berkas/baru", data={"file": (io.BytesIO(b"\x00\x01\x02" * 50), "foto.xlsx")}
    )
    assert answer.status_code == 200
    assert "Ada isian yang perlu diperbaiki" in answer.get_data(as_text=True)
    with app.app_context():
        assert (
            db.session.scalar(
                select(func.count()).select_from(Upload).where(Upload.kind == "repayments")
            )
            == 0
        )


def test_a_file_above_ten_megabytes_is_refused_in_words(sign_in: Enter) -> None:
    part = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="besar.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\n"
    )
    body = part + b"a" * (10 * 1024 * 1024 + 100_000) + b"\r\n--x--\r\n"
    answer = sign_in("pasar").post(
        "/angsuran/berkas/baru", data=body, content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 413
    assert "Batasnya 10 MB" in answer.get_data(as_text=True)


def test_a_spotless_file_posts_at_once_where_the_banks_setting_says_so(
    app: Flask, sign_in: Enter, tmp_path: Path
) -> None:
    with app.app_context(), writing():
        bank = db.session.get(Bank, factories.PASAR)
        assert bank is not None
        bank.posts_clean_files = True
        db.session.commit()
    officer = sign_in("pasar")
    url = send(officer, PASAR)
    page = officer.post(f"{url}/ajukan", follow_redirects=True).get_data(as_text=True)
    assert "sudah dibukukan" in page
    assert booked(app) == (96, 52_022_819)


def test_a_failure_in_the_middle_of_posting_leaves_nothing_half_done(
    app: Flask, sign_in: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = send(officer, PASAR)
    officer.post(f"{url}/ajukan")
    shown = shown_on(text(staff, url))

    def break_off(session: Session, table: str, *rest: object) -> None:
        if table == "suspense_entries":
            raise OSError("disk full")
        real(session, table, *rest)  # type: ignore[arg-type]

    from wibawa.repayments import actions

    real = actions.bulk_insert
    monkeypatch.setattr(actions, "bulk_insert", break_off)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.testing = False
    answer = staff.post(f"{url}/bukukan", data={"shown": shown})
    assert answer.status_code == 500
    assert "nomor tiket" in answer.get_data(as_text=True)
    assert booked(app) == (0, 0)
    monkeypatch.undo()
    staff.post(f"{url}/bukukan", data={"shown": shown})
    assert booked(app) == (96, 52_022_819)


def test_leadership_sees_the_number_of_a_file_and_not_its_name_or_references(
    app: Flask, sign_in: Enter
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = send(officer, PASAR, "angsuran Siti Aminah 081234567890.csv")
    officer.post(f"{url}/ajukan")
    staff.post(f"{url}/bukukan", data={"shown": shown_on(text(staff, url))})
    with app.app_context():
        entry = db.session.scalars(
            select(LedgerEntry).where(LedgerEntry.kind == "repayment")
        ).first()
        assert entry is not None
        loan_id, reference = entry.loan_id, str(entry.bank_reference)
    assert "Siti Aminah" in text(staff, f"/pinjaman/{loan_id}")
    page = text(sign_in("leader"), f"/pinjaman/{loan_id}")
    assert f"berkas nomor {url.rsplit('/', 1)[1]}" in page
    for hidden in ("Siti Aminah", "081234567890", reference):
        assert hidden not in page


def test_a_stored_file_that_cannot_be_read_again_is_said_in_words(
    app: Flask, sign_in: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = sign_in("pasar")
    url = send(officer, PASAR)

    def stopped(*_: object, **__: object) -> None:
        raise unreadable("Berkas tidak dapat dibaca; unggah lagi.")

    monkeypatch.setattr(routes, "read_repayments", stopped)
    for answer in (officer.post(f"{url}/ajukan"), officer.get(f"{url}/hasil.xlsx")):
        assert answer.status_code == 409
        assert "unggah lagi" in answer.get_data(as_text=True)
    assert booked(app) == (0, 0)
