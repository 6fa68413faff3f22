"""Where the office's chain stands, and what a hash looks like to people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.chains.models import OfficeLink


@dataclass(frozen=True)
class Head:
    """A link, most often the last one of a chain."""

    number: int
    hash: str
    made_at: dt.datetime

    @property
    def short(self) -> str:
        return short(self.hash)


def short(hash_: str) -> str:
    """A hash as it is read aloud and compared by eye, as on paper: 1a2b3c4d 5e6f7081."""
    return " ".join(hash_[start : start + 8] for start in range(0, 16, 8))


_HEAD = select(OfficeLink.number, OfficeLink.hash, OfficeLink.made_at)


def office_head(session: Session) -> Head | None:
    """The last link of the office's chain; None while nothing was decided."""
    found: Any = session.execute(_HEAD.order_by(OfficeLink.number.desc()).limit(1)).first()
    return None if found is None else Head(*found)


def decision_link(session: Session, kind: str, subject_id: int) -> Head | None:
    """The link of a decision; None for what is not decided yet."""
    found: Any = session.execute(
        _HEAD.where(OfficeLink.kind == kind, OfficeLink.subject_id == subject_id)
    ).first()
    return None if found is None else Head(*found)
