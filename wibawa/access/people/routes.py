from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy import update
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from wibawa.access import (
    guessing,
    passwords,
    queries,
    second_factor,
    sessions,
    settings,
    trail,
    users,
)
from wibawa.access.forms import SettingsForm, UserForm
from wibawa.access.guard import me, needs
from wibawa.access.models import User
from wibawa.access.permissions import PERMISSION_LABELS, ROLE_LABELS, Permission, Role, may
from wibawa.access.proof import Deed, proven
from wibawa.database import db
from wibawa.rules.refused import Refused
from wibawa.web import clock

Answer = str | Response | tuple[str, int]


@needs(Permission.MANAGE_USERS)
def user_list() -> str:
    return render_template("access/user_list.html", people=users.all_users(db.session()))


@needs(Permission.MANAGE_USERS)
@proven(Deed("Menambah pengguna"))
def new_user() -> Answer:
    form = UserForm()
    banks = queries.bank_choices(db.session())
    form.bank_id.choices = [SelectChoice("", "–"), *(SelectChoice(*bank) for bank in banks)]
    issued = None
    if form.validate_on_submit():
        try:
            user, issued = users.add_with_one_time(
                db.session(),
                username=form.username.data,
                name=form.name.data,
                role=Role(form.role.data),
                bank_id=int(form.bank_id.data) if form.bank_id.data else None,
                now=clock.now(),
            )
        except Refused as refused:
            wrong = form.bank_id if refused.code == "bank_of_officer" else form.username
            wrong.errors = [refused.sentence]
        else:
            _record("user_added", user)
            db.session.commit()
            return render_template("access/new_user.html", form=form, person=user, issued=issued)
    return render_template("access/new_user.html", form=form, person=None, issued=None)


def _record(deed: str, user: User) -> None:
    trail.record(db.session(), clock.now(), me().id, deed, "user", user.id, user.username)


def _asked(user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None or user.username == users.COMMAND_LINE:
        abort(404)
    return user


def _about(title: str) -> Callable[[int], Deed]:
    """What is done to one person's account."""

    def deed(user_id: int) -> Deed:
        person = _asked(user_id)
        return Deed(title, [("Nama", person.name), ("Nama pengguna", person.username)])

    return deed


@needs(Permission.MANAGE_USERS)
def user(user_id: int) -> str:
    person, session = _asked(user_id), db.session()
    return render_template(
        "access/user.html",
        person=person,
        bank=dict(queries.bank_choices(session)).get(str(person.bank_id)),
        since=second_factor.since(session, person.id),
        devices=len(sessions.open_sessions(session, person.id, clock.now())),
        last=queries.last_sign_in(session, person.id),
        mine=person.id == me().id,
    )


@needs(Permission.MANAGE_USERS)
def disable_user(user_id: int) -> Response:
    return _switched(user_id, on=False)


@needs(Permission.MANAGE_USERS)
@proven(_about("Mengaktifkan kembali akun"))
def enable_user(user_id: int) -> Response:
    return _switched(user_id, on=True)


def _switched(user_id: int, *, on: bool) -> Response:
    """As the button said it, whoever pressed it before: two who close an account at once do not
    open it again."""
    person, session = _asked(user_id), db.session()
    if person.id == me().id:
        flash("Anda tidak dapat menonaktifkan akun sendiri. Minta administrator lain.", "error")
        return redirect(url_for("access.user_list"))
    switched = session.execute(
        update(User)
        .where(User.id == person.id, User.can_sign_in != on)
        .values(can_sign_in=on)
        .returning(User.id)
    )
    state = "diaktifkan" if on else "dinonaktifkan dan dikeluarkan dari semua perangkat"
    if switched.first() is None:
        session.rollback()
        flash(f"{person.name} sudah {state}.", "info")
        return redirect(url_for("access.user_list"))
    sessions.revoke_all(session, person.id, clock.now())
    _record("user_enabled" if on else "user_disabled", person)
    session.commit()
    undo = url_for(f"access.{'disable' if on else 'enable'}_user", user_id=person.id)
    flash({"text": f"{person.name} {state}.", "undo_url": undo}, "success")  # type: ignore[arg-type]
    return redirect(url_for("access.user_list"))


@needs(Permission.MANAGE_USERS)
@proven(_about("Memberi kata sandi sekali pakai"))
def reset_password(user_id: int) -> str | Response:
    """A new one-time password, shown on this page and nowhere else."""
    person = _asked(user_id)
    if person.id == me().id:
        flash("Ganti kata sandi Anda sendiri di halaman ini.", "info")
        return redirect(url_for("access.change_password"))
    now = clock.now()
    issued = passwords.give_one_time(db.session(), person, now)
    sessions.revoke_all(db.session(), person.id, now)
    guessing.forgive_everywhere(db.session(), person.username)
    _record("password_reset", person)
    db.session.commit()
    return render_template("access/reset_password.html", person=person, issued=issued)


@needs(Permission.MANAGE_USERS)
@proven(_about("Menghapus kode masuk pengguna ini"))
def reset_second_factor(user_id: int) -> Response:
    """For who has lost telephone and recovery codes: signs in by password, then sets up anew."""
    person = _asked(user_id)
    if person.id == me().id:
        flash("Ganti kode Anda sendiri di halaman ini.", "info")
        return redirect(url_for("access.second_factor"))
    second_factor.remove(db.session(), person.id)
    sessions.revoke_all(db.session(), person.id, clock.now())
    _record("second_factor_reset", person)
    db.session.commit()
    flash(f"Kode masuk {person.name} dihapus, dan semua perangkatnya dikeluarkan.", "success")
    return redirect(url_for("access.user", user_id=person.id))


@needs(Permission.MANAGE_USERS)
@proven(Deed("Mengubah pengaturan masuk"))
def access_settings() -> Answer:
    current = settings.current(db.session())
    shown = {name: getattr(current, name) for name in settings.LABELS}
    roles = [role.value for role in current.roles]
    form = SettingsForm(data=shown | {"second_factor_roles": roles, "seen": current.id})
    if not form.validate_on_submit():
        return _settings_page(form)
    return _change_settings(form)


def _settings_page(form: SettingsForm, loose: list[tuple[str, None]] | None = None) -> str:
    history = settings.history(db.session())
    return render_template(
        "access/access_settings.html",
        form=form,
        history=history,
        profiles=settings.PROFILES,
        loose=loose or [],
    )


def _change_settings(form: SettingsForm) -> Answer:
    seen = form.seen.data or ""
    number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
    reason = " ".join(form.reason.data.split())
    try:
        changed = settings.change(db.session(), form.values(), reason, number, me().id, clock.now())
    except Refused as refused:
        db.session.rollback()
        return _settings_page(form, [(refused.sentence, None)]), 409
    db.session.commit()
    said = "Pengaturan masuk disimpan dan langsung berlaku." if changed else "Tidak ada perubahan."
    flash(said, "success")
    return redirect(url_for("access.access_settings"))


@needs(Permission.MANAGE_USERS)
def role_list() -> str:
    rows = [
        (label, [may(role, permission) for role in Role])
        for permission, label in PERMISSION_LABELS.items()
    ]
    return render_template("access/role_list.html", roles=list(ROLE_LABELS.values()), rows=rows)


POST = ["POST"]
ONE = "/pengaturan/pengguna/<int:user_id>"
URLS: tuple[tuple[str, Any, list[str]], ...] = (
    ("/pengaturan/pengguna", user_list, ["GET"]),
    ("/pengaturan/pengguna/baru", new_user, ["GET", "POST"]),
    (ONE, user, ["GET"]),
    (f"{ONE}/nonaktifkan", disable_user, POST),
    (f"{ONE}/aktifkan", enable_user, POST),
    (f"{ONE}/sandi-baru", reset_password, POST),
    (f"{ONE}/hapus-kode", reset_second_factor, POST),
    ("/pengaturan/masuk", access_settings, ["GET", "POST"]),
    ("/pengaturan/peran", role_list, ["GET"]),
)
