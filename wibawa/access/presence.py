"""When a browser was last used, in a signed cookie of its own: reading a page writes nothing.

The limit of idle time is reckoned from this cookie, or from what the session's own row says when
that is later. A copied cookie carries its own moment and goes stale with it.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from itsdangerous import BadSignature, Signer

from wibawa.access.sessions import SignedIn
from wibawa.web import clock

EVERY = dt.timedelta(seconds=60)


def _name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-terlihat"


def _signer(token: str) -> Signer:
    salt = b"wibawa/presence/" + hashlib.sha256(token.encode()).digest()
    return Signer(current_app.secret_key or "", salt=salt)


def seen(token: str) -> dt.datetime | None:
    """When the browser of this request was last used with the session of `token`."""
    try:
        value = _signer(token).unsign(request.cookies.get(_name(), "")).decode()
        return dt.datetime.fromtimestamp(int(value), dt.UTC)
    except (BadSignature, ValueError, OverflowError):
        return None


def register(app: Flask) -> None:
    @app.after_request
    def mark(response: Response) -> Response:
        """A page that somebody asked for is use; one that a script asks for by itself is not."""
        if request.endpoint == "static" or g.get("for_everybody") or g.get("unfit"):
            return response
        person = g.get("_login_user")
        alone = request.accept_mimetypes.best == "application/json" and request.method == "GET"
        if alone or not isinstance(person, SignedIn) or not current_user.is_authenticated:
            return response
        before = seen(person.token)
        if before is None or clock.now() - before >= EVERY:
            value = _signer(person.token).sign(str(int(clock.now().timestamp()))).decode()
            response.set_cookie(
                _name(),
                value,
                secure=app.config["SESSION_COOKIE_SECURE"],
                httponly=True,
                samesite="Lax",
            )
        return response
