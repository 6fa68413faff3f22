from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.database import db
from wibawa.letters import actions, queries
from wibawa.letters.documents import KIND_WORDS, paper_number
from wibawa.letters.forms import OfficeForm, form_data
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.web import clock
from wibawa.web.asked import asked_number

pages = Blueprint("letters", __name__)


@needs(Permission.MANAGE_OFFICE)
def office() -> str | Response | tuple[str, int]:
    newest, today = queries.newest_profile(db.session()), clock.today()
    start = max(today, newest.valid_from)
    form = OfficeForm(data=form_data(newest) | {"valid_from": start, "shown": str(newest.id)})
    if not form.validate_on_submit():
        return _office_page(form)
    seen, now = asked_number(form.shown.data, 0, 999_999) or 0, clock.now()
    wanted = form.profile
    try:
        changed = actions.change_profile(db.session(), wanted, seen, me().id, now)
    except Refused as refused:
        db.session.rollback()
        return _office_page(form, refused.sentence), 409
    db.session.commit()
    said = f"Kop surat dan penandatangan disimpan, berlaku mulai {long_date(wanted.valid_from)}."
    flash(said if changed else "Tidak ada yang berubah.", "success")
    return redirect(url_for("letters.office"))


def _office_page(form: OfficeForm, said: str | None = None) -> str:
    session, today = db.session(), clock.today()
    history, current = queries.profile_history(session), queries.profile_on(session, today)
    form.shown.data, form.shown.raw_data = str(history[0].id), None
    return render_template(
        "letters/office.html",
        form=form,
        loose=[(said, None)] if said else [],
        history=history,
        current=current,
        kinds=[(kind.value, word) for kind, word in KIND_WORDS.items()],
        next_numbers={
            kind.value: paper_number(
                current.formats[kind],
                queries.last_sequence(session, kind, today.year) + 1,
                today,
            )
            for kind in KIND_WORDS
        },
    )


pages.add_url_rule("/pengaturan/kop-surat", view_func=office, methods=["GET", "POST"])
