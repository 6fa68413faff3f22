"""What a file of a bank's answers says, and what its check knows and finds, as plain data."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from wibawa.rules.refused import Problem
from wibawa.rules.statuses import State
from wibawa.uploads.table import Cell, Table

Outcome = Literal["approved", "refused"]


@dataclass(frozen=True)
class Reason:
    """A reason for refusing, as it is offered."""

    code: str
    words: str
    needs_text: bool


class AnswerRow(NamedTuple):
    """One row of the file. Rupiah; None where no amount stands.

    `row` is Excel's row number; `number` is "" when missing or unreadable. `outcome` is None when
    the row is not answered, or not readably; `answered` tells whether anything stands in it that
    belongs to an answer. `reason` and `note` are texts as the bank wrote them.
    """

    row: int
    number: str
    name: str
    outcome: Outcome | None
    answered: bool
    amount: int | None
    reason: str
    note: str


@dataclass
class AnswerFile:
    """A file as read. `problems` block, `notices` do not; `bad_rows` have at least one problem."""

    table: Table
    rows: list[AnswerRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    bad_rows: set[int] = field(default_factory=set)
    control_total_stated: bool = False

    @property
    def headings(self) -> list[str]:
        return self.table.headings

    def heading(self, key: str) -> str:
        """The file's own heading of a column, "" when it has none."""
        return self.table.heading(key)

    def cells(self, row: int) -> list[Cell]:
        """The original cells of a row by Excel's row number; [] for a row that is not there."""
        rows = self.table.rows
        position = bisect_left(rows, row, key=lambda record: record[0])
        return rows[position][1] if position < len(rows) and rows[position][0] == row else []

    @cached_property
    def rows_hash(self) -> str:
        """SHA-256 over what the rows say: a copy that was saved again has the same."""
        lines = [
            f"{row.number}|{row.outcome}|{row.amount}|{row.reason}|{row.note}" for row in self.rows
        ]
        bad = [str(self.cells(row)) for row in sorted(self.bad_rows) if row]
        return hashlib.sha256("\n".join((*lines, *bad)).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Decided:
    """The answer that an application has already. `said` is who gave it and when, in words."""

    outcome: Outcome
    amount: int | None
    reason_code: str | None
    said: str


@dataclass(frozen=True)
class ApplicationFact:
    """An application that was sent to the bank whose file is checked. Rupiah.

    `chair` is a cooperative's chair, whose name banks often write; `since` says since when it is
    in its state.
    """

    id: int
    number: str
    name: str
    chair: str
    asked: int
    state: State
    version: int
    since: str = ""
    decided: Decided | None = None


class Answer(NamedTuple):
    """An answer that the file would give. `amount` of an approval, `reason` of a refusal."""

    row: int
    fact: ApplicationFact
    outcome: Outcome
    amount: int | None
    reason: Reason | None
    note: str


@dataclass
class Checked:
    """What a file would do. While `blocked` nothing may be applied, whatever `answers` hold.

    `unanswered` applications stay as they are; `already` have this very answer; `skipped_rows` are
    rows with problems that the officer leaves out.
    """

    problems: list[Problem] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    blocked: bool = False
    unanswered: int = 0
    already: int = 0
    skipped_rows: int = 0

    @property
    def approved(self) -> list[Answer]:
        return [each for each in self.answers if each.outcome == "approved"]

    @property
    def approved_total(self) -> int:
        return sum(each.amount or 0 for each in self.answers)

    @property
    def fingerprint(self) -> str:
        """What would be applied, in 64 characters: applying something else is refused."""
        return hashlib.sha256(repr([_told(each) for each in self.answers]).encode()).hexdigest()


def _told(answer: Answer) -> Sequence[object]:
    reason = answer.reason.code if answer.reason else None
    fact = answer.fact
    return (answer.row, fact.id, fact.version, answer.outcome, answer.amount, reason, answer.note)
