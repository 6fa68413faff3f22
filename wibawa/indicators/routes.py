from __future__ import annotations

import datetime as dt

from flask import Blueprint, render_template, request, url_for

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.database import db
from wibawa.indicators.queries import IndicatorFigure, figures_of_indicator, figures_of_year
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.charts import bar_line_chart

pages = Blueprint("indicators", __name__)

TPB = "TPB 8.3.1.(c)"
FIRST_YEAR, LAST_YEAR = 2020, 2030


def _rows_behind(figure: IndicatorFigure, today: dt.date) -> tuple[str, str] | None:
    """(what is counted, address of the loans behind it) of a numerator that comes from the book."""
    if figure.numerator is None or not me().may(Permission.SEE_LOANS):
        return None
    day = min(dt.date(figure.year, 12, 31), today).isoformat()
    if figure.code == TPB:
        return "peminjam", url_for("loans.loan_list", keadaan="semua", tanggal=day)
    if figure.code == "KOP-PERMODALAN":
        return "koperasi", url_for(
            "loans.loan_list", keadaan="semua", jenis="koperasi", cair=figure.year, tanggal=day
        )
    if figure.code == "PEMULIHAN":
        return "usaha mikro", url_for(
            "loans.loan_list",
            keadaan="semua",
            jenis="mikro",
            restrukturisasi=figure.year,
            tanggal=day,
        )
    return None


@needs(Permission.SEE_INDICATORS)
def indicator_list() -> str:
    today = clock.today()
    this_year = min(max(today.year, FIRST_YEAR), LAST_YEAR)
    year = asked_number(request.args.get("tahun"), FIRST_YEAR, LAST_YEAR) or this_year
    figures = figures_of_year(db.session(), year, today)
    return render_template(
        "indicators/indicator_list.html",
        year=year,
        today=today,
        years=range(FIRST_YEAR, LAST_YEAR + 1),
        figures=[(figure, _rows_behind(figure, today)) for figure in figures],
        tpb=figures_of_indicator(db.session(), TPB, range(FIRST_YEAR, LAST_YEAR), today),
        draw_years=bar_line_chart,
        year_url=lambda year: url_for("indicators.indicator_list", tahun=year),
        as_of=min(dt.date(year, 12, 31), today),
    )


pages.add_url_rule("/indikator", view_func=indicator_list)
