"""How much principal money paid off in spans of a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.loans.standings.models import PrincipalSum
from wibawa.reports.books import Span, of_bank, span_of
from wibawa.reports.forms import Scope


def principal_paid(
    session: Session, scope: Scope, each: Sequence[Span]
) -> dict[tuple[int, int], int]:
    """Principal that money paid off, in rupiah, by the place of the span and the bank: what the
    outstanding principal fell by on the days of the span. One query."""
    of_day = PrincipalSum
    query = select(of_day.fell_on, of_day.bank_id, of_day.fell).where(
        of_day.fell_on.between(scope.first, scope.last), of_bank(of_day.bank_id, scope)
    )
    found: dict[tuple[int, int], int] = defaultdict(int)
    for day, bank_id, fell in session.execute(query):
        found[span_of(day, each), bank_id] += fell
    return dict(found)
