"""Papers of what two persons decided about a loan: the payoff offer, and the minutes of a change.

The loan is Rp5.000.000 flat at 3 % since 31 January 2026, 208.333 + 12.500 a month. Two months and
100.000 of the third are paid, so 5.000.000 − 2 × 208.333 − 87.500 = 4.495.834 of principal is left.
On 24 November 2026 nine installments are past due, 9 × 12.500 − 3 × 12.500 = 75.000 of their
interest is owed, and the tenth of 30 November is the current month's: 12.500. To be paid:
4.583.334; waived are the 14 behind it, 175.000.
"""

from __future__ import annotations

import datetime as dt
import html
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from tests import factories
from tests.papers.test_loan_papers import clerk, flat, loan, said
from wibawa.changes import actions
from wibawa.changes.actions import Wish
from wibawa.changes.effect import Effect
from wibawa.changes.kinds import KINDS
from wibawa.changes.queries import change_facts
from wibawa.letters.documents import PaperKind
from wibawa.letters.queries import paper_data
from wibawa.papers.actions import issue
from wibawa.papers.queries import papers_of_loan, why_void
from wibawa.printing.issued import paper_pdf
from wibawa.rules.refused import Refused
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]
UNTIL = {"on": "2026-11-24", "valid_until": "2026-11-30"}
HOLIDAY = {"first": 3, "months": 3, "interest": "spread"}

__all__ = ["loan"]


def asked(
    session: Session, people: dict[str, int], loan: int, code: str, data: dict[str, Any]
) -> int:
    kind = KINDS[code]
    shown = kind.effect(session, kind.find(session, loan, today()), data).fingerprint
    wish = Wish(data, "Kios rusak terkena rob", shown)
    number = actions.ask(session, kind, loan, wish, people["staff"], now())
    session.commit()
    return number


def decided(
    session: Session, people: dict[str, int], loan: int, code: str, data: dict[str, Any]
) -> int:
    number = asked(session, people, loan, code, data)
    facts = change_facts(session, number)
    assert facts is not None
    effect = actions.effect_now(session, KINDS[code], facts, today())
    assert isinstance(effect, Effect)
    actions.approve(session, number, effect.fingerprint, people["approver"], now())
    session.commit()
    return number


def issued(
    session: Session, people: dict[str, int], loan: int, kind: PaperKind, number: int
) -> int:
    made = issue(session, loan, kind, clerk(people), change_id=number)
    session.commit()
    return made


def test_an_offer_says_what_to_pay_of_what_it_consists_what_is_waived_and_until_when(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = decided(session, people, loan, "settlement", UNTIL)
    text = said(session, issued(session, people, loan, PaperKind.OFFER, number))
    for part in (
        "001/PENAWARAN/KW/XI/2026",
        "Yth. Joko Susilo",
        "Dengan hormat,",
        "Sisa pokok 4.495.834",
        "Bunga yang sudah jatuh tempo 75.000",
        "Bunga bulan berjalan 12.500",
        "Yang dibayar untuk lunas 4.583.334",
        "Rp4.583.334 (empat juta lima ratus delapan puluh tiga ribu tiga ratus tiga puluh empat",
        "Rp175.000 dibebaskan",
        "paling lambat 30 November 2026",
    ):
        assert part in text, part


def test_an_offer_is_issued_once_and_again_when_money_changed_its_sum(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = decided(session, people, loan, "settlement", UNTIL)
    first = issued(session, people, loan, PaperKind.OFFER, number)
    assert issued(session, people, loan, PaperKind.OFFER, number) == first
    factories.payment(session, loan, 50_000, today(), people["staff"], people["approver"])
    second = issued(session, people, loan, PaperKind.OFFER, number)
    assert "4.533.334" in said(session, second)
    assert "lebih baru" in why_void(session, first, today())
    assert why_void(session, second, today()) == ""


def test_an_offer_counts_no_more_once_it_is_paid(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = decided(session, people, loan, "settlement", UNTIL)
    paper = issued(session, people, loan, PaperKind.OFFER, number)
    money = {"paid_on": "2026-11-24", "amount": 4_583_334, "penalty": 0, "reference": "",
             "source": "Telepon"}  # fmt: skip
    decided(session, people, loan, "payment", money)
    assert why_void(session, paper, today()) == (
        "Pinjaman ini sudah dilunasi menurut penawaran ini."
    )


def test_an_offer_counts_no_more_after_its_last_day_and_cannot_be_issued_then(
    session: Session, people: dict[str, int], loan: int, clock: time_machine.Traveller
) -> None:
    number = decided(session, people, loan, "settlement", UNTIL)
    paper = issued(session, people, loan, PaperKind.OFFER, number)
    clock.shift(dt.timedelta(days=6))
    assert why_void(session, paper, today()) == ""
    clock.shift(dt.timedelta(days=1))
    assert "berlaku sampai 30 November 2026" in why_void(session, paper, today())
    with pytest.raises(Refused) as refused:
        issue(session, loan, PaperKind.OFFER, clerk(people), change_id=number)
    assert refused.value.code == "offer_over"


def test_an_offer_is_overtaken_by_another_schedule(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = decided(session, people, loan, "settlement", UNTIL)
    paper = issued(session, people, loan, PaperKind.OFFER, number)
    decided(session, people, loan, "holiday", HOLIDAY)
    assert "sudah gugur" in why_void(session, paper, today())


def test_minutes_say_who_asked_who_approved_why_and_what_was_before_and_after(
    session: Session, people: dict[str, int], loan: int
) -> None:
    number = decided(session, people, loan, "holiday", HOLIDAY)
    paper = issued(session, people, loan, PaperKind.MINUTES, number)
    text = said(session, paper)
    facts = change_facts(session, number)
    assert facts is not None
    for part in (
        "BERITA ACARA",
        "001/BA/KW/XI/2026",
        "Kios rusak terkena rob",
        f"{facts.entered_by}, Petugas dinas, 24 November 2026",
        f"{facts.decided_by}, Kepala bidang, 24 November 2026",
        "Angsuran terakhir 31 Januari 2028 30 April 2028",
        "Jumlah bunga Rp300.000 Rp337.500 (lebih Rp37.500)",
        "Yang mengajukan, Yang menyetujui, Mengetahui,",
        "Petugas Bank Pasar",
    ):
        assert part in text, part
    assert issued(session, people, loan, PaperKind.MINUTES, number) == paper


def test_papers_of_requests_are_the_same_bytes_a_year_later(
    session: Session, people: dict[str, int], loan: int, clock: time_machine.Traveller
) -> None:
    offer = decided(session, people, loan, "settlement", UNTIL)
    papers = [issued(session, people, loan, PaperKind.OFFER, offer)]
    holiday = decided(session, people, loan, "holiday", HOLIDAY)
    papers.append(issued(session, people, loan, PaperKind.MINUTES, holiday))
    kept = [paper_data(session, paper) for paper in papers]
    before = [paper_pdf(data, "https://wibawa.example") for data in kept if data]
    clock.shift(dt.timedelta(days=365))
    again = [paper_data(session, paper) for paper in papers]
    assert [paper_pdf(data, "https://wibawa.example") for data in again if data] == before
    assert len(before) == 2


@pytest.mark.parametrize("kind", [PaperKind.OFFER, PaperKind.MINUTES])
def test_what_is_not_approved_or_of_another_loan_has_no_paper(
    session: Session, people: dict[str, int], loan: int, kind: PaperKind
) -> None:
    waiting = asked(session, people, loan, "settlement", UNTIL)
    by, second = people["staff"], people["approver"]
    other = factories.loan(session, by, second, account="0200000000009", name="Sri Wahyuni")
    of_other = decided(session, people, other, "settlement", UNTIL)
    for number in (waiting, of_other, 9_999):
        with pytest.raises(Refused) as refused:
            issue(session, loan, kind, clerk(people), change_id=number)
        assert refused.value.code == "not_decided"


def test_offer_and_minutes_are_issued_on_the_page_of_the_request(
    session: Session, people: dict[str, int], loan: int, sign_in: SignIn
) -> None:
    number = decided(session, people, loan, "settlement", UNTIL)
    client = sign_in("staff")
    page = html.unescape(client.get(f"/permintaan/{number}").text)
    assert "Terbitkan penawaran pelunasan" in page
    for slug in ("penawaran", "berita-acara"):
        sent = {"permintaan": str(number), "request_key": secrets.token_hex(16)}
        done = client.post(f"/pinjaman/{loan}/cetak/{slug}", data=sent)
        assert done.status_code == 302
        assert done.location == f"/permintaan/{number}"
    session.rollback()
    papers = papers_of_loan(session, loan, today())
    page = html.unescape(client.get(f"/permintaan/{number}").text)
    assert {paper.kind for paper in papers} == {PaperKind.OFFER, PaperKind.MINUTES}
    for paper in papers:
        assert paper.number in page
        pdf = client.get(f"/pinjaman/{loan}/cetak/{paper.id}.pdf")
        assert paper.number in flat(pdf.data)
