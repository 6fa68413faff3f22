"""The copies that reports read say what journal and schedules say, whatever came to a loan and in
which order, and a copy that says something else is found and made anew."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.bulk import two_people
from wibawa.banks.queries import thresholds_on
from wibawa.database import db, writing
from wibawa.loans.invariants import run_checks
from wibawa.loans.journal import Author, NewEntry, NewLoan, add_entries, open_loans
from wibawa.loans.standings.actions import rebuild
from wibawa.loans.standings.models import DueSum, MoneySum, PrincipalSum, Standing
from wibawa.loans.standings.queries import (
    wrong_dues,
    wrong_money,
    wrong_principal,
    wrong_standings,
)
from wibawa.rules.facts import EntryKind, Method, Terms
from wibawa.web.clock import now, today

LENT_ON = dt.date(2026, 1, 15)


def _terms(day: dt.date = LENT_ON) -> Terms:
    """Flat, 12.000.000 at 3 % over 12 months: each installment 1.000.000 and 30.000 of interest."""
    return Terms(
        principal=12_000_000, rate=300, months=12, method=Method.FLAT, disbursed_on=day, multiple=1
    )


def _lend(session: Session, count: int = 1, opened_on: dt.date | None = None) -> list[int]:
    staff, approver = two_people(session)
    borrower = factories.borrower(session, staff)
    new = _new(borrower, count, opened_on)
    return open_loans(session, new, Author(staff, approver, now()))


def _new(borrower: int, count: int, opened_on: dt.date | None) -> list[NewLoan]:
    return [
        NewLoan(
            bank_id=2,
            borrower_id=borrower,
            account_number=f"{number:012d}",
            agreement_number=f"{number}",
            terms=_terms(),
            opened_on=opened_on,
            opening=2_060_000 if opened_on else 0,
        )
        for number in range(count)
    ]


def _pay(session: Session, paid: Sequence[tuple[int, dt.date, int]]) -> None:
    """One deed with several payments: loan, day, amount."""
    people = list(session.scalars(text("SELECT id FROM users ORDER BY id")))
    asked = factories.request(
        session, "payment", people[0], people[1], loan_id=paid[0][0], result="{}"
    )
    entries = [
        NewEntry(loan, 2, EntryKind.REPAYMENT, amount, on, applied=amount)
        for loan, on, amount in paid
    ]
    add_entries(session, entries, Author(people[0], people[1], now()), asked, "")


def _stands(session: Session, loan: int) -> list[tuple[object, ...]]:
    """From, until, applied, outstanding, fell, number, due of each row, in order."""
    at = Standing
    query = select(
        at.from_on, at.until_on, at.applied, at.outstanding, at.fell, at.number, at.due_on
    )
    return [
        tuple(row) for row in session.execute(query.where(at.loan_id == loan).order_by(at.from_on))
    ]


FOREVER = dt.date(9999, 12, 31)
MARCH, APRIL, MAY = dt.date(2026, 3, 3), dt.date(2026, 4, 20), dt.date(2026, 5, 15)


def test_a_loan_without_money_stands_as_it_was_lent(app: Flask, session: Session) -> None:
    (loan,) = _lend(session)
    assert _stands(session, loan) == [(LENT_ON, FOREVER, 0, 12_000_000, 0, 1, dt.date(2026, 2, 15))]


def test_each_day_with_money_begins_a_row_and_says_by_how_much_principal_fell(
    app: Flask, session: Session
) -> None:
    (loan,) = _lend(session)
    _pay(session, [(loan, MARCH, 1_030_000)])
    _pay(session, [(loan, APRIL, 1_000_000)])  # 30.000 of interest, 970.000 of principal
    assert _stands(session, loan) == [
        (LENT_ON, MARCH, 0, 12_000_000, 0, 1, dt.date(2026, 2, 15)),
        (MARCH, APRIL, 1_030_000, 11_000_000, 1_000_000, 2, dt.date(2026, 3, 15)),
        (APRIL, FOREVER, 2_030_000, 10_030_000, 970_000, 2, dt.date(2026, 3, 15)),
    ]


def test_money_of_an_earlier_day_changes_all_later_rows(app: Flask, session: Session) -> None:
    (loan,) = _lend(session)
    _pay(session, [(loan, MAY, 1_030_000)])
    _pay(session, [(loan, MARCH, 2_060_000)])
    assert _stands(session, loan) == [
        (LENT_ON, MARCH, 0, 12_000_000, 0, 1, dt.date(2026, 2, 15)),
        (MARCH, MAY, 2_060_000, 10_000_000, 2_000_000, 3, dt.date(2026, 4, 15)),
        (MAY, FOREVER, 3_090_000, 9_000_000, 1_000_000, 4, dt.date(2026, 5, 15)),
    ]


def test_a_deed_over_several_loans_keeps_the_days_of_each(app: Flask, session: Session) -> None:
    first, second = _lend(session, 2)
    _pay(session, [(second, MARCH, 1_030_000)])
    _pay(session, [(first, APRIL, 1_030_000), (second, MAY, 1_030_000)])
    assert [row[:2] for row in _stands(session, first)] == [(LENT_ON, APRIL), (APRIL, FOREVER)]
    assert [row[:2] for row in _stands(session, second)] == [
        (LENT_ON, MARCH),
        (MARCH, MAY),
        (MAY, FOREVER),
    ]


def test_a_loan_that_is_paid_off_lacks_no_installment(app: Flask, session: Session) -> None:
    (loan,) = _lend(session)
    _pay(session, [(loan, MARCH, 12_360_000)])
    assert _stands(session, loan)[-1] == (
        MARCH, FOREVER, 12_360_000, 0, 12_000_000, None, None
    )  # fmt: skip


def test_what_an_opening_portfolio_brought_was_not_paid_on_its_day(
    app: Flask, session: Session
) -> None:
    (loan,) = _lend(session, opened_on=APRIL)
    assert _stands(session, loan)[-1] == (
        APRIL, FOREVER, 2_060_000, 10_000_000, 0, 3, dt.date(2026, 4, 15)
    )  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_comes_in_whatever_order_the_copy_is_what_the_journal_says(
    app: Flask, session: Session, seed: int
) -> None:
    dice = random.Random(seed)
    loans = _lend(session, 6)
    for _ in range(12):
        some = dice.sample(loans, dice.randrange(1, 5))
        days = range((today() - LENT_ON).days)
        _pay(session, [
            (loan, LENT_ON + dt.timedelta(days=dice.choice(days)), dice.randrange(1, 900_000))
            for loan in some
        ])  # fmt: skip
        assert wrong_standings(session) == []


def test_a_copy_that_says_something_else_is_found_and_made_anew(
    app: Flask, session: Session
) -> None:
    loans = _lend(session, 3)
    right = _stands(session, loans[1])
    session.execute(
        text("UPDATE loan_standings SET outstanding = 1 WHERE loan_id = :loan"), {"loan": loans[1]}
    )
    session.execute(text("DELETE FROM loan_standings WHERE loan_id = :loan"), {"loan": loans[2]})
    assert wrong_standings(session) == loans[1:]
    found = {each.name: each for each in run_checks(session, today(), _classes(session))}
    assert found["standings_equal_the_journal"].found == f"{loans[1]}, {loans[2]}"
    assert rebuild(session) == 3
    assert wrong_standings(session) == []
    assert _stands(session, loans[1]) == right


def test_sums_of_what_falls_due_that_say_something_else_are_found_and_made_anew(
    app: Flask, session: Session
) -> None:
    staff, approver = two_people(session)
    borrower, author = factories.borrower(session, staff), Author(staff, approver, now())
    for one in _new(borrower, 3, None):
        open_loans(session, [one], author)  # each adds to the sums of those before it
    query = select(DueSum.due_on, DueSum.installments, DueSum.principal, DueSum.interest)
    right = session.execute(query.where(DueSum.bank_id == 2).order_by(DueSum.due_on)).all()
    days = [dt.date(2026 + month // 12, month % 12 + 1, 15) for month in range(1, 13)]
    assert right == [(day, 3, 3_000_000, 90_000) for day in days]
    session.execute(text("UPDATE due_sums SET principal = 1 WHERE due_on = '2026-03-15'"))
    session.execute(text("DELETE FROM due_sums WHERE due_on = '2026-05-15'"))
    assert wrong_dues(session) == ["2: 2026-03-15", "2: 2026-05-15"]
    found = {each.name: each for each in run_checks(session, today(), _classes(session))}
    assert found["dues_equal_the_schedules"].found == "2: 2026-03-15, 2: 2026-05-15"
    rebuild(session)
    assert wrong_dues(session) == []
    assert session.execute(query.order_by(DueSum.due_on)).all() == right


def test_sums_of_the_money_that_moved_that_say_something_else_are_found_and_made_anew(
    app: Flask, session: Session
) -> None:
    loans = _lend(session, 3)
    _pay(session, [(loans[0], MARCH, 1_030_000), (loans[1], MARCH, 500_000)])
    _pay(session, [(loans[2], MARCH, 30_000), (loans[2], MAY, 1_000_000)])
    sums = (MoneySum.entries, MoneySum.amount, MoneySum.applied)
    query = select(MoneySum.effective_on, MoneySum.kind, *sums).where(MoneySum.bank_id == 2)
    right = session.execute(query.order_by(MoneySum.effective_on)).all()
    assert right == [
        (LENT_ON, "disbursement", 3, 36_000_000, 0),
        (MARCH, "repayment", 3, 1_560_000, 1_560_000),
        (MAY, "repayment", 1, 1_000_000, 1_000_000),
    ]
    session.execute(text("UPDATE money_sums SET amount = 1 WHERE kind = 'disbursement'"))
    session.execute(text("DELETE FROM money_sums WHERE entries = 1"))
    wrong = [f"2: {LENT_ON.isoformat()}", f"2: {MAY.isoformat()}"]
    assert wrong_money(session) == wrong
    found = {each.name: each for each in run_checks(session, today(), _classes(session))}
    assert found["money_equals_the_journal"].found == ", ".join(wrong)
    rebuild(session)
    assert wrong_money(session) == []
    assert session.execute(query.order_by(MoneySum.effective_on)).all() == right


def _principal(session: Session) -> list[tuple[object, ...]]:
    """Day and sum of what principal fell by, where it did."""
    at = PrincipalSum
    query = select(at.fell_on, at.fell).where(at.bank_id == 2, at.fell != 0)
    return [tuple(row) for row in session.execute(query.order_by(at.fell_on))]


def test_what_principal_fell_by_is_summed_by_the_day_and_follows_money_of_an_earlier_one(
    app: Flask, session: Session
) -> None:
    loans = _lend(session, 2)
    assert _principal(session) == []
    _pay(session, [(loans[0], MAY, 1_030_000), (loans[1], MAY, 500_000)])
    assert _principal(session) == [(MAY, 1_470_000)]
    # What came in March pays the interest, so that all of the 500.000 of May is principal.
    _pay(session, [(loans[1], MARCH, 30_000)])
    assert _principal(session) == [(MAY, 1_500_000)]
    _pay(session, [(loans[0], APRIL, 1_030_000)])
    assert _principal(session) == [(APRIL, 1_000_000), (MAY, 1_500_000)]
    assert wrong_principal(session) == []


def test_sums_of_what_principal_fell_by_that_say_something_else_are_found_and_made_anew(
    app: Flask, session: Session
) -> None:
    loans = _lend(session, 2)
    _pay(session, [(loans[0], MARCH, 1_030_000), (loans[1], MAY, 500_000)])
    right = [(MARCH, 1_000_000), (MAY, 470_000)]
    assert _principal(session) == right
    session.execute(text("UPDATE principal_sums SET fell = 0 WHERE fell = 470000"))
    session.execute(text("UPDATE principal_sums SET fell_on = '2026-04-20' WHERE fell = 1000000"))
    wrong = [f"2: {day.isoformat()}" for day in (MARCH, APRIL, MAY)]
    assert wrong_principal(session) == wrong
    found = {each.name: each for each in run_checks(session, today(), _classes(session))}
    assert found["principal_equals_the_standings"].found == ", ".join(wrong)
    rebuild(session)
    assert wrong_principal(session) == []
    assert _principal(session) == right


def _classes(session: Session) -> object:
    return thresholds_on(session, today())


def test_the_migration_writes_down_where_the_loans_of_an_older_database_stand(
    app: Flask, session: Session
) -> None:
    loans = _lend(session, 2)
    _pay(session, [(loans[0], MARCH, 1_030_000), (loans[1], MAY, 500_000)])
    wanted = [_stands(session, loan) for loan in loans]
    session.commit()
    with writing():
        downgrade(revision="0043")
        upgrade()
    assert [_stands(db.session(), loan) for loan in loans] == wanted
    assert wrong_standings(db.session()) == []
    assert wrong_dues(db.session()) == []
    assert wrong_money(db.session()) == []
    assert wrong_principal(db.session()) == []
    db.session.rollback()
