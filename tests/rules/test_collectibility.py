"""Collectibility classes and the three ratios of a portfolio."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wibawa.rules.collectibility import (
    CLASS_NAMES,
    COMMERCIAL_DEFAULT,
    RURAL_DEFAULT,
    Thresholds,
    arrears_ratio,
    collectibility,
    npl,
    par30,
)


@pytest.mark.parametrize(
    ("days", "commercial", "rural"),
    [
        (0, 1, 1),
        (1, 2, 1),
        (30, 2, 1),
        (31, 2, 2),
        (90, 2, 2),
        (91, 3, 3),
        (120, 3, 3),
        (121, 4, 3),
        (180, 4, 3),
        (181, 5, 4),
        (360, 5, 4),
        (361, 5, 5),
        (100_000, 5, 5),
    ],
)
def test_classes_change_on_the_days_of_the_table(days: int, commercial: int, rural: int) -> None:
    assert collectibility(days, COMMERCIAL_DEFAULT) == commercial
    assert collectibility(days, RURAL_DEFAULT) == rural


def test_negative_days_past_due_are_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        collectibility(-1, RURAL_DEFAULT)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 5000),
    st.lists(st.integers(0, 1000), min_size=4, max_size=4, unique=True).map(
        lambda limits: tuple(sorted(limits))
    ),
)
def test_the_class_is_one_more_than_the_limits_that_were_passed(
    days: int, limits: Thresholds
) -> None:
    assert collectibility(days, limits) == 1 + sum(days > limit for limit in limits)


def test_the_five_classes_have_their_official_names() -> None:
    assert list(CLASS_NAMES.values()) == [
        "Lancar",
        "Dalam Perhatian Khusus",
        "Kurang Lancar",
        "Diragukan",
        "Macet",
    ]
    assert list(CLASS_NAMES) == [1, 2, 3, 4, 5]


def test_the_three_ratios_are_three_figures() -> None:
    # 10.000 outstanding: 1.500 in classes 3–5, 2.500 more than 30 days late, 300 overdue.
    assert npl(1_500, 10_000) == 1500
    assert par30(2_500, 10_000) == 2500
    assert arrears_ratio(300, 10_000) == 300


def test_ratios_of_an_empty_portfolio_are_no_figures() -> None:
    assert npl(0, 0) is par30(0, 0) is arrears_ratio(0, 0) is None


def test_overdue_interest_may_bring_arrears_above_the_outstanding_principal() -> None:
    assert arrears_ratio(11, 10) == 11_000


@pytest.mark.parametrize("ratio", [npl, par30])
@pytest.mark.parametrize(("part", "whole"), [(11, 10), (-1, 10), (1, 0)])
def test_a_part_that_is_no_part_is_an_error(ratio: object, part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no part"):
        ratio(part, whole)


@pytest.mark.parametrize(("arrears", "outstanding"), [(-1, 10), (1, -10)])
def test_negative_arrears_are_an_error(arrears: int, outstanding: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        arrears_ratio(arrears, outstanding)
