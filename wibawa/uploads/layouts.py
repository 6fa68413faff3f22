"""A bank's own way of writing a kind of file: its headings, the order of its dates, its decimal
mark. Plain Python.

A file is recognised by its headings: of all the ways that a bank has been known to write, the one
whose headings it has is the one it is read by.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from wibawa.rules.dates import parse_date, short_date
from wibawa.rules.money import AmountError, parse_amount
from wibawa.rules.refused import Refused
from wibawa.uploads.cells import as_shown, check_decimal_mark
from wibawa.uploads.columns import Cell, Column, known_names, match_headings, squeeze
from wibawa.uploads.limits import DEFAULT_LIMITS, Limits, Unreadable
from wibawa.uploads.table import Table, column_missing, read_table

DateOrder = Literal["dmy", "ymd"]
DecimalMark = Literal[",", "."]

ADVICE = (
    "Samakan judul kolomnya dengan templat, lalu unggah lagi. Bila sistem bank memang memakai "
    "judul lain, minta administrator dinas mengajarkannya: Pengaturan, Bank penyalur, Berkas bank."
)
_YEAR_FIRST = re.compile(r"(\d{4})[/.]?(\d{2})[/.]?(\d{2})")


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a kind of file. Of the groups in `either` one must be there whole."""

    columns: tuple[Column, ...]
    either: tuple[tuple[str, ...], ...] = ()

    def heading(self, key: str) -> str:
        """Our own heading of a column."""
        return next(column.heading for column in self.columns if column.key == key)

    def missing(self, keys: Collection[str]) -> list[str]:
        """What a file with these columns lacks, in words; nothing when it can be read.

        >>> shape = Shape((Column("a", "A", needed=True), Column("b", "B"), Column("c", "C")),
        ...               (("b",), ("a", "c")))
        >>> shape.missing({"c"}), shape.missing({"a", "c"})
        (['A', 'B (atau A dan C)'], [])
        """
        missing = [
            column.heading for column in self.columns if column.needed and column.key not in keys
        ]
        if self.either and not any(set(group) <= set(keys) for group in self.either):
            first, *others = (" dan ".join(map(self.heading, group)) for group in self.either)
            missing.append(f"{first} (atau {' atau '.join(others)})" if others else first)
        return missing

    @property
    def telling(self) -> set[str]:
        """The columns by which a file is told from others: those without which none is read."""
        needed = {column.key for column in self.columns if column.needed}
        return needed.union(*map(set, self.either))


@dataclass(frozen=True, slots=True)
class Words:
    """What a bank was found to write. `names`: our key → its headings; `ignored`: headings that
    look like one of ours and are something else."""

    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    date_order: DateOrder = "dmy"
    decimal_mark: DecimalMark | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How a bank writes its file. `decimal_mark` None means: told by the number itself.

    `date_order` "ymd" also takes `20261005` and `2026/10/05`; a month is never read first. `taught`
    are the squeezed headings by which this way is told from the `earlier` ones, newest first.
    """

    shape: Shape
    columns: tuple[Column, ...]
    date_order: DateOrder = "dmy"
    decimal_mark: DecimalMark | None = None
    taught: frozenset[str] = frozenset()
    earlier: tuple[Layout, ...] = ()

    def day(self, cell: Cell) -> dt.date:
        """A day as this bank writes it. Raises `DateError`.

        >>> taught_layout(Shape(()), Words(date_order="ymd")).day("20261005")
        datetime.date(2026, 10, 5)
        """
        if not isinstance(cell, (str, dt.date)):
            cell = as_shown(cell)
        if self.date_order == "ymd" and isinstance(cell, str):
            parts = _YEAR_FIRST.fullmatch(cell.strip())
            if parts:
                return parse_date("-".join(parts.groups()))
        return parse_date(cell)

    def amount(self, cell: Cell) -> int:
        """Whole rupiah as this bank writes them. Raises `AmountError`.

        >>> taught_layout(Shape(()), Words(decimal_mark=".")).amount("1,250,000.00")
        1250000
        """
        if isinstance(cell, bool):  # True equals 1, but is no amount
            raise AmountError("amount_unreadable", str(cell).upper())
        if isinstance(cell, dt.date):
            raise AmountError("amount_unreadable", short_date(cell))
        if self.decimal_mark is not None and isinstance(cell, str):
            check_decimal_mark(cell, self.decimal_mark)
        return parse_amount(cell)


def usual_layout(shape: Shape) -> Layout:
    """The usual headings only."""
    return Layout(shape, shape.columns)


def taught_layout(shape: Shape, words: Words) -> Layout:
    """The columns with a bank's own headings put before the usual ones.

    A heading that the bank gives to one column, or to none, is taken away from all others. Raises
    `Refused` (column_unknown) for a key that is no column.

    >>> shape = Shape((Column("amount", "Jumlah"), Column("principal", "Pokok")))
    >>> [column.names for column in taught_layout(shape, Words({"principal": ["JUMLAH"]})).columns]
    [(), ('JUMLAH', 'Pokok')]
    """
    unknown = sorted(words.names.keys() - {column.key for column in shape.columns})
    if unknown:
        raise Refused("column_unknown", f"Kolom “{unknown[0]}” tidak ada pada berkas jenis ini.")
    owner: dict[str, str | None] = {squeeze(name): None for name in words.ignored}
    owner |= {squeeze(name): key for key, names in words.names.items() for name in names}
    columns = []
    for column in shape.columns:
        usual = (column.heading, *column.names)
        kept = tuple(name for name in usual if owner.get(squeeze(name), column.key) == column.key)
        own = tuple(words.names.get(column.key, ()))
        columns.append(replace(column, names=own + kept, closed=True))
    taught = {
        squeeze(name) for key in shape.telling for name in words.names.get(key, ())
    }  # fmt: skip
    return Layout(
        shape, tuple(columns), words.date_order, words.decimal_mark, frozenset(taught)
    )  # fmt: skip


def known_layout(shape: Shape, versions: Sequence[Words]) -> Layout:
    """The way that counts, with the earlier ones behind it; `versions` newest first."""
    if not versions:
        return usual_layout(shape)
    first, *others = (taught_layout(shape, words) for words in versions)
    return replace(first, earlier=tuple(others))


def recognise(headings: Sequence[str], layout: Layout) -> Layout:
    """The way of writing whose headings these are: one that can be read, with the fewest of its
    telling headings missing; the newest of those.

    >>> shape = Shape((Column("a", "A", needed=True),))
    >>> both = known_layout(shape, [Words({"a": ["NEW"]}, date_order="ymd"), Words({"a": ["OLD"]})])
    >>> [recognise([heading], both).date_order for heading in ("NEW", "OLD", "A")]
    ['ymd', 'dmy', 'ymd']
    """
    present = {squeeze(heading) for heading in headings if heading}

    def lacks(one: Layout) -> tuple[bool, int]:
        found, _ = match_headings(headings, known_names(one.columns))
        return bool(one.shape.missing(found)), len(one.taught - present)

    return min((layout, *layout.earlier), key=lacks)


def read_recognised(
    content: bytes, filename: str, layout: Layout, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[Table, Layout]:
    """The table of a file and the way it is written in, told by its headings.

    Raises `Unreadable` as `read_table` does; for a table with unknown headings the sentence also
    says what to do.
    """
    used = layout

    def choose(headings: Sequence[str]) -> Sequence[Column]:
        nonlocal used
        used = recognise(headings, layout)
        return used.columns

    try:
        table = read_table(content, filename, _joint(layout), limits=limits, choose=choose,
                           expected=layout.shape.missing(()))  # fmt: skip
        missing = layout.shape.missing(table.columns)
        if missing:
            raise column_missing(missing, table.headings)
    except Unreadable as refused:
        if refused.code != "column_missing":
            raise
        told = f"{refused.problem.message} {_taught_words(layout)}{ADVICE}"
        raise Unreadable(replace(refused.problem, message=told)) from None
    return table, used


def _joint(layout: Layout) -> tuple[Column, ...]:
    """One list with the headings of every way, by which the row of headings is found."""
    if not layout.earlier:
        return layout.columns
    every = [one.columns for one in (layout, *layout.earlier)]
    return tuple(
        replace(
            same[0], names=tuple(dict.fromkeys(n for c in same for n in _names(c))), closed=True
        )
        for same in zip(*every, strict=True)
    )


def _names(column: Column) -> tuple[str, ...]:
    return column.names if column.closed else (column.heading, *column.names)


def _taught_words(layout: Layout) -> str:
    """The bank's own headings as last taught, for the sentence of a refusal."""
    if not layout.taught:
        return ""
    told = [
        f"{column.heading} “{column.names[0]}”"
        for column in layout.columns
        if column.names and squeeze(column.names[0]) in layout.taught
    ]
    return f"Judul yang dikenal untuk bank ini: {', '.join(told)}. "
