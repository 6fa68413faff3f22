from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.applications.deadlines import actions, queries
from wibawa.applications.deadlines.forms import DeadlinesForm, form_data
from wibawa.database import db
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import STATE_WORDS
from wibawa.web import clock
from wibawa.web.asked import asked_number


@needs(Permission.MANAGE_OFFICE)
def deadlines() -> str | Response | tuple[str, int]:
    newest, today = queries.newest_deadlines(db.session()), clock.today()
    start = max(today, newest.valid_from)
    form = DeadlinesForm(data=form_data(newest) | {"valid_from": start})
    if not form.validate_on_submit():
        return _deadlines_page(form)
    start, seen = form.start, asked_number(form.shown.data, 0, 999_999) or 0
    try:
        changed = actions.change_deadlines(
            db.session(), start, form.days, seen, me().id, clock.now()
        )
    except Refused as refused:
        db.session.rollback()
        return _deadlines_page(form, refused.sentence), 409
    db.session.commit()
    said = f"Batas waktu disimpan, berlaku mulai {long_date(start)}."
    flash(said if changed else "Tidak ada yang berubah.", "success")
    return redirect(url_for("applications.deadlines"))


def _deadlines_page(form: DeadlinesForm, said: str | None = None) -> str:
    history = queries.deadline_history(db.session())
    form.shown.data, form.shown.raw_data = str(history[0].id), None
    return render_template(
        "applications/deadlines.html",
        form=form,
        loose=[(said, None)] if said else [],
        history=history,
        current=queries.deadlines_on(db.session(), clock.today()),
        limited=[(state.value, STATE_WORDS[state]) for state in queries.LIMITED],
    )


URLS = (("/pengaturan/batas-waktu", deadlines, ["GET", "POST"]),)
