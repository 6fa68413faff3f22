from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.permissions import Role
from wibawa.applications.models import Application, ApplicationMove
from wibawa.applications.moves import Author, Known, Step, advance_all
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import Action, State
from wibawa.web.clock import now


def sent(session: Session, people: dict[str, int], count: int, first: int = 1) -> list[Known]:
    ids = [
        factories.application(session, people, number=number, to=State.SENT)
        for number in range(first, first + count)
    ]
    versions = {
        row.id: row.version for row in session.execute(select(Application.id, Application.version))
    }
    return [Known(each, factories.PASAR, State.SENT, versions[each]) for each in ids]


def answers(seen: list[Known]) -> list[Step]:
    """The first one is refused, the others are approved for a different amount each."""
    steps = [Step(seen[0], Action.DECLINE, State.REFUSED_BY_BANK, "Tidak lolos SLIK")]
    for number, each in enumerate(seen[1:], 1):
        columns = {"approved_amount": number * 500_000}
        steps.append(Step(each, Action.APPROVE, State.APPROVED, f"Baris {number}", columns))
    return steps


def rows(session: Session) -> list[tuple[Any, ...]]:
    found = select(Application.state, Application.approved_amount, Application.version)
    return [tuple(row) for row in session.execute(found.order_by(Application.id))]


def test_unlike_moves_of_one_file_are_made_together(
    session: Session, people: dict[str, int]
) -> None:
    seen, author = sent(session, people, 3), Author(people["pasar"], Role.BANK_OFFICER, now())
    advance_all(session, answers(seen), author)
    assert rows(session) == [
        ("refused_by_bank", None, seen[0].version + 1),
        ("approved", 500_000, seen[1].version + 1),
        ("approved", 1_000_000, seen[2].version + 1),
    ]
    last = session.execute(
        select(
            ApplicationMove.action, ApplicationMove.from_state, ApplicationMove.to_state,
            ApplicationMove.user_id, ApplicationMove.bank_id, ApplicationMove.reason,
        )
        .where(ApplicationMove.sequence == 6)
        .order_by(ApplicationMove.application_id)
    ).all()  # fmt: skip
    by = people["pasar"], factories.PASAR
    assert [tuple(row) for row in last] == [
        ("decline", "sent", "refused_by_bank", *by, "Tidak lolos SLIK"),
        ("approve", "sent", "approved", *by, "Baris 1"),
        ("approve", "sent", "approved", *by, "Baris 2"),
    ]


@pytest.mark.parametrize("number", [0, 2])
def test_one_that_changed_meanwhile_stops_all(
    session: Session, people: dict[str, int], number: int
) -> None:
    seen, author = sent(session, people, 3), Author(people["pasar"], Role.BANK_OFFICER, now())
    before, old = rows(session), seen[number]
    seen[number] = Known(old.id, old.bank_id, old.state, old.version - 1)
    with pytest.raises(Refused) as refused:
        advance_all(session, answers(seen), author)
    assert refused.value.code == "changed"
    assert rows(session) == before


def test_the_number_of_queries_does_not_grow_with_the_file(
    app: Flask, session: Session, people: dict[str, int]
) -> None:
    def asked(count: int, first: int) -> int:
        steps = answers(sent(session, people, count, first))
        author = Author(people["pasar"], Role.BANK_OFFICER, now())
        with factories.counted_queries(app) as seen:
            advance_all(session, steps, author)
        return len(seen)

    assert asked(3, 1) == asked(9, 20) <= 11  # five of them for the links in the office's chain
