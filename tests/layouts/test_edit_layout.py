"""An administrator teaches a bank's headings; the bank's files are read by them from their day."""

from __future__ import annotations

import html
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from time_machine import Traveller

from tests import factories
from tests.factories import PASAR, Client
from tests.layouts.conftest import CHOSEN, STRANGE, example, saved, send, upload
from wibawa.access.models import TrailEntry
from wibawa.banks.models import Bank, BankLayout
from wibawa.disbursements.files.reader import COLUMNS as PAYMENT_COLUMNS
from wibawa.layouts.models import LayoutExample
from wibawa.loans.journal import Author
from wibawa.repayments.actions import import_at_once, layout_then
from wibawa.repayments.facts import Options, layout_of
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today

Enter = Callable[[str], Client]


def layouts(session: Session) -> int:
    session.rollback()
    asked = select(func.count()).select_from(BankLayout).where(BankLayout.entered_by.is_not(None))
    return int(session.scalar(asked) or 0)


def test_a_strange_file_is_refused_until_it_is_taught(
    app: Flask, sign_in: Enter, session: Session, people: dict[str, int]
) -> None:
    factories.saved(
        app,
        lambda s: factories.loan(
            s, people["staff"], people["approver"], bank_id=PASAR, account="0200000000001"
        ),
    )
    refused = html.unescape(upload(sign_in("pasar"), STRANGE).get_data(as_text=True))
    assert "diperlukan kolom Nomor Rekening, Tanggal Bayar, Jumlah Bayar (atau Pokok dan" in refused
    assert "NO KONTRAK" in refused
    assert "minta administrator dinas mengajarkannya" in refused
    admin = sign_in("admin")
    assert saved(admin, example(admin), CHOSEN).status_code == 302
    session.rollback()
    assert session.scalar(select(func.count()).select_from(LayoutExample)) == 0
    answer = upload(sign_in("pasar"), STRANGE)
    assert answer.status_code == 302
    session.rollback()
    stored = session.scalar(select(Upload))
    assert stored is not None
    assert (stored.row_count, stored.total) == (2, 221_833)
    assert "20/11/2026" in stored.first_rows
    trail = select(TrailEntry.user_id, TrailEntry.detail).where(
        TrailEntry.action == "layout_taught"
    )
    assert [tuple(row) for row in session.execute(trail)] == [
        (people["admin"], "Bank Pasar, Angsuran, sejak 24 November 2026: Nomor Rekening: Nomor "
         "Rekening → NO KONTRAK; Nama: Nama → DEB; Tanggal Bayar: Tanggal Bayar → TGL POSTING; "
         "Jumlah Bayar: Jumlah Bayar → NILAI TRX; Denda: Denda → kosong; Sisa Pokok: Sisa Pokok → "
         "kosong; Kolektibilitas: Kolektibilitas → kosong; No Bukti: No Bukti → kosong; Tanggal: "
         "hari dulu → tahun dulu; Desimal: terbaca dari angkanya → titik")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kolom_account": ""}, "Kolom untuk Nomor Rekening belum dipilih"),
        ({"kolom_amount": ""}, "Kolom untuk Jumlah Bayar (atau Pokok dan Bunga) belum dipilih"),
        ({"kolom_name": "0"}, "Judul “NO KONTRAK” sudah dipakai untuk Nomor Rekening"),
        ({"kolom_name": "77"}, "Pilihan ini tidak ada dalam daftar."),
        ({"valid_from": "23/11/2026"}, "diperlukan hari ini atau sesudahnya"),
        ({"valid_from": "31/02/2027"}, "tanggal tidak terbaca"),
        ({"date_order": "mdy"}, "Pilihan ini tidak ada dalam daftar."),
        ({"date_order": "dmy"}, "Tidak satu baris pun terbaca tanpa masalah"),
        ({"seen": "0"}, "baru saja diubah orang lain"),
        ({"request_key": ""}, "Formulir tidak lengkap"),
        ({"lihat": "1"}, "20/11/2026"),
    ],
)
def test_a_wrong_choice_is_said_and_nothing_is_saved(
    sign_in: Enter, session: Session, changes: dict[str, str], sentence: str
) -> None:
    client = sign_in("admin")
    answer = saved(client, example(client), CHOSEN, **changes)
    assert answer.status_code in (200, 409)
    assert sentence in html.unescape(answer.get_data(as_text=True))
    assert layouts(session) == 0
    assert session.scalar(select(func.count()).select_from(LayoutExample)) == 1


def test_twin_headings_and_rows_of_data_are_no_headings(sign_in: Enter, session: Session) -> None:
    client = sign_in("admin")
    content = b"KONTRAK;TGL;UANG;u.a.n.g\r\n001;05-10-2026;1;2\r\n0123456;06-10-2026;3;4\r\n"
    choice = CHOSEN | {"kolom_account": "0", "kolom_name": "", "kolom_paid_on": "1",
                       "kolom_amount": "2", "date_order": "dmy", "decimal_mark": ""}  # fmt: skip
    place = example(client, content)
    assert "ada lebih dari satu" in saved(client, place, choice).get_data(as_text=True)
    answer = saved(client, f"{place}?judul=0:3:1", choice)
    assert "bukan judulnya" in answer.get_data(as_text=True)
    assert layouts(session) == 0


def test_a_second_press_saves_once(sign_in: Enter, session: Session) -> None:
    client = sign_in("admin")
    place = example(client)
    data = CHOSEN | {"request_key": "k" * 32, "seen": "2"}
    for _ in range(2):
        assert client.post(place, data=data).status_code == 302
    assert layouts(session) == 1


def test_a_layout_counts_from_its_day_and_a_stored_file_keeps_the_one_it_came_with(
    sign_in: Enter, session: Session, clock: Traveller
) -> None:
    plain = b"Nomor Rekening;Tanggal Bayar;Jumlah Bayar\r\n'001;05-10-2026;5.000\r\n"
    assert upload(sign_in("pasar"), plain).status_code == 302
    client = sign_in("admin")
    saved(client, example(client), CHOSEN, valid_from="01/12/2026")
    assert upload(sign_in("pasar"), STRANGE).status_code == 200  # not yet
    clock.shift(7 * 24 * 3600)
    assert upload(sign_in("pasar"), STRANGE).status_code == 302
    session.rollback()
    bank = session.get_one(Bank, PASAR)
    first, second = session.scalars(select(Upload).order_by(Upload.id))
    assert layout_then(session, first, bank).date_order == "dmy"
    assert layout_then(session, second, bank).date_order == "ymd"
    assert layout_of(session, bank, today()).decimal_mark == "."


def test_what_is_taught_later_on_the_same_day_does_not_change_a_stored_file(
    sign_in: Enter, session: Session, clock: Traveller
) -> None:
    client = sign_in("admin")
    saved(client, example(client), CHOSEN)
    clock.shift(60)
    upload(sign_in("pasar"), STRANGE)
    clock.shift(60)
    client = sign_in("admin")
    saved(client, example(client), CHOSEN, kolom_reference="4")
    session.rollback()
    bank = session.get_one(Bank, PASAR)
    stored = session.scalar(select(Upload))
    assert stored is not None
    then, since = layout_then(session, stored, bank), layout_of(session, bank, today())
    assert "SALDO POKOK" not in then.columns[-1].names
    assert since.columns[-1].names[0] == "SALDO POKOK"  # of two of a day the later one counts


def test_a_file_in_the_old_form_is_still_recognised_by_its_headings(sign_in: Enter) -> None:
    client = sign_in("admin")
    saved(client, example(client), CHOSEN)
    old = b"Nomor Rekening;Tanggal Bayar;Jumlah Bayar\r\n'001;05-10-2026;Rp5.000,00\r\n"
    page = upload(sign_in("pasar"), old)
    assert page.status_code == 302
    shown = sign_in("pasar").get(page.headers["Location"]).get_data(as_text=True)
    assert "05/10/2026" in shown
    assert "Jumlah tidak terbaca" not in shown


@pytest.mark.parametrize(
    ("word", "code", "headings", "chosen", "address"),
    [
        ("pencairan", "disbursements", "KODE;KONTRAK;AKTE;CAIR;UANG",
         {"number": 0, "account": 1, "agreement": 2, "disbursed_on": 3, "amount": 4},
         "/pencairan/berkas/baru"),
        ("keputusan", "decisions", "KODE;HASIL;UANG;X;Y",
         {"number": 0, "decision": 1, "amount": 2}, "/keputusan/berkas/baru"),
    ],
)  # fmt: skip
def test_other_kinds_of_files_are_taught_in_the_same_way(
    sign_in: Enter, session: Session, word: str, code: str, headings: str,
    chosen: dict[str, int], address: str,
) -> None:  # fmt: skip
    line = "PM-000007;'0123456789;PK/1;20261120;1,000.00"
    if code == "decisions":
        line = "PM-000007;Setuju;1,000.00;;"
    content = f"{headings}\r\n{line}\r\n".encode()
    assert upload(sign_in("pasar"), content, address).status_code == 200
    client = sign_in("admin")
    place = example(client, content, word=word)
    choice = {f"kolom_{key}": str(index) for key, index in chosen.items()}
    how = {"date_order": "ymd", "decimal_mark": ".", "valid_from": "24/11/2026", "seen": "0"}
    answer = saved(client, place, choice | how)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    assert upload(sign_in("pasar"), content, address).status_code == 302
    session.rollback()
    stored = session.scalar(select(Upload).where(Upload.kind == code))
    assert stored is not None
    assert "1.000" in stored.first_rows
    number = stored.id
    folder = address.removesuffix("/baru")
    again = sign_in("pasar").get(f"{folder}/{number}/hasil.xlsx")  # the stored file is read again
    assert again.status_code == 200


def test_the_command_line_reads_by_the_same_layout(sign_in: Enter, session: Session) -> None:
    client = sign_in("admin")
    saved(client, example(client), CHOSEN)
    session.rollback()
    bank, author = session.get_one(Bank, PASAR), Author(1, None, now())
    options = Options(suspend_unknown=True)
    outcome, stored = import_at_once(session, bank, STRANGE, "aneh.csv", author, options)
    assert outcome is not None
    assert stored is not None
    assert [row.amount for row in outcome.file.rows] == [220_833, 1_000]


def test_every_column_of_a_kind_can_be_shown() -> None:
    from wibawa.decisions.answers import AnswerRow
    from wibawa.disbursements.files.rows import PaymentRow
    from wibawa.layouts.kinds import KINDS
    from wibawa.repayments.rows import RepaymentRow

    rows = (RepaymentRow, PaymentRow, AnswerRow)
    for kind, row in zip(KINDS, rows, strict=True):
        named = {kind.field_of(column.key) for column in kind.shape.columns}
        assert named <= set(row._fields), kind.code
    assert len(PAYMENT_COLUMNS) == 8


def test_a_bank_or_kind_that_is_not_there_is_404(sign_in: Enter) -> None:
    client = sign_in("admin")
    assert send(client, bank=99).status_code == 404
    assert client.get(f"/pengaturan/bank/{PASAR}/berkas/siumi").status_code == 404
