from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.applications.models import DeadlineSetting
from wibawa.rules.statuses import OPEN, State

# Every state that somebody must carry on, in the order of the way.
LIMITED = tuple(state for state in State if state in OPEN)


@dataclass(frozen=True)
class Deadlines:
    """Days from entering a state to its deadline, None where there is none; from a day on."""

    id: int
    valid_from: dt.date
    days: dict[State, int | None]
    by: str | None
    at: dt.datetime | None

    def due_on(self, state: State, entered_on: dt.date) -> dt.date | None:
        """The last day for the next step of what entered `state` on a day."""
        days = self.days.get(state)
        return None if days is None else entered_on + dt.timedelta(days=days)


def deadlines_on(session: Session, day: dt.date) -> Deadlines:
    """What is in force on a day. The first setting came with the program, so there is one."""
    query = _entries().where(DeadlineSetting.valid_from <= day)
    last = query.order_by(DeadlineSetting.valid_from.desc(), DeadlineSetting.id.desc())
    return _deadlines(session.execute(last.limit(1)).one())


def newest_deadlines(session: Session) -> Deadlines:
    """The setting that was entered last, whenever it starts."""
    return _deadlines(
        session.execute(_entries().order_by(DeadlineSetting.id.desc()).limit(1)).one()
    )


def deadline_history(session: Session) -> list[Deadlines]:
    """Every setting, the newest entry first."""
    found = session.execute(_entries().order_by(DeadlineSetting.id.desc()))
    return [_deadlines(row) for row in found]


def _entries() -> Select[*tuple[Any, ...]]:
    return select(DeadlineSetting, User.name).outerjoin(User, User.id == DeadlineSetting.entered_by)


def _deadlines(row: Any) -> Deadlines:
    setting, by = row
    days = {state: getattr(setting, state.value) for state in LIMITED}
    return Deadlines(setting.id, setting.valid_from, days, by, setting.entered_at)
