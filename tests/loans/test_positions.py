"""The position by SQL is the position by rule: any loan, any payments, any day, on both engines."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy import false, update
from sqlalchemy.orm import Session

from tests import factories
from tests.bulk import two_people
from tests.conftest import thrown
from wibawa.banks.models import Bank
from wibawa.banks.queries import thresholds_on
from wibawa.database import FOREVER, bulk_insert, stored_date, stored_moment
from wibawa.loans.journal import ENTRY_COLUMNS, ROW_COLUMNS, Author, NewLoan, open_loans
from wibawa.loans.models import Schedule
from wibawa.loans.portfolio import NPL_FROM_CLASS, PAR_DAYS, BankFigures, ClassFigures, portfolio
from wibawa.loans.positions import positions
from wibawa.loans.standings.actions import count_dues, stand_anew
from wibawa.loans.standings.queries import wrong_standings
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import BankKind, Installment, Method, Position, Terms
from wibawa.rules.position import position
from wibawa.rules.schedule import running, schedule, schedule_rows
from wibawa.web.clock import now, today

LOANS = 150
DAYS = 40
ONE_DAY = dt.timedelta(days=1)
FIRST = dt.date(2024, 1, 1)


@dataclass
class Told:
    """A loan as the test knows it, apart from the database."""

    loan_id: int
    bank_id: int
    terms: Terms
    versions: list[tuple[dt.date, list[Installment]]]
    money: list[tuple[dt.date, int]] = field(default_factory=list)
    given_up: tuple[dt.date, dt.date] | None = None  # written off from, until

    def written_off_on(self, on: dt.date) -> dt.date | None:
        if self.given_up is None or not self.given_up[0] <= on < self.given_up[1]:
            return None
        return self.given_up[0]

    def plan(self, on: dt.date) -> list[Installment]:
        return next(rows for starts_on, rows in reversed(self.versions) if starts_on <= on)

    def applied(self, on: dt.date) -> int:
        return sum(amount for day, amount in self.money if day <= on)

    def position(self, on: dt.date, classes: Thresholds) -> Position:
        return position(self.terms.principal, self.plan(on), self.applied(on), on, classes)


def _terms(dice: random.Random) -> Terms:
    return Terms(
        principal=dice.choice(
            (
                dice.randrange(1, 40),
                dice.randrange(1, 40),
                dice.randrange(100, 5_000),
                dice.randrange(1_000_000, 50_000_000),
            )
        ),
        rate=dice.choice((0, 300, 300, 1_200, 10_000)),
        months=dice.choice((1, 2, 3, 12, 24, 36)),
        method=dice.choice(tuple(Method)),
        disbursed_on=FIRST + dt.timedelta(days=dice.randrange(1_000)),
        multiple=dice.choice((1, 1, 1, 100, 1_000)),
    )


def _loans(session: Session, dice: random.Random, author: Author) -> list[Told]:
    borrower = factories.borrower(session, author.entered_by)
    new = []
    for number in range(LOANS):
        terms = _terms(dice)
        total = sum(row.total for row in schedule(terms))
        brought_in = dice.random() < 0.2
        later = terms.disbursed_on + dt.timedelta(days=dice.randrange(200))
        new.append(
            NewLoan(
                bank_id=number % 2 + 1,
                borrower_id=borrower,
                account_number=f"{number:012d}",
                agreement_number=f"{number}",
                terms=terms,
                opened_on=min(later, today()) if brought_in else None,
                opening=dice.randrange(total + 1) if brought_in else 0,
            )
        )
    ids = open_loans(session, new, author)
    return [
        Told(
            loan_id,
            each.bank_id,
            each.terms,
            [(each.terms.disbursed_on, schedule(each.terms))],
            [] if each.opened_on is None else [(each.opened_on, each.opening)],
        )
        for loan_id, each in zip(ids, new, strict=True)
    ]


def _pay(session: Session, dice: random.Random, author: Author, loans: list[Told]) -> None:
    """Payments, some with a penalty and some reversed: on time, late, none, all, or too much."""
    rows = []
    booked, moment = stored_date(session, today()), stored_moment(session, now())
    for loan in loans:
        _, plan = loan.versions[0]
        total = sum(row.total for row in plan)
        left = total - sum(amount for _, amount in loan.money)
        wanted: list[int] = dice.choice(
            (
                [],
                [left],
                [left + 5],
                [row.total for row in plan],
                [dice.randrange(1, total + 2) for _ in range(dice.randrange(1, 6))],
                [plan[0].interest, plan[0].principal],
            )
        )
        sequence = 1 + len(loan.money)
        span = (today() - loan.terms.disbursed_on).days + 1
        for applied in wanted:
            if applied < 1:
                continue
            penalty = dice.choice((0, 0, 7))
            on = loan.terms.disbursed_on + dt.timedelta(days=dice.randrange(span))
            sequence += 1
            paid = sequence
            loan.money.append((on, applied))
            rows.append((loan.loan_id, sequence, loan.bank_id, "repayment", applied + penalty,
                         penalty, applied, stored_date(session, on), booked, moment,
                         author.entered_by, author.approved_by, *[None] * 9, ""))  # fmt: skip
            if dice.random() < 0.25:
                undone = on + dt.timedelta(days=dice.randrange((today() - on).days + 1))
                sequence += 1
                loan.money.append((undone, -applied))
                rows.append((loan.loan_id, sequence, loan.bank_id, "reversal", applied + penalty,
                             0, -applied, stored_date(session, undone), booked, moment,
                             author.entered_by, author.approved_by, None, None, None, None, paid,
                             *[None] * 4, ""))  # fmt: skip
    bulk_insert(session, "ledger_entries", ENTRY_COLUMNS, rows)
    stand_anew(session, [loan.loan_id for loan in loans], FIRST)


def _reschedule(session: Session, dice: random.Random, author: Author, loan: Told) -> None:
    """A second version from some day on, with other months and due dates of no regular step."""
    starts_on = loan.terms.disbursed_on + dt.timedelta(days=dice.randrange(1, 700))
    terms = loan.terms
    plan = [
        row._replace(due_on=row.due_on + dt.timedelta(days=dice.randrange(27)))
        for row in schedule_rows(
            terms.principal,
            terms.rate,
            dice.choice((3, 18, 48)),
            dice.choice(tuple(Method)),
            terms.disbursed_on.replace(day=1),
        )
    ]
    sums = running(plan)
    session.execute(
        update(Schedule).where(Schedule.loan_id == loan.loan_id).values(ends_on=starts_on)
    )
    made = Schedule(
        loan_id=loan.loan_id,
        version=2,
        starts_on=starts_on,
        ends_on=FOREVER,
        total=sums[-1].total_through,
        reason="Relaksasi",
        made_by=author.entered_by,
        approved_by=author.approved_by,
        made_at=now(),
    )
    session.add(made)
    session.flush()
    bulk_insert(
        session,
        "schedule_rows",
        ROW_COLUMNS,
        [
            (made.id, row.number, stored_date(session, row.due_on),
             stored_date(session, row.next_due_on), *row[3:])
            for row in sums
        ],
    )  # fmt: skip
    count_dues(session, [made.id])
    stand_anew(session, [loan.loan_id], starts_on)
    loan.versions.append((starts_on, plan))


def _give_up(session: Session, dice: random.Random, author: Author, loan: Told) -> None:
    """Write a loan off; half of them are taken back into the books on a later day."""
    assert author.approved_by is not None
    persons = author.entered_by, author.approved_by
    span = (today() - loan.terms.disbursed_on).days
    on = loan.terms.disbursed_on + dt.timedelta(days=dice.randrange(span + 1))
    number = factories.write_off(session, loan.loan_id, loan.terms.principal, on, *persons)
    until = FOREVER
    if dice.random() < 0.5:
        until = on + dt.timedelta(days=dice.randrange((today() - on).days + 1))
        factories.reversal(session, loan.loan_id, number, until, *persons)
    loan.given_up = (on, until)


def office(session: Session, seed: int) -> list[Told]:
    dice = random.Random(seed)
    author = Author(*two_people(session), now())
    loans = _loans(session, dice, author)
    _pay(session, dice, author, loans)
    for loan in loans:
        if dice.random() < 0.3:
            _reschedule(session, dice, author, loan)
        if dice.random() < 0.15:
            _give_up(session, dice, author, loan)
    session.flush()
    return loans


def telling_days(seed: int, loans: list[Told]) -> list[dt.date]:
    """Days around disbursements, due dates, payments and changes, and any other, to come too."""
    dice = random.Random(seed)
    events = [
        day
        for loan in loans
        for day in (
            loan.terms.disbursed_on,
            loan.versions[0][1][0].due_on,  # the first installment of all
            loan.versions[-1][0],
            dice.choice(loan.versions[-1][1]).due_on,
            *(day for day, _ in loan.money),
            *(loan.given_up or ()),
        )
    ]
    events = [day for day in events if day < FOREVER]
    near = [dice.choice(events) + dice.choice((-1, 0, 1)) * ONE_DAY for _ in range(DAYS - 10)]
    far = [FIRST + dt.timedelta(days=dice.randrange(2_500)) for _ in range(9)]
    changes = [loan.versions[-1][0] for loan in loans if len(loan.versions) == 2]
    return [*near, *far, *changes[:3], dt.date(2150, 1, 1)]


def _classes(
    session: Session, on: dt.date
) -> tuple[dict[BankKind, Thresholds], dict[int, Thresholds]]:
    by_kind = thresholds_on(session, on)
    return by_kind, {bank.id: by_kind[BankKind(bank.kind)] for bank in session.query(Bank)}


@thrown(1, 2, 3)
def test_the_query_says_what_the_rule_says(app: Flask, session: Session, seed: int) -> None:
    loans = office(session, seed)
    assert wrong_standings(session) == []
    for on in telling_days(seed, loans):
        by_kind, by_bank = _classes(session, on)
        right = {}
        for loan in loans:
            if loan.terms.disbursed_on <= on:
                at = loan.position(on, by_bank[loan.bank_id])
                right[loan.loan_id] = (
                    at.applied,
                    at.outstanding_principal,
                    at.arrears,
                    at.arrears_principal,
                    at.oldest_uncovered_due_on,
                    at.collectibility,
                    loan.written_off_on(on),
                )
        for besides in (None, false()):  # as it is written down, and by adding up the journal
            rows = session.execute(positions(on, by_kind, besides)).all()
            found = {
                row.loan_id: (
                    row.applied,
                    row.outstanding,
                    row.arrears,
                    row.arrears_principal,
                    row.uncovered_since,
                    row.collectibility,
                    row.written_off_on,
                )
                for row in rows
            }
            assert len(rows) == len(found), f"a loan twice on {on}"
            assert found == right, on


def test_the_random_loans_hold_the_hard_cases(app: Flask, session: Session) -> None:
    loans = office(session, 1)
    plans = [rows for loan in loans for _, rows in loan.versions]
    paid = [sum(amount for _, amount in loan.money) for loan in loans]
    totals = [sum(row.total for row in loan.versions[-1][1]) for loan in loans]
    assert any(row.total == 0 for rows in plans for row in rows)
    assert any(len(loan.versions) == 2 for loan in loans)
    assert {loan.given_up is not None and loan.given_up[1] == FOREVER for loan in loans} == {
        True,
        False,
    }
    assert any(loan.given_up is not None and loan.given_up[1] < FOREVER for loan in loans)
    assert any(not loan.money for loan in loans)
    assert any(amount < 0 for loan in loans for _, amount in loan.money)
    assert any(applied == total for applied, total in zip(paid, totals, strict=True))
    assert any(applied > total for applied, total in zip(paid, totals, strict=True))
    assert {loan.terms.method for loan in loans} == set(Method)


def test_the_portfolio_is_the_sum_of_the_positions(app: Flask, session: Session) -> None:
    loans = office(session, 4)
    codes = {bank.code: bank.id for bank in session.query(Bank)}
    for on in telling_days(4, loans)[::4]:
        by_kind, by_bank = _classes(session, on)
        for figures in portfolio(session, on, by_kind).banks:
            bank_id = codes[figures.code]
            mine = [
                (
                    loan.terms.principal,
                    loan.position(on, by_bank[bank_id]),
                    loan.written_off_on(on) is not None,
                )
                for loan in loans
                if loan.bank_id == bank_id and loan.terms.disbursed_on <= on
            ]
            assert figures == _summed(figures, mine), on


def _summed(names: BankFigures, found: list[tuple[int, Position, bool]]) -> BankFigures:
    """What the rule gives for the loans of a bank: principal, position, and whether written off."""
    at = [each for _, each, given_up in found if not given_up]
    gone = [each for _, each, given_up in found if given_up]
    return BankFigures(
        names.code,
        names.name,
        loans_disbursed=len(found),
        loans_outstanding=sum(each.outstanding_principal > 0 for each in at),
        principal_disbursed=sum(principal for principal, _, _ in found),
        outstanding_principal=sum(each.outstanding_principal for each in at),
        arrears=sum(each.arrears for each in at),
        arrears_principal=sum(each.arrears_principal for each in at),
        par30_outstanding=sum(
            each.outstanding_principal for each in at if each.days_past_due > PAR_DAYS
        ),
        npl_outstanding=sum(
            each.outstanding_principal for each in at if each.collectibility >= NPL_FROM_CLASS
        ),
        classes={
            number: ClassFigures(
                sum(
                    each.outstanding_principal > 0 and each.collectibility == number for each in at
                ),
                sum(each.outstanding_principal for each in at if each.collectibility == number),
            )
            for number in range(1, 6)
        },
        written_off_loans=len(gone),
        written_off_outstanding=sum(each.outstanding_principal for each in gone),
    )
