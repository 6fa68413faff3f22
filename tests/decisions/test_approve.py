from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, moves, state, text_of
from tests.conftest import prepared
from tests.decisions.forms import NOTE, answer, kept
from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.applications.models import Application, ApplicationMove
from wibawa.rules.statuses import State
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def _sent(session: Session, people: dict[str, int]) -> int:
    return factories.application(session, people)


sent = prepared(_sent)


def test_a_bank_approves_less_than_was_asked_for(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    client = sign_in("pasar")
    assert answer(client, sent, "setujui", note=f"  {NOTE} ").status_code == 302
    assert kept(session) == [(sent, "approved", 4_000_000, None, NOTE, people["pasar"])]
    found = session.get_one(Application, sent)
    assert (found.state, found.approved_amount, found.amount) == ("approved", 4_000_000, 5_000_000)
    assert moves(session, sent)[-2:] == ["send", "approve"]
    move = session.scalars(select(ApplicationMove).where(ApplicationMove.action == "approve")).one()
    assert (move.bank_id, move.user_id) == (factories.PASAR, people["pasar"])
    for who in ("pasar", "staff", "approver", "auditor"):
        page = text_of(sign_in(who), f"/permohonan/{sent}")
        assert f"Jumlah disetujui Rp4.000.000. {NOTE}" in page
        assert "Disetujui bank" in page
    assert "disetujui Rp4.000.000" in text_of(client, "/permohonan")
    trail = select(TrailEntry.user_id).where(TrailEntry.action == "application_approve")
    assert list(session.scalars(trail)) == [people["pasar"]]


@pytest.mark.parametrize("amount", ["5.000.001", "0", "", "empat juta", "4.000.000,50"])
def test_an_amount_above_the_request_or_odd_is_told_at_its_field(
    sign_in: SignIn, session: Session, sent: int, amount: str
) -> None:
    response = answer(sign_in("pasar"), sent, "setujui", amount=amount, note=NOTE)
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "Keputusan belum tersimpan" in page
    assert "paling banyak Rp5.000.000" in page or "wajib diisi" in page or "Tertulis" in page
    assert NOTE in page, "what was typed stays"
    assert (kept(session), state(session, sent)) == ([], "sent")


def test_the_whole_amount_may_be_approved(sign_in: SignIn, session: Session, sent: int) -> None:
    assert answer(sign_in("pasar"), sent, "setujui", amount="5000000").status_code == 302
    assert kept(session)[0][2] == 5_000_000


def test_the_other_bank_finds_nothing_and_leaves_a_record(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    client = sign_in("jateng")
    for action in ("setujui", "tolak"):
        assert answer(client, sent, action).status_code == 404
    assert (kept(session), state(session, sent)) == ([], "sent")
    denied = select(TrailEntry.user_id).where(
        TrailEntry.action == "denied", TrailEntry.object_id == sent
    )
    assert set(session.scalars(denied)) == {people["jateng"]}


def test_the_action_itself_refuses_another_banks_application(
    session: Session, people: dict[str, int], sent: int
) -> None:
    from wibawa.applications.moves import Author
    from wibawa.applications.queries import case
    from wibawa.decisions.actions import approve
    from wibawa.rules.refused import Refused

    found = case(session, sent)
    assert found is not None
    with pytest.raises(Refused) as caught:
        approve(session, sent, bank_id=factories.JATENG, shown=found.shown, amount=1, note="",
                author=Author(people["jateng"], Role.BANK_OFFICER, now()))  # fmt: skip
    assert caught.value.code == "not_there"


def test_a_double_press_and_a_form_used_twice_decide_once(
    sign_in: SignIn, session: Session, sent: int
) -> None:
    client, key = sign_in("pasar"), "k" * 32
    first = answer(client, sent, "setujui", request_key=key, shown="")
    assert first.status_code == 409, "decided on something that was not shown"
    assert answer(client, sent, "setujui", request_key=key).status_code == 302
    again = answer(client, sent, "setujui", request_key=key)
    assert again.status_code == 302
    assert len(kept(session)) == 1
    assert answer(client, sent, "setujui", request_key="short").status_code == 302
    assert len(kept(session)) == 1


def test_what_changed_since_it_was_shown_is_shown_again(
    sign_in: SignIn, session: Session, sent: int
) -> None:
    client = sign_in("pasar")
    response = answer(client, sent, "setujui", shown="0" * 64, amount="3.000.000")
    page = response.get_data(as_text=True)
    assert response.status_code == 409
    assert "berubah sejak ditampilkan" in page
    assert "3.000.000" in page
    assert kept(session) == []


def test_a_withdrawn_one_cannot_be_approved_and_a_decided_one_not_again(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    other = factories.application(session, people, number=2, name="Joko")
    session.commit()
    client = sign_in("pasar")
    assert act(sign_in("staff"), other, "batalkan") == 302
    response = answer(client, other, "setujui")
    assert response.status_code == 302
    assert "Permohonan ini berstatus dibatalkan" in text_of(client, response.headers["Location"])
    assert answer(client, sent, "tolak").status_code == 302
    assert answer(client, sent, "setujui").status_code == 302
    assert [row[:2] for row in kept(session)] == [(sent, "refused")]
    assert state(session, sent) == "refused_by_bank"


def _second_officer(session: Session) -> None:
    add_user(session, username="pasar2", name="Pasar Dua", role=Role.BANK_OFFICER,
             password=factories.PASSWORD, bank_id=factories.PASAR, now=now())  # fmt: skip
    session.commit()


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_of_two_officers_who_decide_at_once_one_wins(
    app: Flask, sign_in: SignIn, session: Session, sent: int
) -> None:
    _second_officer(session)
    clients = [sign_in("pasar"), sign_in("pasar2")]
    gate, answers = threading.Barrier(2), list[Any]()

    def send(client: factories.Client, action: str) -> None:
        gate.wait()
        answers.append(answer(client, sent, action))

    threads = [
        threading.Thread(target=send, args=pair)
        for pair in zip(clients, ("setujui", "tolak"), strict=True)
    ]
    session.rollback()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 2
    assert all(each.status_code in (302, 409) for each in answers)
    assert len(kept(session)) == 1
    assert moves(session, sent)[5:] in (["approve"], ["decline"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE applications SET state = 'approved'",
        "UPDATE applications SET state = 'approved', approved_amount = amount + 1",
        "UPDATE applications SET state = 'approved', approved_amount = 0",
        "UPDATE applications SET approved_amount = 1",
        "INSERT INTO bank_decisions (application_id, bank_id, outcome, amount, note, user_id,"
        " decided_at) VALUES (1, 1, 'approved', 1, '', 1, '2026-11-24 00:00:00')",
        "INSERT INTO bank_decisions (application_id, bank_id, outcome, note, user_id, decided_at)"
        " VALUES (1, 2, 'approved', '', 1, '2026-11-24 00:00:00')",
        "INSERT INTO bank_decisions (application_id, bank_id, outcome, note, user_id, decided_at)"
        " VALUES (1, 2, 'refused', '', 1, '2026-11-24 00:00:00')",
        "INSERT INTO bank_decisions (application_id, bank_id, outcome, amount, note, user_id,"
        " decided_at, row_number) VALUES (1, 2, 'approved', 1, '', 1, '2026-11-24 00:00:00', 3)",
    ],
)
@pytest.mark.usefixtures("sent")
def test_the_database_refuses_an_approval_without_amount_bank_or_reason(
    session: Session, statement: str
) -> None:
    with pytest.raises(IntegrityError):
        session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE bank_decisions SET amount = 1", "DELETE FROM bank_decisions"],
)
def test_a_decision_stays_as_it_was_written(
    sign_in: SignIn, session: Session, sent: int, statement: str
) -> None:
    assert answer(sign_in("pasar"), sent, "setujui").status_code == 302
    session.rollback()
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))


def test_a_withdrawn_approval_keeps_its_amount(
    sign_in: SignIn, session: Session, sent: int
) -> None:
    assert answer(sign_in("pasar"), sent, "setujui").status_code == 302
    assert act(sign_in("staff"), sent, "batalkan") == 302
    assert session.get_one(Application, sent).state == State.WITHDRAWN
    with pytest.raises(IntegrityError):
        session.execute(update(Application).values(state="sent"))
