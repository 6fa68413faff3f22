"""Opening and closing the public page: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.dashboard.opened.models import OpenFiguresSetting
from wibawa.dashboard.opened.queries import history, setting_on
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
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
    if start < in_wib(now).date():
        raise Refused(
            "starts_in_past",
            f"{long_date(start)} sudah lewat. Pilih hari ini atau hari yang akan datang.",
        )
    newest = history(session)[0]
    if newest.id != seen:
        if (newest.is_open, newest.valid_from) == (is_open, start):
            return False  # sent twice
        raise Refused(
            "changed",
            "Pengaturan ini baru saja diubah orang lain. Periksa riwayatnya, lalu simpan sekali "
            "lagi bila masih perlu.",
        )
    if setting_on(session, start).is_open == is_open:
        return False
    entry = OpenFiguresSetting(
        valid_from=start, is_open=is_open, reason=reason, entered_by=by, entered_at=now
    )
    session.add(entry)
    session.flush()
    detail = f"Mulai {long_date(start)}: {'dibuka' if is_open else 'ditutup'}; {reason}"
    trail.record(session, now, by, "open_figures_switched", "open_figures", entry.id, detail)
    return True
