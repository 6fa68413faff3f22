"""A loan's position on a day: a pure function of its schedule and of one sum (domain rules §4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from wibawa.rules.collectibility import Thresholds, collectibility
from wibawa.rules.facts import Installment, Position


def position(
    principal: int,
    rows: Sequence[Installment],
    applied: int,
    on: dt.date,
    classes: Thresholds,
) -> Position:
    """Pour a sum over a schedule and say where the loan stands at the end of a day.

    `rows` is the schedule in force on the day, in order; `applied` the sum of un-reversed money
    effective on or before it, penalties left out. The oldest installment takes first, within an
    installment interest before principal; what no installment can take is `excess`. In arrears is
    what was due BEFORE the day and is not covered. For days before the disbursement there is no
    position to ask for.

    Unit: rupiah and days. Source: domain rules §4.
    Raises ValueError when the sum is negative or the rows do not add up to the principal.

    >>> rows = [Installment(1, dt.date(2026, 2, 28), 500, 10, 500),
    ...         Installment(2, dt.date(2026, 3, 31), 500, 5, 0)]
    >>> p = position(1000, rows, 300, dt.date(2026, 3, 10), (0, 90, 120, 180))
    >>> p.principal_paid, p.interest_paid, p.arrears, p.days_past_due, p.collectibility
    (290, 10, 210, 10, 2)
    """
    if applied < 0:
        raise ValueError(f"the sum poured over a schedule cannot be negative: {applied}")
    left = applied
    principal_paid = interest_paid = 0
    principal_asked = interest_asked = 0
    arrears = arrears_principal = 0
    oldest: dt.date | None = None
    for _, due_on, part, interest, _ in rows:
        principal_asked += part
        interest_asked += interest
        to_interest = interest if interest < left else left
        left -= to_interest
        to_principal = part if part < left else left
        left -= to_principal
        interest_paid += to_interest
        principal_paid += to_principal
        if due_on < on:
            missing_principal = part - to_principal
            missing = interest - to_interest + missing_principal
            if missing:
                arrears += missing
                arrears_principal += missing_principal
                if oldest is None:
                    oldest = due_on
    if principal_asked != principal:
        raise ValueError(f"the rows add up to {principal_asked}, the loan is {principal}")
    days_past_due = 0 if oldest is None else (on - oldest).days
    return Position(
        on=on,
        applied=applied,
        excess=left,
        principal_paid=principal_paid,
        interest_paid=interest_paid,
        outstanding_principal=principal - principal_paid,
        outstanding_interest=interest_asked - interest_paid,
        arrears=arrears,
        arrears_principal=arrears_principal,
        days_past_due=days_past_due,
        oldest_uncovered_due_on=oldest,
        collectibility=collectibility(days_past_due, classes),
    )
