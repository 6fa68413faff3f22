"""The data key of this installation: made once for an empty database, known again at every start.

It lies outside the data and outside what is backed up. A database in which something is sealed is
never given a new key: without its own it is not opened at all. When the key is changed
(`wibawa key rotate`), whoever still has the old one writes nothing any more.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.orm import Session

from wibawa.access.models import DataKeyCheck, PastKey
from wibawa.access.personal_data import DataKey, WrongKey, data_key, unseal_bytes
from wibawa.access.sealed import place_of
from wibawa.database import db, may_write
from wibawa.schema import revision

CHECKED, PLACE = "wibawa", "data_key_checks.sealed:1"
PAST_PLACE = "past_keys.sealed"
KNOWN = "wibawa_data_key_known"  # in the application's extensions: the database was seen to be ours
CHANGED = (
    "Kunci data basis data ini diganti sementara aplikasi ini berjalan. Pasang kunci yang baru di "
    "mesin ini, lalu mulai ulang semua prosesnya; sampai itu aplikasi ini tidak membaca dan tidak "
    "menulis apa pun."
)


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
    with suppress(FileExistsError):  # another process was quicker
        make_new(path)
    return path.read_text().strip()


def opens(key: DataKey, sealed: bytes | None) -> bool:
    """Whether `key` is the one of the database that holds this value."""
    try:
        return sealed is not None and key.unseal(sealed, PLACE).decode() == CHECKED
    except WrongKey:
        return False


def new_key_file() -> Path:
    """Where a new key waits until everything is sealed with it: beside the present one."""
    return Path(f"{current_app.config['DATA_KEY_FILE']}.new")


def read_key(path: Path) -> str:
    """The key in a file; "" when there is none."""
    return path.read_text().strip() if path.is_file() else ""


def state(engine: Engine) -> str | None:
    """None when the key is that of this database, else a sentence that says what to do."""
    with Session(engine) as session:
        sealed = session.scalar(select(DataKeyCheck.sealed))
    if opens(_own(current_app), sealed):
        current_app.extensions[KNOWN] = True
        return None
    new = read_key(new_key_file())
    if new and opens(data_key(new), sealed):
        return (
            "Isi basis data ini sudah disegel dengan kunci baru, tetapi kunci itu belum dipasang. "
            "Jalankan: wibawa key rotate"
        )
    return (
        "Kunci data bukan kunci basis data ini, jadi data yang disegel tidak dapat dibuka. Periksa "
        f"WIBAWA_DATA_KEY, atau berkas {current_app.config['DATA_KEY_FILE']}, lalu jalankan lagi."
    )


def refuse_another_key(engine: Engine) -> None:
    """Raises `WrongKey` in words."""
    if sentence := state(engine):
        raise WrongKey(sentence)


def _own(app: Flask) -> DataKey:
    return data_key(str(app.config["DATA_KEY"]))


def changed(connection: Connection) -> str | None:
    """A sentence when the key was changed since this process has known it, else None. Cheap: it is
    asked again and again, as the version of the database is."""
    return None if opens(_own(current_app), _check_in(connection)) else CHANGED


def _check_in(connection: Connection) -> bytes | None:
    found = connection.exec_driver_sql("SELECT sealed FROM data_key_checks").scalar()
    return None if found is None else bytes(found)


def guard_writers(app: Flask, engine: Engine) -> None:
    """A process that has known this database begins no writing transaction with a key that is no
    longer the database's: what it would seal, nobody could open.

    On PostgreSQL each writer holds a lock that `hold_writers` waits for, so there is no moment
    between looking and writing; on SQLite a writer is alone anyway."""

    @event.listens_for(engine, "begin")
    def same_key(connection: Connection) -> None:
        if not app.extensions.get(KNOWN) or not may_write():
            return
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE data_key_checks IN ROW SHARE MODE")
        if not opens(_own(app), _check_in(connection)):
            raise WrongKey(CHANGED)


def hold_writers(connection: Connection) -> None:
    """Wait for everybody who writes, and let nobody begin until this transaction is over. Whoever
    only reads goes on. SQLite's writing transaction does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE data_key_checks IN EXCLUSIVE MODE")


def index_keys(session: Session) -> list[bytes]:
    """The key of the indexes, and the earlier ones that something on paper is still known by."""
    past = session.execute(select(PastKey.id, PastKey.sealed)).all()
    return [
        _own(current_app).index_key,
        *(unseal_bytes(sealed, place_of(PAST_PLACE, number)) for number, sealed in past),
    ]


def make_new(path: Path) -> None:
    """A new key in `path`, on the disk, for its owner only. Raises `FileExistsError`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    settle(path.parent)


def settle(folder: Path) -> None:
    """Bring what was created or renamed in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
