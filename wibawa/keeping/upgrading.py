"""Bring an older database to this version: a backup first, then all migrations or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Connection, Engine

from wibawa import schema
from wibawa.database import writing
from wibawa.keeping.backups import backup
from wibawa.keeping.restoring import leave_line, migrate
from wibawa.rules.refused import Refused
from wibawa.web import clock

NEWER = (
    "Basis data ini sudah berversi {at}, aplikasi ini baru {head}: pasang aplikasi yang lebih "
    "baru. Tidak ada yang berubah."
)


@dataclass(frozen=True)
class Upgraded:
    before: str | None
    after: str
    backup: Path | None

    def as_json(self) -> dict[str, Any]:
        kept = self.backup and str(self.backup)
        return {"from": self.before, "to": self.after, "backup": kept}


def bring_up(engine: Engine, folder: Path) -> Upgraded:
    """Raises `Refused` `schema_newer`, `schema_differs`, and what `backup` refuses; then the
    database is as it was."""
    head = schema.head_revision()
    with engine.connect() as connection:
        at = schema.revision(connection)
        whole = at == head and not schema.differences(connection)
    if at is not None and at > head:
        raise Refused("schema_newer", NEWER.format(at=at, head=head))
    if whole:
        return Upgraded(at, head, None)
    kept = None if at is None else _before(engine, at, folder)
    with writing(), engine.begin() as connection:
        migrate(connection, "head")
        wrong = schema.differences(connection)
        if wrong:
            told = "; ".join(line[:160] for line in wrong[:5])
            raise Refused(
                "schema_differs",
                f"Skema sesudah pembaruan tidak utuh: {told}. Basis data tetap di versi {at}.",
            )
        _record(connection, at)
    return Upgraded(at, head, kept)


def record_made(engine: Engine) -> None:
    """The line of a database whose schema another command made because there was none."""
    with writing(), engine.begin() as connection:
        _record(connection, None)


def _record(connection: Connection, before: str | None) -> None:
    head = schema.head_revision()
    said = f"Dari versi {before} ke {head}" if before else f"Dibuat baru, versi {head}"
    leave_line(connection, "schema_upgraded", said)


def back_up_first(engine: Engine, deed: str) -> Path | None:
    """The same safety for whoever calls the migrations by another way, to "upgrade" or to
    "downgrade"."""
    if not current_app.config["BACKUP_BEFORE_MIGRATING"]:
        return None
    with engine.connect() as connection:
        at = schema.revision(connection)
    if at is None or (deed == "upgrade" and at == schema.head_revision()):
        return None
    return _before(engine, at, Path(current_app.config["BACKUP_FOLDER"]))


def _before(engine: Engine, at: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = clock.in_wib(clock.now()).strftime("%Y%m%d-%H%M%S")
    return backup(engine, folder / f"sebelum-pembaruan-dari-{at}-{stamp}.zip").path
