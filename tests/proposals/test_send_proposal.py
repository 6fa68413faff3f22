from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import moves, state
from tests.proposals.steps import keys, send
from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Role
from wibawa.applications.moves import Author
from wibawa.banks.models import Bank
from wibawa.letters.models import IssuedPaper
from wibawa.proposals.actions import send as send_now
from wibawa.proposals.models import Proposal, ProposalLine
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import State
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def counts(session: Session) -> tuple[int, ...]:
    session.rollback()
    return tuple(
        int(session.scalar(select(func.count()).select_from(table)) or 0)
        for table in (Proposal, ProposalLine, IssuedPaper)
    )


def test_the_chosen_ones_are_sent_together_under_one_number(
    sign_in: SignIn, session: Session, people: dict[str, int], waiting: dict[int, int]
) -> None:
    chosen = [waiting[1], waiting[2]]
    answer = send(sign_in("staff"), keys(session, chosen))
    assert answer.status_code == 302
    assert counts(session) == (1, 2, 1)
    for number in chosen:
        assert state(session, number) == "sent"
        assert moves(session, number)[-1] == "send"
    assert state(session, waiting[3]) == "recommended"
    paper = session.scalars(select(IssuedPaper)).one()
    assert (paper.number, paper.subject) == ("001/USULAN/KW/XI/2026", "2 permohonan ke Bank Pasar")
    trail = select(TrailEntry.user_id).where(TrailEntry.action == "proposal_sent")
    assert list(session.scalars(trail)) == [people["staff"]]


def test_a_double_click_sends_once(
    sign_in: SignIn, session: Session, waiting: dict[int, int]
) -> None:
    client, key = sign_in("staff"), secrets.token_hex(16)
    values = keys(session, [waiting[1]])
    places = {send(client, values, key=key).headers["Location"] for _ in range(2)}
    assert len(places) == 1
    assert counts(session) == (1, 1, 1)


def test_one_that_somebody_sent_meanwhile_stops_all_and_is_named(
    sign_in: SignIn, session: Session, waiting: dict[int, int]
) -> None:
    values = keys(session, [waiting[1], waiting[2]])
    assert send(sign_in("staff2"), keys(session, [waiting[2]])).status_code == 302
    answer = send(sign_in("staff"), values)
    said = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Usulan belum dikirim" in said
    assert f"PM-{waiting[2]:06d} (Siti Aminah): dikirim ke bank." in said
    assert state(session, waiting[1]) == "recommended"
    assert counts(session) == (1, 1, 1)


def test_another_banks_application_is_never_taken_along(
    sign_in: SignIn, session: Session, waiting: dict[int, int]
) -> None:
    answer = send(sign_in("staff"), keys(session, [waiting[1], waiting[4]]))
    assert answer.status_code == 409
    said = f"PM-{waiting[4]:06d} (Siti Aminah): diajukan untuk bank lain."
    assert said in answer.get_data(as_text=True)
    assert counts(session) == (0, 0, 0)


@pytest.mark.parametrize("values", [[], ["x"], ["999999-1"], ["1-99999"]])
def test_odd_or_empty_choices_send_nothing(
    sign_in: SignIn, session: Session, waiting: dict[int, int], values: list[str]
) -> None:
    assert waiting
    assert send(sign_in("staff"), values).status_code == 409
    assert counts(session) == (0, 0, 0)


@pytest.mark.parametrize("who", ["approver", "pasar", "leader", "auditor", "admin"])
def test_only_the_staff_sends(
    sign_in: SignIn, session: Session, waiting: dict[int, int], who: str
) -> None:
    assert send(sign_in(who), keys(session, [waiting[1]])).status_code == 403
    assert counts(session) == (0, 0, 0)


@pytest.mark.parametrize("to", [each for each in State if each is not State.RECOMMENDED])
def test_nothing_in_another_state_can_be_sent(
    session: Session, people: dict[str, int], to: State
) -> None:
    reach = {State.DRAFT, State.SUBMITTED, State.VISITED, State.SENT}
    made = factories.application(session, people, to=to if to in reach else State.VISITED)
    if to not in reach:
        amount = 1 if to in (State.APPROVED, State.DISBURSED) else "NULL"
        session.execute(
            text(
                f"UPDATE applications SET state = '{to}', approved_amount = {amount}, "
                f"due_on = NULL, recommended_by = {people['approver']}"
            )
        )
    version = session.scalar(text("SELECT version FROM applications"))
    bank = session.get_one(Bank, factories.PASAR)
    author = Author(people["staff"], Role.OFFICE_STAFF, now())
    with pytest.raises(Refused, match="Belum ada yang dikirim"):
        send_now(session, bank, {made: int(version or 0)}, author)


def test_the_number_of_queries_does_not_grow_with_the_batch(
    app: Flask, session: Session, people: dict[str, int]
) -> None:
    def batch(first: int, size: int) -> int:
        chosen = {}
        for number in range(first, first + size):
            made = factories.application(session, people, number=number, to=State.RECOMMENDED)
            chosen[made] = 4
        session.commit()
        bank = session.get_one(Bank, factories.PASAR)
        author = Author(people["staff"], Role.OFFICE_STAFF, now())
        with factories.counted_queries(app) as seen:
            send_now(session, bank, chosen, author)
        session.commit()
        return len(seen)

    assert batch(1, 2) == batch(10, 12)


def test_the_database_keeps_a_batch_as_it_was_sent_and_within_its_bank(
    session: Session, people: dict[str, int], waiting: dict[int, int]
) -> None:
    factories.proposal(session, people, number=50)
    session.commit()
    for statement in (
        "UPDATE proposals SET bank_id = bank_id",
        "DELETE FROM proposals",
        "UPDATE proposal_lines SET position = position",
        "DELETE FROM proposal_lines",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text(statement))
        session.rollback()
    stray = f"INSERT INTO proposal_lines VALUES (1, 2, {waiting[4]}, {factories.PASAR})"
    with pytest.raises(IntegrityError):
        session.execute(text(stray))
    session.rollback()
    twice = "INSERT INTO proposal_lines SELECT 1, 2, application_id, bank_id FROM proposal_lines"
    with pytest.raises(IntegrityError):
        session.execute(text(twice))


def test_of_two_people_who_send_the_same_one_at_once_one_wins(
    sign_in: SignIn, session: Session, waiting: dict[int, int]
) -> None:
    values = keys(session, [waiting[1], waiting[2]])
    clients = [sign_in(name) for name in ("staff", "staff2")]
    barrier = threading.Barrier(2)
    answers: list[Any] = []

    def press(client: factories.Client) -> None:
        barrier.wait()
        answers.append(send(client, values).status_code)

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409]
    assert counts(session) == (1, 2, 1)
