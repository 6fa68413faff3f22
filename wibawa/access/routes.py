from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select, text
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from wibawa.access import queries, sessions, trail, users
from wibawa.access.forms import SignInForm, UserForm
from wibawa.access.guard import me, needs, public
from wibawa.access.models import User
from wibawa.access.permissions import Permission, Role
from wibawa.database import db
from wibawa.rules.refused import Refused
from wibawa.web import clock
from wibawa.web.pages import address, wanted

pages = Blueprint("access", __name__)


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
def sign_in() -> str | Response:
    if current_user.is_authenticated:
        return redirect(url_for("home.index"))
    form = SignInForm(lanjut=request.args.get("lanjut", ""))
    if form.validate_on_submit():
        user = users.verify(db.session(), form.username.data, form.password.data)
        if user is not None:
            return _welcome(user, form.lanjut.data)
        trail.record(db.session(), clock.now(), None, "sign_in_failed", "user", None)
        db.session.commit()
        form.password.errors = [
            "Nama pengguna atau kata sandi tidak cocok. Periksa huruf besar-kecil, lalu coba lagi."
        ]
    demo = queries.demo_users(db.session()) if current_app.config["DEMO_USERS_ON_SIGN_IN"] else []
    return render_template("access/sign_in.html", form=form, demo_users=demo)


def _welcome(user: User, target: str | None) -> Response:
    now = clock.now()
    hours = current_app.config["SESSION_HOURS"]
    person = sessions.open_session(db.session(), user, now, hours, request.remote_addr or "")
    trail.record(db.session(), now, user.id, "sign_in", "user", user.id)
    before = sessions.previous_sign_in(db.session(), person)
    db.session.commit()
    login_user(person)
    if before is not None:
        said = current_app.jinja_env.filters["moment"](before)
        flash(f"Selamat datang, {person.name}. Masuk terakhir {said} WIB.", "info")
    return redirect(_safe_target(target))


@needs(Permission.SIGNED_IN)
def sign_out() -> Response:
    sessions.revoke(db.session(), me().token, clock.now())
    trail.record(db.session(), clock.now(), me().id, "sign_out", "user", me().id)
    db.session.commit()
    logout_user()
    flash("Anda sudah keluar.", "success")
    return redirect(url_for("access.sign_in"))


@needs(Permission.MANAGE_USERS)
def user_list() -> str:
    return render_template("access/user_list.html", people=users.all_users(db.session()))


@needs(Permission.MANAGE_USERS)
def new_user() -> str | Response:
    form = UserForm()
    banks = queries.bank_choices(db.session())
    form.bank_id.choices = [SelectChoice("", "–"), *(SelectChoice(*bank) for bank in banks)]
    if form.validate_on_submit():
        try:
            user = users.add_user(
                db.session(),
                username=form.username.data,
                name=form.name.data,
                role=Role(form.role.data),
                password=form.password.data,
                bank_id=int(form.bank_id.data) if form.bank_id.data else None,
                now=clock.now(),
            )
        except Refused as refused:
            form.username.errors = [refused.sentence]
        else:
            trail.record(
                db.session(), clock.now(), me().id, "user_added", "user", user.id, user.username
            )
            db.session.commit()
            flash(f"Pengguna {user.name} ({user.username}) sudah ditambahkan.", "success")
            return redirect(url_for("access.user_list"))
    return render_template("access/new_user.html", form=form)


@needs(Permission.MANAGE_USERS)
def switch_user(user_id: int) -> Response:
    user = db.session.get(User, user_id)
    if user is None or user.username == users.COMMAND_LINE:
        abort(404)
    if user.id == me().id:
        flash("Anda tidak dapat menonaktifkan akun sendiri. Minta administrator lain.", "error")
        return redirect(url_for("access.user_list"))
    user.can_sign_in = not user.can_sign_in
    sessions.revoke_all(db.session(), user.id, clock.now())
    deed = "user_enabled" if user.can_sign_in else "user_disabled"
    trail.record(db.session(), clock.now(), me().id, deed, "user", user.id, user.username)
    db.session.commit()
    closed = "dinonaktifkan dan dikeluarkan dari semua perangkat"
    said = f"{user.name} {'diaktifkan' if user.can_sign_in else closed}."
    undo = url_for("access.switch_user", user_id=user.id)
    flash({"text": said, "undo_url": undo}, "success")  # type: ignore[arg-type]
    return redirect(url_for("access.user_list"))


@needs(Permission.SEE_TRAIL)
def trail_list() -> str:
    asked = wanted(request.args.to_dict(), ("at",), "-at")
    page = queries.trail_page(db.session(), asked)
    return render_template("access/trail_list.html", page=page, page_url=address("hal"))


@public
def health() -> tuple[dict[str, str], int]:
    db.session.execute(select(text("1")))
    return {"status": "ok"}, 200


pages.add_url_rule("/masuk", view_func=sign_in, methods=["GET", "POST"])
pages.add_url_rule("/keluar", view_func=sign_out, methods=["POST"])
pages.add_url_rule("/pengaturan/pengguna", view_func=user_list)
pages.add_url_rule("/pengaturan/pengguna/baru", view_func=new_user, methods=["GET", "POST"])
pages.add_url_rule(
    "/pengaturan/pengguna/<int:user_id>/saklar", view_func=switch_user, methods=["POST"]
)
pages.add_url_rule("/jejak", view_func=trail_list)
pages.add_url_rule("/healthz", view_func=health)
