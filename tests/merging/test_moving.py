"""A merge and its undoing leave every loan where it stands and every sum as it was."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.merging.steps import REASON, lend
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.models import Borrower
from wibawa.database import Base
from wibawa.loans.portfolio import portfolio
from wibawa.loans.positions import positions
from wibawa.merging.actions import NewMerge, approve, request_merge, request_split
from wibawa.merging.queries import MOVED, fingerprint, merge_facts, pair
from wibawa.web.clock import now, today

STAYS = {
    "borrower_changes.borrower_id": "the history of a record stays its own; pages read both",
    "borrower_distinct.first_id": "a pair of records that looked alike",
    "borrower_distinct.second_id": "a pair of records that looked alike",
    "borrower_merges.kept_id": "the request itself",
    "borrower_merges.gone_id": "the request itself",
    "borrower_moves.from_id": "where an object came from",
    "borrower_moves.to_id": "where an object went",
    "register_lines.borrower_id": "what a file said of the record then",
    "register_lines.like_id": "whom a row of a file looked like then",
    "borrowers.merged_into_id": "what a merge writes",
    "documents.borrower_id": "a scan stays with the record it was kept for; pages read both",
    "pseudonymisations.borrower_id": "whose data two persons took away; that record keeps none",
    "locked_members.borrower_id": "what a locked year counted, as it was then",
}


def test_whatever_carries_a_borrower_moves_with_it_or_has_a_reason_to_stay() -> None:
    moved = {f"{model.__tablename__}.borrower_id" for model in MOVED.values()}
    carrying = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.target_fullname == "borrowers.id" for key in column.foreign_keys)
    }
    assert carrying == moved | set(STAYS)


def books(session: Session) -> tuple[Any, ...]:
    """Positions, portfolio and journal as they are."""
    classes = thresholds_on(session, today())
    days = (dt.date(2026, 6, 30), today())
    each = [sorted(map(tuple, session.execute(positions(day, classes)))) for day in days]
    journal = session.execute(
        text("SELECT loan_id, sequence, kind, amount, applied FROM ledger_entries ORDER BY 1, 2")
    ).all()
    return each, [portfolio(session, day, classes) for day in days], journal


def merge(session: Session, people: dict[str, int], kept: int, gone: int) -> int:
    found = pair(session, kept, gone, today())
    assert found is not None
    new = NewMerge(kept, gone, frozenset({"nik", "name"}), True, REASON, found.shown)
    return decided(session, people, request_merge(session, new, people["staff"], now()))


def decided(session: Session, people: dict[str, int], number: int) -> int:
    facts = merge_facts(session, number)
    assert facts is not None
    shown = fingerprint(session, facts, today())
    approve(session, number, shown, people["approver"], now())
    return number


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    loans=st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from((1, 2)), st.lists(st.integers(1, 900_000),
                                                                       max_size=3)),
        min_size=1,
        max_size=5,
    ),
    order=st.permutations((1, 2, 3)),
)  # fmt: skip
def test_any_loans_and_payments_stand_as_before_after_merges_and_their_undoing(
    app: Flask, session: Session, people: dict[str, int], loans: Any, order: list[int]
) -> None:
    session.rollback()
    by, second = people["staff"], people["approver"]
    ids = {n: factories.borrower(session, by, n, f"Siti {n}") for n in (1, 2, 3)}
    for number, (whose, bank_id, amounts) in enumerate(loans, 1):
        loan = lend(session, people, ids[whose], number, bank_id=bank_id)
        for amount in amounts:
            factories.payment(session, loan, amount, dt.date(2026, 5, 5), by, second)
    session.flush()
    before, whose_loans = books(session), owners(session)
    names = dict(session.execute(select(Borrower.id, Borrower.name)).all())
    one, two, three = (ids[n] for n in order)
    first = merge(session, people, one, two)
    last = merge(session, people, three, one)
    assert books(session) == before
    assert {owner for _, owner in owners(session)} <= {three}
    for number in (last, first):
        decided(session, people, request_split(session, number, REASON, by, now()))
        assert books(session) == before
    assert owners(session) == whose_loans
    assert dict(session.execute(select(Borrower.id, Borrower.name)).all()) == names
    session.rollback()


def owners(session: Session) -> list[Any]:
    return list(session.execute(text("SELECT id, borrower_id FROM loans ORDER BY id")).all())
