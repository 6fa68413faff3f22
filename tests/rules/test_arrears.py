"""A promise about a late loan, and the reminder letter that is due."""

from __future__ import annotations

import datetime as dt

import pytest

from wibawa.rules.arrears import PromiseState, ReminderSteps, due_grade, promise_state

UNTIL = dt.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("received", "days_after", "state"),
    [
        (0, -5, PromiseState.RUNNING),
        (499_999, 0, PromiseState.RUNNING),
        (499_999, 1, PromiseState.UNKEPT),
        (0, 400, PromiseState.UNKEPT),
        (500_000, -5, PromiseState.KEPT),
        (500_000, 1, PromiseState.KEPT),
        (900_000, 400, PromiseState.KEPT),
    ],
)
def test_a_promise_is_kept_by_its_money_and_unkept_only_after_its_day(
    received: int, days_after: int, state: PromiseState
) -> None:
    today = UNTIL + dt.timedelta(days=days_after)
    assert promise_state(500_000, UNTIL, received, today) is state


STEPS = ReminderSteps(7, 30, 60, 14)


@pytest.mark.parametrize(
    ("days", "last", "since_last", "grade"),
    [
        (6, None, None, None),
        (7, None, None, 1),
        (400, None, None, 1),
        (29, 1, 100, None),
        (30, 1, 13, None),
        (30, 1, 14, 2),
        (59, 2, 14, None),
        (60, 2, 13, None),
        (60, 2, 14, 3),
        (400, 3, 300, None),
    ],
)
def test_a_grade_waits_for_its_age_of_arrears_and_for_the_letter_before_it(
    days: int, last: int | None, since_last: int | None, grade: int | None
) -> None:
    assert due_grade(days, last, since_last, STEPS) == grade


def test_letters_without_a_gap_may_follow_on_the_same_day() -> None:
    assert due_grade(30, 1, None, ReminderSteps(7, 30, 60, 0)) == 2
    assert due_grade(30, 1, None, ReminderSteps(7, 30, 60, 1)) is None
