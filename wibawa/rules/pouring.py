"""How money that came in lies over the installments, payment by payment (domain rules §4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from wibawa.rules.facts import Installment


class Receipt(NamedTuple):
    """Money that came in and was not reversed. `amount` is all of it, `penalty` a part of that."""

    sequence: int
    on: dt.date
    amount: int
    penalty: int = 0


class Share(NamedTuple):
    """What one receipt gives to one installment; `balance` is the principal that is left then.

    What no installment takes (a penalty alone, or money beyond all of them, `excess`) stands in a
    share without `number` and `due_on`.
    """

    sequence: int
    on: dt.date
    number: int | None
    due_on: dt.date | None
    principal: int
    interest: int
    penalty: int
    excess: int
    balance: int

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.penalty + self.excess


def pour(
    principal: int, rows: Sequence[Installment], receipts: Iterable[Receipt]
) -> tuple[Share, ...]:
    """Pour receipts over a schedule in their order: the oldest installment first, within one the
    interest before the principal, and say where each rupiah went.

    `rows` is the schedule in force, `receipts` in order of their days. A receipt's penalty stands
    in its first share; installments that ask for nothing take none. The sums of all shares are
    those of `rules.position.position` on the day of the last receipt.

    Unit: rupiah. Source: domain rules §4. No errors.

    >>> rows = [Installment(1, dt.date(2026, 2, 28), 500, 10, 500),
    ...         Installment(2, dt.date(2026, 3, 31), 500, 5, 0)]
    >>> [(s.number, s.interest, s.principal, s.balance)
    ...  for s in pour(1000, rows, [Receipt(2, dt.date(2026, 3, 1), 600)])]
    [(1, 10, 500, 500), (2, 5, 85, 415)]
    """
    return tuple(_poured(principal, rows, receipts))


def _poured(
    balance: int, rows: Sequence[Installment], receipts: Iterable[Receipt]
) -> Iterator[Share]:
    open_rows = iter([row for row in rows if row.total])
    row = next(open_rows, None)
    interest_left = row.interest if row else 0
    principal_left = row.principal if row else 0
    for sequence, on, amount, penalty in receipts:
        left = amount - penalty
        while left and row is not None:
            interest = min(interest_left, left)
            part = min(principal_left, left - interest)
            left -= interest + part
            interest_left -= interest
            principal_left -= part
            balance -= part
            yield Share(sequence, on, row.number, row.due_on, part, interest, penalty, 0, balance)
            penalty = 0
            if not interest_left and not principal_left:
                row = next(open_rows, None)
                interest_left = row.interest if row else 0
                principal_left = row.principal if row else 0
        if left or penalty:
            yield Share(sequence, on, None, None, 0, 0, penalty, left, balance)
