"""Figures of a day, kept for as long as the books say the same: the ends of twelve months would
else be reckoned anew for everybody who looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank, CollectibilityRule
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.loans.models import LedgerEntry, Loan, Schedule
from wibawa.loans.portfolio import BankFigures, portfolio
from wibawa.merging.models import BorrowerMerge
from wibawa.web.memory import memory_of

STATE: tuple[Any, ...] = (
    *(
        select(func.count()).select_from(table).scalar_subquery()
        for table in (LedgerEntry, Schedule, Loan, Borrower, BorrowerChange)
    ),
    *(
        select(func.count()).select_from(table).where(table.status == "approved").scalar_subquery()
        for table in (CollectibilityRule, BorrowerMerge)
    ),
    select(func.count()).select_from(Bank).where(Bank.kind == "rural").scalar_subquery(),
    select(func.count()).where(Borrower.pseudonymised_at.is_not(None)).scalar_subquery(),
)
"""What all positions and places depend on. These tables only grow, so that their sizes name what
they hold; but who is made a pseudonym loses the history of changes, hence the last."""


class Books:
    """The books as this page finds them; one query tells whether they are still the same."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._state = tuple(session.execute(select(*STATE)).one())
        self._memory = memory_of("books")

    @property
    def loans(self) -> int:
        return int(self._state[2])

    def know(self, days: Iterable[dt.date]) -> bool:
        return all(("standing", day, self._state) in self._memory for day in days)

    def standing(self, on: dt.date) -> BankFigures:
        """All banks at the end of a day."""

        def make() -> BankFigures:
            return portfolio(self.session, on, thresholds_on(self.session, on)).total

        found: BankFigures = self._memory.get(("standing", on, self._state), make)
        return found

    def kept(self, name: Hashable, on: dt.date, make: Callable[[], Any]) -> Any:
        """Anything else that follows from the same tables."""
        return self._memory.get((name, on, self._state), make)
