"""Opening and closing the public page: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.dashboard.opened.models import OpenFiguresSetting
from wibawa.dashboard.opened.queries import history, setting_on
from wibawa.rules.dated import is_sent_twice, refuse_past
from wibawa.rules.dates import long_date
from wibawa.web.clock import in_wib


def switch(
    session: Session,
    start: dt.date,
    is_open: bool,
    reason: str,
    seen: int,
    by: int,
    now: dt.datetime,
) -> bool:
    """Open or close the page from a day on; False when nothing changes.

    `seen` is the newest entry that the form knew. Raises `Refused`: `starts_in_past`, `changed`.
    """
    refuse_past(start, in_wib(now).date())
    newest = history(session)[0]
    if is_sent_twice(
        seen, newest.id, (newest.is_open, newest.valid_from) == (is_open, start), "Pengaturan ini"
    ):
        return False
    before = setting_on(session, start).is_open
    if before == is_open:
        return False
    entry = OpenFiguresSetting(
        valid_from=start, is_open=is_open, reason=reason, entered_by=by, entered_at=now
    )
    session.add(entry)
    session.flush()
    told = trail.changes([("Terbuka untuk umum", before, is_open)])
    detail = f"Mulai {long_date(start)}: {told}; alasan: {reason}"
    trail.record(session, now, by, "open_figures_switched", "open_figures", entry.id, detail)
    return True
