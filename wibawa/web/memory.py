"""What was reckoned from the books and would come out the same again, kept in this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from flask import current_app

MOST = 64


class Memory:
    """The newest answers by their keys. A key must name everything that the answer depends on:
    nothing here ever grows old."""

    def __init__(self, most: int = MOST) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._kept

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The answer for a key; `make` gives it the first time. Two who ask at once may both make
        it: they make the same."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


def memory_of(name: str) -> Memory:
    """The memory of that name in this application."""
    found: Memory = current_app.extensions.setdefault(f"memory_{name}", Memory())
    return found
