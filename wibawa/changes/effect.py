"""What a request would change, as plain data: for the page, for the fingerprint, for the record."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wibawa.rules.facts import Installment
from wibawa.rules.money import rupiah

SAME = ""


@dataclass(frozen=True)
class Fact:
    """One thing before and after, in words; `after` is empty for what stays as it is."""

    what: str
    before: str
    after: str = SAME

    @property
    def changed(self) -> bool:
        return self.after not in (SAME, self.before)


@dataclass(frozen=True)
class RowPair:
    """An installment of the old schedule beside the one of the same number in the new."""

    number: int
    old: Installment | None
    new: Installment | None

    @property
    def changed(self) -> bool:
        return self.old != self.new

    @property
    def difference(self) -> int:
        """How much more the new installment asks for, rupiah."""
        return (self.new.total if self.new else 0) - (self.old.total if self.old else 0)


@dataclass(frozen=True)
class Effect:
    """Before and after of a request; `old` and `new` only where a schedule changes.

    `depends` is what it was reckoned from and does not show otherwise: version of the schedule,
    number of entries, the wish itself. `notes` are sentences that whoever decides must read.
    `work` is what the kind writes once it is approved, reckoned together with what is shown.
    """

    facts: tuple[Fact, ...]
    old: tuple[Installment, ...] = ()
    new: tuple[Installment, ...] = ()
    notes: tuple[str, ...] = ()
    depends: tuple[object, ...] = ()
    work: Any = None

    @property
    def rows(self) -> tuple[RowPair, ...]:
        old = {row.number: row for row in self.old}
        new = {row.number: row for row in self.new}
        return tuple(RowPair(n, old.get(n), new.get(n)) for n in sorted(old.keys() | new.keys()))

    @property
    def fingerprint(self) -> str:
        """The same as long as everything shown, and everything that it depends on, is the same."""
        said = json.dumps([self.kept, [str(each) for each in self.depends]], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def kept(self) -> dict[str, Any]:
        """What was shown, as JSON keeps it; `effect_of` reads it again."""
        return {
            "facts": [[fact.what, fact.before, fact.after] for fact in self.facts],
            "old": [_written(row) for row in self.old],
            "new": [_written(row) for row in self.new],
            "notes": list(self.notes),
        }


def effect_of(kept: Mapping[str, Any]) -> Effect:
    """The effect that was kept with a decision."""
    return Effect(
        tuple(Fact(*each) for each in kept["facts"]),
        tuple(_read(row) for row in kept["old"]),
        tuple(_read(row) for row in kept["new"]),
        tuple(kept["notes"]),
    )


def money_fact(what: str, before: int, after: int) -> Fact:
    """An amount before and after with the difference: "Rp312.500 (lebih Rp12.500)"."""
    if before == after:
        return Fact(what, rupiah(before))
    word = "lebih" if after > before else "kurang"
    return Fact(what, rupiah(before), f"{rupiah(after)} ({word} {rupiah(abs(after - before))})")


def _written(row: Installment) -> list[Any]:
    return [row.number, row.due_on.isoformat(), row.principal, row.interest, row.balance]


def _read(row: Sequence[Any]) -> Installment:
    return Installment(row[0], dt.date.fromisoformat(row[1]), *row[2:])
