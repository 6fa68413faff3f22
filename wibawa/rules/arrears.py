"""Following up late loans: whether a promise was kept.

A promise is an amount until a day. It says nothing about installments: whatever money came in from
the day of the promise to its date counts.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum


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
