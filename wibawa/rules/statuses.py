"""The states of an application and the one table of moves between them (domain rules §5).

Nothing is read or written here: whoever moves an application says where it stands, who she is and
who made the moves before, and gets the new state or a sentence that says why not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wibawa.rules.refused import Refused, by_same_person

OFFICE_STAFF: Final = "office_staff"
APPROVER: Final = "approver"
BANK_OFFICER: Final = "bank_officer"
REASON_LENGTH: Final = (5, 300)


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    VISITED = "visited"
    RECOMMENDED = "recommended"
    SENT = "sent"
    APPROVED = "approved"
    DISBURSED = "disbursed"
    RETURNED = "returned"
    REFUSED_BY_OFFICE = "refused_by_office"
    REFUSED_BY_BANK = "refused_by_bank"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    RECORD = "record"
    REVISE = "revise"
    SUBMIT = "submit"
    VISIT = "visit"
    RECOMMEND = "recommend"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    SEND = "send"
    APPROVE = "approve"
    DECLINE = "decline"
    DISBURSE = "disburse"


STATE_WORDS: Final = {
    State.DRAFT: "Draf",
    State.SUBMITTED: "Diajukan",
    State.VISITED: "Diverifikasi",
    State.RECOMMENDED: "Direkomendasikan",
    State.SENT: "Dikirim ke bank",
    State.APPROVED: "Disetujui bank",
    State.DISBURSED: "Dicairkan",
    State.RETURNED: "Dikembalikan",
    State.REFUSED_BY_OFFICE: "Ditolak dinas",
    State.REFUSED_BY_BANK: "Ditolak bank",
    State.WITHDRAWN: "Dibatalkan",
}
# What the move is called in a sentence ("Permohonan … tidak dapat diajukan"), and in a history.
ACTION_WORDS: Final = {
    Action.RECORD: "dicatat",
    Action.REVISE: "diubah",
    Action.SUBMIT: "diajukan",
    Action.VISIT: "diverifikasi",
    Action.RECOMMEND: "direkomendasikan",
    Action.RETURN: "dikembalikan",
    Action.REFUSE: "ditolak dinas",
    Action.WITHDRAW: "dibatalkan",
    Action.SEND: "dikirim ke bank",
    Action.APPROVE: "disetujui bank",
    Action.DECLINE: "ditolak bank",
    Action.DISBURSE: "dicairkan",
}
ROLE_WORDS: Final = {
    OFFICE_STAFF: "petugas dinas",
    APPROVER: "kepala bidang",
    BANK_OFFICER: "petugas bank",
}
CLOSED: Final = frozenset(
    {State.DISBURSED, State.REFUSED_BY_OFFICE, State.REFUSED_BY_BANK, State.WITHDRAWN}
)
OPEN: Final = frozenset(State) - CLOSED
# Where an application is the bank's to see; one that was withdrawn after it was sent, too.
AT_BANK: Final = frozenset({State.SENT, State.APPROVED, State.DISBURSED, State.REFUSED_BY_BANK})


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table. `to` is None when the application stays where it is; the person may
    not be one who has made one of the moves in `second_to`."""

    sources: frozenset[State]
    to: State | None
    roles: frozenset[str]
    needs_reason: bool = False
    second_to: tuple[Action, ...] = ()


def _move(
    sources: Collection[State],
    to: State | None,
    *roles: str,
    needs_reason: bool = False,
    second_to: tuple[Action, ...] = (),
) -> Move:
    return Move(frozenset(sources), to, frozenset(roles), needs_reason, second_to)


_PREPARED: Final = (Action.RECORD, Action.REVISE, Action.SUBMIT, Action.VISIT)

MOVES: Final[Mapping[Action, Move]] = {
    Action.RECORD: _move((), State.DRAFT, OFFICE_STAFF),
    Action.REVISE: _move((State.DRAFT, State.RETURNED), None, OFFICE_STAFF),
    Action.SUBMIT: _move((State.DRAFT, State.RETURNED), State.SUBMITTED, OFFICE_STAFF),
    Action.VISIT: _move((State.SUBMITTED,), State.VISITED, OFFICE_STAFF),
    Action.RECOMMEND: _move((State.VISITED,), State.RECOMMENDED, APPROVER, second_to=_PREPARED),
    Action.RETURN: _move(
        (State.SUBMITTED, State.VISITED),
        State.RETURNED,
        OFFICE_STAFF,
        APPROVER,
        needs_reason=True,
    ),
    Action.REFUSE: _move(
        (State.SUBMITTED, State.VISITED),
        State.REFUSED_BY_OFFICE,
        APPROVER,
        needs_reason=True,
        second_to=_PREPARED,
    ),
    Action.WITHDRAW: _move(OPEN, State.WITHDRAWN, OFFICE_STAFF, needs_reason=True),
    Action.SEND: _move((State.RECOMMENDED,), State.SENT, OFFICE_STAFF),
    Action.APPROVE: _move((State.SENT,), State.APPROVED, BANK_OFFICER),
    Action.DECLINE: _move((State.SENT,), State.REFUSED_BY_BANK, BANK_OFFICER, needs_reason=True),
    Action.DISBURSE: _move((State.APPROVED,), State.DISBURSED, APPROVER),
}


def move(
    state: State,
    action: Action,
    role: str,
    *,
    person: int,
    authors: Mapping[Action, Collection[int]],
    reason: str = "",
) -> State:
    """The state after `action` by `person` in `role`; `authors` are who made which moves before.

    Source: domain rules §5. Raises `Refused`: `wrong_state`, `wrong_role`, `same_person`,
    `reason_missing`.

    >>> move(State.VISITED, Action.RECOMMEND, APPROVER, person=3, authors={Action.VISIT: {1}})
    <State.RECOMMENDED: 'recommended'>
    """
    row = MOVES[action]
    if state not in row.sources:
        raise Refused("wrong_state", not_now(state, action))
    if role not in row.roles:
        who = " atau ".join(sorted(ROLE_WORDS[each] for each in row.roles))
        raise Refused("wrong_role", f"Permohonan hanya dapat {ACTION_WORDS[action]} oleh {who}.")
    if any(person in authors.get(each, ()) for each in row.second_to):
        raise by_same_person(
            "Anda ikut menyiapkan permohonan ini (mencatat, mengajukan, atau memverifikasi). "
            "Keputusannya harus diambil orang lain.",
        )
    least, most = REASON_LENGTH
    if row.needs_reason and not least <= len(reason.strip()) <= most:
        raise Refused(
            "reason_missing",
            f"Permohonan hanya dapat {ACTION_WORDS[action]} dengan alasan; tulis {least} sampai "
            f"{most} karakter.",
        )
    return state if row.to is None else row.to


def allowed(
    state: State, role: str, person: int, authors: Mapping[Action, Collection[int]]
) -> list[Action]:
    """The moves this person may make now, in the order of the table.

    Source: domain rules §5. No errors.

    >>> allowed(State.SENT, OFFICE_STAFF, 1, {})
    [<Action.WITHDRAW: 'withdraw'>]
    """
    return [
        action
        for action, row in MOVES.items()
        if state in row.sources
        and role in row.roles
        and not any(person in authors.get(each, ()) for each in row.second_to)
    ]


def not_now(state: State, action: Action) -> str:
    """Why `action` is not possible in `state`, as a sentence.

    Source: domain rules §5. No errors.

    >>> not_now(State.DRAFT, Action.VISIT)
    'Permohonan ini berstatus draf; hanya yang diajukan dapat diverifikasi.'
    """
    now = f"Permohonan ini berstatus {STATE_WORDS[state].lower()}"
    sources = [STATE_WORDS[each].lower() for each in State if each in MOVES[action].sources]
    if state in CLOSED:
        return f"{now} dan sudah selesai; tidak dapat {ACTION_WORDS[action]} lagi."
    if not sources:
        return f"{now}; tidak dapat {ACTION_WORDS[action]} untuk kedua kalinya."
    return f"{now}; hanya yang {' atau '.join(sources)} dapat {ACTION_WORDS[action]}."
