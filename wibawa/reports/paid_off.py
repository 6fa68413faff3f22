"""How much principal money paid off in spans of a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.loans.standings.models import Standing
from wibawa.reports.books import Span, of_bank, span_of, whole
from wibawa.reports.forms import Scope


def principal_paid(
    session: Session, scope: Scope, each: Sequence[Span]
) -> dict[tuple[int, int], int]:
    """Principal that money paid off, in rupiah, by the place of the span and the bank: what the
    outstanding principal fell by on the days of the span. One query."""
    query = (
        select(Standing.from_on, Standing.bank_id, func.sum(Standing.fell))
        .where(
            Standing.from_on.between(scope.first, scope.last),
            Standing.fell != 0,
            of_bank(Standing.bank_id, scope),
        )
        .group_by(Standing.from_on, Standing.bank_id)
    )
    found: dict[tuple[int, int], int] = defaultdict(int)
    for day, bank_id, *sums in session.execute(query):
        found[span_of(day, each), bank_id] += whole(sums)[0]
    return dict(found)
