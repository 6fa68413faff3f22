"""A chain as a file that docs/verify_chain.py reads without this program."""

from __future__ import annotations

import json
from collections.abc import Iterator

from wibawa.chains.lines import Links, written


def exported(links: Links) -> Iterator[str]:
    """JSON lines: of each link an object, then the lines that it covers, each a string."""
    for link, code, lines in links:
        said = {
            "bank": code,
            "number": link.number,
            "kind": link.kind,
            "subject_id": link.subject_id,
            "rows": link.rows,
            "total": link.total,
            "made_at": written(link.made_at),
            "content_hash": link.content_hash,
            "previous_hash": link.previous_hash,
            "hash": link.hash,
        }
        yield json.dumps(said) + "\n"
        for line, _ in lines:
            yield json.dumps(line) + "\n"
