"""The demo office's reconciliation: three closed months of each bank with a few differences, one of
them let stand, and the last month still open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.reconciliation import actions, queries
from wibawa.rules.reconciliation import Cause, Month

Row = TypeVar("Row", bound=Any)  # a row of the demo's bank files
CLOSED: Final = (4, 3, 2)  # months back
OPEN: Final = 1
DAYS_TO_CLOSE: Final = 5
NOTES: Final = {
    Cause.OTHER_SPLIT: ("Bank membulatkan bunga ke bawah; disepakati dibiarkan.", True),
    Cause.OTHER_CLASS: ("Bank belum memperbarui kolektibilitas; diminta bulan depan.", False),
    Cause.UNKNOWN: ("Ditanyakan ke bank lewat surel; menunggu mutasi rekening.", False),
}


def add_differences(rows: Sequence[Row], code: str, back: int) -> list[Row]:
    """A bank's rows of a month with what a bank now and then says otherwise than we do."""
    found = list(rows)
    if back not in (3, OPEN) or len(found) < 30:
        return found
    if code == "JATENG":  # a thousand of the interest is called principal
        _change(found, 7, interest=-1_000, principal=1_000, outstanding=-1_000)
    else:
        _change(found, 9, collectibility=1)
    if back == OPEN:
        _change(found, 20, outstanding=12_500 if code == "JATENG" else -25_000)
        _change(found, 26, collectibility=1)
    return found


def _change(rows: list[Row], place: int, **by: int) -> None:
    """Add to the figures of one row in the middle of its loan's life."""
    candidates = [
        index
        for index, row in enumerate(rows)
        if row.interest > 1_000 and row.outstanding > 1_000_000 and row.collectibility == 1
        and sum(each.account == row.account for each in rows) == 1
    ]  # fmt: skip
    index = candidates[place % len(candidates)]
    row = rows[index]
    rows[index] = replace(row, **{name: getattr(row, name) + more for name, more in by.items()})


def add_closing(
    session: Session, bank: Bank, month: Month, at: dt.datetime, back: int, people: dict[str, int]
) -> None:
    """Ani notes what differs and proposes, Budi closes, Ani issues the Berita Acara; of the month
    that is still open only a first note was written."""
    if back not in (*CLOSED, OPEN):
        return
    found = queries.reconciliation_of(session, bank, month)
    noted = 0
    for each in found.differences:
        text, settles = NOTES.get(Cause(each.cause), ("", False))
        if text and (back != OPEN or not noted):
            actions.add_note(session, bank, month, each.loan_id, text, settles, people["ani"], at)
            noted += 1
    if back == OPEN:
        return
    seen = actions.shown(queries.reconciliation_of(session, bank, month))
    actions.propose(session, bank, month, seen, "", people["ani"], at)
    actions.close(session, bank, month, seen, people["budi"], at + dt.timedelta(hours=5))
    closed = queries.closed_month(session, bank.id, month)
    assert closed is not None
    actions.issue(session, closed, bank, people["ani"], at + dt.timedelta(hours=6))
