"""Bring a database to the newest schema: at once for an empty one, by command for an older one."""

from __future__ import annotations

from flask import Flask
from flask_migrate import upgrade

from wibawa.database import db, writing
from wibawa.schema import revision, state


def migrate_if_empty(app: Flask) -> bool:
    """Create the schema in an empty database; whether it was one. Raises `DamagedSchema` for a
    damaged one.

    An older version is not touched: that is `flask --app wsgi db upgrade`, a deed of its own.
    """
    with app.app_context(), writing():
        with db.engine.connect() as connection:
            empty = revision(connection) is None
        if empty:
            upgrade()
        sentence = state(db.engine)
    if sentence is not None:
        raise RuntimeError(sentence)
    return empty
