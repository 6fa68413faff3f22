"""Longer tenor, another multiple, another due day: the new version that each makes.

"pasar" is Rp5.000.000, flat, 3 %, 24 months from 31 January 2026: 208.333 + 12.500 a month, the
last one 208.341 + 12.500. Nine are paid, 3.125.003 of principal is left, the tenth is due on
30 November 2026; today is 24 November.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.changes.steps import approved, ask, broken, preview, rows, text_of, versions
from tests.factories import Client
from tests.loans.steps import stand
from wibawa.loans.models import Schedule

SignIn = Callable[[str], Client]
TODAY = dt.date(2026, 11, 24)
LEFT = 5_000_000 - 9 * 208_333


def change(
    sign_in: SignIn, session: Session, loan_id: int, word: str, wish: dict[str, str]
) -> list[tuple[dt.date, int, int]]:
    """Ask and approve; the installments after it. What is paid must stand as before."""
    before = rows(session, loan_id)
    approved(sign_in("approver"), ask(sign_in("staff"), loan_id, word, wish))
    session.rollback()
    after = rows(session, loan_id)
    assert after[:9] == before[:9]
    assert sum(principal for _, principal, _ in after) == 5_000_000
    assert broken(session) == []
    return after


def test_six_months_more_make_smaller_installments(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    # 3.125.003 over 15 + 6 = 21 months: 148.809,67 → 148.810, the last 3.125.003 − 20 × 148.810 =
    # 148.803. Interest: a flat month's 12.500 for each of the 21.
    after = change(sign_in, session, loans["pasar"], "jangka-waktu", {"first": "10", "more": "6"})
    assert [row[1:] for row in after[9:]] == [(148_810, 12_500)] * 20 + [(148_803, 12_500)]
    assert (after[9][0], after[-1][0]) == (dt.date(2026, 11, 30), dt.date(2028, 7, 31))
    assert versions(session, loans["pasar"]) == [
        ("first", dt.date(2026, 1, 31)), ("tenor", TODAY),
    ]  # fmt: skip


def test_a_longer_tenor_takes_the_arrears_into_its_new_installments(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    # "pasar_late" lacks the ninth, due on 31 October: from it on 16 + 2 = 18 installments, the
    # first on the first due day from today on, 30 November.
    approved(
        sign_in("approver"),
        ask(sign_in("staff"), loans["pasar_late"], "jangka-waktu", {"first": "9", "more": "2"}),
    )
    session.rollback()
    after = rows(session, loans["pasar_late"])
    assert len(after) == 26
    assert [row[0] for row in after[8:10]] == [dt.date(2026, 11, 30), dt.date(2026, 12, 31)]
    # By the new schedule nothing is past due any more.
    assert stand(session, loans["pasar_late"], TODAY)[1:3] == (0, 0)
    assert broken(session) == []


def test_another_multiple_rounds_what_is_left_and_keeps_the_days(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    # 3.125.003 ÷ 15 = 208.333,5 → 208.000; the last takes 3.125.003 − 14 × 208.000 = 213.003.
    days = [row[0] for row in rows(session, loans["pasar"])]
    after = change(
        sign_in, session, loans["pasar"], "kelipatan", {"first": "10", "multiple": "1000"}
    )
    assert [row[1:] for row in after[9:]] == [(208_000, 12_500)] * 14 + [(213_003, 12_500)]
    assert [row[0] for row in after] == days
    last = select(Schedule.multiple).where(Schedule.kind == "multiple")
    assert session.scalars(last).one() == 1000


def test_another_due_day_moves_the_days_alone(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    # 5 November has passed, so the tenth moves to 5 December.
    amounts = [row[1:] for row in rows(session, loans["pasar"])]
    after = change(sign_in, session, loans["pasar"], "jatuh-tempo", {"first": "10", "day": "5"})
    assert [row[1:] for row in after] == amounts
    assert (after[9][0], after[-1][0]) == (dt.date(2026, 12, 5), dt.date(2028, 2, 5))
    last = select(Schedule.due_day).where(Schedule.kind == "due_day")
    assert session.scalars(last).one() == 5


@pytest.mark.parametrize(
    ("word", "wish", "said"),
    [
        ("jangka-waktu", {"first": "10", "more": "0"}, "Isi dengan bilangan bulan"),
        ("jangka-waktu", {"first": "10", "more": "999"}, "paling sedikit 1"),
        ("kelipatan", {"first": "10", "multiple": "1"}, "Kelipatan angsuran sudah 1"),
        ("kelipatan", {"first": "10", "multiple": "7"}, "Pilihan ini tidak ada dalam daftar."),
        ("jatuh-tempo", {"first": "10", "day": "31"}, "sudah jatuh tempo setiap tanggal 31"),
        ("jatuh-tempo", {"first": "10", "day": "32"}, "Isi tanggal 1 sampai 31."),
    ],
)
def test_what_cannot_be_is_said_at_once_and_cannot_be_asked_for(
    loans: dict[str, int], sign_in: SignIn, word: str, wish: dict[str, str], said: str
) -> None:
    page = preview(sign_in("staff"), f"/pinjaman/{loans['pasar']}/ubah/{word}", wish)
    assert said in page
    assert "Ajukan permintaan" not in page


def test_a_loan_counts_as_restructured_after_a_longer_tenor_but_not_after_another_due_day(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    for name, word, wish in (
        ("pasar", "jatuh-tempo", {"first": "10", "day": "5"}),
        ("pasar_late", "jangka-waktu", {"first": "10", "more": "6"}),
    ):
        approved(sign_in("approver"), ask(sign_in("staff"), loans[name], word, wish))
    page = text_of(sign_in("staff").get("/pinjaman?restrukturisasi=ya"))
    assert "KW-000003" in page
    assert "KW-000002" not in page


def test_every_version_stays_readable_and_printable_and_the_loan_tells_how_often_it_was_eased(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    loan = loans["pasar"]
    change(sign_in, session, loan, "jangka-waktu", {"first": "10", "more": "6"})
    client = sign_in("staff")
    page = text_of(client.get(f"/pinjaman/{loan}"))
    assert "Perpanjangan jangka waktu" in page
    assert "Direstrukturisasi 1 kali, terakhir 24 November 2026." in page
    assert f'href="/pinjaman/{loan}?tanggal=2026-01-31#jadwal"' in page
    old = text_of(client.get(f"/pinjaman/{loan}?tanggal=31/01/2026"))
    assert "Jadwal angsuran versi 1" in old
    assert "31/01/2028" in old
    first, second = (
        text_in(client.get(f"/pinjaman/{loan}/jadwal.pdf{query}").data)
        for query in ("?tanggal=2026-01-31", "")
    )
    assert "Tidak berlaku lagi sejak 24 November 2026." in first
    assert "24 bulan" in first
    assert "31 Juli 2028" not in first
    assert "30 bulan" in second
    assert "31 Juli 2028" in second
    assert "Tidak berlaku" not in second


def text_in(pdf: bytes) -> str:
    """What a reader finds in a PDF, its lines put together."""
    pages = PdfReader(BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)
