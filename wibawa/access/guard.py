"""Every page states one permission with `@needs`, or is on the short list of `@public` ones."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

from flask import abort, flash, g, redirect, request, url_for
from flask_login import current_user

from wibawa.access.permissions import Permission
from wibawa.access.sealed import contacts_hidden
from wibawa.access.sessions import SignedIn
from wibawa.access.trail import record_apart
from wibawa.database import db
from wibawa.rules.refused import SAME_PERSON, Refused
from wibawa.web.clock import now
from wibawa.web.pages import back_path

View = TypeVar("View", bound=Callable[..., Any])
SESSION_OVER = (
    "Waktu masuk Anda sudah habis, jadi yang baru dikirim belum disimpan. "
    "Masuk lagi, periksa isian, lalu kirim sekali lagi."
)


def me() -> SignedIn:
    """The signed-in person of this request (views with `@needs` always have one)."""
    return cast(SignedIn, current_user._get_current_object())


def public(view: View) -> View:
    """Mark a page that anybody may open."""
    view.wibawa_public = True  # type: ignore[attr-defined]
    return view


def takes_files(view: View) -> View:
    """Let this page receive files up to UPLOAD_MAX_BYTES; all others stay small."""
    view.wibawa_takes_files = "UPLOAD_MAX_BYTES"  # type: ignore[attr-defined]
    return view


def takes_photos(view: View) -> View:
    """Let this page receive several photos, together up to PHOTOS_MAX_BYTES."""
    view.wibawa_takes_files = "PHOTOS_MAX_BYTES"  # type: ignore[attr-defined]
    return view


def needs(permission: Permission) -> Callable[[View], View]:
    """Let only people with `permission` in; the rest get the sign-in page or a recorded 403."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                if request.method == "GET":
                    target = request.full_path.rstrip("?")
                else:
                    target = back_path()
                    if request.endpoint != "access.sign_out":
                        flash(SESSION_OVER, "warning")
                return redirect(url_for("access.sign_in", lanjut=target))
            before = current_user.first
            if before is not None and request.endpoint not in (before, "access.sign_out"):
                return redirect(url_for(before))
            if not current_user.may(permission):
                _denied(403, str(request.endpoint), None, request.path)
            # The view begins its own transaction, so that reading an uploaded file holds no lock.
            db.session.rollback()
            with contacts_hidden(not current_user.may(Permission.SEE_CONTACTS)):
                return view(*args, **kwargs)

        guarded.wibawa_permission = permission  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def not_found(kind: str, object_id: int) -> NoReturn:
    """404 for what is not there or is another bank's: the try is recorded, nothing told."""
    _denied(404, kind, object_id)


def refuse(kind: str, object_id: int) -> NoReturn:
    """403 for what is seen and may not be done: the try is recorded."""
    _denied(403, kind, object_id)


def note_own_try(refused: Refused, kind: str, object_id: int, detail: str = "") -> None:
    """Record that somebody tried to decide on the own thing, when that is why it was refused."""
    if refused.code == SAME_PERSON:
        record_apart(now(), me().id, "denied", kind, object_id, detail)


def _denied(code: int, kind: str, object_id: int | None, path: str = "") -> NoReturn:
    """Record the try under a number that the page tells, so that whoever telephones about it is
    found. It is drawn by lot: one that counts would tell how much others do."""
    g.refused_as = secrets.token_hex(4).upper()
    detail = f"{path}; nomor kejadian {g.refused_as}".removeprefix("; ")
    record_apart(now(), me().id, "denied", kind, object_id, detail)
    abort(code)


def own_bank_only(bank_id: int | None, kind: str, object_id: int) -> None:
    """Stop with 404 when a bank officer asks for an object that is not of the own bank."""
    mine = me().bank_id
    if mine is not None and bank_id != mine:
        not_found(kind, object_id)
