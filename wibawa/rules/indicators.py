"""Arithmetic of the indicators (domain rules §7), in whole hundredths."""

from __future__ import annotations

from wibawa.rules.money import share


def achievement_ratio(realised: int, target: int) -> int | None:
    """Rasio capaian: realised over target, rounded half up to two decimals of a percent.

    Both figures in hundredths of the indicator's own unit (11,30 % is 1130, 37 koperasi 3700);
    the answer in hundredths of a percent, None when the target is 0. Source: domain rules §7.
    Raises ValueError when a figure is negative.

    >>> achievement_ratio(1130, 600)
    18833
    """
    return percentage(realised, target)


def percentage(numerator: int, denominator: int) -> int | None:
    """How many percent the numerator is of the denominator, rounded half up to two decimals.

    Two counts of the same unit in, hundredths of a percent out; None when the denominator is 0.
    Source: domain rules §7. Raises ValueError when a count is negative.

    >>> percentage(2907, 36613)
    794
    """
    if numerator < 0 or denominator < 0:
        raise ValueError(f"an indicator has no negative counts: {numerator}, {denominator}")
    return share(numerator, denominator)
