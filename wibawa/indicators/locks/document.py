"""A locked year as plain data: what is hashed, kept and shown again. The same year gives the same
bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

Member = Sequence[Any]


def written(document: dict[str, Any]) -> bytes:
    """The document as canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read_again(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data)
    return found


def fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def members_bytes(rows: Iterable[tuple[str, Member]]) -> bytes:
    """The list behind the figures, a line for each rule and loan, in their order."""
    lines = sorted(
        json.dumps([rule, *map(_plain, row)], ensure_ascii=False, separators=(",", ":"))
        for rule, row in rows
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
