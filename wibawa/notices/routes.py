from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found
from wibawa.access.permissions import Permission
from wibawa.applications.moves import Author
from wibawa.applications.queries import Case, case
from wibawa.database import db
from wibawa.letters.documents import KIND_WORDS, Heading, Letter
from wibawa.letters.queries import letter, profile_on
from wibawa.notices import actions
from wibawa.notices.letter import notice_letter
from wibawa.notices.queries import notices_of, told_move, told_of
from wibawa.rules.refused import Refused
from wibawa.web import clock

pages = Blueprint("notices", __name__)

P = Permission


@needs(P.SEE_LETTERS)
def notice(application_id: int) -> str:
    return _page(_case(application_id))


def _case(application_id: int) -> Case:
    return case(db.session(), application_id) or not_found("application", application_id)


def _page(found: Case, said: str = "") -> str:
    """The letter as it was issued, or as it would be; and the earlier ones."""
    session, facts = db.session(), found.facts
    issued = notices_of(session, facts.id)
    told = told_move(session, found)
    now = [each for each in issued if told and each.sequence == told[0]]
    return render_template(
        "notices/notice.html",
        facts=facts,
        found=found,
        words=KIND_WORDS,
        kind=told[1] if told else None,
        now=now[0] if now else None,
        earlier=[each for each in issued if each not in now],
        letter=letter(session, now[0].paper_id) if now else _draft(found),
        loose=[(said, None)] if said else [],
        key=once.new_key(),
    )


def _draft(found: Case) -> Letter | None:
    """What would be issued today, without a number."""
    session, today = db.session(), clock.today()
    told = told_move(session, found)
    if told is None:
        return None
    profile = profile_on(session, today)
    heading = Heading("", today, profile.place, profile.letterhead, profile.signatory)
    return notice_letter(told[1], told_of(session, found, told[1], today), heading)


@needs(P.ISSUE_LETTER)
def issue(application_id: int) -> str | Response | tuple[str, int]:
    session, person, now = db.session(), me(), clock.now()
    author, shown = Author(person.id, person.role, now), request.form.get("shown", "")
    _case(application_id)

    def deed() -> int:
        return actions.issue(session, application_id, shown=shown, author=author)

    name = f"issue_notice {application_id}"
    try:
        once.do_once(session, request.form, request.full_path, person.id, name, now, deed)
        session.commit()
    except Refused as refused:
        session.rollback()
        return _page(_case(application_id), refused.sentence), 409
    flash("Surat diterbitkan dengan nomornya. Cetak, lalu minta tanda tangan.", "success")
    return redirect(url_for("notices.notice", application_id=application_id))


pages.add_url_rule("/permohonan/<int:application_id>/surat", view_func=notice)
pages.add_url_rule(
    "/permohonan/<int:application_id>/surat/terbitkan", view_func=issue, methods=["POST"]
)
