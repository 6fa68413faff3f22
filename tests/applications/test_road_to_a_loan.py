"""From the counter to a loan, through the real deeds on a real database: who may do what in which
state, and that no order of deeds by whatever persons leads to a loan past one of the steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.decisions.files import HEAD as ANSWERS_HEAD
from tests.disbursements.payments import HEAD, line
from tests.rules.test_statuses import TRIPLES
from wibawa.access.models import User
from wibawa.access.permissions import Role
from wibawa.applications import actions as applying
from wibawa.applications.models import Application, ApplicationMove, SiteVisit
from wibawa.applications.moves import Author
from wibawa.applications.queries import Case, case
from wibawa.banks.models import Bank
from wibawa.borrowers.queries import borrower_facts
from wibawa.decisions import actions as answering
from wibawa.decisions.models import BankDecision
from wibawa.decisions.queries import reasons_on
from wibawa.decisions.reader import read_answers
from wibawa.disbursements import actions as disbursing
from wibawa.disbursements.files import actions as paying
from wibawa.disbursements.files.reader import read_payments
from wibawa.disbursements.models import Disbursement
from wibawa.disbursements.queries import disbursement_facts, fingerprint
from wibawa.home.queries import elsewhere
from wibawa.loans.models import Loan
from wibawa.proposals.actions import send
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import Action, State
from wibawa.uploads.actions import content_of
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today

WHY = "Fotokopi KTP belum ada"
PERSON = {
    Role.OFFICE_STAFF: "staff2",
    Role.APPROVER: "approver",
    Role.BANK_OFFICER: "pasar",
    Role.LEADER: "leader",
    Role.AUDITOR: "auditor",
    Role.ADMINISTRATOR: "admin",
}
Deed = Callable[[Session, dict[str, int], int, Author], None]


def _seen(session: Session, application_id: int) -> Case:
    found = case(session, application_id)
    assert found is not None
    return found


def _shown(session: Session, application_id: int) -> str:
    return _seen(session, application_id).shown


def _revise(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    wish = _seen(session, number).wish
    applying.revise(session, number, shown=_shown(session, number), author=author, wish=wish)


def _submit(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    shown = _shown(session, number)
    applying.submit(session, number, shown=shown, author=author, elsewhere=elsewhere)


def _visit(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    shown = _shown(session, number)
    applying.visit(session, number, shown=shown, author=author, seen=factories.VISIT)


def _recommend(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    shown = _shown(session, number)
    applying.recommend(session, number, shown=shown, author=author, elsewhere=elsewhere)


def _end(action: Action) -> Deed:
    def deed(session: Session, _: dict[str, int], number: int, author: Author) -> None:
        shown = _shown(session, number)
        applying.end(
            session,
            number,
            shown=shown,
            author=author,
            action=action,
            reason=WHY,
            elsewhere=elsewhere,
        )

    return deed


def _send(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    facts = _seen(session, number).facts
    send(session, session.get_one(Bank, facts.bank_id), {number: facts.version}, author)


def _bank_of(session: Session, author: Author) -> int:
    return session.get_one(User, author.id).bank_id or 0


def _approve(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    bank_id = _bank_of(session, author) or factories.PASAR
    shown = _shown(session, number)
    answering.approve(
        session, number, bank_id=bank_id, shown=shown, author=author, amount=4_000_000, note=""
    )


def _decline(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    reason = next(each for each in reasons_on(session, today()) if not each.needs_text)
    bank_id, shown = _bank_of(session, author) or factories.PASAR, _shown(session, number)
    answering.decline(
        session, number, bank_id=bank_id, shown=shown, author=author, reason=reason, explanation=""
    )


def _record_payment(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    draft = factories.payment_draft(session, number)
    disbursing.record(session, draft, None, author.id, author.now)


def _decide_payment(session: Session, number: int, author: Author, *, agree: bool) -> None:
    """Decide the newest disbursement of the borrower, whether it has an application or not."""
    borrower_id = _seen(session, number).facts.borrower_id
    found = session.scalar(
        select(func.max(Disbursement.id)).where(Disbursement.borrower_id == borrower_id)
    )
    facts = disbursement_facts(session, found or 0)
    if facts is None:
        raise Refused("not_there", "Belum ada pencairan.")
    borrower = borrower_facts(session, facts.borrower_id)
    assert borrower is not None
    shown = fingerprint(facts, borrower)
    if agree:
        disbursing.approve(session, facts.id, shown, author)
    else:
        disbursing.refuse(session, facts.id, shown, WHY, author.id, author.now)


def _disburse(session: Session, people: dict[str, int], number: int, author: Author) -> None:
    _record_payment(session, people, number, Author(people["staff"], Role.OFFICE_STAFF, now()))
    _decide_payment(session, number, author, agree=True)


DEEDS: dict[Action, Deed] = {
    Action.REVISE: _revise,
    Action.SUBMIT: _submit,
    Action.VISIT: _visit,
    Action.RECOMMEND: _recommend,
    Action.RETURN: _end(Action.RETURN),
    Action.REFUSE: _end(Action.REFUSE),
    Action.WITHDRAW: _end(Action.WITHDRAW),
    Action.SEND: _send,
    Action.APPROVE: _approve,
    Action.DECLINE: _decline,
    Action.DISBURSE: _disburse,
}
# How a state is reached from the one that `factories.application` makes.
LAST_DEED = {
    State.RETURNED: (State.SUBMITTED, Action.RETURN, Role.OFFICE_STAFF),
    State.REFUSED_BY_OFFICE: (State.VISITED, Action.REFUSE, Role.APPROVER),
    State.REFUSED_BY_BANK: (State.SENT, Action.DECLINE, Role.BANK_OFFICER),
    State.WITHDRAWN: (State.SENT, Action.WITHDRAW, Role.OFFICE_STAFF),
}


def _reach(session: Session, people: dict[str, int], state: State) -> int:
    to, action, role = LAST_DEED.get(state, (state, None, None))
    number = factories.application(session, people, to=to, collateral="BPKB motor")
    if action and role:
        DEEDS[action](session, people, number, Author(people[PERSON[role]], role, now()))
    return number


def _books(session: Session) -> tuple[Any, ...]:
    """All that a deed could have changed."""
    counted = (ApplicationMove, SiteVisit, BankDecision, Disbursement, Loan)
    counts = [session.scalar(select(func.count()).select_from(model)) for model in counted]
    stored = session.execute(select(Application.id, Application.state, Application.version))
    return (*counts, sorted(tuple(row) for row in stored))


def test_every_action_but_the_first_has_a_deed() -> None:
    """Recording makes an application; a second one beside an open one is refused elsewhere."""
    assert set(DEEDS) == set(Action) - {Action.RECORD}


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@pytest.mark.parametrize("state", State)
def test_each_deed_is_done_by_exactly_the_roles_of_the_table_and_else_changes_nothing(
    session: Session, people: dict[str, int], state: State
) -> None:
    number = _reach(session, people, state)
    session.commit()
    assert _seen(session, number).facts.state is state
    for action, deed in DEEDS.items():
        for role, name in PERSON.items():
            before, to = _books(session), TRIPLES.get((action.value, state.value, role.value))
            author = Author(people[name], role, now())
            if to is None:
                with pytest.raises(Refused) as caught:
                    deed(session, people, number, author)
                assert caught.value.sentence.endswith("."), (action, role)
            else:
                deed(session, people, number, author)
                assert _seen(session, number).facts.state == to, (action, role)
            session.rollback()
            assert _books(session) == before


# — any order of deeds, by anybody —


def _answer_by_file(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    """The bank's list, filled in and applied at once."""
    content = (ANSWERS_HEAD + f"PM-{number:06d};Siti Aminah;SETUJU;4.000.000;\n").encode()
    file = read_answers(content, "jawaban.csv")
    bank_id = _bank_of(session, author) or factories.PASAR
    found = answering.receive(session, bank_id, content, "jawaban.csv", file, author).upload
    if found.status != "clean":
        raise Refused("faulty", "Berkas keputusan bermasalah.")
    applied = answering.apply(session, found, author, file, answering.shown_answers(found))
    if not applied.now:
        raise Refused("not_applied", applied.sentence or "Berkas ini sudah dikirim.")


def _send_payments(session: Session, _: dict[str, int], number: int, author: Author) -> None:
    """The bank's file of disbursements, handed to the approver."""
    content = (HEAD + line(number)).encode()
    file = read_payments(content, "pencairan.csv")
    bank_id = _bank_of(session, author) or factories.PASAR
    found = paying.receive(session, bank_id, content, "pencairan.csv", file, author).upload
    paying.submit(session, found, author, file)


def _confirm_payments(session: Session, _: dict[str, int], __: int, author: Author) -> None:
    newest = select(Upload).where(Upload.kind == "disbursements").order_by(Upload.id.desc())
    found = session.scalars(newest).first()
    if found is None:
        raise Refused("not_there", "Belum ada berkas pencairan.")
    file = read_payments(content_of(found), found.filename)
    done = paying.confirm(session, found, author, file, paying.shown_payments(found))
    if not done.now:
        raise Refused("not_confirmed", done.sentence or "Berkas ini sudah disetujui.")


TRIED: dict[str, Deed] = {
    **{action.value: deed for action, deed in DEEDS.items() if action is not Action.DISBURSE},
    "not_feasible": lambda session, _, number, author: applying.visit(
        session,
        number,
        shown=_shown(session, number),
        author=author,
        seen=replace(factories.VISIT, feasible=False),
    ),
    "record_payment": _record_payment,
    "record_too_much": lambda session, _, number, author: _ignore(
        disbursing.record(
            session,
            factories.payment_draft(session, number, principal=4_000_001),
            None,
            author.id,
            author.now,
        )
    ),
    "record_without_application": lambda session, _, number, author: _ignore(
        disbursing.record(
            session,
            replace(
                factories.payment_draft(session, number, principal=3_000_000),
                application_id=None,
                direct_reason="Berkas permohonan menyusul",
            ),
            None,
            author.id,
            author.now,
        )
    ),
    "answer_by_file": _answer_by_file,
    "send_payments": _send_payments,
    "confirm_payments": _confirm_payments,
    "refuse_payment": lambda session, _, number, author: _decide_payment(
        session, number, author, agree=False
    ),
    "approve_payment": lambda session, _, number, author: _decide_payment(
        session, number, author, agree=True
    ),
}
TO_THE_BANK = (
    ("submit", "staff"), ("visit", "staff2"), ("recommend", "approver"), ("send", "staff"),
)  # fmt: skip
ON_SCREEN = (
    *TO_THE_BANK,
    ("approve", "pasar"), ("record_payment", "staff"), ("approve_payment", "approver"),
)  # fmt: skip
BY_FILE = (
    *TO_THE_BANK,
    ("answer_by_file", "pasar"), ("send_payments", "pasar"), ("confirm_payments", "approver"),
)  # fmt: skip
# Everybody in the own role, and somebody who was promoted after she had prepared applications.
ANYBODY = [(name, role) for name, (role, _) in factories.PEOPLE.items()]
ANYBODY += [("staff", Role.APPROVER), ("staff2", Role.APPROVER)]
STRAY = st.tuples(st.sampled_from(sorted(TRIED)), st.sampled_from(ANYBODY))


def _ignore(_: object) -> None:
    return None


@st.composite
def ways(draw: st.DrawFn) -> list[tuple[str, tuple[str, Role]]]:
    """The road to a loan with steps left out, done by others, and strayed from."""
    steps: list[tuple[str, tuple[str, Role]]] = []
    for deed, name in draw(st.sampled_from((ON_SCREEN, BY_FILE))):
        steps += draw(st.lists(STRAY, max_size=2))
        kept = draw(st.sampled_from(("done", "done", "done", "done", "other", "left out")))
        if kept != "left out":
            own = (name, factories.PEOPLE[name][0])
            steps.append((deed, own if kept == "done" else draw(st.sampled_from(ANYBODY))))
    return steps + draw(st.lists(STRAY, max_size=4))


def _loans_have_come_the_whole_way(session: Session) -> int:
    loans = session.scalars(select(Loan)).all()
    for loan in loans:
        paid = session.scalars(select(Disbursement).where(Disbursement.loan_id == loan.id)).one()
        assert paid.status == "approved"
        assert paid.decided_by not in (None, paid.entered_by), "two persons"
        assert paid.application_id is not None
        asked = session.get_one(Application, paid.application_id)
        assert (asked.state, asked.bank_id) == ("disbursed", loan.bank_id)
        assert asked.borrower_id == loan.borrower_id
        assert asked.approved_amount is not None
        assert loan.principal <= asked.approved_amount <= asked.amount
        assert loan.months == asked.months
        moves = session.scalars(
            select(ApplicationMove)
            .where(ApplicationMove.application_id == asked.id)
            .order_by(ApplicationMove.sequence)
        ).all()
        last = {move.action: at for at, move in enumerate(moves)}
        road = ["record", "submit", "visit", "recommend", "send", "approve", "disburse"]
        assert [last[step] for step in road] == sorted(last[step] for step in road)
        assert last["disburse"] == len(moves) - 1
        by = {step: moves[last[step]].user_id for step in road}
        prepared = {"record", "revise", "submit", "visit"}
        assert by["recommend"] not in {m.user_id for m in moves if m.action in prepared}
        assert session.get_one(User, by["approve"]).bank_id == loan.bank_id
        assert by["disburse"] == paid.decided_by
        seen = session.scalars(
            select(SiteVisit)
            .where(SiteVisit.application_id == asked.id)
            .order_by(SiteVisit.number.desc())
        ).first()
        assert seen is not None
        assert seen.feasible
        answer = session.get_one(BankDecision, asked.id)
        assert (answer.outcome, answer.amount) == ("approved", asked.approved_amount)
    return len(loans)


def _go(
    session: Session, people: dict[str, int], steps: list[tuple[str, tuple[str, Role]]]
) -> tuple[int, int]:
    """How many loans there are after these steps, and how many steps were refused."""
    number = factories.application(session, people, to=State.DRAFT)
    session.flush()
    refused = 0
    for name, (who, role) in steps:
        before = _books(session)
        tried = session.begin_nested()
        try:
            TRIED[name](session, people, number, Author(people[who], role, now()))
        except Refused:
            tried.rollback()
            refused += 1
            assert _books(session) == before
        else:
            tried.commit()
        _loans_have_come_the_whole_way(session)
    loans = _loans_have_come_the_whole_way(session)
    session.rollback()
    return loans, refused


@pytest.mark.parametrize("way", [ON_SCREEN, BY_FILE], ids=["on screen", "by file"])
def test_the_straight_way_leads_to_a_loan(
    session: Session, people: dict[str, int], way: tuple[tuple[str, str], ...]
) -> None:
    steps = [(deed, (name, factories.PEOPLE[name][0])) for deed, name in way]
    assert _go(session, people, steps) == (1, 0)


@pytest.mark.parametrize("way", [ON_SCREEN, BY_FILE], ids=["on screen", "by file"])
@pytest.mark.parametrize("missing", range(len(ON_SCREEN)))
def test_no_step_of_the_way_can_be_left_out(
    session: Session, people: dict[str, int], way: tuple[tuple[str, str], ...], missing: int
) -> None:
    steps = [(deed, (name, factories.PEOPLE[name][0])) for deed, name in way]
    loans, refused = _go(session, people, steps[:missing] + steps[missing + 1 :])
    assert loans == 0
    assert refused == len(way) - 1 - missing


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@settings(
    max_examples=settings().max_examples // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=ways())
def test_no_order_of_deeds_reaches_a_loan_past_a_second_person_a_visit_or_the_bank(
    session: Session, people: dict[str, int], steps: list[tuple[str, tuple[str, Role]]]
) -> None:
    try:
        loans, _ = _go(session, people, steps)
    finally:
        session.rollback()
    event(f"loans: {loans}")
    assert loans <= 1
