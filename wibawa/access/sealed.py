"""Columns whose text is sealed, bound to its table, column and row, and read like any other.

A select of such a column brings the keys of its row along, so that a value copied from another row
is refused. What is written must say its row: `Placed` for the ORM, `sealed_text` for bulk rows.
Such a column cannot be compared, sorted or searched; what must be found has a keyed index beside.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Label,
    LargeBinary,
    String,
    Text,
    cast,
    literal,
    type_coerce,
)
from sqlalchemy.types import TypeDecorator

from wibawa.access.personal_data import DAMAGED, WrongKey, seal, unseal
from wibawa.rules.dates import long_date
from wibawa.rules.masking import mask_days, mask_phone
from wibawa.rules.refused import Problem

HIDDEN = "Disamarkan"
NOTHING = frozenset({"", "[]"})  # what says nothing is not sealed
# What a column's `info` says to who changes the data key. PARTS: names in its JSON → the place that
# their text is sealed for. UNTIED: a keyed hash of what is not kept, in rows where this holds; it
# cannot be made again, and from then on fits nothing.
PARTS, UNTIED = "sealed_parts", "untied_where"
_contacts_hidden: ContextVar[bool] = ContextVar("contacts_hidden", default=False)


@contextmanager
def contacts_hidden(hidden: bool) -> Iterator[None]:
    """In the block, phones, addresses and days of birth are read masked: not for its reader."""
    token = _contacts_hidden.set(hidden)
    try:
        yield
    finally:
        _contacts_hidden.reset(token)


def are_contacts_hidden() -> bool:
    return _contacts_hidden.get()


def mask_address(text: str) -> str:
    return HIDDEN if text else ""


def mask_day(day: str) -> str:
    """A day as the history keeps it, of which the year is left.

    >>> mask_day("1985-04-08"), mask_day("")
    ('1985', '')
    """
    return day[:4]


# How a fact of the history is read by who may not see contacts. Day of birth, sex and kelurahan
# would complete the four figures that are shown of a NIK.
FACT_MASKS: dict[str, Callable[[str], str]] = {
    "phone": mask_phone,
    "address": mask_address,
    "birth_date": mask_day,
}


def shown_fact(field: str, text: str) -> str:
    """A fact as it is kept, masked when its reader may not see it."""
    mask = FACT_MASKS.get(field)
    return text if mask is None or not are_contacts_hidden() else mask(text)


def born(day: dt.date) -> str:
    """The day of birth, or its year alone for who may not see contacts."""
    return f"tahun {day.year}" if are_contacts_hidden() else long_date(day)


def for_reader(problems: Iterable[Problem]) -> list[Problem]:
    """Sentences about a borrower as their reader may read them: of a day of birth its year."""
    if not are_contacts_hidden():
        return list(problems)
    return [
        replace(each, found=mask_days(each.found), message=mask_days(each.message))
        if "birth" in each.code or "lahir" in each.column.lower()
        else each
        for each in problems
    ]


def place_of(column: str, *keys: object) -> str:
    """The place of a value: table, column and row.

    >>> place_of("borrowers.phone", 7)
    'borrowers.phone:7'
    """
    return f"{column}:{'.'.join(map(str, keys))}"


def sealed_text(text: str, column: str, *keys: object) -> str:
    """`text` as a sealed column of the row with these keys stores it."""
    if text in NOTHING:
        return text
    return base64.b64encode(seal(text, place_of(column, *keys))).decode()


def unsealed_text(stored: str, column: str, *keys: object) -> str:
    """Raises `WrongKey` for another key, another row, and for what was never sealed."""
    if stored in NOTHING:
        return stored
    try:
        sealed = base64.b64decode(stored, validate=True)
    except binascii.Error as error:
        raise WrongKey(DAMAGED) from error
    return unseal(sealed, place_of(column, *keys))


class Placed(str):
    """A text on its way into a sealed column of the row with these `keys`."""

    keys: tuple[object, ...]

    def __new__(cls, text: str, *keys: object) -> Placed:
        placed = super().__new__(cls, text)
        placed.keys = keys
        return placed


class SealedText(TypeDecorator[str]):
    """The text of one column, sealed for its row. `mask` is how it is read by who may not see
    contacts."""

    impl = String
    cache_ok = True

    def __init__(
        self,
        column: str,
        keys: tuple[str, ...] = ("id",),
        mask: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__()
        self.column = column
        self.keys = keys
        self.mask = mask

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or value in NOTHING:
            return value
        if not isinstance(value, Placed):
            raise TypeError(f"{self.column} is sealed: say the row that it is for")
        return sealed_text(value, self.column, *value.keys)

    def column_expression(self, column: ColumnElement[str]) -> ColumnElement[str]:
        inner: Any = column
        while isinstance(inner, Label):
            inner = inner.element
        of_row = inner.table.c
        row: Any = cast(of_row[self.keys[0]], String)
        for key in self.keys[1:]:
            row = row + literal(".", String) + cast(of_row[key], String)
        return type_coerce(row + literal(":", String) + cast(inner, String), self)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        row, _, stored = value.partition(":")
        text = unsealed_text(stored, self.column, row)
        if self.mask is not None and _contacts_hidden.get():
            return self.mask(text)
        return text


class SealedLongText(SealedText):
    """The same for a column of type TEXT."""

    impl = Text
    cache_ok = True


class SealedBytes(TypeDecorator[bytes]):
    """Bytes that their folder seals and opens itself, for the place that this type names: so it is
    known of every sealed column, without a list, how another key opens it."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, column: str, keys: tuple[str, ...] = ("id",), between: str = ":.") -> None:
        """`between`: the sign before the first key of a row, and the one before the others."""
        super().__init__()
        self.column = column
        self.keys = keys
        self.between = between

    def place(self, *keys: object) -> str:
        return f"{self.column}{self.between[0]}{self.between[-1].join(map(str, keys))}"


class KeyedIndex(TypeDecorator[bytes]):
    """A keyed hash to find a sealed value by. `of` is the sealed column, `said` makes of its text
    what is hashed, or None where this row's hash is of nothing that is kept, and stays."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, of: str, said: Callable[[bytes], str | None]) -> None:
        super().__init__(32)
        self.of = of
        self.said = said
