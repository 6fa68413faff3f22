"""Lists and reports as files: XLSX with typed cells, CSV for Excel with Indonesian settings."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from flask import Response, send_file

from wibawa.rules.dates import short_date
from wibawa.uploads.workbook import list_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Value = str | int | Decimal | dt.date | None


def list_csv(headings: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """A list as CSV: `;` between cells, UTF-8 with BOM, dates dd/mm/yyyy, decimals with a comma.

    A text that a spreadsheet could take for a formula gets a leading apostrophe and stays text.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([_csv_cell(heading) for heading in headings])
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
    return send_file(
        io.BytesIO(content),
        mimetype=XLSX if kind == "xlsx" else "text/csv; charset=utf-8",
        as_attachment=True,
        download_name=f"{name}.{kind}",
    )
