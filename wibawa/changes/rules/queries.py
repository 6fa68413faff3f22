from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.changes.models import DocumentRule


@dataclass(frozen=True)
class Rule:
    """The codes of the kinds that need a document from a day on, and who said so."""

    id: int
    valid_from: dt.date
    kinds: frozenset[str]
    by: str | None
    at: dt.datetime | None


def _rules() -> Select[*tuple[Any, ...]]:
    return select(
        DocumentRule.id,
        DocumentRule.valid_from,
        DocumentRule.kinds,
        User.name,
        DocumentRule.entered_at,
    ).outerjoin(User, User.id == DocumentRule.entered_by)


def _rule(row: Any) -> Rule:
    return Rule(row[0], row[1], frozenset(row[2].split()), row[3], row[4])


def rule_on(session: Session, day: dt.date) -> Rule:
    """What is in force on a day. The first rule came with the program, so there is one."""
    at = DocumentRule.valid_from
    query = _rules().where(at <= day).order_by(at.desc(), DocumentRule.id.desc()).limit(1)
    return _rule(session.execute(query).one())


def rule_history(session: Session) -> list[Rule]:
    """Every rule, the newest entry first."""
    return [_rule(row) for row in session.execute(_rules().order_by(DocumentRule.id.desc()))]
