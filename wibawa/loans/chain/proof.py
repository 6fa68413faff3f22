"""Whether the chains are whole: all is covered, no link is missing, every hash comes out again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from wibawa.loans.chain.lines import (
    BEGINNING,
    PARTS,
    Content,
    Part,
    Source,
    Tally,
    link_hash,
    link_of,
    links_with_lines,
)
from wibawa.uploads.garbage import collector_paused

MOST = 6


@dataclass
class Proof:
    """What is wrong, at most six of each kind: rows without a link, numbers that are missing, links
    whose content or whose own hash is another."""

    uncovered: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)


def prove(session: Session) -> Proof:
    """Read all that the chains cover, once, and reckon every link again."""
    found = Proof()
    found.uncovered = list(islice(_uncovered(session), MOST))
    with collector_paused():
        _reckon(session, found)
    for each in (found.gaps, found.contents, found.hashes):
        del each[MOST:]
    return found


def _uncovered(session: Session) -> Iterator[str]:
    """Each kind of rows, with the subject whose link is missing."""
    for part in PARTS:
        for kind, source in part.sources.items():
            for subject in session.scalars(text(_without_link(part, kind, source))):
                yield f"{part.name} {kind} {subject}"


def _without_link(part: Part, kind: str, source: Source) -> str:
    return (
        f"SELECT DISTINCT {source.subject} FROM {source.rows} LEFT {link_of(kind, source)}"  # noqa: S608 - all names are ours
        f" WHERE {source.where} AND c.number IS NULL ORDER BY 1 LIMIT {MOST}"
    )


def _reckon(session: Session, found: Proof) -> None:
    bank, number, before = 0, 0, BEGINNING
    for link, code, lines in links_with_lines(session):
        if link.bank_id != bank:
            bank, number, before = link.bank_id, 0, BEGINNING
        name = f"{code} {link.number}"
        if link.number != number + 1 or link.previous_hash != before:
            found.gaps.append(name)
        tally = Tally()
        for line, amount in lines:
            tally.add(line, amount)
        said = Content(link.rows, link.total, link.content_hash)
        if said != tally.content:
            found.contents.append(name)
        if link.hash != _hash_of(link, code, said):
            found.hashes.append(name)
        number, before = link.number, link.hash


def _hash_of(link: Any, code: str, said: Content) -> str:
    return link_hash(
        code, link.number, link.kind, link.subject_id, link.made_at, said, link.previous_hash
    )
