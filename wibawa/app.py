"""The only file that knows every folder: puts the application together."""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, abort, g, render_template, request, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, current_user
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from itsdangerous import Signer
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from wibawa import VERSION, commands, schema
from wibawa.access import keys, presence, sessions
from wibawa.access import routes as access_routes
from wibawa.access.account.routes import seconds_left, seconds_to_limit
from wibawa.access.guard import public
from wibawa.access.permissions import Permission
from wibawa.access.sealed import born, for_reader
from wibawa.applications import routes as application_routes
from wibawa.arrears import routes as arrears_routes
from wibawa.audit import routes as audit_routes
from wibawa.banks import routes as bank_routes
from wibawa.borrowers import routes as borrower_routes
from wibawa.changes import routes as change_routes
from wibawa.dashboard import routes as dashboard_routes
from wibawa.database import db, prepare_engine, reading, set_writing
from wibawa.decisions import routes as decision_routes
from wibawa.disbursements import routes as disbursement_routes
from wibawa.home import routes as home_routes
from wibawa.home.menu import menu_for
from wibawa.indicators import routes as indicator_routes
from wibawa.jobs import kind as jobs
from wibawa.jobs import routes as job_routes
from wibawa.jobs.queries import own_jobs
from wibawa.keeping import jobs as keeping_jobs
from wibawa.keeping import routes as keeping_routes
from wibawa.layouts import routes as layout_routes
from wibawa.letters import routes as letter_routes
from wibawa.loans import routes as loan_routes
from wibawa.merging import routes as merging_routes
from wibawa.notices import routes as notice_routes
from wibawa.papers import routes as paper_routes
from wibawa.papers.jobs import ScheduleBatch
from wibawa.printing import routes as printing_routes
from wibawa.privacy import routes as privacy_routes
from wibawa.proposals import routes as proposal_routes
from wibawa.reconciliation import routes as reconciliation_routes
from wibawa.repayments import jobs as repayment_jobs
from wibawa.repayments import routes as repayment_routes
from wibawa.reports import routes as report_routes
from wibawa.rules.dates import long_date
from wibawa.scans import routes as scan_routes
from wibawa.siumi import jobs as register_jobs
from wibawa.siumi import routes as siumi_routes
from wibawa.web import clock, errors, formats, log, security
from wibawa.web.pages import too_long

ROOT = Path(__file__).resolve().parent.parent
LOOK_AGAIN_SECONDS = 5.0  # at the version of the database
migrate = Migrate()
csrf = CSRFProtect()
PARTS = (
    access_routes,
    audit_routes,
    home_routes,
    dashboard_routes,
    application_routes,
    decision_routes,
    disbursement_routes,
    borrower_routes,
    scan_routes,
    merging_routes,
    siumi_routes,
    loan_routes,
    arrears_routes,
    change_routes,
    printing_routes,
    paper_routes,
    indicator_routes,
    bank_routes,
    layout_routes,
    letter_routes,
    notice_routes,
    proposal_routes,
    repayment_routes,
    reconciliation_routes,
    report_routes,
    job_routes,
    keeping_routes,
    privacy_routes,
)
JOB_KINDS = (
    ScheduleBatch(),
    repayment_jobs.CHECK,
    repayment_jobs.CHOOSE,
    repayment_jobs.SUBMIT,
    repayment_jobs.POST,
    register_jobs.CHECK,
    register_jobs.CHOOSE,
    register_jobs.NAMES,
    register_jobs.APPLY,
    keeping_jobs.BackupJob(),
)


_MMAP_THRESHOLD: Final = -3  # as malloc.h of glibc numbers it


class _StoredNumber(IntegerConverter):
    """`<int:…>` of an address. What no column can hold is nobody's number: 404, not a crash."""

    def __init__(self, map: Any, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", 2**31 - 1)
        super().__init__(map, *args, **kwargs)


# What itsdangerous signs with by itself is SHA-1; the tokens of forms have no setting of their own.
Signer.default_digest_method = staticmethod(hashlib.sha256)


class _Sessions(SecureCookieSessionInterface):
    """An answer for everybody alike has no cookie and depends on none, so that it may be kept."""

    digest_method = staticmethod(hashlib.sha256)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not g.get("for_everybody"):
            super().save_session(app, session, response)


def create_app(settings: dict[str, Any], *, check_schema: bool = True) -> Flask:
    """The application for `settings` (see `config.load`).

    An empty database is fine (the commands fill it); one whose schema is damaged or of another
    version is refused at the first request or command that needs it, in words.
    """
    _give_memory_back()
    app = Flask("wibawa", root_path=str(Path(__file__).resolve().parent))
    app.config.update(settings)
    app.session_interface = _Sessions()
    log.register(app)
    _behind(app, settings["PROXIES"])
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        keys.guard_writers(app, db.engine)
    keys.ensure_key(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    _limits(app)  # before the CSRF check, which reads the form
    csrf.init_app(app)
    _sign_in(app)
    formats.register(app)
    app.jinja_env.filters["born"] = born  # these two ask who reads
    app.jinja_env.filters["for_reader"] = for_reader
    app.jinja_env.globals["too_long"] = too_long
    errors.register(app)
    security.register(app)
    presence.register(app)
    _transactions(app)
    app.url_map.converters["int"] = _StoredNumber
    for part in PARTS:
        app.register_blueprint(part.pages)
    jobs.register(app, JOB_KINDS)
    public(app.view_functions["static"])
    _shared_variables(app)
    _schema_first(app, check_schema)
    return app


def _give_memory_back() -> None:
    """Return large blocks to the system as soon as they are free. The C library of Linux begins to
    keep them once it saw some, for each thread apart: a server that took two dozen large files was
    100 MB larger from then on."""
    with suppress(AttributeError, OSError, TypeError):  # where the system has no such switch
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 128 * 1024)


def _behind(app: Flask, proxies: int) -> None:
    """Believe the last `proxies` entries of X-Forwarded-*, and none when nothing stands in front:
    who asks writes such headers too, and the trail and the brakes go by the address. Answer for
    our own hosts only."""
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies
        )

    @app.before_request
    def refuse_other_hosts() -> Response | None:
        """A host that is not ours gets no page: its links would lead to that host."""
        if isinstance(request.routing_exception, SecurityError):
            said = "Alamat ini bukan alamat sistem Kredit Wibawa.\n"
            return Response(said, status=400, mimetype="text/plain")
        return None


def _sign_in(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None  # our own tokens are revocable and expire in the database

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> sessions.SignedIn | None:
        return sessions.find_session(db.session(), token, clock.now(), presence.seen(token))


def _limits(app: Flask) -> None:
    """Only a page that takes files may receive more than a form's worth."""

    @app.before_request
    def widen() -> None:
        view = app.view_functions.get(request.endpoint or "")
        setting = getattr(view, "wibawa_takes_files", None)
        if setting is not None:
            request.max_content_length = app.config[setting] + 64 * 1024

    @app.before_request
    def refuse_nul() -> None:
        """PostgreSQL stores no NUL, and no keyboard types one."""
        sent = (request.args, request.form)
        texts = [text for part in sent for _, text in part.items(multi=True)]
        names = [file.filename or "" for _, file in request.files.items(multi=True)]
        if any("\x00" in text for text in (request.path, *texts, *names)):
            abort(400)


def _transactions(app: Flask) -> None:
    """A page that is only read cannot write: its transaction is read-only on both engines."""

    @app.before_request
    def choose() -> None:
        set_writing(request.method not in ("GET", "HEAD", "OPTIONS"))

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        set_writing(True)


def _schema_first(app: Flask, at_start: bool) -> None:
    """A damaged schema or another key stops the start; an empty or older database answers 503 with
    what to do.

    So does a database that was upgraded, or whose key was changed, while this process runs: whoever
    writes asks each time, whoever reads every few seconds."""
    seen: dict[str, str | None] = {}
    looked = -LOOK_AGAIN_SECONDS
    if at_start:
        with app.app_context():
            try:
                seen["state"] = schema.state(db.engine)
                if seen["state"] is None:
                    keys.refuse_another_key(db.engine)
            finally:
                db.engine.dispose()  # workers that fork after this must not share a connection

    def look() -> None:
        nonlocal looked
        if seen.get("state", "unknown") is not None:
            with reading():
                seen["state"] = schema.state(db.engine) or keys.state(db.engine)
            looked = time.monotonic()
        elif request.method == "POST" or time.monotonic() - looked > LOOK_AGAIN_SECONDS:
            with reading():  # whoever only asks waits for no writer
                connection = db.session.connection()
                seen["state"] = schema.other_version(connection) or keys.changed(connection)
                db.session.rollback()
            looked = time.monotonic()

    @app.before_request
    def stop_unfit() -> tuple[str, int] | None:
        if request.endpoint == "static":
            return None
        try:
            look()
        except SQLAlchemyError:
            if request.endpoint == "keeping.ready":
                return None  # it says so itself
            raise
        if seen["state"] is None:
            return None
        errors.ask_no_database()
        return render_template(
            "error.html",
            code=503,
            title="Sistem belum siap",
            text=seen["state"],
            ticket=None,
            back_url="/",
        ), 503


def _shared_variables(app: Flask) -> None:
    @app.context_processor
    def shared() -> dict[str, Any]:
        signed_in = not g.get("unfit") and current_user.is_authenticated
        # The person, not the name that looks for the person anew at each of a hundred questions
        person = current_user._get_current_object() if signed_in else None
        free = person if person and person.first is None else None  # who owes no step before
        return {
            "menu": menu_for(db.session(), free, request.endpoint) if free else [],
            "sign_out_url": url_for("access.sign_out"),
            "account_url": url_for("access.device_list") if free else None,
            "stay_url": url_for("access.stay"),
            "session_seconds": seconds_left() if signed_in else 0,
            "session_limit": seconds_to_limit() if signed_in else 0,
            "jobs_url": url_for("jobs.job_list"),
            "own_jobs": own_jobs(db.session(), current_user.id) if signed_in else (False, 0),
            "home_url": url_for("home.index"),
            "search_url": url_for("home.search")
            if free and free.may(Permission.SEE_LOANS)
            else None,
            "today_long": long_date(clock.today()),
            "version": VERSION,
        }


def main() -> None:
    """The `wibawa` command. Settings are read when a command needs the database, not before."""

    def make() -> Flask:
        config = importlib.import_module("config")
        return create_app(config.load(), check_schema=False)

    commands.run(make)
