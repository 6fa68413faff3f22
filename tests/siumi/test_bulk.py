"""A made file with planted changes, faults and duplicates: every one of them is found, in its row,
and nothing else is."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.bulk import two_people
from tests.bulk_register import ROWS, RegisterSample, register_sample
from tests.siumi.files import apply, check
from wibawa.borrowers.actions import add_borrowers
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.rules.facts import Method, Terms
from wibawa.siumi.checks import Checked
from wibawa.siumi.models import RegisterLine
from wibawa.web.clock import now


def registered(session: Session, sample: RegisterSample) -> tuple[list[int], int]:
    """The known borrowers with their running loans; their ids, and who registered them."""
    by, second = two_people(session)
    ids = add_borrowers(session, sample.known, by, now()).ids
    terms = Terms(5_000_000, 300, 24, Method.FLAT, dt.date(2026, 1, 31))
    loans = [NewLoan(2, ids[index], f"30{index:010d}", f"PK/{index}", terms)
             for index in sample.with_loan]  # fmt: skip
    open_loans(session, loans, Author(by, second, now()))
    session.flush()
    return ids, by


def assert_answers(checked: Checked, sample: RegisterSample, ids: list[int]) -> None:
    """Row by row what was planted, nothing more and nothing less."""
    answers = sample.answers
    lines = {line.row: line for line in checked.lines}
    assert {row for row, line in lines.items() if line.outcome == "new"} == answers.new
    changed = {row: {f: after for f, _, after in line.changes}
               for row, line in lines.items() if line.outcome == "changed"}  # fmt: skip
    assert changed == answers.changed
    assert {row for row, line in lines.items() if line.outcome == "held"} == answers.held
    assert checked.unchanged == len(answers.unchanged)
    assert checked.repeated == len(answers.repeated)
    found = {p.row: (p.column, p.code) for p in checked.problems if p.blocking}
    assert found == answers.faulty
    assert sum(p.blocking for p in checked.problems) == checked.faulty == len(answers.faulty)
    notices = Counter((p.row, p.code) for p in checked.problems if not p.blocking)
    planted = {(row, "person_alike") for row in answers.alike}
    planted |= {(row, "nik_repeated") for row in answers.repeated}
    planted |= {(row, "nik_not_semarang") for row in answers.elsewhere}
    assert set(notices) == planted
    assert set(notices.values()) == {1}
    like = {row: line.like_row or line.like_id for row, line in lines.items()
            if line.like_row or line.like_id}  # fmt: skip
    assert like == {row: ids[-1 - to] if to < 0 else to for row, to in answers.alike.items()}


def test_every_planted_thing_is_found_and_a_second_run_changes_nothing(session: Session) -> None:
    sample = register_sample(2_000, seed=7)
    ids, by = registered(session, sample)
    assert_answers(check(session, sample.content), sample, ids)
    assert apply(session, sample.content, by) is None
    upload = apply(session, sample.content, by, skip=True)
    assert upload is not None
    answers = sample.answers
    assert upload.skipped_rows == len(answers.faulty)
    assert session.scalar(select(func.count()).select_from(Borrower)) == len(ids) + len(answers.new)
    kept = select(func.count()).select_from(BorrowerChange)
    assert session.scalar(kept) == sum(map(len, answers.changed.values()))
    lines = select(func.count()).where(RegisterLine.borrower_id.is_not(None))
    assert session.scalar(lines.select_from(RegisterLine)) == len(
        answers.new | answers.changed.keys() | answers.held
    )
    again = check(session, sample.content.replace(b"NAMA PEMILIK", b"NAMA"), skip=True)
    assert (again.new, again.changed, again.faulty) == (0, 0, len(answers.faulty))
    assert again.unchanged + again.repeated == sample.content.count(b"\n") - 1 - again.faulty


def test_a_workbook_says_the_same_as_the_csv_file(session: Session) -> None:
    sample = register_sample(600, seed=8)
    ids, _ = registered(session, sample)
    assert_answers(check(session, sample.workbook), sample, ids)


@pytest.mark.soak
def test_the_whole_register_of_2024_is_answered_row_by_row(session: Session) -> None:
    sample = register_sample(ROWS)
    ids, by = registered(session, sample)
    assert_answers(check(session, sample.content), sample, ids)
    assert apply(session, sample.content, by, skip=True) is not None
    again = check(session, sample.content, skip=True)
    assert (again.new, again.changed, again.faulty) == (0, 0, len(sample.answers.faulty))
