"""What a decided request writes about money: entries, titipan, and what follows from them.

First what it would write is reckoned, which reads only and can be shown; then it is carried out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import update
from sqlalchemy.orm import Session

from wibawa.loans.journal import (
    Author,
    NewEntry,
    NewResolution,
    NewSuspense,
    add_entries,
    add_resolutions,
    add_suspense,
    add_version,
)
from wibawa.loans.settlements import complete_settlements, completed, taken_back
from wibawa.rules.facts import Installment
from wibawa.uploads.models import Upload


@dataclass(frozen=True)
class Rest:
    """Titipan that the entry at `place` of a deed leaves over."""

    place: int
    account: str
    name: str
    amount: int


@dataclass(frozen=True)
class Taken:
    """What becomes of titipan; `place` is the entry of the deed that stands for it, if any."""

    suspense_id: int
    kind: str
    amount: int
    on: dt.date
    place: int | None = None
    loan_id: int | None = None
    entry: int | None = None


@dataclass(frozen=True)
class Deed:
    """All that is written at once. `upload_id` is a file of which nothing is left afterwards."""

    entries: tuple[NewEntry, ...] = ()
    rests: tuple[Rest, ...] = ()
    taken: tuple[Taken, ...] = ()
    upload_id: int | None = None

    @property
    def loan_ids(self) -> list[int]:
        return sorted({entry.loan_id for entry in self.entries})

    @property
    def digest(self) -> str:
        """The same as long as it would write the same."""
        lines = [
            f"{each.loan_id} {each.kind} {each.amount} {each.penalty} {each.applied} "
            f"{each.effective_on} {each.reverses} {each.row_key} {each.attempt}"
            for each in self.entries
        ]
        lines += [f"{each.place} {each.amount}" for each in self.rests]
        lines += [
            f"{each.suspense_id} {each.kind} {each.amount} {each.on} {each.entry}"
            for each in self.taken
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def poured(self) -> dict[int, list[tuple[dt.date, int]]]:
        """The money that is poured over each loan more, or less, on which day."""
        found: defaultdict[int, list[tuple[dt.date, int]]] = defaultdict(list)
        for entry in self.entries:
            found[entry.loan_id].append((entry.effective_on, entry.applied))
        return found


def together(*deeds: Deed) -> Deed:
    """One deed that does all of these, in this order."""
    entries: list[NewEntry] = []
    rests: list[Rest] = []
    taken: list[Taken] = []
    for deed in deeds:
        start = len(entries)
        entries += deed.entries
        rests += [replace(rest, place=rest.place + start) for rest in deed.rests]
        taken += [
            each if each.place is None else replace(each, place=each.place + start)
            for each in deed.taken
        ]
    return Deed(tuple(entries), tuple(rests), tuple(taken))


def carry_out(session: Session, deed: Deed, author: Author, request_id: int, reason: str) -> None:
    """Write a deed of two persons. The bank's files and the loans are locked before.

    A settlement whose money is reversed is taken back, one whose sum has come ends its loan.
    """
    # Money may be posted again only when all of it is undone, titipan too: that goes first.
    freed = [_resolution(each) for each in deed.taken if each.place is None]
    add_resolutions(session, freed, author, request_id)
    numbers = add_entries(session, deed.entries, author, request_id, reason)
    add_suspense(session, [_suspense(deed, numbers, rest) for rest in deed.rests], author)
    used = [
        _resolution(each, deed.entries[each.place].loan_id, numbers[each.place])
        for each in deed.taken
        if each.place is not None
    ]
    add_resolutions(session, used, author, request_id)
    loan_ids = deed.loan_ids
    for version in taken_back(session, loan_ids, {}):
        add_version(session, version, author, request_id, reason)
    complete_settlements(session, loan_ids, author)
    if deed.upload_id is not None:
        session.execute(
            update(Upload).where(Upload.id == deed.upload_id).values(reversed_at=author.now)
        )


def _suspense(deed: Deed, numbers: Sequence[int], rest: Rest) -> NewSuspense:
    entry = deed.entries[rest.place]
    return NewSuspense(
        entry.loan_id, entry.bank_id, numbers[rest.place], rest.account, rest.name, rest.amount,
        entry.effective_on, entry.bank_reference, entry.row_key, entry.attempt,
    )  # fmt: skip


def _resolution(
    taken: Taken, loan_id: int | None = None, entry: int | None = None
) -> NewResolution:
    return NewResolution(
        taken.suspense_id, taken.kind, taken.amount, taken.on,
        loan_id or taken.loan_id, entry or taken.entry,
    )  # fmt: skip


@dataclass(frozen=True)
class NewSchedule:
    """The version that a deed brings a loan, in force from `starts_on`."""

    starts_on: dt.date
    rows: tuple[Installment, ...]
    ends: bool  # the loan, as its settlement is paid


def versions_after(session: Session, deed: Deed) -> dict[int, NewSchedule]:
    """The versions that the loans of a deed would get once it is carried out. Reads only."""
    loan_ids, poured = deed.loan_ids, deed.poured
    found = {
        new.loan_id: NewSchedule(new.starts_on, new.plan.rows, ends=False)
        for new in taken_back(session, loan_ids, poured)
    }
    for _, new in completed(session, loan_ids, poured):
        found[new.loan_id] = NewSchedule(new.starts_on, new.plan.rows, ends=True)
    return found
