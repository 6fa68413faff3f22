from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.checks import plain_digits
from wibawa.borrowers.forms import LONGEST_SEARCH
from wibawa.borrowers.queries import find_borrowers, is_whole_nik
from wibawa.database import db, set_writing
from wibawa.home.forms import ComponentForm
from wibawa.home.menu import LEFT_OUT
from wibawa.home.queries import exact_application, exact_loan, find_applications, find_loans
from wibawa.home.tasks import tasks_for
from wibawa.loans.portfolio import Portfolio, portfolio
from wibawa.loans.queries import latest_payment_on
from wibawa.reports.portfolio import arrears_share, columns_of, npl_share, par30_share
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.nik import mask_nik
from wibawa.web import clock
from wibawa.web.charts import Segment, bar_line_chart, stacked_bar

pages = Blueprint("home", __name__)
P = Permission

FOUND_AT_ONCE = 10


@needs(Permission.SIGNED_IN)
def index() -> str | AnyResponse:
    if ("home.index", me().role) in LEFT_OUT:
        return redirect(url_for("dashboard.dashboard"))
    today = clock.today()
    return render_template(
        "home/index.html",
        today=today,
        tasks=tasks_for(db.session(), me()),
        **(_money(today) if me().may(Permission.SEE_LOANS) else {"figures": None}),
    )


def _figures(on: dt.date) -> Portfolio:
    return portfolio(db.session(), on, thresholds_on(db.session(), on), me().bank_id)


def _money(today: dt.date) -> dict[str, Any]:
    """What Beranda shows of the portfolio: of the own bank only for a bank officer."""
    figures = _figures(today)
    total = figures.total
    segments = [
        Segment(
            f"{number} {name}",
            total.classes[number].outstanding,
            rupiah(total.classes[number].outstanding),
        )
        for number, name in CLASS_NAMES.items()
    ]
    return {
        "figures": figures,
        "columns": columns_of(figures),
        "classes": CLASS_NAMES,
        "bar": stacked_bar(segments, f"Baki debet menurut kolektibilitas, {long_date(today)}"),
        "shares": (arrears_share(total), par30_share(total), npl_share(total)),
        "last_payment": latest_payment_on(db.session(), today, me().bank_id),
    }


@needs(Permission.SEE_LOANS)
def search() -> str | AnyResponse:
    # POST although it only reads: a NIK or a name that is typed must not stand in an address.
    set_writing(False)
    text = " ".join(request.form.get("q", "").split())[:LONGEST_SEARCH]
    found = _jump(text) if text else None
    if found is not None:
        return redirect(found)
    session, most, personal = db.session(), FOUND_AT_ONCE + 1, me().may(P.SEE_PERSONAL_DATA)
    register, desk = me().may(P.SEE_BORROWERS), me().may(P.SEE_APPLICATIONS)
    return render_template(
        "home/search.html",
        asked=text,
        shown=mask_nik(plain_digits(text)) if is_whole_nik(text) else text,
        search_text="" if is_whole_nik(text) else text,
        sees_people=personal,
        borrowers=find_borrowers(session, text, most) if register else [],
        loans=find_loans(session, text, me().bank_id, personal, most) if text else [],
        applications=find_applications(session, text, me().bank_id, most) if text and desk else [],
        most=FOUND_AT_ONCE,
    )


def _jump(text: str) -> str | None:
    """The page of the one loan or application with exactly this number."""
    session, personal = db.session(), me().may(P.SEE_PERSONAL_DATA)
    loan_id = exact_loan(session, text, me().bank_id, personal)
    if loan_id is not None:
        return url_for("loans.loan", loan_id=loan_id)
    number = (
        exact_application(session, text, me().bank_id) if me().may(P.SEE_APPLICATIONS) else None
    )
    if number is None:
        return None
    return url_for("applications.application", application_id=number)


@needs(Permission.MANAGE_USERS)
def components() -> str:
    """All components of the screens together, for whoever writes pages."""
    form = ComponentForm(bank="1", kind="micro")
    form.amount.errors = ["Tertulis “1.5”: jumlah tidak terbaca. Tulis angka, misalnya 5.000.000."]
    years = [str(year) for year in range(2020, 2026)]
    target, realised = [600, 650, 700, 750, 800, 850], [1130, 1062, 797, 804, 794, None]
    chart = bar_line_chart(years, target, realised, "Contoh", "%", "Target dan realisasi")
    amounts = (7_812_340_212, 938_000_000, 201_000_000, 98_000_000, 77_000_000)
    segments = [
        Segment(f"{number} {name}", amount, rupiah(amount))
        for (number, name), amount in zip(CLASS_NAMES.items(), amounts, strict=True)
    ]
    stack = stacked_bar(segments, "Contoh portofolio")
    return render_template(
        "home/components.html", demo_form=form, demo_chart=chart, demo_stack=stack
    )


pages.add_url_rule("/", view_func=index)
pages.add_url_rule("/cari", view_func=search, methods=["GET", "POST"])
pages.add_url_rule("/komponen", view_func=components)
