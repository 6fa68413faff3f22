from __future__ import annotations

from flask import Blueprint, render_template

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.banks.queries import thresholds_on
from wibawa.database import db
from wibawa.loans.portfolio import portfolio
from wibawa.web import clock

pages = Blueprint("home", __name__)


@needs(Permission.SIGNED_IN)
def index() -> str:
    today = clock.today()
    figures = portfolio(db.session(), today, thresholds_on(db.session(), today), me().bank_id)
    return render_template("home/index.html", portfolio=figures)


pages.add_url_rule("/", view_func=index)
