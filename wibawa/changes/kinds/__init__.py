"""Every kind of request: one object each, in the order in which they are offered."""

from __future__ import annotations

from typing import Any

from wibawa.changes.kinds.kind import Kind
from wibawa.changes.kinds.schedule import Holiday

ALL: tuple[Kind[Any], ...] = (Holiday(),)
KINDS = {kind.code: kind for kind in ALL}
OF_LOANS = {kind.word: kind for kind in ALL if kind.about == "loan"}
ALONE = frozenset(kind.code for kind in ALL if kind.alone)
