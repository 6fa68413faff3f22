"""Where the page of an object is, for who may open it."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for

from wibawa.access.guard import me


def own_address(endpoint: str, arguments: dict[str, Any]) -> str | None:
    """The address of a page, None for who has not its permission."""
    view: Any = current_app.view_functions[endpoint]
    return url_for(endpoint, **arguments) if me().may(view.wibawa_permission) else None
