from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.applications.lists import SLUGS
from wibawa.dashboard import queries
from wibawa.dashboard.books import Books
from wibawa.dashboard.opened.routes import URLS as OPEN_URLS
from wibawa.dashboard.queries import Goal, Point
from wibawa.database import db
from wibawa.indicators.counted.forms import address_of
from wibawa.indicators.queries import slug
from wibawa.loans.portfolio import BankFigures
from wibawa.loans.queries import latest_payment_on
from wibawa.reports.portfolio import arrears_share, npl_share, par30_share
from wibawa.rules.dates import month_name
from wibawa.rules.indicators import Kinds, Rule, Unit
from wibawa.rules.pace import halves_text
from wibawa.rules.statuses import STATE_WORDS
from wibawa.web import clock
from wibawa.web.charts import Line, bar_line_chart, line_chart, share_bar

pages = Blueprint("dashboard", __name__)

TPB_YEARS = range(2020, 2030)
SHARES = (
    ("PAR30", par30_share, lambda sums: sums.par30_outstanding),
    ("NPL", npl_share, lambda sums: sums.npl_outstanding),
    ("Rasio tunggakan", arrears_share, lambda sums: sums.arrears),
)


@needs(Permission.SEE_INDICATORS)
def dashboard() -> str:
    today, session, books = clock.today(), db.session(), Books(db.session())
    goals, access = queries.goals(books, today, TPB_YEARS)
    since = queries.year_ago(today)
    return render_template(
        "dashboard/dashboard.html",
        today=today,
        goals=goals,
        behind=_behind,
        tpb=access,
        draw_years=bar_line_chart,
        total=books.standing(today),
        shares=SHARES,
        last_payment=latest_payment_on(session, today, None),
        places=queries.places(books, today),
        steps=queries.funnel(session, since, today),
        since=since,
        decisions=queries.decisions(session, today),
        **_trend(books, today),
        **WORDS,
    )


def _trend(books: Books, today: dt.date) -> dict[str, Any]:
    """The last twelve months; of a very large portfolio only when somebody asks for them."""
    days = queries.trend_days(today)
    if request.args.get("tren") != "1" and not queries.is_at_hand(books, days):
        return {"points": None, "quality": None}
    points = queries.trend(books, days)
    return {"points": points, "quality": _drawn(points)}


def _drawn(points: Sequence[Point]) -> Any:
    labels = [f"{month_name(point.on.month)[:3]} {point.on:%y}" for point in points]
    lines = [
        Line(name, tuple(_share(reckon, point.total) for point in points))
        for name, reckon, _ in SHARES
    ]
    says = "PAR30, NPL, dan rasio tunggakan pada akhir setiap bulan, terakhir hari ini."
    return line_chart(labels, lines, "Kualitas portofolio 12 bulan terakhir", "%", says)


def _share(reckon: Any, total: BankFigures | None) -> int | None:
    found: int | None = None if total is None else reckon(total)
    return found


def open_to_me(endpoint: str, **arguments: Any) -> str | None:
    """The address of a page; None for who may not open it."""
    view: Any = current_app.view_functions[endpoint]
    return url_for(endpoint, **arguments) if me().may(view.wibawa_permission) else None


def _behind(goal: Goal) -> str | None:
    """Where the members of a numerator are: their list, for who may not see people the split."""
    figure = goal.figure
    if not figure.counted or figure.rule is None:
        return None
    fields: dict[str, Any] = dict(
        address_of(Rule(figure.rule), Unit(figure.unit_counted or ""), Kinds(figure.kinds or ""))
    )
    if figure.lock is not None:
        fields["kunci"] = figure.lock
    return open_to_me("indicators.member_list", year=figure.year, **fields) or open_to_me(
        "indicators.split_list", year=figure.year, **fields
    )


WORDS: dict[str, Any] = {
    "open_to_me": open_to_me,
    "slug": slug,
    "year_url": lambda year: url_for("indicators.indicator_list", tahun=year),
    "halves_text": halves_text,
    "share_bar": share_bar,
    "state_words": STATE_WORDS,
    "state_slugs": {state: word for word, state in SLUGS.items()},
}

pages.add_url_rule("/dasbor", view_func=dashboard)
for url, view, methods in OPEN_URLS:
    pages.add_url_rule(url, view_func=view, methods=methods)
