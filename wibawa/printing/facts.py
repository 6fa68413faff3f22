"""The labelled values above a schedule's table: two columns of at most seven lines each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wibawa.printing.documents import Fact
from wibawa.printing.fonts import BOLD, REGULAR, Fitted, TextBlock, fit
from wibawa.printing.letterhead import INK, MUTED

LINES: Final = 7
HEIGHT, LABEL = 12.4, 82.0  # points: of a line, and from label to value
SIZES, LABEL_SIZE = (9.2, 8.5, 7.8), 8.6


def _together(facts: Sequence[Fact], room: float) -> list[Fitted] | None:
    """All values in one size, the largest in which they keep to their lines; None if there is none:
    a long name may have the lines that a short address leaves."""
    for size in SIZES:
        fitted = [
            fit(value or "–", BOLD if strong else REGULAR, size, room, lines=LINES)
            for _, value, _, strong in facts
        ]
        if sum(len(each.lines) for each in fitted) <= LINES:
            return fitted
    return None


def set_facts(text: TextBlock, facts: Sequence[Fact], x: float, end: float, y: float) -> None:
    """Set labels and values from the baseline `y` down, between `x` and `end`.

    Where the values do not fit together, each has its own lines, and what is too long for them is
    set smaller, at last much smaller on one line more.
    """
    room = end - x - LABEL
    together = _together(facts, room)
    for index, (label, value, lines, strong) in enumerate(facts):
        text.label(x, y, label, REGULAR, LABEL_SIZE, MUTED)
        face = BOLD if strong else REGULAR
        fitted = (
            together[index]
            if together
            else fit(value or "–", face, SIZES[0], room, lines=lines, tight_lines=lines + 1)
        )
        tight = not together and len(fitted.lines) > lines
        text.set(x + LABEL, y + (fitted.leading / 2 if tight else 0), fitted, INK)
        y -= HEIGHT + (0 if tight and lines == 1 else (len(fitted.lines) - 1) * fitted.leading)
