"""A pause of the garbage collector while a large file becomes rows.

The rows are plain values without cycles; collecting while 100.000 of them are made costs a quarter
of the whole reading.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cycle collection inside the block; as it was before, after it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
