"""What became of borrowers' records after a past day, told by the reports that it moves."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import counted_queries
from tests.merging.steps import REASON, lend
from tests.merging.test_moving import decided, merge
from wibawa.borrowers.actions import NewBorrower, edit_borrower, nik_of
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.merging.actions import request_split
from wibawa.reports.catalogue import REPORTS
from wibawa.reports.document import Report
from wibawa.reports.forms import Scope
from wibawa.rules.facts import BorrowerKind
from wibawa.web.clock import now, today

DAY, NEXT_DAY = dt.date(2026, 10, 31), dt.date(2026, 11, 24)
GENUK = "33.74.05.1004"
PLACES, MERGES = ("peminjam", "tahunan"), ("tpb", "akses-pembiayaan", "permodalan-koperasi")
SAYS = "Sesudah 31 Oktober 2026: {}; laporan ini memakai catatan peminjam yang sekarang."
EDITED = "kelurahan atau jenis kelamin pada {} catatan peminjam diubah"
PASAR = {"bank_id": factories.PASAR, "bank_code": "PASAR", "bank_name": "Bank Pasar"}


def edit(session: Session, people: dict[str, int], borrower: int, **facts: Any) -> None:
    one = session.get_one(Borrower, borrower)
    last = select(func.coalesce(func.max(BorrowerChange.id), 0))
    shown = session.scalar(last.where(BorrowerChange.borrower_id == borrower)) or 0
    new = NewBorrower(
        BorrowerKind(one.kind), one.name, nik_of(one), one.sex, one.birth_date,
        one.kelurahan_code, one.business_name, one.sector, one.business_started_on,
        one.address, one.phone, one.nib,
    )  # fmt: skip
    assert edit_borrower(session, borrower, shown, replace(new, **facts), people["staff"], now())


def made(session: Session, last: dt.date = DAY, **more: Any) -> dict[str, Report]:
    session.expire_all()
    scope = Scope(dt.date(2026, 1, 1), last, today(), **more)
    return {code: definition.make(session, scope) for code, definition in REPORTS.items()}


def told(report: Report) -> list[str]:
    return [note for note in report.notes if note.startswith("Sesudah ")]


@pytest.fixture
def three(session: Session, people: dict[str, int]) -> list[int]:
    """Siti once, and twice more under other NIKs; all borrowed in January."""
    ids = [factories.borrower(session, people["staff"], n, f"Siti {n}") for n in (1, 2, 3)]
    for number, borrower in enumerate(ids, 1):
        lend(session, people, borrower, number)
    session.flush()
    return ids


def test_every_report_that_an_edit_or_a_merge_moves_counts_it_and_no_other_says_a_word(
    session: Session, people: dict[str, int], three: list[int]
) -> None:
    before = made(session)
    assert [code for code, report in before.items() if told(report)] == []
    edit(session, people, three[0], kelurahan_code=GENUK, sex="L")
    edit(session, people, three[1], kelurahan_code=GENUK, phone="081234567891")
    edited = made(session)
    merged = merge(session, people, three[1], three[2])
    after = made(session)
    for code in REPORTS:
        of_facts = EDITED.format(2) if code in PLACES else ""
        moved = "1 penggabungan catatan" if code in (*PLACES, *MERGES) else ""
        assert told(edited[code]) == ([SAYS.format(of_facts)] if of_facts else []), code
        both = ", ".join(each for each in (of_facts, moved) if each)
        assert told(after[code]) == ([SAYS.format(both)] if both else []), code
        if not of_facts:
            assert edited[code] == before[code], code
        if not both:
            assert after[code] == before[code], code
    assert edited["peminjam"].tables != before["peminjam"].tables
    assert after["peminjam"].tables != edited["peminjam"].tables
    assert after["tpb"].tables != before["tpb"].tables
    split = request_split(session, merged, REASON, people["staff"], now())
    decided(session, people, split)
    again = made(session)
    line = f"{EDITED.format(2)}, 1 penggabungan catatan, 1 pembatalan penggabungan"
    assert told(again["peminjam"]) == [SAYS.format(line)]
    assert again["peminjam"].tables == edited["peminjam"].tables
    assert again["tpb"].tables == before["tpb"].tables


def test_an_edit_of_what_no_report_looks_at_is_not_told(
    session: Session, people: dict[str, int], three: list[int]
) -> None:
    before = made(session)
    edit(session, people, three[0], sector="Kriya", phone="081234567891", name="Siti A.")
    assert made(session) == before


def test_records_without_a_loan_of_the_report_are_not_told(
    session: Session, people: dict[str, int], three: list[int]
) -> None:
    at_jateng, never = (
        factories.borrower(session, people["staff"], n, f"Rina {n}") for n in (4, 5)
    )
    lend(session, people, at_jateng, 4, factories.JATENG)
    for borrower in (at_jateng, never):
        edit(session, people, borrower, kelurahan_code=GENUK)
    merge(session, people, at_jateng, never)
    assert told(made(session)["peminjam"]) == [SAYS.format(EDITED.format(1))]
    assert told(made(session, **PASAR)["peminjam"]) == []
    january = made(session, dt.date(2026, 1, 30))
    assert [code for code, report in january.items() if told(report)] == []


def test_the_day_ends_at_midnight_in_semarang(
    session: Session, people: dict[str, int], three: list[int], clock: time_machine.Traveller
) -> None:
    ends = dt.datetime(2026, 10, 31, 16, 59, 59, tzinfo=dt.UTC)
    found = []
    for place, moment in enumerate((ends, ends + dt.timedelta(seconds=1))):
        clock.move_to(moment)
        edit(session, people, three[place], kelurahan_code=GENUK)
        clock.move_to(dt.datetime(2026, 11, 24, 3, tzinfo=dt.UTC))
        found.append(told(made(session)["peminjam"]))
    assert found == [[], [SAYS.format(EDITED.format(1))]]


def test_a_report_for_today_asks_nothing_more_and_one_for_a_past_day_once(
    app: Flask, session: Session, people: dict[str, int], three: list[int]
) -> None:
    edit(session, people, three[0], kelurahan_code=GENUK)
    for day in (NEXT_DAY, DAY):
        for code in (*PLACES, *MERGES):
            scope = Scope(dt.date(2026, 1, 1), day, NEXT_DAY)
            with counted_queries(app) as said:
                REPORTS[code].make(session, scope)
            found = [line for line in said if "borrower_changes" in line]
            assert len(found) == (day == DAY), (code, day)
