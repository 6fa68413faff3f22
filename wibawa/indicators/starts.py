"""What a year began with: the count from which its own additions, and so its pace, are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from wibawa.borrowers.models import Borrower
from wibawa.indicators.members import loans_of
from wibawa.rules.indicators import Kinds, Rule, Span, Unit

LASTING = (Rule.CUMULATIVE, Rule.RUNNING)  # what the others count begins anew each year
Starts = dict[tuple[Rule, Unit, Kinds], int]


def starts(session: Session, year: int, rules: Collection[Rule]) -> Starts:
    """What each rule counted of `year` before its first day; one query at most. What is not in the
    answer was 0."""
    wanted = [rule for rule in LASTING if rule in rules]
    if not wanted:
        return {}
    each = loans_of(Span(year, dt.date(year - 1, 12, 31)), wanted).subquery("each")
    columns: list[Any] = []
    for rule in wanted:
        flag = each.c[rule.value]
        columns.append(func.sum(case((flag, 1), else_=0)))
        columns.append(func.count(func.distinct(case((flag, each.c.borrower_id)))))
    query = (
        select(Borrower.kind, *columns)
        .join(Borrower, Borrower.id == each.c.borrower_id)
        .group_by(Borrower.kind)
    )
    found: Starts = {}
    for kind, *values in session.execute(query):
        for place, rule in enumerate(wanted):
            for unit, value in zip((Unit.ACCOUNTS, Unit.PEOPLE), values[2 * place :], strict=False):
                for kinds in (Kinds.ALL, Kinds(kind)):
                    found[rule, unit, kinds] = found.get((rule, unit, kinds), 0) + int(value or 0)
    return found
