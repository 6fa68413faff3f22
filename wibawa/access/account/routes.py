from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, session, url_for
from flask_login import logout_user
from werkzeug.wrappers import Response

from wibawa.access import passwords, second_factor, sessions, settings, trail, tries
from wibawa.access.forms import PasswordForm, SecondFactorForm
from wibawa.access.guard import me, needs, not_found
from wibawa.access.models import User
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.database import db
from wibawa.rules.refused import Refused
from wibawa.web import clock

Answer = str | Response | tuple[str, int]


@needs(Permission.SIGNED_IN)
def change_password() -> Answer:
    form, status = PasswordForm(), 200
    if form.validate_on_submit():
        try:
            _change(form)
        except Refused as refused:
            db.session.rollback()
            at = form.old if refused.code in ("wrong", "wait") else form.new
            at.errors = [refused.sentence]
            status = 429 if refused.code == "wait" else 200
        else:
            flash("Kata sandi diganti. Perangkat lain sudah dikeluarkan.", "success")
            return redirect(url_for("home.index"))
    setting = settings.current(db.session())
    page = render_template(
        "access/change_password.html",
        form=form,
        forced=_is_forced(),
        setting=setting,
        one_time=_mine().one_time_until is not None,
    )
    return page, status


def _mine() -> User:
    user = db.session.get(User, me().id)
    assert user is not None
    return user


def _is_forced() -> bool:
    return me().first == "access.change_password"


def _change(form: PasswordForm) -> None:
    """Change the own password. The old one is asked for, but not right after signing in with it
    only to change it."""
    if not _is_forced():
        number = tries.count(me().username)
        stored = _mine().password_hash
        if not tries.look(lambda: passwords.fits(stored, form.old.data or "")):
            raise Refused("wrong", "Kata sandi sekarang tidak cocok. Periksa, lalu coba lagi.")
        tries.was_right(number)
    now = clock.now()
    passwords.change(db.session(), _mine(), form.new.data, now)
    sessions.revoke_all(db.session(), me().id, now, but=me().session_id)
    trail.record(db.session(), now, me().id, "password_changed", "user", me().id)
    db.session.commit()


def _second_factor_page(form: SecondFactorForm) -> str:
    person, now = me(), clock.now()
    secret = second_factor.offered(form.offer.data or "", person.id, now)
    if secret is None:
        secret = second_factor.new_secret()
        form.offer.data = second_factor.offer(secret, person.id, now)
    return render_template(
        "access/second_factor.html",
        form=form,
        picture=second_factor.picture(secret, person.username),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        since=second_factor.since(db.session(), person.id),
        left=second_factor.codes_left(db.session(), person.id),
        required=person.role in settings.current(db.session()).roles,
        forced=person.first == "access.second_factor",
    )


@needs(Permission.SIGNED_IN)
@proven(Deed("Memasang kode masuk"))
def second_factor_page() -> str:
    form, person, now = SecondFactorForm(), me(), clock.now()
    if not form.validate_on_submit():
        return _second_factor_page(form)
    secret = second_factor.offered(form.offer.data or "", person.id, now)
    step = secret and second_factor.step_of(secret, form.code.data, now)
    if not secret or not step:
        form.code.errors = [
            "Kode tidak cocok. Pindai kode QR di halaman ini, lalu ketik 6 angka yang sedang "
            "tampil; periksa juga jam ponsel."
        ]
        return _second_factor_page(form)
    codes = second_factor.set_up(db.session(), person.id, secret, int(step), now)
    sessions.revoke_all(db.session(), person.id, now, but=person.session_id)
    trail.record(db.session(), now, person.id, "second_factor_set", "user", person.id)
    db.session.commit()
    return render_template("access/recovery_codes.html", codes=codes, fresh=True)


@needs(Permission.SIGNED_IN)
@proven(Deed("Membuat kode pemulihan baru; kode yang lama tidak berlaku lagi"))
def recovery_codes() -> str | Response:
    if not me().has_second_factor:
        return redirect(url_for("access.second_factor"))
    codes = second_factor.new_recovery_codes(db.session(), me().id)
    trail.record(db.session(), clock.now(), me().id, "recovery_codes_made", "user", me().id)
    db.session.commit()
    return render_template("access/recovery_codes.html", codes=codes, fresh=False)


@needs(Permission.SIGNED_IN)
@proven(Deed("Mematikan kode masuk"))
def drop_second_factor() -> Response:
    if me().role in settings.current(db.session()).roles:
        flash("Peran Anda wajib memakai kode. Ganti ponsel lewat halaman ini.", "error")
    elif me().has_second_factor:
        second_factor.remove(db.session(), me().id)
        trail.record(db.session(), clock.now(), me().id, "second_factor_dropped", "user", me().id)
        db.session.commit()
        flash("Kode masuk dimatikan. Anda masuk dengan kata sandi saja.", "success")
    return redirect(url_for("access.second_factor"))


@needs(Permission.SIGNED_IN)
def device_list() -> str:
    found = sessions.open_sessions(db.session(), me().id, clock.now())
    return render_template("access/device_list.html", devices=found)


@needs(Permission.SIGNED_IN)
def end_device(session_id: int) -> Response:
    if session_id == me().session_id:
        return _leave("Anda sudah keluar.", everywhere=False)
    if not sessions.revoke_one(db.session(), me().id, session_id, clock.now()):
        not_found("session", session_id)
    trail.record(db.session(), clock.now(), me().id, "device_ended", "session", session_id)
    db.session.commit()
    flash("Perangkat itu sudah dikeluarkan.", "success")
    return redirect(url_for("access.device_list"))


@needs(Permission.SIGNED_IN)
def end_all_devices() -> Response:
    return _leave("Anda sudah keluar dari semua perangkat.", everywhere=True)


@needs(Permission.SIGNED_IN)
def sign_out() -> Response:
    return _leave("Anda sudah keluar.", everywhere=False)


def _leave(said: str, *, everywhere: bool) -> Response:
    person, now = me(), clock.now()
    if everywhere:
        sessions.revoke_all(db.session(), person.id, now)
        trail.record(db.session(), now, person.id, "devices_ended", "user", person.id)
    else:
        sessions.revoke(db.session(), person.token, now)
        trail.record(db.session(), now, person.id, "sign_out", "user", person.id)
    db.session.commit()
    logout_user()
    session.clear()
    flash(said, "success")
    return redirect(url_for("access.sign_in"))


@needs(Permission.SIGNED_IN)
def stay() -> dict[str, Any]:
    """Somebody is there: the page's script says so now and then, and for the button Lanjutkan."""
    sessions.mark_seen(db.session(), me().session_id, clock.now())
    db.session.commit()
    return {"seconds": seconds_left()}


def seconds_left() -> int:
    """How long this session lasts if nothing more is done with it."""
    return max(0, int((me().ends_at - clock.now()).total_seconds()))


def seconds_to_limit() -> int:
    """How long this session lasts at most."""
    return max(0, int((me().limit_at - clock.now()).total_seconds()))


POST = ["POST"]
URLS: tuple[tuple[str, str, Any, list[str]], ...] = (
    ("/keluar", "sign_out", sign_out, POST),
    ("/akun/sandi", "change_password", change_password, ["GET", "POST"]),
    ("/akun/kode", "second_factor", second_factor_page, ["GET", "POST"]),
    ("/akun/kode/pemulihan", "recovery_codes", recovery_codes, POST),
    ("/akun/kode/matikan", "drop_second_factor", drop_second_factor, POST),
    ("/akun/perangkat", "device_list", device_list, ["GET"]),
    ("/akun/perangkat/<int:session_id>/keluar", "end_device", end_device, POST),
    ("/akun/perangkat/keluar-semua", "end_all_devices", end_all_devices, POST),
    ("/akun/lanjut", "stay", stay, POST),
)
