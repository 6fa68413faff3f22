"""People of a file who may be known already under another NIK, as plain data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from wibawa.borrowers.checks import spelling_key

MOST_SHARING = 5  # of those who share a phone, this many are kept to be named


class Person(NamedTuple):
    """Somebody known (`id`) or in the file (`row`). `key`: the keyed index of the NIK."""

    id: int | None
    row: int | None
    key: bytes
    name: str
    phone: str
    birth_date: dt.date | None


class Alike(NamedTuple):
    """Who a person may be: a borrower, else an earlier row; `more` others look alike too."""

    id: int | None
    row: int | None
    name: str
    same_phone: bool
    same_birth: bool
    more: int


def find_alike(
    asked: Collection[Person],
    people: Collection[Person],
    distinct: Collection[tuple[int, int]],
) -> Iterator[tuple[int, Alike]]:
    """Each row of `asked` that has a namesake born on the same day, or somebody with its phone,
    under another NIK: among `people`, else among earlier rows. Names are compared as they sound.
    """
    phones = {person.phone for person in asked if person.phone}
    days = {person.birth_date for person in asked}
    index: dict[Any, list[Person]] = {}
    for person in people:
        if person.phone in phones or person.birth_date in days:
            _remember(index, person)
    for person in asked:
        assert person.row is not None
        ours = _traits(person)
        found: dict[Person, list[bool]] = {}
        for number, trait in enumerate(ours):
            for other in index.get(trait, ()) if trait else ():
                if _another(person, other, distinct):
                    found.setdefault(other, [False, False])[number] = True
        if found:
            other, (same_phone, same_birth) = next(iter(found.items()))
            more = len(found) - 1
            yield (
                person.row,
                Alike(other.id, other.row, other.name, same_phone, same_birth, more),
            )
        if person.id is None:
            _remember(index, person)


def _traits(person: Person) -> tuple[Any, Any]:
    """The phone, and the day of birth with the name as it sounds, whatever the order of words."""
    sounds = " ".join(sorted(spelling_key(person.name).split()))
    birth = (person.birth_date, sounds) if person.birth_date and sounds else None
    return person.phone or None, birth


def _remember(index: dict[Any, list[Person]], person: Person) -> None:
    for trait in _traits(person):
        if trait:
            sharing = index.setdefault(trait, [])
            if len(sharing) < MOST_SHARING:
                sharing.append(person)


def _another(person: Person, other: Person, distinct: Collection[tuple[int, int]]) -> bool:
    if person.key == other.key or (person.id is not None and person.id == other.id):
        return False
    if person.id is None or other.id is None:
        return True
    return (min(person.id, other.id), max(person.id, other.id)) not in distinct
