from __future__ import annotations

import datetime as dt
import hashlib
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_user
from sqlalchemy import select, text
from werkzeug.wrappers import Response

from wibawa.access import queries, second_factor, sessions, settings, trail, tries, users
from wibawa.access.account import routes as account
from wibawa.access.forms import CodeForm, SignInForm
from wibawa.access.guard import public
from wibawa.access.models import User
from wibawa.access.people import routes as people
from wibawa.database import db
from wibawa.rules.refused import Refused
from wibawa.web import clock

pages = Blueprint("access", __name__)
Answer = str | Response | tuple[str, int]
SECOND = "second_step"  # what waits in the cookie between password and code
SECOND_STEP = dt.timedelta(minutes=5)


def _safe_target(target: str | None) -> str:
    """Only a path of our own; anything else leads to the first page."""
    path = target or ""
    try:
        parts = urlsplit(path)
    except ValueError:
        return url_for("home.index")
    own = not parts.scheme and not parts.netloc and path.startswith("/")
    plain = path.isprintable() and "\\" not in path and not path.startswith("//")
    return path if own and plain else url_for("home.index")


@public
def sign_in() -> Answer:
    if current_user.is_authenticated and request.method == "GET":
        return redirect(url_for("home.index"))
    form, status = SignInForm(lanjut=request.args.get("lanjut", "")), 200
    if form.validate_on_submit():
        try:
            user = _with_password(form.username.data, form.password.data)
        except Refused as refused:
            form.password.errors = [refused.sentence]
            status = 429 if refused.code == "wait" else 200
        else:
            return _next_step(user, form.lanjut.data)
    demo = queries.demo_users(db.session()) if current_app.config["DEMO_USERS_ON_SIGN_IN"] else []
    return render_template("access/sign_in.html", form=form, demo_users=demo), status


def _with_password(username: str, password: str) -> User:
    """The user with this name and password. Raises `Refused`: `wait`, `wrong`, `one_time_over`."""
    number = tries.count(username)

    def check() -> int | None:
        found = users.verify(db.session(), username, password)
        return found.id if found else None

    user_id = tries.look(check)
    if user_id is None:
        named = users.named(db.session(), username)
        trail.record(db.session(), clock.now(), None, "sign_in_failed", "user", named)
        db.session.commit()
        raise Refused(
            "wrong",
            "Nama pengguna atau kata sandi tidak cocok. Periksa huruf besar-kecil, lalu coba lagi.",
        )
    tries.was_right(number)
    user = db.session.get_one(User, user_id)
    if user.one_time_until is not None and user.one_time_until <= clock.now():
        db.session.commit()
        raise Refused(
            "one_time_over",
            "Masa kata sandi sekali pakai ini sudah lewat. Minta yang baru kepada administrator.",
        )
    return user


def _next_step(user: User, target: str | None) -> Response:
    """Into the program, or on to the code; what is known so far waits in the signed cookie."""
    if second_factor.since(db.session(), user.id) is None:
        return _welcome(user, target)
    session[SECOND] = {
        "user": user.id,
        "at": int(clock.now().timestamp()),
        "of": _mark_of(user),
        "lanjut": (target or "")[:1000],
    }
    db.session.commit()
    return redirect(url_for("access.sign_in_code"))


def _mark_of(user: User) -> str:
    """Another password is another mark: a step that waits is worth nothing after a change."""
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]


def _waiting() -> User | None:
    """Who has given the right password within the last minutes and owes the code."""
    kept = session.get(SECOND)
    if kept is None or clock.now().timestamp() >= kept["at"] + SECOND_STEP.total_seconds():
        return None
    user = db.session.get(User, kept["user"])
    fits = user is not None and user.can_sign_in and _mark_of(user) == kept["of"]
    return user if fits else None


@public
def sign_in_code() -> Answer:
    user, form, status = _waiting(), CodeForm(), 200
    if user is None:
        session.pop(SECOND, None)
        flash("Mulai lagi dengan nama pengguna dan kata sandi.", "info")
        return redirect(url_for("access.sign_in"))
    if form.validate_on_submit():
        target = session[SECOND]["lanjut"]
        try:
            _take_code(user, form.code.data)
        except Refused as refused:
            form.code.errors = [refused.sentence]
            status = 429 if refused.code == "wait" else 200
        else:
            session.pop(SECOND)
            return _welcome(user, target)
    return render_template("access/sign_in_code.html", form=form), status


def _take_code(user: User, typed: str) -> None:
    """Take a code of the app or one on paper. Raises `Refused`: `wait`, `wrong`."""
    number, now, kept = tries.count(user.username), clock.now(), db.session()
    if tries.take_code(user.id, typed):
        tries.was_right(number)
        return
    trail.record(kept, now, None, "sign_in_failed", "user", user.id, "kode")
    kept.commit()
    raise Refused(
        "wrong",
        "Kode tidak cocok atau sudah dipakai. Tunggu kode berikutnya di aplikasi, lalu coba lagi.",
    )


def _welcome(user: User, target: str | None) -> Response:
    now, hours = clock.now(), settings.current(db.session()).absolute_hours
    where, agent = request.remote_addr or "", request.headers.get("User-Agent", "")
    tries.all_right(user.username)
    if current_user.is_authenticated:  # who was here before did not leave, or was planted
        sessions.revoke(db.session(), current_user.token, now)
        trail.record(db.session(), now, current_user.id, "sign_out", "user", current_user.id)
    person = sessions.open_session(db.session(), user, now, hours, where, agent)
    trail.record(db.session(), now, user.id, "sign_in", "user", user.id)
    before = sessions.previous_sign_in(db.session(), person)
    db.session.commit()
    login_user(person)
    if before is not None:
        said = current_app.jinja_env.filters["moment"](before)
        flash(f"Selamat datang, {person.name}. Masuk terakhir {said} WIB.", "info")
    return redirect(_safe_target(target))


@public
def health() -> tuple[dict[str, str], int]:
    db.session.execute(select(text("1")))
    return {"status": "ok"}, 200


pages.add_url_rule("/masuk", view_func=sign_in, methods=["GET", "POST"])
pages.add_url_rule("/masuk/kode", view_func=sign_in_code, methods=["GET", "POST"])
for _address, _name, _view, _methods in account.URLS:
    pages.add_url_rule(_address, _name, _view, methods=_methods)
for _address, _view, _methods in people.URLS:
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
pages.add_url_rule("/healthz", view_func=health)
