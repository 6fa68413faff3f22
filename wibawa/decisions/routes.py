from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found
from wibawa.access.permissions import Permission
from wibawa.applications.moves import Author
from wibawa.applications.queries import Case, case, examine
from wibawa.borrowers.forms import RevealForm
from wibawa.database import db
from wibawa.decisions import actions
from wibawa.decisions.checks import told_to_bank
from wibawa.decisions.forms import approval_form, decline_form
from wibawa.decisions.queries import Reason, reasons_on
from wibawa.home.queries import elsewhere
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import Action, State, not_now
from wibawa.web import clock

pages = Blueprint("decisions", __name__)

P = Permission
Answer = str | Response | tuple[str, int]


@needs(P.ANSWER_APPLICATION)
def decision(application_id: int) -> Answer:
    found = _case(application_id)
    if found.facts.state is not State.SENT:
        flash(not_now(found.facts.state, Action.APPROVE), "info")
        return _to_application(application_id)
    return _page(found)


def _case(application_id: int) -> Case:
    found = case(db.session(), application_id)
    if found is None or not found.is_seen_by(me().bank_id):
        not_found("application", application_id)
    return found


def _to_application(application_id: int) -> Response:
    return redirect(url_for("applications.application", application_id=application_id))


def _reasons() -> list[Reason]:
    return reasons_on(db.session(), clock.today())


def _page(found: Case, approval: Any = None, decline: Any = None, said: str = "") -> str:
    facts = found.facts
    verdict = examine(db.session(), found.wish, clock.today(), elsewhere, apart_from=facts.id)
    return render_template(
        "decisions/decision.html",
        facts=facts,
        found=found,
        borrower=found.borrower,
        told=told_to_bank(verdict),
        approval=approval or approval_form(facts.amount, sent=False),
        decline=decline or decline_form(_reasons(), sent=False),
        faulty=decline or approval,
        loose=[(said, None)] if said else [],
        keys=(once.new_key(), once.new_key()),
    )


@needs(P.ANSWER_APPLICATION)
def approve(application_id: int) -> Answer:
    found = _case(application_id)
    form = approval_form(found.facts.amount, sent=True)
    if found.facts.state is State.SENT and not form.validate():
        return _page(found, approval=form)
    note = " ".join((form.note.data or "").split())
    return _answered(
        application_id,
        Action.APPROVE,
        lambda given: actions.approve(
            db.session(), application_id, amount=form.amount.data or 0, note=note, **given
        ),
        "Persetujuan bank tersimpan. Dinas melihatnya dan menunggu pencairan.",
        approval=form,
    )


@needs(P.ANSWER_APPLICATION)
def decline(application_id: int) -> Answer:
    found, reasons = _case(application_id), _reasons()
    form = decline_form(reasons, sent=True)
    if found.facts.state is State.SENT and not form.validate():
        return _page(found, decline=form)
    known = {each.code: each for each in reasons}
    reason = known.get(form.reason_code.data or "", Reason("", "", needs_text=False))
    explanation = " ".join((form.explanation.data or "").split())
    return _answered(
        application_id,
        Action.DECLINE,
        lambda given: actions.decline(
            db.session(), application_id, reason=reason, explanation=explanation, **given
        ),
        "Penolakan bank tersimpan. Dinas melihat alasannya.",
        decline=form,
    )


def _answered(
    application_id: int,
    action: Action,
    deed: Callable[[dict[str, Any]], None],
    said: str,
    **typed: Any,
) -> Answer:
    """Give the answer once for this form and go to the application, or say why not."""
    given = {
        "bank_id": me().bank_id,
        "shown": request.form.get("shown", ""),
        "author": Author(me().id, me().role, clock.now()),
    }

    def numbered() -> int:
        deed(given)
        return application_id

    name = f"{action.value}_application {application_id}"
    try:
        _once(name, numbered)
    except Refused as refused:
        db.session.rollback()
        found = _case(application_id)
        if found.facts.state is State.SENT:
            return _page(found, said=refused.sentence, **typed), 409
        flash(refused.sentence, "error")
        return _to_application(application_id)
    flash(said, "success")
    return _to_application(application_id)


@needs(P.REVEAL_APPLICANT_NIK)
def reveal_nik(application_id: int) -> Answer:
    found, form = _case(application_id), RevealForm()
    shown = {"facts": found.facts, "borrower": found.borrower, "form": form}
    if not form.validate_on_submit():
        form.request_key.data = once.new_key()
        return render_template("decisions/reveal_nik.html", nik=None, **shown)
    reason, now, session = " ".join(form.reason.data.split()), clock.now(), db.session()

    def deed() -> int:
        said = f"{reason} (permohonan {found.facts.number})"
        trail.record(session, now, me().id, "nik_revealed", "borrower", found.borrower.id, said)
        return application_id

    name = f"reveal_applicant_nik {application_id}"
    _, first = _once(name, deed)
    if not first:
        flash("NIK itu sudah ditampilkan satu kali. Ulangi permintaannya bila masih perlu.", "info")
        return _to_application(application_id)
    shown |= {"nik": found.borrower.nik, "reason": reason, "now": now}
    return render_template("decisions/reveal_nik.html", **shown)


def _once(action: str, deed: Callable[[], int]) -> tuple[int, bool]:
    """Do `deed` once for this form; its number, and whether it was done now or before."""
    person, now = me().id, clock.now()
    done = once.do_once(db.session(), request.form, request.full_path, person, action, now, deed)
    db.session.commit()
    return done


ONE = "/permohonan/<int:application_id>"
for _address, _view, _methods in (
    (f"{ONE}/keputusan", decision, ["GET"]),
    (f"{ONE}/keputusan/setujui", approve, ["POST"]),
    (f"{ONE}/keputusan/tolak", decline, ["POST"]),
    (f"{ONE}/nik", reveal_nik, ["GET", "POST"]),
):
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
