"""What a file of disbursements says, and what its check knows and finds, as plain data."""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from wibawa.rules.disbursing import Approval
from wibawa.rules.eligibility import Applicant, Known, Limits
from wibawa.rules.facts import Method, Terms
from wibawa.rules.refused import Problem
from wibawa.uploads.table import Cell, Table


class PaymentRow(NamedTuple):
    """One row. Rupiah; "" or None where nothing readable stands. `row` is Excel's row number."""

    row: int
    number: str
    name: str
    account: str
    agreement_number: str
    agreement_on: dt.date | None
    disbursed_on: dt.date | None
    amount: int | None
    matures_on: dt.date | None


@dataclass
class PaymentFile:
    """A file as read. `problems` block, `notices` do not; `bad_rows` have at least one problem."""

    table: Table
    rows: list[PaymentRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    bad_rows: set[int] = field(default_factory=set)
    control_total: int = 0
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
        lines = ["|".join(str(value) for value in row[1:]) for row in self.rows]
        bad = [str(self.cells(row)) for row in sorted(self.bad_rows) if row]
        text = "\n".join((*lines, *bad, str(self.control_total)))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class ApplicationFact:
    """An application of the bank whose file is checked, with all that paying it out is judged by.

    `known` are the borrower's other loans and waiting disbursements; `recorded` tells that this
    application's own disbursement waits. `chair` is a cooperative's chair, whose name banks write.
    """

    id: int
    version: int
    borrower_id: int
    name: str
    chair: str
    months: int
    collateral: str
    approval: Approval
    applicant: Applicant
    limits: Limits
    known: Known
    recorded: bool


@dataclass(frozen=True)
class Books:
    """What the books know of the applications, accounts and agreements that a file names.

    `method` and `multiple` are the bank's of today, `rates` those of the days in the file.
    """

    bank: str
    method: Method
    multiple: int
    rates: dict[dt.date, int]
    applications: dict[str, ApplicationFact]
    accounts: dict[str, str]  # account → who holds it, in words
    agreements: dict[str, str]


class Payment(NamedTuple):
    """A disbursement that the file would make, with the terms that its loan would open with."""

    row: int
    fact: ApplicationFact
    account: str
    agreement_number: str
    agreement_on: dt.date | None
    terms: Terms


@dataclass
class Checked:
    """What a file would do. While `blocked` nothing may be paid out, whatever `payments` hold."""

    problems: list[Problem] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    blocked: bool = False

    @property
    def total(self) -> int:
        return sum(each.terms.principal for each in self.payments)

    @property
    def fingerprint(self) -> str:
        """What would be paid out and on which terms, in 64 characters: confirming something else
        is refused."""
        told = [(each.row, each.fact.id, each.fact.version, *each[2:]) for each in self.payments]
        return hashlib.sha256(repr(told).encode()).hexdigest()
