"""Moving applications, one or a whole file of them, all or nothing: the only way to a new state."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Protocol

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from wibawa.applications.deadlines.queries import deadlines_on
from wibawa.applications.models import Application, ApplicationMove
from wibawa.chains.actions import append_decisions
from wibawa.database import is_sqlite
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import Action, State
from wibawa.web.clock import in_wib

BANK_ANSWERS = (Action.APPROVE, Action.DECLINE)
DECISIONS = (Action.RECOMMEND, Action.REFUSE, *BANK_ANSWERS)  # links of the office's chain
_LOCK = 0x57494241  # the number that disbursements hold too: both may register a borrower
_AT_ONCE = 10_000  # ids in one statement; both engines bear three times as many


def one_at_a_time(session: Session) -> None:
    """Hold other recordings and moves until this transaction ends, so that two of them cannot both
    find the borrower free. On SQLite the writer holds everything anyway."""
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


@dataclass(frozen=True)
class Author:
    """Who does it, in which role, when."""

    id: int
    role: str
    now: dt.datetime

    @property
    def today(self) -> dt.date:
        return in_wib(self.now).date()


class Seen(Protocol):
    """An application as the person who moves it saw it: `ApplicationFacts`, or a row like it."""

    @property
    def id(self) -> int: ...
    @property
    def bank_id(self) -> int: ...
    @property
    def state(self) -> State: ...
    @property
    def version(self) -> int: ...


@dataclass(frozen=True)
class Known:
    """The least that `Seen` asks for."""

    id: int
    bank_id: int
    state: State
    version: int


@dataclass(frozen=True)
class Step:
    """One move of one application; `to` comes from `rules.statuses.move`. `columns` are what else
    of the application changes with it, `said` stands in its history."""

    seen: Seen
    action: Action
    to: State
    said: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)


def advance_all(session: Session, steps: Sequence[Step], author: Author) -> None:
    """Make every move, or none when an application is no longer as it was seen: a fixed number of
    queries. Each gets its dated row with the author, a decision its link in the office's chain;
    the trail's one line is the caller's.

    Raises `Refused` `changed`. The caller holds `one_at_a_time`, has asked the table of moves, and
    has written down what the link of a decision covers beside the move: the bank's answer.
    """
    ids = sorted({step.seen.id for step in steps})
    assert len(ids) == len(steps), "one move for each application"
    now = _now(session, ids)
    if any(now.get(step.seen.id) != (step.seen.state, step.seen.version) for step in steps):
        raise Refused("changed", _changed(len(steps)))
    limits = deadlines_on(session, author.today)
    alike: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for step in steps:
        values = dict(step.columns) | {"state": step.to.value, "version": step.seen.version + 1}
        if step.to is not step.seen.state:
            values["state_since"] = author.now
            values["due_on"] = limits.due_on(step.to, author.today)
        alike[frozenset(values)].append(values | {"the_id": step.seen.id})
    for names, rows in alike.items():
        columns: dict[str, Any] = {name: bindparam(name) for name in names}
        statement = update(Application).where(Application.id == bindparam("the_id"))
        session.connection().execute(statement.values(columns), rows)
    write_down(session, steps, author)
    decided = [(step.action.value, step.seen.id) for step in steps if step.action in DECISIONS]
    append_decisions(session, sorted(decided, key=itemgetter(1)), author.now)


def _batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def _now(session: Session, ids: list[int]) -> dict[int, tuple[State, int]]:
    """State and version as they are, held until the transaction ends."""
    found: dict[int, tuple[State, int]] = {}
    for some in _batches(ids):
        rows = session.execute(
            select(Application.id, Application.state, Application.version)
            .where(Application.id.in_(some))
            .order_by(Application.id)
            .with_for_update()
        )
        found |= {row[0]: (State(row[1]), row[2]) for row in rows}
    return found


def _changed(count: int) -> str:
    if count > 1:
        return (
            "Salah satu permohonan baru saja diubah orang lain. Periksa data yang sekarang tampil, "
            "lalu ulangi."
        )
    return (
        "Permohonan ini baru saja diubah orang lain. Periksa data yang sekarang tampil, lalu "
        "putuskan lagi."
    )


def sent_at() -> Any:
    """When an application of the query was sent to its bank, None before."""
    return (
        select(func.max(ApplicationMove.at))
        .where(
            ApplicationMove.application_id == Application.id,
            ApplicationMove.action == Action.SEND.value,
        )
        .correlate(Application)
        .scalar_subquery()
    )


def write_down(session: Session, steps: Sequence[Step], author: Author) -> None:
    """The dated rows of moves that were made, set-based."""
    last: dict[int, int] = {}
    for some in _batches([step.seen.id for step in steps]):
        rows = session.execute(
            select(ApplicationMove.application_id, func.max(ApplicationMove.sequence))
            .where(ApplicationMove.application_id.in_(some))
            .group_by(ApplicationMove.application_id)
        )
        last |= {row[0]: row[1] for row in rows}
    session.execute(
        insert(ApplicationMove),
        [
            {"application_id": step.seen.id, "sequence": last.get(step.seen.id, 0) + 1,
             "action": step.action.value,
             "from_state": None if step.action is Action.RECORD else step.seen.state.value,
             "to_state": step.to.value, "user_id": author.id,
             "bank_id": step.seen.bank_id if step.action in BANK_ANSWERS else None,
             "at": author.now, "reason": step.said}
            for step in steps
        ],
    )  # fmt: skip
