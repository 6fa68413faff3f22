"""Where the outside world finds this installation."""

from __future__ import annotations

from flask import current_app, has_request_context, request


def public_address() -> str:
    """The address that stands on papers, without a slash at its end: the setting PUBLIC_URL, else
    the host that was asked for; "" on the command line without the setting."""
    said = str(current_app.config["PUBLIC_URL"])
    if not said and has_request_context():
        said = request.url_root
    return said.rstrip("/")
