"""A report as frozen plain data: page, workbook, CSV and PDF are made from this alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from wibawa.rules.dates import long_date
from wibawa.rules.money import number, percent

DASH = "–"
NO_DATA = "belum ada data"


class Kind(StrEnum):
    """What a figure is. A percentage is whole hundredths of a percent: 794 is 7,94 %."""

    TEXT = "text"
    COUNT = "count"
    RUPIAH = "rupiah"
    PERCENT = "percent"
    DATE = "date"


Value = str | int | dt.date | None


@dataclass(frozen=True, slots=True)
class Link:
    """Where the rows behind a figure are: an endpoint and what its address asks for."""

    endpoint: str
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure. `kind` only where it is not that of its column; `missing` is what stands where
    there is no value."""

    value: Value
    kind: Kind | None = None
    link: Link | None = None
    missing: str = DASH


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    kind: Kind = Kind.COUNT

    @property
    def right(self) -> bool:
        return self.kind not in (Kind.TEXT, Kind.DATE)


Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures of a table to be drawn as bars, `targets` as a line over them; None: not known."""

    labels: tuple[str, ...]
    values: tuple[int | None, ...]
    kind: Kind
    unit: str
    targets: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Headings, rows and totals. `code` names it in addresses and workbooks; `totals` has a cell
    for each column, or none; `note` says how the figures are to be read, `words` what they say.
    `chart` is drawn on paper, beside the table that holds its figures."""

    code: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: Row = ()
    note: str = ""
    words: tuple[str, ...] = ()
    chart: Chart | None = None

    def kind_of(self, cell: Cell, place: int) -> Kind:
        return cell.kind or self.columns[place].kind

    @property
    def all_rows(self) -> tuple[Row, ...]:
        """The rows with the totals under them."""
        return (*self.rows, self.totals) if self.totals else self.rows


class Caution(NamedTuple):
    """What keeps the figures of a report from being whole, above them."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report for a day or a period. `about` says what it shows and how it is reckoned, `scope`
    of when and of which bank, `cautions` what keeps its figures from being whole."""

    code: str
    title: str
    about: str
    scope: str
    tables: tuple[Table, ...]
    cautions: tuple[Caution, ...] = ()
    notes: tuple[str, ...] = ()


def written(cell: Cell, kind: Kind) -> str:
    """A figure as screens and papers write it.

    >>> written(Cell(794), Kind.PERCENT), written(Cell(5000000), Kind.RUPIAH)
    ('7,94%', '5.000.000')
    """
    value = cell.value
    if value is None:
        return cell.missing
    if isinstance(value, str):
        return value
    if isinstance(value, dt.date):
        return long_date(value)
    return percent(value) if kind is Kind.PERCENT else number(value)


def exported(cell: Cell, kind: Kind) -> str | int | Decimal | dt.date | None:
    """A figure as a workbook takes it: typed, and what is missing in words.

    >>> exported(Cell(794), Kind.PERCENT)
    Decimal('7.94')
    """
    if cell.value is None:
        return cell.missing if cell.missing != DASH else None
    if kind is Kind.PERCENT and isinstance(cell.value, int):
        return Decimal(cell.value).scaleb(-2)
    return cell.value


def row(*values: Value | Cell) -> Row:
    """A row of plain values and of cells that say more."""
    return tuple(each if isinstance(each, Cell) else Cell(each) for each in values)


def no_data(row_: Row, first: int = 1) -> Row:
    """A row of a month or year in which nothing is known: in words, never zeros."""
    empty = (Cell(None, missing=NO_DATA) for _ in row_[first:])
    return (*row_[:first], *empty)


def without_data(report: Report) -> Report:
    """A report of which the books hold nothing yet: in words, never zeros. Figures that come from
    elsewhere, as targets and what was published, stay; of a table without any, all is unknown."""
    return replace(report, tables=tuple(_unknown(table) for table in report.tables))


def _unknown(table: Table) -> Table:
    known = any(isinstance(cell.value, int) and cell.value for r in table.all_rows for cell in r)

    def told(cell: Cell, place: int) -> Cell:
        numeric = table.kind_of(cell, place) in (Kind.COUNT, Kind.RUPIAH, Kind.PERCENT)
        if cell.value == 0 or (cell.value is None and numeric and not known):
            return Cell(None, missing=NO_DATA)
        return cell

    def line(row_: Row) -> Row:
        return tuple(told(cell, place) for place, cell in enumerate(row_))

    chart = table.chart and replace(
        table.chart, values=tuple(value or None for value in table.chart.values)
    )
    return replace(table, rows=tuple(map(line, table.rows)), totals=line(table.totals), chart=chart)


def summed(rows: Iterable[Row], label: str, columns: Sequence[Column], labels: int = 1) -> Row:
    """Totals under counts and amounts; under a percentage nothing, it is reckoned by the caller.

    >>> summed([row("A", 1), row("B", 2)], "Jumlah", [Column("", Kind.TEXT), Column("")])[1].value
    3
    """
    every = list(rows)
    cells: list[Cell] = [Cell(label), *(Cell("") for _ in range(labels - 1))]
    for place in range(labels, len(columns)):
        values = [each[place].value for each in every]
        numbers = [value for value in values if isinstance(value, int)]
        known = columns[place].kind in (Kind.COUNT, Kind.RUPIAH) and (numbers or not every)
        missing = every[0][place].missing if every else DASH
        cells.append(Cell(sum(numbers) if known else None, missing=missing))
    return tuple(cells)


def linked(cell: Cell, endpoint: str, **arguments: object) -> Cell:
    """The cell with the way to its rows; arguments that are None are left out."""
    given = tuple((key, str(value)) for key, value in arguments.items() if value is not None)
    return replace(cell, link=Link(endpoint, given))
