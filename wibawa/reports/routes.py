from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, render_template, request, url_for

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.banks.queries import all_banks
from wibawa.database import db
from wibawa.printing.download import statement_file
from wibawa.reports.catalogue import GROUPS, REPORTS, Definition
from wibawa.reports.document import Cell, written
from wibawa.reports.files import PROGRAMME, csv_rows, said, sheets, statement
from wibawa.reports.forms import Asked
from wibawa.uploads.exports import report_file
from wibawa.web import clock
from wibawa.web.formats import moment

pages = Blueprint("reports", __name__)

INSTEAD = {"indicators.member_list": "indicators.split_list"}  # for who may not see people


def _asked(which: str) -> tuple[Definition, Asked]:
    """The report of an address and what it asks for; a bank officer's is of the own bank."""
    definition = REPORTS[which]
    banks = all_banks(db.session(), me().bank_id)
    return definition, definition.read(request.args, clock.today(), banks, me().bank_id)


@needs(Permission.SEE_REPORTS)
def report_list() -> str:
    return render_template("reports/report_list.html", groups=GROUPS)


@needs(Permission.SEE_REPORTS)
def report(which: str) -> str:
    definition, asked = _asked(which)
    asked = definition.page(asked, request.args.get("bagian"))
    return render_template(
        "reports/report.html",
        definition=definition,
        asked=asked,
        report=definition.make(db.session(), asked.scope),
        banks=[] if me().bank_id or definition.of_all else all_banks(db.session()),
        written=written,
        rows_of=_rows_of,
    )


def _rows_of(cell: Cell) -> str | None:
    """The address of the rows behind a figure; None for who may not open it."""
    if cell.link is None or not cell.value:
        return None
    arguments: dict[str, Any] = dict(cell.link.arguments)
    for endpoint in (cell.link.endpoint, INSTEAD.get(cell.link.endpoint)):
        view: Any = current_app.view_functions[endpoint] if endpoint else None
        if endpoint and me().may(view.wibawa_permission):
            return url_for(endpoint, **arguments)
    return None


@needs(Permission.SEE_REPORTS)
def download(which: str, kind: str) -> Response:
    definition, asked = _asked(which)
    made = definition.make(db.session(), asked.scope)
    record_apart(clock.now(), me().id, "list_exported", "report", None, made.title)
    name = f"{which}-{asked.scope.last.isoformat()}"
    if kind == "pdf":
        paper = statement(made, moment(clock.now()), me().name, clock.today())
        return statement_file(db.session(), name, paper)
    notes = [*said(made), f"Diekspor {moment(clock.now())} WIB oleh {me().name}"]
    title = f"{made.title} {PROGRAMME}"
    return report_file(kind, name, title, sheets(made), csv_rows(made), notes)


CODES = ", ".join(f'"{code}"' for code in REPORTS)
ONE = f"/laporan/<any({CODES}):which>"
pages.add_url_rule("/laporan", view_func=report_list)
pages.add_url_rule(ONE, view_func=report)
pages.add_url_rule(f"{ONE}/unduh.<any(xlsx, csv, pdf):kind>", view_func=download)
