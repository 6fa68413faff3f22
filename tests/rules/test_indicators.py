"""Ratios of the indicators."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wibawa.rules.indicators import (
    Span,
    achievement_ratio,
    distance,
    implied_numerators,
    percentage,
    span_of,
)
from wibawa.rules.money import percent


@pytest.mark.parametrize(
    ("year", "realised", "target", "printed"),
    [
        (2020, 1130, 600, "188,33%"),
        (2021, 1062, 650, "163,38%"),
        (2022, 797, 700, "113,86%"),
        (2023, 804, 750, "107,20%"),
        (2024, 794, 800, "99,25%"),
    ],
)
def test_the_five_published_achievement_ratios_come_out(
    year: int, realised: int, target: int, printed: str
) -> None:
    ratio = achievement_ratio(realised, target)
    assert ratio is not None
    assert percent(ratio) == printed


def test_a_target_of_zero_has_no_ratio() -> None:
    assert achievement_ratio(794, 0) is None
    assert percentage(1, 0) is None


def test_the_published_2907_of_36613_enterprises_are_7_94_percent() -> None:
    assert percentage(2907, 36_613) == 794


@pytest.mark.parametrize(("top", "bottom"), [(-1, 5), (1, -5)])
def test_negative_counts_are_an_error(top: int, bottom: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        percentage(top, bottom)
    with pytest.raises(ValueError, match="negative"):
        achievement_ratio(top, bottom)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_ratios_agree_with_decimal_rounding(top: int, bottom: int) -> None:
    exact = (Decimal(top) * 100 / Decimal(bottom)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert percentage(top, bottom) == int(exact.scaleb(2))
    assert achievement_ratio(top, bottom) == int(exact.scaleb(2))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20_000), st.integers(1, 10**6))
def test_implied_numerators_are_exactly_those_that_round_to_the_figure(
    published: int, denominator: int
) -> None:
    found = implied_numerators(published, denominator)
    if found is None:
        near = published * denominator // 10_000
        assert all(
            percentage(n, denominator) != published for n in range(max(0, near - 2), near + 3)
        )
        return
    least, greatest = found
    assert percentage(least, denominator) == percentage(greatest, denominator) == published
    assert least == 0 or percentage(least - 1, denominator) != published
    assert percentage(greatest + 1, denominator) != published


def test_2024_implies_2906_to_2908_enterprises_490_more_than_the_programme_reached() -> None:
    # 7,935 % of 36.613 is 2.905,24 and 7,945 % is 2.908,90.
    assert implied_numerators(794, 36_613) == (2906, 2908)
    assert [distance(count, (2906, 2908)) for count in (2416, 2906, 2908, 2910)] == [-490, 0, 0, 2]


def test_nothing_is_implied_without_a_denominator() -> None:
    with pytest.raises(ValueError, match="implied"):
        implied_numerators(794, 0)


@pytest.mark.parametrize(
    ("day", "last", "begun"),
    [
        ("2025-12-31", "2025-12-31", False),  # the evening before
        ("2026-01-01", "2026-01-01", True),
        ("2026-11-24", "2026-11-24", True),
        ("2026-12-31", "2026-12-31", True),
        ("2027-03-01", "2026-12-31", True),  # it is over
    ],
)
def test_a_year_is_reckoned_as_far_as_the_day_has_come(day: str, last: str, begun: bool) -> None:
    span = span_of(2026, dt.date.fromisoformat(day))
    assert span == Span(2026, dt.date.fromisoformat(last))
    assert span.first == dt.date(2026, 1, 1)
    assert span.begun is begun
