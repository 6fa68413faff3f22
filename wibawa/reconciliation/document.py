"""A bank's month as plain data: what the page shows, what is signed, and what is kept when the
month is closed. Money in rupiah, days as ISO texts, so that it is written down and read again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from wibawa.rules.reconciliation import Cause, Month, Movement, SuspenseAccount


class Line(NamedTuple):
    """A loan that had principal in the month: how it moved, our class, and what the bank said."""

    loan_id: int
    number: str
    account: str
    borrower: str
    movement: Movement
    our_class: int
    stated_on: str | None
    stated: int | None
    stated_class: int | None


class Note(NamedTuple):
    id: int
    text: str
    settles: bool
    by: str
    at: str


class Difference(NamedTuple):
    """Where the bank's last row of a loan says something else than our books at the month's end.

    `since`: the month in which it was first seen; `carried`: the bank said nothing new since;
    `settled`: somebody let exactly this difference stand.
    """

    loan_id: int
    number: str
    account: str
    borrower: str
    cause: str
    ours: int
    stated: int | None
    our_class: int
    stated_class: int | None
    stated_on: str | None
    since: str
    carried: bool
    settled: bool
    notes: tuple[Note, ...]

    @property
    def amount(self) -> int | None:
        """The bank's balance less ours; None where the bank states none."""
        return None if self.stated is None else self.stated - self.ours


class LateEntry(NamedTuple):
    """An entry that keeps its day in a closed month and counts in this one."""

    loan_id: int
    number: str
    borrower: str
    sequence: int
    kind: str
    amount: int
    effective_on: str
    booked_at: str
    upload_id: int | None
    filename: str | None
    row_number: int | None


class MonthFile(NamedTuple):
    """A file of the bank with rows dated in the month."""

    upload_id: int
    filename: str
    rows: int
    total: int


@dataclass(frozen=True)
class Reconciliation:
    """Everything about one bank's month."""

    bank_id: int
    bank_code: str
    bank: str
    month: str
    movement: Movement
    received: int  # money that came in, penalties included
    interest: int
    penalty: int
    recovered: int  # of loans that were written off before
    suspense: SuspenseAccount
    loans_opening: int
    loans_new: int
    loans_ended: int
    loans_closing: int
    incomplete: bool  # begins before the bank's opening portfolio was brought in
    files: tuple[MonthFile, ...]
    lines: tuple[Line, ...]
    differences: tuple[Difference, ...]
    late: tuple[LateEntry, ...]

    @property
    def of(self) -> Month:
        found = Month.parse(self.month)
        assert found is not None, "a document names its month"
        return found

    @property
    def open_differences(self) -> int:
        return sum(not each.settled for each in self.differences)

    @property
    def file_rows(self) -> int:
        return sum(each.rows for each in self.files)

    @property
    def file_total(self) -> int:
        return sum(each.total for each in self.files)

    def causes(self) -> dict[Cause, int]:
        """How many differences each cause has, of causes that have any."""
        found = [Cause(each.cause) for each in self.differences]
        return {cause: found.count(cause) for cause in Cause if cause in found}


def written(month: Reconciliation) -> str:
    """The document as text; `read_again` is the way back. The same month gives the same text."""
    return json.dumps(asdict(month), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_again(text: str) -> Reconciliation:
    data: dict[str, Any] = json.loads(text)
    return Reconciliation(
        **data
        | {
            "movement": Movement(*data["movement"]),
            "suspense": SuspenseAccount(*data["suspense"]),
            "files": tuple(MonthFile(*each) for each in data["files"]),
            "lines": tuple(
                Line._make([*each[:4], Movement(*each[4]), *each[5:]]) for each in data["lines"]
            ),
            "differences": tuple(
                Difference._make([*each[:-1], tuple(Note(*note) for note in each[-1])])
                for each in data["differences"]
            ),
            "late": tuple(LateEntry(*each) for each in data["late"]),
        }
    )
