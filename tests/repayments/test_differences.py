"""The bank's split, balance and class beside ours: told as notices, never in the way.

Expected figures: the annuity of domain rules §3 (5.000.000 in 24 months from 31 January 2026:
202.406 + 12.500 first, then 202.912 + 11.994 = 214.906), and the sample files, whose figures were
made by another program than this one.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import Client
from wibawa.banks.models import Bank
from wibawa.database import db, writing
from wibawa.loans.actions import import_portfolio
from wibawa.loans.journal import Author
from wibawa.repayments import differences as rules
from wibawa.repayments.differences import Books, Step, Version, differences
from wibawa.repayments.facts import Options, check_against_books
from wibawa.repayments.outcome import Entry
from wibawa.repayments.reader import read_repayments
from wibawa.rules.collectibility import COMMERCIAL_DEFAULT, RURAL_DEFAULT
from wibawa.rules.facts import Method
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

SAMPLES = Path(__file__).resolve().parent.parent / "files" / "samples"
HEAD = "No Rekening;Tgl Bayar;Jumlah;Pokok;Bunga;Sisa Pokok;Kolektibilitas;No Bukti\n"
FILE = read_repayments((HEAD + "01;31-03-2026;1;1;0;0;1;A\n").encode(), "angsuran.csv")
ALWAYS = (dt.date(2026, 1, 31), dt.date(9999, 12, 31))
STEPS = (
    Step(dt.date(2026, 2, 28), 202_406, 12_500, 4_797_594, 0, 214_906),
    Step(dt.date(2026, 3, 31), 202_912, 11_994, 4_594_682, 214_906, 429_812),
    Step(dt.date(2026, 4, 30), 203_419, 11_487, 4_391_263, 429_812, 644_718),
)
DIFFER = ("split_differs", "balance_differs", "class_differs")
Enter = Callable[[str], Client]


def paid(day: dt.date, amount: int, row: int = 2, **stated: int | None) -> Entry:
    said = {"principal": None, "interest": None, "outstanding": None, "collectibility": None}
    return Entry(row, 7, amount, 0, day, None, f"k{row}", **(said | stated))


def told(
    *entries: Entry,
    applied: int = 0,
    later: tuple[tuple[dt.date, int], ...] = (),
    limits: tuple[int, int, int, int] = COMMERCIAL_DEFAULT,
) -> list[tuple[int, str, str]]:
    books = {7: Books(applied, later, [Version(*ALWAYS, STEPS)])}
    found = differences(FILE, entries, books, limits)
    assert not any(problem.blocking for problem in found)
    return [(problem.row, problem.code, problem.message) for problem in found]


def test_figures_like_ours_are_no_notice() -> None:
    day = dt.date(2026, 2, 28)
    figures = {"principal": 202_406, "interest": 12_500, "outstanding": 4_797_594}
    assert told(paid(day, 214_906, collectibility=1, **figures)) == []


def test_another_split_says_both() -> None:
    (notice,) = told(paid(dt.date(2026, 2, 28), 214_906, principal=202_000, interest=12_906))
    assert notice == (
        2,
        "split_differs",
        "Menurut bank pokok Rp202.000 dan bunga Rp12.906, menurut jadwal pokok Rp202.406 dan "
        "bunga Rp12.500; dibukukan menurut jadwal, angka bank tetap disimpan.",
    )


def test_a_payment_over_two_installments_is_split_by_the_rule() -> None:
    # 300.000: 12.500 + 202.406, then 11.994 interest and 73.100 principal of the second.
    day, figures = dt.date(2026, 3, 31), {"principal": 275_506, "interest": 24_494}
    assert told(paid(day, 300_000, outstanding=5_000_000 - 275_506, **figures)) == []


def test_another_balance_says_both_and_how_far_they_are_apart() -> None:
    (notice,) = told(paid(dt.date(2026, 2, 28), 214_906, outstanding=4_800_000))
    assert notice[1:] == (
        "balance_differs",
        "Sisa pokok menurut bank Rp4.800.000, menurut catatan dinas Rp4.797.594 sesudah "
        "pembayaran ini (beda Rp2.406).",
    )


def test_another_class_says_both_with_the_days_behind_ours() -> None:
    # Nothing is paid for February until 10 March: 10 days late, and 10.000 does not mend that.
    (notice,) = told(paid(dt.date(2026, 3, 10), 10_000, collectibility=1))
    assert notice[1:] == (
        "class_differs",
        "Kolektibilitas menurut bank 1 (Lancar), menurut catatan dinas 2 (Dalam Perhatian "
        "Khusus): 10 hari tunggakan pada 10/03/2026.",
    )
    assert told(paid(dt.date(2026, 3, 10), 10_000, collectibility=1), limits=RURAL_DEFAULT) == []


def test_a_class_of_the_files_last_day_agrees_too() -> None:
    first = paid(dt.date(2026, 3, 10), 10_000, collectibility=1)
    second = paid(dt.date(2026, 3, 20), 204_906, row=3, collectibility=1)
    assert told(first, second) == []


def test_rows_of_one_loan_count_in_order_of_their_days() -> None:
    late = paid(dt.date(2026, 3, 31), 214_906, row=2, outstanding=4_594_682)
    early = paid(dt.date(2026, 2, 28), 214_906, row=3, outstanding=4_797_594)
    assert told(late, early) == []


def test_money_of_later_days_is_not_in_the_balance_of_an_earlier_one() -> None:
    later = ((dt.date(2026, 3, 31), 214_906),)
    late = paid(dt.date(2026, 2, 28), 214_906, outstanding=4_797_594)
    assert told(late, applied=214_906, later=later) == []


def test_a_paid_off_loan_has_nothing_left() -> None:
    entry = paid(dt.date(2026, 3, 31), 644_718, outstanding=5, collectibility=1)
    (notice,) = told(entry)
    assert "menurut catatan dinas Rp0 sesudah" in notice[2]


def test_a_file_that_differs_everywhere_counts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_DIFFERENCES", 3)
    day = dt.date(2026, 2, 28)
    found = told(*(paid(day, 100, row, outstanding=1) for row in range(2, 12)))
    assert [row for row, *_ in found] == [2, 3, 4, 5]
    assert found[-1][2].endswith("Masalah yang sama ada di 6 baris lagi.")


@pytest.fixture
def running_portfolio(app: Flask, people: dict[str, int]) -> None:
    content = (SAMPLES / "data_awal.xlsx").read_bytes()
    with app.app_context(), writing():
        import_portfolio(db.session(), content, "data_awal.xlsx", Author(1, None, now()))
        db.session.commit()


def _send(client: Client, content: bytes, name: str) -> str:
    data = {"file": (io.BytesIO(content), name), "replaces": ""}
    return str(client.post("/angsuran/berkas/baru", data=data).headers["Location"])


@pytest.mark.usefixtures("running_portfolio")
def test_the_samples_agree_and_what_is_planted_is_told(app: Flask, sign_in: Enter) -> None:
    jateng, pasar = sign_in("jateng"), sign_in("pasar")
    _send(jateng, (SAMPLES / "angsuran_jateng_2026-10.xlsx").read_bytes(), "okt.xlsx")
    sound = (SAMPLES / "angsuran_pasar_2026-10.csv").read_bytes()
    _send(pasar, sound, "okt.csv")
    with app.app_context():
        sent = select(Upload).where(Upload.kind == "repayments")
        assert [each.notice_count for each in db.session.scalars(sent)] == [0, 0]
    planted = sound.replace(b"8.749.999,00;1;", b"8.750.000,00;2;", 1)
    assert planted != sound
    page = pasar.get(_send(pasar, planted, "beda.csv")).get_data(as_text=True)
    assert "Sisa pokok menurut bank Rp8.750.000, menurut catatan dinas Rp8.749.999" in page
    assert "Kolektibilitas menurut bank 2 (Dalam Perhatian Khusus)" in page
    assert "Berkas siap diajukan" in page, "a difference never blocks"


def _posts_at_once(app: Flask) -> None:
    with app.app_context(), writing():
        for bank in db.session.scalars(select(Bank)):
            bank.posts_clean_files = True
        db.session.commit()


@pytest.mark.usefixtures("running_portfolio")
def test_a_file_whose_figures_differ_waits_for_the_office(app: Flask, sign_in: Enter) -> None:
    _posts_at_once(app)
    pasar = sign_in("pasar")
    sound = (SAMPLES / "angsuran_pasar_2026-10.csv").read_bytes()
    url = _send(pasar, sound.replace(b"8.749.999,00;1;", b"8.750.000,00;1;", 1), "beda.csv")
    pasar.post(f"{url}/ajukan")
    assert "Menunggu dibukukan dinas" in pasar.get(url).get_data(as_text=True)


@pytest.mark.usefixtures("running_portfolio")
def test_a_flood_of_one_notice_is_one_line_until_it_is_asked_for(sign_in: Enter) -> None:
    pasar = sign_in("pasar")
    sound = (SAMPLES / "angsuran_pasar_2026-10.csv").read_bytes()
    moved = b"\n".join(_another_balance(line) for line in sound.split(b"\n"))
    url = _send(pasar, moved, "semua.csv")
    page = pasar.get(url).get_data(as_text=True)
    assert "Sisa pokok berbeda: 96 catatan" in page
    assert "problem-says" not in page
    asked = pasar.get(f"{url}?jenis=balance_differs").get_data(as_text=True)
    assert asked.count("problem-says") == 50
    book = openpyxl.load_workbook(io.BytesIO(pasar.get(f"{url}/hasil.xlsx").data))
    marked = [row[-2] for row in book.active.iter_rows(values_only=True)]
    assert sum("Sisa pokok menurut bank" in str(cell) for cell in marked) == 96


def _another_balance(line: bytes) -> bytes:
    """Every balance of the file is 7 rupiah."""
    cells = line.split(b";")
    if len(cells) > 6 and cells[0].isdigit():
        cells[6] = b"7"
    return b";".join(cells)


def test_the_balance_follows_the_schedule_that_was_in_force(
    session: Session, people: dict[str, int]
) -> None:
    loan = {"number": 1, "account": "0012", "method": Method.ANNUITY}
    factories.loan(session, people["staff"], people["approver"], **loan)
    session.commit()
    rows = (
        "0012;28-02-2026;214906;202406;12500;4797594;1;A\n"
        "0012;31-03-2026;214906;202912;11994;4594682;1;B\n"
        "0012;30-04-2026;100000;90000;10000;4594682;3;C\n"
    )
    file = read_repayments((HEAD + rows).encode(), "angsuran.csv")
    checked = check_against_books(session, 2, file, dt.date(2026, 11, 24), Options()).checked
    # The third: interest 4.594.682 × 3 % ÷ 12 = 11.487, so 88.513 of principal: 4.506.169 left.
    found = [(p.row, p.code, p.message) for p in checked.problems if p.code in DIFFER]
    assert [each[:2] for each in found] == [(4, code) for code in DIFFER]
    assert "menurut jadwal pokok Rp88.513 dan bunga Rp11.487" in found[0][2]
    assert "menurut catatan dinas Rp4.506.169" in found[1][2]
    assert "1 (Lancar): 0 hari tunggakan pada 30/04/2026" in found[2][2]
