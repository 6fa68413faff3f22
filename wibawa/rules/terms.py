"""The settings of the product as one value, and what differs between two versions of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from wibawa.rules.collectibility import CLASS_NAMES, Thresholds
from wibawa.rules.money import percent, rupiah

EXAMPLE_PRINCIPAL: Final = 5_000_000
"""The loan for which a change of terms is shown as a schedule, in rupiah."""


@dataclass(frozen=True)
class ProductTerms:
    """What the office sets for new loans: basis points a year, months, rupiah, years."""

    rate: int
    months: int
    ceiling_micro: int
    ceiling_cooperative: int
    collateral_free_limit: int
    minimum_age: int
    minimum_business_years: int


@dataclass(frozen=True)
class Change:
    """One setting before and after, in words."""

    label: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


_SHOWN: Final[tuple[tuple[str, str, Callable[[int], str]], ...]] = (
    ("rate", "Suku bunga", lambda value: f"{percent(value)} per tahun"),
    ("months", "Jangka waktu", lambda value: f"{value} bulan"),
    ("ceiling_micro", "Plafon usaha mikro", rupiah),
    ("ceiling_cooperative", "Plafon koperasi", rupiah),
    ("collateral_free_limit", "Batas tanpa agunan", rupiah),
    ("minimum_age", "Usia paling muda", lambda value: f"{value} tahun"),
    ("minimum_business_years", "Usia usaha paling sedikit", lambda value: f"{value} tahun"),
)


def product_changes(before: ProductTerms, after: ProductTerms) -> tuple[Change, ...]:
    """Every setting of the product before and after, also those that stay.

    Units: as `ProductTerms`, in words. Source: domain rules §3 and §5. No errors.

    >>> old = ProductTerms(300, 24, 50000000, 50000000, 5000000, 17, 2)
    >>> new = ProductTerms(300, 36, 50000000, 50000000, 5000000, 17, 2)
    >>> [(c.label, c.before, c.after) for c in product_changes(old, new) if c.changed]
    [('Jangka waktu', '24 bulan', '36 bulan')]
    """
    return tuple(
        Change(label, said(getattr(before, name)), said(getattr(after, name)))
        for name, label, said in _SHOWN
    )


def class_spans(thresholds: Thresholds) -> tuple[str, ...]:
    """The days past due of classes 1 to 5, in words.

    Unit: days. Source: domain rules §4, table of classes per kind of bank. No errors.

    >>> class_spans((0, 90, 120, 180))
    ('0 hari', '1–90 hari', '91–120 hari', '121–180 hari', 'lebih dari 180 hari')
    """
    starts = (0, *(limit + 1 for limit in thresholds[:3]))
    spans = [
        f"{start} hari" if start == end else f"{start}–{end} hari"
        for start, end in zip(starts, thresholds, strict=True)
    ]
    return (*spans, f"lebih dari {thresholds[3]} hari")


def limit_changes(before: Thresholds, after: Thresholds) -> tuple[Change, ...]:
    """The span of each class before and after. Source: domain rules §4. No errors.

    >>> limit_changes((0, 90, 120, 180), (0, 90, 120, 270))[4].after
    'lebih dari 270 hari'
    """
    return tuple(
        Change(f"{number} {CLASS_NAMES[number]}", old, new)
        for number, old, new in zip(
            CLASS_NAMES, class_spans(before), class_spans(after), strict=True
        )
    )


def limits_rise(thresholds: Thresholds) -> bool:
    """Whether each class ends later than the one before it. Source: domain rules §4. No errors.

    >>> limits_rise((0, 90, 120, 180)), limits_rise((0, 90, 90, 180))
    (True, False)
    """
    return thresholds[0] >= 0 and all(low < high for low, high in pairwise(thresholds))
