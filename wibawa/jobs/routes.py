from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found
from wibawa.access.permissions import Permission
from wibawa.database import db
from wibawa.jobs import actions, queries
from wibawa.jobs.kind import known_kinds
from wibawa.jobs.queries import JobFacts
from wibawa.web import clock
from wibawa.web.pages import address, wanted

pages = Blueprint("jobs", __name__)


def _mine(job_id: int) -> JobFacts:
    """Everybody has the own jobs only; whoever moved to another bank has left the old ones."""
    facts = queries.job_facts(db.session(), job_id)
    if facts is None or (facts.asked_by, facts.bank_id) != (me().id, me().bank_id):
        not_found("job", job_id)
    return facts


@needs(Permission.SIGNED_IN)
def job_list() -> str:
    asked = wanted(request.args.to_dict(), queries.SORTS, "-diminta")
    return render_template(
        "jobs/job_list.html",
        page=queries.job_page(db.session(), me().id, asked),
        now=clock.now(),
        page_url=address("hal"),
        size_url=address("per_hal"),
    )


@needs(Permission.SIGNED_IN)
def job(job_id: int) -> str:
    facts, session, now = _mine(job_id), db.session(), clock.now()
    return render_template(
        "jobs/job.html",
        job=facts,
        now=now,
        ahead=queries.ahead_of(session, job_id) if facts.state == "queued" else 0,
        unattended=queries.is_left_alone(session, facts, now),
        about_url=queries.page_of(session, job_id),
        key=once.new_key(),
    )


@needs(Permission.SIGNED_IN)
def state(job_id: int) -> dict[str, Any]:
    """What the page of a job asks for while it waits."""
    facts = _mine(job_id)
    return {
        "state": facts.state,
        "done": facts.done,
        "total": facts.total,
        "text": facts.told(clock.now()),
    }


@needs(Permission.SIGNED_IN)
def cancel(job_id: int) -> Response:
    facts, session, person, now = _mine(job_id), db.session(), me(), clock.now()

    def deed() -> int:
        trail.record(session, now, person.id, "job_cancelled", "job", job_id, facts.title)
        return actions.cancel(session, job_id, now)

    name = f"cancel_job {job_id}"
    once.do_once(session, request.form, request.full_path, person.id, name, now, deed)
    session.commit()
    flash("Pekerjaan dibatalkan.", "success")
    return redirect(url_for("jobs.job", job_id=job_id))


@needs(Permission.SIGNED_IN)
def result(job_id: int) -> Response:
    facts, now = _mine(job_id), clock.now()
    kind = known_kinds().get(facts.kind)
    if kind is None or not me().may(kind.permission) or not facts.has_result(now):
        not_found("job_result", job_id)
    content = queries.result_content(db.session(), job_id)
    assert content is not None, "a result that has not expired is there"
    trail.record_apart(now, me().id, "job_result_opened", "job", job_id, facts.title)
    return send_file(
        io.BytesIO(content),
        mimetype=facts.result_type,
        download_name=facts.result_name,
        as_attachment=True,
    )


ONE = "/pekerjaan/<int:job_id>"
pages.add_url_rule("/pekerjaan", view_func=job_list)
pages.add_url_rule(ONE, view_func=job)
pages.add_url_rule(f"{ONE}/keadaan", view_func=state)
pages.add_url_rule(f"{ONE}/hasil", view_func=result)
pages.add_url_rule(f"{ONE}/batalkan", view_func=cancel, methods=["POST"])
