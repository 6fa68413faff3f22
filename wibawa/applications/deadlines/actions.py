"""Changing how long a step may take: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.applications.deadlines.queries import deadlines_on, newest_deadlines
from wibawa.applications.models import DeadlineSetting
from wibawa.rules.dated import is_sent_twice, refuse_past
from wibawa.rules.dates import long_date
from wibawa.rules.statuses import STATE_WORDS, State
from wibawa.web.clock import in_wib


def change_deadlines(
    session: Session,
    start: dt.date,
    days: Mapping[State, int | None],
    seen: int,
    by: int,
    now: dt.datetime,
) -> bool:
    """Put other deadlines in force from a day on; False when nothing changes.

    Applications that stand in a state keep the deadline they got on entering it. `seen` is the
    newest entry that the form knew. Raises `Refused`: `starts_in_past`, `changed`.
    """
    refuse_past(start, in_wib(now).date(), "; batas waktu yang sudah diberikan tidak berubah")
    newest = newest_deadlines(session)
    if is_sent_twice(
        seen, newest.id, newest.days == days and newest.valid_from == start, "Batas waktu"
    ):
        return False
    before = deadlines_on(session, start)
    told = trail.changes(
        (STATE_WORDS[state], _said(before.days[state]), _said(days[state])) for state in before.days
    )
    if not told:
        return False
    columns = {state.value: limit for state, limit in days.items()}
    setting = DeadlineSetting(valid_from=start, entered_by=by, entered_at=now, **columns)
    session.add(setting)
    session.flush()
    detail = f"Mulai {long_date(start)}: {told}"
    trail.record(session, now, by, "deadlines_changed", "deadlines", setting.id, detail)
    return True


def _said(days: int | None) -> str:
    return "tanpa batas" if days is None else f"{days} hari"
