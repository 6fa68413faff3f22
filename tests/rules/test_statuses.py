"""The table of moves, legal and illegal in full, and the road to `disbursed` that has no bypass."""

from __future__ import annotations

import importlib.util
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from wibawa.access.permissions import Role
from wibawa.rules import statuses
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import (
    ACTION_WORDS,
    CLOSED,
    MOVES,
    OPEN,
    ROLE_WORDS,
    STATE_WORDS,
    Action,
    State,
    allowed,
    move,
)

# Written out by hand on purpose: whoever changes the table says so here too.
LEGAL = """
    revise     draft        office_staff  draft
    revise     returned     office_staff  returned
    submit     draft        office_staff  submitted
    submit     returned     office_staff  submitted
    visit      submitted    office_staff  visited
    recommend  visited      approver      recommended
    return     submitted    office_staff  returned
    return     submitted    approver      returned
    return     visited      office_staff  returned
    return     visited      approver      returned
    refuse     submitted    approver      refused_by_office
    refuse     visited      approver      refused_by_office
    withdraw   draft        office_staff  withdrawn
    withdraw   submitted    office_staff  withdrawn
    withdraw   visited      office_staff  withdrawn
    withdraw   recommended  office_staff  withdrawn
    withdraw   sent         office_staff  withdrawn
    withdraw   approved     office_staff  withdrawn
    withdraw   returned     office_staff  withdrawn
    send       recommended  office_staff  sent
    approve    sent         bank_officer  approved
    decline    sent         bank_officer  refused_by_bank
    disburse   approved     approver      disbursed
"""
NEEDS_REASON = {"return", "refuse", "withdraw", "decline"}
ROWS = [line.split() for line in LEGAL.split("\n") if line.strip()]
TRIPLES = {(row[0], row[1], row[2]): row[3] for row in ROWS}
EVERY = list(product(Action, State, Role))
REASON = "fotokopi KTP belum ada"
STAFF, APPROVER = Role.OFFICE_STAFF, Role.APPROVER


def test_the_table_made_anew_is_the_one_written_here() -> None:
    # The table stands before a line is changed (`make mutants`), so it is made once more.
    found = importlib.util.spec_from_file_location(statuses.__name__, statuses.__file__)
    assert found
    assert found.loader
    fresh = importlib.util.module_from_spec(found)
    found.loader.exec_module(fresh)
    prepared = ("record", "revise", "submit", "visit")
    rows = {
        (action, state, role): row.to or state
        for action, row in fresh.MOVES.items()
        for state in row.sources
        for role in row.roles
    }
    assert rows == TRIPLES
    assert {action for action, row in fresh.MOVES.items() if row.needs_reason} == NEEDS_REASON
    assert {action: row.second_to for action, row in fresh.MOVES.items() if row.second_to} == {
        "recommend": prepared,
        "refuse": prepared,
    }
    assert (fresh.MOVES["record"].to, fresh.MOVES["record"].roles) == ("draft", {"office_staff"})


@pytest.mark.parametrize(("action", "state", "role", "to"), ROWS)
def test_a_legal_move_leads_to_its_state(action: str, state: str, role: str, to: str) -> None:
    found = move(State(state), Action(action), role, person=9, authors={}, reason=REASON)
    assert found is State(to)


def test_every_other_action_in_every_state_by_every_role_is_refused_with_a_sentence() -> None:
    refused = 0
    for action, state, role in EVERY:
        if (action.value, state.value, role.value) in TRIPLES:
            continue
        with pytest.raises(Refused) as caught:
            move(state, action, role, person=9, authors={}, reason=REASON)
        assert caught.value.code in ("wrong_state", "wrong_role")
        assert caught.value.sentence.startswith("Permohonan")
        assert caught.value.sentence.endswith(".")
        refused += 1
    assert refused == len(EVERY) - len(TRIPLES)


@pytest.mark.parametrize(("action", "state", "role", "to"), ROWS)
def test_a_reason_is_asked_for_exactly_where_the_table_says(
    action: str, state: str, role: str, to: str
) -> None:
    for reason in ("", "   ", "abc", "x" * 301):
        if action in NEEDS_REASON:
            with pytest.raises(Refused, match="dengan alasan"):
                move(State(state), Action(action), role, person=9, authors={}, reason=reason)
        else:
            assert move(State(state), Action(action), role, person=9, authors={}, reason=reason)


@pytest.mark.parametrize("decision", [Action.RECOMMEND, Action.REFUSE])
@pytest.mark.parametrize("earlier", [Action.RECORD, Action.REVISE, Action.SUBMIT, Action.VISIT])
def test_who_prepared_an_application_does_not_decide_on_it(
    decision: Action, earlier: Action
) -> None:
    authors = {earlier: {4, 5}}
    with pytest.raises(Refused, match="harus diambil orang lain"):
        move(State.VISITED, decision, APPROVER, person=4, authors=authors, reason=REASON)
    assert move(State.VISITED, decision, APPROVER, person=6, authors=authors, reason=REASON)
    assert decision not in allowed(State.VISITED, APPROVER, 4, authors)
    assert decision in allowed(State.VISITED, APPROVER, 6, authors)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("role", Role)
def test_what_is_offered_is_exactly_what_is_allowed(state: State, role: Role) -> None:
    expected = {action for action, at, who in TRIPLES if at == state and who == role}
    assert set(allowed(state, role, 9, {})) == expected


def test_a_closed_application_never_moves_again() -> None:
    assert set(State) == OPEN | CLOSED
    assert [row for row in ROWS if row[1] in CLOSED] == []
    for state in OPEN:
        assert [row for row in ROWS if row[1] == state], f"{state} leads nowhere"


def test_every_state_and_action_has_a_word_and_every_role_is_a_role() -> None:
    assert set(STATE_WORDS) == set(State)
    assert set(ACTION_WORDS) == set(MOVES) == set(Action)
    assert set(ROLE_WORDS) == {role for row in MOVES.values() for role in row.roles}
    assert set(ROLE_WORDS) <= {role.value for role in Role}


class Way(RuleBasedStateMachine):
    """Anybody tries anything in any order; what was refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.DRAFT
        self.made: list[tuple[Action, str, int]] = [(Action.RECORD, STAFF, 0)]

    @rule(
        action=st.sampled_from(Action),
        role=st.sampled_from(Role),
        person=st.integers(0, 3),
        reason=st.sampled_from(["", REASON]),
    )
    def tries(self, action: Action, role: Role, person: int, reason: str) -> None:
        authors = {each: {who for a, _, who in self.made if a is each} for each in Action}
        try:
            self.state = move(
                self.state, action, role, person=person, authors=authors, reason=reason
            )
        except Refused:
            return
        self.made.append((action, role, person))

    @rule(person=st.integers(0, 3))
    def takes_the_next_step(self, person: int) -> None:
        forward = [
            (action, next(iter(row.roles)))
            for action, row in MOVES.items()
            if self.state in row.sources and row.to not in (None, *CLOSED - {State.DISBURSED})
        ]
        for action, role in forward[:1]:
            self.tries(action, role, person, REASON)

    @invariant()
    def disbursed_has_no_bypass(self) -> None:
        if self.state is not State.DISBURSED:
            return
        last = {action: at for at, (action, _, _) in enumerate(self.made)}
        road = [Action.SUBMIT, Action.VISIT, Action.RECOMMEND, Action.SEND, Action.APPROVE]
        places = [last[action] for action in road]
        assert places == sorted(places)
        assert self.made[last[Action.APPROVE]][1] == Role.BANK_OFFICER
        second = self.made[last[Action.RECOMMEND]][2]
        prepared = {Action.RECORD, Action.REVISE, Action.SUBMIT, Action.VISIT}
        assert second not in {who for action, _, who in self.made if action in prepared}


Way.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestWay = Way.TestCase


@pytest.mark.parametrize(
    ("action", "state", "role", "sentence"),
    [
        ("visit", "draft", "office_staff",
         "Permohonan ini berstatus draf; hanya yang diajukan dapat diverifikasi."),
        ("refuse", "sent", "approver",
         "Permohonan ini berstatus dikirim ke bank; hanya yang diajukan atau diverifikasi dapat "
         "ditolak dinas."),
        ("record", "visited", "office_staff",
         "Permohonan ini berstatus diverifikasi; tidak dapat dicatat untuk kedua kalinya."),
        ("visit", "disbursed", "office_staff",
         "Permohonan ini berstatus dicairkan dan sudah selesai; tidak dapat diverifikasi lagi."),
        ("record", "withdrawn", "office_staff",
         "Permohonan ini berstatus dibatalkan dan sudah selesai; tidak dapat dicatat lagi."),
        ("return", "visited", "bank_officer",
         "Permohonan hanya dapat dikembalikan oleh kepala bidang atau petugas dinas."),
        ("approve", "sent", "approver", "Permohonan hanya dapat disetujui bank oleh petugas bank."),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_and_what_would_be_needed(
    action: str, state: str, role: str, sentence: str
) -> None:
    with pytest.raises(Refused) as caught:
        move(State(state), Action(action), role, person=9, authors={}, reason=REASON)
    assert caught.value.sentence == sentence


def test_who_prepared_it_is_told_that_another_one_decides() -> None:
    with pytest.raises(Refused) as caught:
        move(State.VISITED, Action.RECOMMEND, APPROVER, person=4, authors={Action.VISIT: {4}})
    assert caught.value.code == "same_person"
    assert caught.value.sentence == (
        "Anda ikut menyiapkan permohonan ini (mencatat, mengajukan, atau memverifikasi). "
        "Keputusannya harus diambil orang lain."
    )


def test_a_reason_of_the_least_and_of_the_most_length_is_one_and_none_beyond() -> None:
    def refused(reason: str) -> str | None:
        try:
            move(State.SENT, Action.DECLINE, "bank_officer", person=9, authors={}, reason=reason)
        except Refused as error:
            return error.code
        return None

    lengths = {length: refused("x" * length) for length in (0, 4, 5, 300, 301)}
    missing = "reason_missing"
    assert lengths == {0: missing, 4: missing, 5: None, 300: None, 301: missing}
    with pytest.raises(Refused):
        move(State.SENT, Action.DECLINE, "bank_officer", person=9, authors={})
