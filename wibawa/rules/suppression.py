"""Small cells are hidden in public output (domain rules §7), so that nobody is recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LEAST: Final = 5


@dataclass(frozen=True, slots=True)
class Public:
    """A split as the public may see it; None is hidden. Hidden cells all look the same."""

    total: int | None
    cells: tuple[int | None, ...]


def suppressed(cells: Sequence[int], least: int = LEAST) -> Public:
    """Hide each cell under `least`, and as many more as it takes that none can be reckoned back.

    The cells are counts that add up to their total. What the hidden cells come to together follows
    from the total, so they must be at least two and together at least `least`: the smallest of the
    others are hidden too, the first of equal ones. Where that is not enough the total is hidden.
    A split without a small cell stays whole. Source: domain rules §7. Raises ValueError when a
    count is negative.

    >>> suppressed([12, 3, 9])
    Public(total=24, cells=(12, None, None))
    >>> suppressed([3])
    Public(total=None, cells=(None,))
    """
    if any(cell < 0 for cell in cells):
        raise ValueError(f"a split has no negative counts: {list(cells)}")
    total = sum(cells)
    hidden = {place for place, cell in enumerate(cells) if cell < least}
    others = sorted((cell, place) for place, cell in enumerate(cells) if place not in hidden)
    while hidden and others and not _safe([cells[place] for place in hidden], least):
        hidden.add(others.pop(0)[1])
    known = not hidden or _safe([cells[place] for place in hidden], least)
    shown = tuple(None if place in hidden else cell for place, cell in enumerate(cells))
    return Public(total if known else None, shown)


def _safe(cells: Sequence[int], least: int) -> bool:
    return len(cells) >= 2 and sum(cells) >= least
