"""Column lists, and the search for the row of headings by its names."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | int | float | bool | dt.date | dt.datetime
"""What a cell holds. An empty cell is `""`; a CSV file has text cells only."""

SEARCHED_ROWS = 1_000
ENOUGH_HEADINGS = 3

LONGEST_HEADING = 200

_UNIT = re.compile(r"\(\s*rp\.?\s*\)", re.IGNORECASE)
_IGNORED = re.compile(r"[\s._:;/*()'\"\-]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of file.

    `key` is the name in code, `heading` the name in our own template and in sentences, `names` the
    headings that files use for it, the surest first. `needed` columns must be in every file. A
    `closed` one goes by its `names` only: its own heading means something else in this file.
    """

    key: str
    heading: str
    names: tuple[str, ...] = ()
    needed: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """Where the headings stand. `position` counts records from 0, `row` is Excel's row number.

    `depth` is 2 when a second row below (under merged cells) names the columns more closely.
    `twice` lists (key, heading) of columns that two headings claim with equal right.
    """

    position: int
    row: int
    depth: int
    headings: list[str]
    columns: dict[str, int]
    twice: list[tuple[str, str]] = field(default_factory=list)


def squeeze(text: str) -> str:
    """A heading without case, spaces, dots, line breaks, underscores and the unit "(Rp)".

    >>> squeeze("No. Rekening") == squeeze("NO_REKENING") == "norekening"
    True
    """
    text = text[:LONGEST_HEADING]
    return _IGNORED.sub("", _UNIT.sub("", text) if "(" in text else text).casefold()


def is_blank(cell: Cell) -> bool:
    """True for an empty cell and for one of spaces only."""
    return isinstance(cell, str) and not cell.strip()


def known_names(layout: Sequence[Column]) -> dict[str, tuple[str, int]]:
    """Squeezed heading → (key, rank); a lower rank is a surer name. The first column wins.

    Our own heading is the surest, unless the names say where it stands among a bank's own.
    """
    names: dict[str, tuple[str, int]] = {}
    for column in layout:
        if column.closed or column.heading in column.names:
            ranked = column.names
        else:
            ranked = (column.heading, *column.names)
        for rank, name in enumerate(ranked):
            names.setdefault(squeeze(name), (column.key, rank))
    return names


def match_headings(
    cells: Sequence[Cell], names: dict[str, tuple[str, int]]
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Key → column index of the headings that are known, and the (key, heading) claimed twice."""
    best: dict[str, tuple[int, int]] = {}
    twice: dict[str, str] = {}
    for index, cell in enumerate(cells):
        if not isinstance(cell, str) or not cell or len(cell) > LONGEST_HEADING:
            continue
        known = names.get(squeeze(cell))
        if known is None:
            continue
        key, rank = known
        if key not in best or rank < best[key][0]:
            best[key] = (rank, index)
            twice.pop(key, None)
        elif rank == best[key][0]:
            twice[key] = cell.strip()
    return {key: index for key, (_, index) in best.items()}, list(twice.items())


def find_header(
    records: Sequence[tuple[int, list[Cell]]], layout: Sequence[Column]
) -> Header | None:
    """The first row that names at least 3 known columns, or all needed ones when fewer.

    `records` are (Excel row number, cells). Only the first 1.000 records are searched. None when no
    row names enough columns.
    """
    names = known_names(layout)
    needed = {column.key for column in layout if column.needed}

    def enough(columns: dict[str, int]) -> bool:
        return len(columns) >= ENOUGH_HEADINGS or (bool(needed) and needed <= columns.keys())

    for position, (row, cells) in enumerate(records[:SEARCHED_ROWS]):
        columns, twice = match_headings(cells, names)
        if not columns:
            continue
        merged = _with_second_row(records, position, names, columns)
        if merged is not None:
            columns, twice = match_headings(merged, names)
        if enough(columns):
            headings = [str(cell).strip()[:LONGEST_HEADING] for cell in merged or cells]
            return Header(position, row, 2 if merged else 1, headings, columns, twice)
    return None


def _with_second_row(
    records: Sequence[tuple[int, list[Cell]]],
    position: int,
    names: dict[str, tuple[str, int]],
    columns: dict[str, int],
) -> list[Cell] | None:
    """The headings completed by a second row of headings right below, or None if there is none."""
    if position + 1 >= len(records) or records[position + 1][0] != records[position][0] + 1:
        return None
    below = records[position + 1][1]
    if not all(isinstance(cell, str) for cell in below) or len(match_headings(below, names)[0]) < 2:
        return None
    above = records[position][1]
    merged = [
        below[i]
        if i < len(below) and not is_blank(below[i])
        else above[i]
        if i < len(above)
        else ""
        for i in range(max(len(above), len(below)))
    ]
    return merged if len(match_headings(merged, names)[0]) > len(columns) else None
