from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.changes.rules import actions, queries
from wibawa.changes.rules.forms import DocumentRuleForm
from wibawa.database import db
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.web import clock
from wibawa.web.asked import asked_number


@needs(Permission.MANAGE_OFFICE)
def document_rules() -> str | Response | tuple[str, int]:
    session, today = db.session(), clock.today()
    newest = queries.rule_history(session)[0]
    given = {"valid_from": max(today, newest.valid_from), "shown": str(newest.id)}
    form = DocumentRuleForm(data=given | {"kinds": list(newest.kinds)})
    if not form.validate_on_submit():
        return _page(form)
    seen = asked_number(form.shown.data, 0, 999_999) or 0
    try:
        changed = actions.change_rule(
            session, form.start, form.kinds.data, seen, me().id, clock.now()
        )
    except Refused as refused:
        session.rollback()
        return _page(form, refused.sentence), 409
    session.commit()
    said = f"Aturan dokumen disimpan, berlaku mulai {long_date(form.start)}."
    flash(said if changed else "Tidak ada yang berubah.", "success")
    return redirect(url_for("changes.document_rules"))


def _page(form: DocumentRuleForm, said: str | None = None) -> str:
    history = queries.rule_history(db.session())
    form.shown.data, form.shown.raw_data = str(history[0].id), None
    return render_template(
        "changes/document_rules.html",
        form=form,
        loose=[(said, None)] if said else [],
        history=history,
        current=queries.rule_on(db.session(), clock.today()),
        words_of=actions.words_of,
    )


URLS = (("/pengaturan/dokumen-permintaan", document_rules, ["GET", "POST"]),)
