"""Lists and reports as files: XLSX with typed cells, CSV for Excel with Indonesian settings."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from flask import Response, send_file

from wibawa.rules.dates import short_date
from wibawa.uploads.workbook import Sheet, list_workbook, sheets_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Value = str | int | Decimal | dt.date | None


def list_csv(headings: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """A list as CSV: `;` between cells, UTF-8 with BOM, dates dd/mm/yyyy, decimals with a comma.

    A text that a spreadsheet could take for a formula gets a leading apostrophe and stays text.
    """
    return _csv([headings, *rows])


def _csv(rows: Iterable[Sequence[Value]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, dt.date):
        return short_date(value)
    return str(value).replace(".", ",")


def list_file(
    kind: str,
    name: str,
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[Value]],
    notes: Sequence[str],
    made_at: dt.datetime | None = None,
) -> Response:
    """The answer that downloads a list as `name`.xlsx or `name`.csv; notes only in the workbook.

    With `made_at` the same list always gives the same bytes.
    """
    if kind == "xlsx":
        content = list_workbook(title, headings, rows, notes, made_at)
    else:
        content = list_csv(headings, rows)
    return _download(kind, name, content)


def report_file(
    kind: str,
    name: str,
    title: str,
    sheets: Sequence[Sheet],
    rows: Sequence[Sequence[Value]],
    notes: Sequence[str],
) -> Response:
    """The answer that downloads tables as `name`.xlsx, a sheet for each, or as `name`.csv, in
    which they stand one under the other: `rows`, and below them what the notes say."""
    if kind == "xlsx":
        content = sheets_workbook(title, sheets, notes)
    else:
        content = _csv([*rows, [], [title], *([note] for note in notes)])
    return _download(kind, name, content)


def _download(kind: str, name: str, content: bytes) -> Response:
    return send_file(
        io.BytesIO(content),
        mimetype=XLSX if kind == "xlsx" else "text/csv; charset=utf-8",
        as_attachment=True,
        download_name=f"{name}.{kind}",
    )
