"""However payments, corrections, titipan and files follow each other: no rupiah comes or goes."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import thrown
from tests.loans.steps import TODAY, do, holds, post
from tests.loans.test_undoing import take_back_file
from wibawa.loans.deeds import Deed
from wibawa.loans.models import LedgerEntry, SuspenseEntry, SuspenseResolution
from wibawa.loans.receiving import payment
from wibawa.loans.suspense import returned, suspense_facts, to_loan
from wibawa.loans.undoing import move, reversal, whole_file
from wibawa.loans.undone import RECEIVED, UNDOABLE, is_from_suspense, is_reversed
from wibawa.rules.refused import Refused
from wibawa.uploads.models import Upload

LOANS, STEPS = 3, 40
ACCOUNTS = ("0200000000001", "0200000000002", "0200000000003", "0299999999999")


class Office:
    """Takes steps at random and keeps its own account of the money that ought to be in the books:
    what files and telephone brought, less what was undone or given back."""

    def __init__(self, session: Session, people: dict[str, int], dice: random.Random) -> None:
        self.session, self.people, self.dice = session, people, dice
        by, second = people["staff"], people["approver"]
        self.loans = [
            factories.loan(
                session, by, second, number=n + 1, account=ACCOUNTS[n], principal=300_000
            )
            for n in range(LOANS)
        ]
        self.expected = 0
        self.done: set[str] = set()

    def step(self) -> None:
        name = self.dice.choice(("file", "file", "phone", "undo", "move", "give", "back", "whole"))
        deeds: dict[str, Callable[[], int]] = {
            "file": self.file,
            "phone": self.phone,
            "undo": self.undo,
            "move": self.move,
            "give": self.give,
            "back": self.back,
            "whole": self.whole,
        }
        try:
            self.expected += deeds[name]()
        except (Refused, IndexError):
            return  # nothing to do it to, or rightly refused
        self.done.add(name)
        assert in_the_books(self.session) == self.expected, name

    def day(self) -> dt.date:
        return dt.date(2026, 3, 1) + dt.timedelta(days=self.dice.randrange(200))

    def file(self) -> int:
        rows = [
            f"{self.dice.choice(ACCOUNTS)};Nama;{self.day():%d-%m-%Y};"
            f"{self.dice.randrange(1, 200_000)};{self.dice.choice(('', 'R'))}{{n}}"
            for _ in range(self.dice.randrange(1, 4))
        ]
        named = [
            row.replace("R{n}", f"R{self.dice.randrange(10**9)}").replace("{n}", "") for row in rows
        ]
        checked, _ = post(self.session, *named)
        return checked.posted_total + checked.suspense_total

    def phone(self) -> int:
        amount = self.dice.randrange(1, 150_000)
        loan, reference = self.dice.choice(self.loans), self.dice.choice(("", "T"))
        reference = reference and f"T{self.dice.randrange(10**9)}"
        deed = payment(self.session, loan, amount, 0, self.day(), reference, TODAY)
        self.write(deed, "payment", loan)
        return amount

    def write(self, deed: Deed, kind: str, loan: int | None, suspense: int | None = None) -> None:
        do(self.session, self.people, deed, kind, loan_id=loan, suspense_id=suspense)

    def entry(self) -> tuple[int, int]:
        query = select(LedgerEntry.loan_id, LedgerEntry.sequence).where(
            LedgerEntry.kind.in_(UNDOABLE), ~is_reversed(LedgerEntry)
        )
        order = query.order_by(LedgerEntry.loan_id, LedgerEntry.sequence)
        found = [(row.loan_id, row.sequence) for row in self.session.execute(order)]
        return self.dice.choice(found)

    def undo(self) -> int:
        loan, sequence = self.entry()
        found = reversal(self.session, loan, sequence, self.dice.choice((None, TODAY)), TODAY)
        self.write(found.deed, "reversal", loan)
        return 0 if found.suspense_id else -found.amount

    def move(self) -> int:
        loan, sequence = self.entry()
        _, deed = move(self.session, loan, sequence, self.dice.choice(self.loans), TODAY)
        self.write(deed, "move", loan)
        return 0

    def titipan(self) -> tuple[int, int]:
        number = self.dice.choice(list(self.session.scalars(select(SuspenseEntry.id))))
        facts = suspense_facts(self.session, number)
        assert facts is not None
        return number, self.dice.randrange(1, facts.open + 1) if facts.open else 0

    def give(self) -> int:
        number, amount = self.titipan()
        facts, loan = suspense_facts(self.session, number), self.dice.choice(self.loans)
        assert facts is not None
        deed = to_loan(self.session, facts, loan, amount, facts.effective_on, TODAY)
        self.write(deed, "suspense_loan", loan, number)
        return 0

    def back(self) -> int:
        number, amount = self.titipan()
        facts = suspense_facts(self.session, number)
        assert facts is not None
        self.write(returned(facts, amount, TODAY, TODAY), "suspense_return", None, number)
        return -amount

    def whole(self) -> int:
        query = select(Upload.id).where(Upload.status == "posted", Upload.reversed_at.is_(None))
        number = self.dice.choice(list(self.session.scalars(query.order_by(Upload.id))))
        deed = whole_file(self.session, number)
        take_back_file(self.session, self.people, number)
        gone = sum(each.amount for each in deed.entries)
        return -gone - sum(each.amount for each in deed.taken)


def in_the_books(session: Session) -> int:
    """Money in loans that nobody undid, each once, and what is open in titipan."""
    loans = select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(
        LedgerEntry.kind.in_(RECEIVED),
        ~is_reversed(LedgerEntry),
        ~is_from_suspense(LedgerEntry),
    )
    received = select(func.coalesce(func.sum(SuspenseEntry.amount), 0))
    gone = select(func.coalesce(func.sum(SuspenseResolution.amount), 0)).where(
        SuspenseResolution.kind.in_(("returned", "reversed"))
    )
    return sum(int(session.scalar(query) or 0) for query in (loans, received)) - int(
        session.scalar(gone) or 0
    )


@thrown(1, 2, 3)
def test_every_rupiah_is_in_a_loan_or_in_titipan_whatever_is_corrected(
    session: Session, people: dict[str, int], seed: int
) -> None:
    office = Office(session, people, random.Random(seed))
    for _ in range(STEPS):
        office.step()
    assert office.expected > 0
    assert len(office.done) >= 5, office.done
    assert holds(session)
