"""Where each loan's money of a file goes: as the check keeps it, and as it covers installments."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from wibawa.repayments.outcome import Checked
from wibawa.rules.facts import Installment
from wibawa.rules.money import rupiah
from wibawa.rules.pouring import Receipt, pour

Key = tuple[int, str]
"""A loan and "", or 0 and the account that nobody knows."""


class Piece(NamedTuple):
    """A row's money, or a part of it, on one way. Without a `reason` it goes to the loan `key`
    names, `penalty` being a part of `amount`; with one it goes to titipan."""

    key: Key
    row: int
    paid_on: dt.date
    amount: int
    penalty: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """Every way that the last check found, in the file's order, and the rows that were wrong."""

    pieces: Sequence[Piece]
    bad_rows: Set[int] = frozenset()


def kept_plan(checked: Checked) -> bytes:
    """The ways of a checked file as they are kept: columns of numbers, so that 100.000 rows are
    written and read in a fraction of a second."""
    entries = checked.entries
    plan = {
        "rows": [entry.row for entry in entries],
        "loans": [entry.loan_id for entry in entries],
        "days": [entry.paid_on.toordinal() for entry in entries],
        "amounts": [entry.amount for entry in entries],
        "penalties": [entry.penalty for entry in entries],
        "suspense": [
            [e.row, e.loan_id or 0, e.account, e.paid_on.toordinal(), e.amount, e.reason]
            for e in checked.suspense
        ],
        "bad": sorted(checked.bad_rows),
    }
    return zlib.compress(json.dumps(plan, separators=(",", ":")).encode("utf-8", "replace"), 1)


def plan_from(data: bytes) -> Plan:
    """What `kept_plan` kept."""
    kept = json.loads(zlib.decompress(data))
    day = dt.date.fromordinal
    columns = (kept[name] for name in ("loans", "rows", "days", "amounts", "penalties"))
    pieces = [
        Piece((loan_id, ""), row, day(on), amount, penalty)
        for loan_id, row, on, amount, penalty in zip(*columns, strict=True)
    ]
    pieces += [
        Piece((loan_id, "" if loan_id else account), row, day(on), amount, 0, reason)
        for row, loan_id, account, on, amount, reason in kept["suspense"]
    ]
    return Plan(pieces, set(kept["bad"]))


@dataclass
class Way:
    """All the money of one loan, or of one unknown account, in a file."""

    key: Key
    first_row: int
    amount: int = 0
    penalty: int = 0
    suspended: int = 0
    pieces: list[Piece] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.amount + self.suspended

    @property
    def rows(self) -> list[int]:
        return sorted({piece.row for piece in self.pieces})


def ways_of(pieces: Iterable[Piece]) -> list[Way]:
    """The pieces put together by loan, and by account where no loan is known."""
    ways: dict[Key, Way] = {}
    for piece in pieces:
        way = ways.get(piece.key)
        if way is None:
            way = ways[piece.key] = Way(piece.key, piece.row)
        way.first_row = min(way.first_row, piece.row)
        if piece.reason:
            way.suspended += piece.amount
        else:
            way.amount += piece.amount
            way.penalty += piece.penalty
        way.pieces.append(piece)
    return list(ways.values())


@dataclass(frozen=True)
class Covered:
    """What a loan's money covers, and the principal outstanding before and after it."""

    said: tuple[str, ...]
    before: int
    after: int


def covered(principal: int, rows: Sequence[Installment], applied: int, way: Way) -> Covered:
    """Pour a loan's money of a file over what `applied` rupiah have covered before, and say so.

    The rule is that of the books: oldest installment first, interest before principal. `rows` is
    the schedule in force. Unit: rupiah. Source: domain rules §4. No errors.

    >>> rows = [Installment(1, dt.date(2026, 2, 28), 500, 10, 500),
    ...         Installment(2, dt.date(2026, 3, 31), 500, 5, 0)]
    >>> way, = ways_of([Piece((7, ""), 4, dt.date(2026, 3, 1), 600)])
    >>> covered(1000, rows, 0, way)
    Covered(said=('angsuran 1 lunas', 'angsuran 2 sebagian, sisa Rp415'), before=1000, after=415)
    """
    money = sorted((p for p in way.pieces if not p.reason), key=lambda p: (p.paid_on, p.row))
    receipts = [Receipt(0, dt.date.min, applied)] if applied else []
    receipts += [Receipt(p.row, p.paid_on, p.amount, p.penalty) for p in money]
    left = {row.number: row.total for row in rows}
    before = after = principal
    touched: list[int] = []
    for share in pour(principal, rows, receipts):
        after = share.balance
        if share.sequence == 0:
            before = share.balance
        if share.number is None:
            continue
        left[share.number] -= share.principal + share.interest
        if share.sequence and share.number not in touched:
            touched.append(share.number)
    whole = [number for number in touched if not left[number]]
    said = [f"angsuran {_span(whole)} lunas"] if whole else []
    said += [f"angsuran {n} sebagian, sisa {rupiah(left[n])}" for n in touched if left[n]]
    return Covered(tuple(said), before, after)


def _span(numbers: Sequence[int]) -> str:
    """Installments follow each other, since the oldest takes first."""
    first, last = numbers[0], numbers[-1]
    return str(first) if first == last else f"{first}–{last}"
