"""The data key of this installation: made once for an empty database, known again at every start.

It lies outside the data and outside what is backed up. A database in which something is sealed is
never given a new key: without its own it is not opened at all.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from wibawa.access.models import DataKeyCheck
from wibawa.access.personal_data import WrongKey, unseal
from wibawa.database import db
from wibawa.schema import revision

CHECKED, PLACE = "wibawa", "data_key_checks.sealed:1"


def ensure_key(app: Flask) -> None:
    """Give a new installation its key; raises `WrongKey` when an old database has lost its own."""
    if app.config["DATA_KEY"]:
        return
    path = Path(app.config["DATA_KEY_FILE"])
    with app.app_context():
        with db.engine.connect() as connection:
            is_new = revision(connection) is None
        db.engine.dispose()  # workers that fork after this must not share a connection
    if not is_new:
        raise WrongKey(
            "Kunci data tidak ada, padahal basis data ini berisi data yang disegel. Kembalikan "
            f"kuncinya ke {path} (atau WIBAWA_DATA_KEY, WIBAWA_DATA_KEY_FILE), lalu jalankan lagi. "
            "Kunci baru tidak dibuat, karena tidak dapat membuka data yang lama."
        )
    app.config["DATA_KEY"] = _make(path)


def _make(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was quicker
        return path.read_text().strip()
    key = secrets.token_hex(32)
    with os.fdopen(descriptor, "w") as file:
        file.write(key)
    return key


def state(engine: Engine) -> str | None:
    """None when the key is that of this database, else a sentence that says what to do."""
    with Session(engine) as session:
        sealed = session.scalar(select(DataKeyCheck.sealed))
    try:
        if sealed is not None and unseal(sealed, PLACE) == CHECKED:
            return None
    except WrongKey:
        pass
    return (
        "Kunci data bukan kunci basis data ini, jadi data yang disegel tidak dapat dibuka. Periksa "
        f"WIBAWA_DATA_KEY, atau berkas {current_app.config['DATA_KEY_FILE']}, lalu jalankan lagi."
    )


def refuse_another_key(engine: Engine) -> None:
    """Raises `WrongKey` in words."""
    if sentence := state(engine):
        raise WrongKey(sentence)
