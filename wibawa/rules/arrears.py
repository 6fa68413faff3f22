"""Following up late loans: whether a promise was kept, and which reminder letter is due.

A promise is an amount until a day. It says nothing about installments: whatever money came in from
the day of the promise to its date counts.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import NamedTuple


class PromiseState(StrEnum):
    KEPT = "kept"
    RUNNING = "running"
    UNKEPT = "unkept"


def promise_state(amount: int, until: dt.date, received: int, today: dt.date) -> PromiseState:
    """What has become of a promise at the end of a day.

    `received` is the un-reversed money effective from the day of the promise to `until`, both days
    included; on the promised day itself there is still time. Money after it comes too late.

    Unit: rupiah. Source (chosen): docs/decisions.md, Arrears. No errors.

    >>> promise_state(500_000, dt.date(2026, 11, 20), 499_999, dt.date(2026, 11, 20)).value
    'running'
    >>> promise_state(500_000, dt.date(2026, 11, 20), 499_999, dt.date(2026, 11, 21)).value
    'unkept'
    """
    if received >= amount:
        return PromiseState.KEPT
    return PromiseState.UNKEPT if until < today else PromiseState.RUNNING


class ReminderSteps(NamedTuple):
    """Days past due from which each grade of reminder letter is sent, and days between two."""

    first: int
    second: int
    third: int
    gap: int


def due_grade(
    days_past_due: int,
    last_grade: int | None,
    days_since_last: int | None,
    steps: ReminderSteps,
) -> int | None:
    """The grade of the reminder letter that is due on a day, None when none is.

    A grade follows the former one of the same arrears: however old they are, the first letter is
    of grade 1, and the next one waits for its own age of arrears and for the gap. After grade 3 no
    letter is left. `last_grade` and `days_since_last` speak of the letters about these arrears.

    Unit: days. Source (chosen): docs/decisions.md, Arrears. No errors.

    >>> steps = ReminderSteps(7, 30, 60, 14)
    >>> due_grade(90, None, None, steps), due_grade(90, 1, 13, steps), due_grade(90, 1, 14, steps)
    (1, None, 2)
    """
    if last_grade is None:
        return 1 if days_past_due >= steps.first else None
    if last_grade >= 3 or (days_since_last or 0) < steps.gap:
        return None
    grade = last_grade + 1
    return grade if days_past_due >= steps[grade - 1] else None
