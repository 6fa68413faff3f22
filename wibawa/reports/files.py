"""A report as a file: workbook, CSV, or the blocks of a paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from wibawa.letters.documents import Grid
from wibawa.printing.charts import Bars
from wibawa.printing.statements import Part, Statement, fitted
from wibawa.reports.document import Cell, Kind, Report, Row, Table, exported, written
from wibawa.rules.money import divide_half_up, number
from wibawa.uploads.exports import Value
from wibawa.uploads.workbook import Sheet

PROGRAMME = "Kredit Wibawa"


def sheets(report: Report) -> list[Sheet]:
    """Each table as a sheet of its own with typed cells."""
    return [
        Sheet(
            table.title,
            [column.heading for column in table.columns],
            _typed(table),
            table.words,
            bool(table.totals),
            [table.note] if table.note else [],
        )
        for table in report.tables
    ]


def _typed(table: Table) -> list[list[Value]]:
    return [
        [exported(cell, table.kind_of(cell, place)) for place, cell in enumerate(row)]
        for row in table.all_rows
    ]


def said(report: Report) -> list[str]:
    """What stands above the figures: of when, what is missing, what came late."""
    cautions = (f"{each.title}: {each.text}" for each in report.cautions)
    return [report.scope, *cautions, *report.notes]


def csv_rows(report: Report) -> list[list[Value]]:
    """All tables one under the other, each with its title and headings and an empty line between;
    a report of one table begins with its headings."""
    rows: list[list[Value]] = []
    for table in report.tables:
        if len(report.tables) > 1:
            rows += [[], [table.title]] if rows else [[table.title]]
        rows.append([column.heading for column in table.columns])
        rows += _typed(table)
    return rows


def _cells(table: Table, row: Row) -> tuple[str, ...]:
    return tuple(written(cell, table.kind_of(cell, place)) for place, cell in enumerate(row))


def _grid(table: Table) -> Grid:
    rows = [_cells(table, row) for row in table.rows]
    totals = _cells(table, table.totals) if table.totals else ()
    columns = table.columns
    right = [column.right for column in columns]
    return fitted([column.heading for column in columns], right, rows, totals)


def _bars(table: Table) -> Bars | None:
    chart = table.chart
    if chart is None:
        return None
    return Bars(
        chart.labels,
        chart.values,
        tuple("" if value is None else _on_bar(value, chart.kind) for value in chart.values),
        chart.unit,
        chart.targets,
    )


def _on_bar(value: int, kind: Kind) -> str:
    """A value as it stands over its bar: rupiah in millions with one decimal."""
    if kind is not Kind.RUPIAH:
        return written(Cell(value), kind)
    tenths = divide_half_up(value, 100_000)
    return f"{number(tenths // 10)},{tenths % 10}"


def statement(report: Report, printed_at: str, printed_by: str, day: dt.date) -> Statement:
    """The report as a paper: every table under its own heading."""
    parts = [
        Part(table.title, _grid(table), table.note, table.words, _bars(table))
        for table in report.tables
    ]
    cautions = tuple(f"{each.title}. {each.text}" for each in report.cautions)
    return Statement(
        title=report.title,
        subtitle=report.scope,
        about=report.about,
        cautions=cautions,
        notes=report.notes,
        parts=tuple(parts),
        imprint=f"Dicetak {printed_at} WIB oleh {printed_by}",
        day=day,
    )


def as_json(report: Report) -> dict[str, object]:
    """What `wibawa report … --json` prints: percentages in hundredths as the rules reckon them."""

    def plain(value: object) -> object:
        return value.isoformat() if isinstance(value, dt.date) else value

    def line(row: Row) -> list[object]:
        return [plain(cell.value) for cell in row]

    def table_of(table: Table) -> dict[str, object]:
        kinds: Sequence[Kind] = [column.kind for column in table.columns]
        return {
            "code": table.code,
            "title": table.title,
            "columns": [
                {"heading": column.heading, "kind": kind.value}
                for column, kind in zip(table.columns, kinds, strict=True)
            ],
            "rows": [line(row) for row in table.rows],
            "totals": line(table.totals) if table.totals else None,
        }

    return {
        "report": report.code,
        "title": report.title,
        "scope": report.scope,
        "cautions": [each.text for each in report.cautions],
        "notes": list(report.notes),
        "tables": [table_of(table) for table in report.tables],
    }


def as_lines(report: Report) -> list[str]:
    """What the command prints without `--json`: each table with its cells between bars."""
    lines = [report.title, *said(report)]
    for table in report.tables:
        lines += ["", table.title, " | ".join(column.heading for column in table.columns)]
        lines += [" | ".join(_cells(table, row)) for row in table.all_rows]
    return lines
