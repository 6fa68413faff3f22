from __future__ import annotations

import re
from collections.abc import Iterable

_SEEN = re.compile(r"(\d{1,9})-(\d{1,9})", re.ASCII)


def chosen_from(values: Iterable[str]) -> dict[int, int]:
    """The ticked applications (id → version that was seen); what is no such pair is left out.

    >>> chosen_from(["12-3", "x", "13-1"])
    {12: 3, 13: 1}
    """
    found = (_SEEN.fullmatch(value) for value in values)
    return {int(each[1]): int(each[2]) for each in found if each}
