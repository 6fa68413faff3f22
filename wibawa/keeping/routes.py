from __future__ import annotations

import hmac
import ipaddress
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from wibawa import VERSION, schema
from wibawa.access import once
from wibawa.access.guard import me, needs, public
from wibawa.access.permissions import Permission
from wibawa.database import db
from wibawa.jobs.actions import enqueue
from wibawa.jobs.queries import workers_alive
from wibawa.keeping import queries
from wibawa.keeping.jobs import CODE, backup_folder
from wibawa.web import clock
from wibawa.web.pages import address, wanted

pages = Blueprint("keeping", __name__)


@needs(Permission.KEEP_BACKUPS)
def backup_list() -> str:
    session, now = db.session(), clock.now()
    asked = wanted(request.args.to_dict(), queries.SORTS, "-dibuat")
    days, weeks, months = current_app.config["BACKUP_KEEP"]
    return render_template(
        "keeping/backup_list.html",
        page=queries.backup_page(session, asked),
        alarm=queries.alarm(session, now),
        at=current_app.config["BACKUP_AT"],
        keep=(days, weeks, months),
        folder=backup_folder(),
        attended=workers_alive(session, now) > 0,
        key=once.new_key(),
        page_url=address("hal"),
        size_url=address("per_hal"),
    )


@needs(Permission.KEEP_BACKUPS)
def new_backup() -> AnyResponse:
    session, person, now = db.session(), me(), clock.now()

    def deed() -> int:
        title = f"Cadangan {clock.in_wib(now):%d-%m-%Y %H.%M}"
        return enqueue(session, CODE, title, {}, person.id, None, now)

    where = request.full_path
    number, _ = once.do_once(session, request.form, where, person.id, "new_backup", now, deed)
    session.commit()
    return redirect(url_for("jobs.job", job_id=number))


# — for whoever watches the program —


@public
def ready() -> tuple[dict[str, Any], int]:
    """Whether this process may be given pages: 200, or 503 with what is missing. A worker that is
    gone is told, and costs no process its pages."""
    session, now, wrong = db.session(), clock.now(), {}
    try:
        said = schema.other_version(session.connection())
        if said is not None:
            wrong["schema"] = "other_version"
        if queries.free_bytes(session) < current_app.config["LEAST_FREE_BYTES"]:
            wrong["disk"] = "almost_full"
        workers = workers_alive(session, now)
    except SQLAlchemyError:
        return {"status": "not_ready", "database": "unreachable"}, 503
    status = "not_ready" if wrong else "ready"
    return {"status": status, **wrong, "workers": workers}, 503 if wrong else 200


@public
def metrics() -> Response:
    """Figures for Prometheus: for this machine itself, or with the token; nobody else is told
    that the page exists."""
    if not _may_watch():
        abort(404)
    health = queries.health(db.session(), clock.now())
    age = -1 if health.backup_age is None else int(health.backup_age.total_seconds())
    about = f'{{version="{VERSION}",schema="{schema.head_revision()}"}}'
    lines = (
        ("info", "Version of the program and of its schema", about, 1),
        ("workers", "Workers heard of within two minutes", "", health.workers),
        ("jobs_waiting", "Jobs that wait for a worker", "", health.jobs_waiting),
        ("jobs_waiting_seconds", "How long the oldest of them waits", "",
         int(health.oldest_waiting.total_seconds())),
        ("backup_age_seconds", "Age of the newest backup, -1 for none", "", age),
        ("backup_ok", "0 when the last backup failed or is too old", "", int(health.backup_ok)),
        ("disk_free_bytes", "Room where books or backups are", "", health.free_bytes),
    )  # fmt: skip
    said = "".join(
        f"# HELP wibawa_{name} {words}\n# TYPE wibawa_{name} gauge\nwibawa_{name}{labels} {value}\n"
        for name, words, labels, value in lines
    )
    return Response(said, mimetype="text/plain; version=0.0.4")


FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "X-Forwarded-Host", "Via")


def _may_watch() -> bool:
    """With the token; without one set, from this machine and not through a proxy on it."""
    token = current_app.config["METRICS_TOKEN"]
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


pages.add_url_rule("/cadangan", view_func=backup_list)
pages.add_url_rule("/cadangan/baru", view_func=new_backup, methods=["POST"])
pages.add_url_rule("/readyz", view_func=ready)
pages.add_url_rule("/metrics", view_func=metrics)
