from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from wibawa.decisions.models import DeclineReason


@dataclass(frozen=True)
class Reason:
    """A reason for refusing, as it is offered."""

    code: str
    words: str
    needs_text: bool


def reasons_on(session: Session, day: dt.date) -> list[Reason]:
    """The reasons that a bank may give on `day`, in their order."""
    found = session.execute(
        select(DeclineReason.code, DeclineReason.words, DeclineReason.needs_text)
        .where(
            DeclineReason.valid_from <= day,
            or_(DeclineReason.valid_until.is_(None), DeclineReason.valid_until >= day),
        )
        .order_by(DeclineReason.position)
    )
    return [Reason(*row) for row in found]
