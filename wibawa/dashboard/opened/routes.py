from __future__ import annotations

from typing import Any, Final

from flask import abort, current_app, flash, g, jsonify, make_response, redirect, url_for
from flask import render_template as render_page
from flask_login import AnonymousUserMixin
from werkzeug.wrappers import Response

from wibawa.access.guard import me, needs, public
from wibawa.access.permissions import Permission
from wibawa.dashboard.opened import actions, queries
from wibawa.dashboard.opened.document import HEADINGS, NOTE, STATES, OpenFigures
from wibawa.dashboard.opened.forms import SwitchForm
from wibawa.database import db
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.asked import asked_number

KEEP_SECONDS: Final = 600


def _figures() -> OpenFigures:
    """What is open today; 404 while the office has not opened it."""
    session, today = db.session(), clock.today()
    if not queries.setting_on(session, today).is_open:
        abort(404)
    return queries.open_figures(session, today)


def _for_everybody(answer: Any) -> Any:
    """The same answer for whoever asks: no session, and the way may keep it for a while."""
    g.for_everybody = True
    answer.headers["Cache-Control"] = f"public, max-age={KEEP_SECONDS}"
    return answer


@public
def open_figures() -> Any:
    figures = _figures()
    # Not `render_template`: that asks who is signed in.
    page = current_app.jinja_env.get_template("dashboard/open_figures.html").render(
        figures=figures,
        note=NOTE,
        states=STATES,
        current_user=AnonymousUserMixin(),
        menu=[],
        get_flashed_messages=lambda **_: [],
        today_long=long_date(figures.as_of),
    )
    return _for_everybody(make_response(page))


@public
def open_download(kind: str) -> Any:
    figures = _figures()
    if kind == "json":
        return _for_everybody(jsonify(figures.as_json()))
    name = f"kredit-wibawa-{figures.as_of.isoformat()}"
    return _for_everybody(list_file("csv", name, "Data terbuka", HEADINGS, figures.rows(), []))


@needs(Permission.APPROVE_FIGURES)
def open_switch() -> str | Response | tuple[str, int]:
    session, today = db.session(), clock.today()
    now_open = queries.setting_on(session, today).is_open
    form = SwitchForm(data={"valid_from": today, "state": "open" if now_open else "closed"})
    if not form.validate_on_submit():
        return _switch_page(form)
    seen = asked_number(form.shown.data, 0, 999_999) or 0
    try:
        changed = actions.switch(
            session, form.start, form.state.data == "open", " ".join(form.reason.data.split()),
            seen, me().id, clock.now(),
        )  # fmt: skip
    except Refused as refused:
        session.rollback()
        return _switch_page(form, refused.sentence), 409
    session.commit()
    flash("Pengaturan data terbuka disimpan." if changed else "Tidak ada yang berubah.", "success")
    return redirect(url_for("dashboard.open_switch"))


def _switch_page(form: SwitchForm, said: str | None = None) -> str:
    history = queries.history(db.session())
    form.shown.data, form.shown.raw_data = str(history[0].id), None
    return render_page(
        "dashboard/open_switch.html",
        form=form,
        loose=[(said, None)] if said else [],
        history=history,
        current=queries.setting_on(db.session(), clock.today()),
    )


URLS: tuple[tuple[str, Any, list[str]], ...] = (
    ("/terbuka", open_figures, ["GET"]),
    ("/terbuka/data.<any(json, csv):kind>", open_download, ["GET"]),
    ("/pengaturan/data-terbuka", open_switch, ["GET", "POST"]),
)
