"""Change the data key: everything sealed anew in one transaction, then the files of the key.

Rows go in batches, but the database is of one key alone at every moment: whoever is killed
meanwhile leaves it with the old one. The key's own files change last, and each step of that may be
done again.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Engine, text

from wibawa import schema
from wibawa.access import keys
from wibawa.access.personal_data import data_key
from wibawa.database import writing
from wibawa.keeping.backups import Tell, backup, quiet
from wibawa.keeping.sealing import seal_anew, sealed_tables
from wibawa.rules.refused import Refused
from wibawa.web import clock

OWN = frozenset({"data_key_checks", "past_keys"})
NO_NEW_KEY = "Belum ada kunci baru di {path}. Buat dahulu: wibawa key new"
SHORT_KEY = "Kunci di {path} kurang dari 32 karakter. Hapus berkas itu, lalu: wibawa key new"


@dataclass(frozen=True)
class Rotated:
    """What was done: `values` sealed anew (0: that was done before), where the backup of before
    and the old key lie, and whether the new key is in its place already."""

    values: int
    tables: int
    backup: Path | None
    installed: bool
    old_key: Path | None
    new_key: Path

    def as_json(self) -> dict[str, Any]:
        return {
            "values": self.values,
            "tables": self.tables,
            "backup": self.backup and str(self.backup),
            "installed": self.installed,
            "old_key": self.old_key and str(self.old_key),
            "new_key": str(self.new_key),
        }


def rotate(engine: Engine, folder: Path, new_file: Path, tell: Tell = quiet) -> Rotated:
    """Seal everything with the key in `new_file`, then put that file in the place of the present
    one. Done again after it broke off, it goes on where it was.

    Raises `Refused` (`no_new_key`, `short_key`, `value_damaged`, `schema_old`), and `WrongKey` when
    neither key is this database's; then the database is as it was.
    """
    old, new = str(current_app.config["DATA_KEY"]), keys.read_key(new_file)
    _refuse_unready(engine)
    if not _is_of(engine, old):
        if not new or not _is_of(engine, new):
            keys.refuse_another_key(engine)
        return _installed(new, new_file, None, 0)
    if not new:
        raise Refused("no_new_key", NO_NEW_KEY.format(path=new_file))
    if new == old:  # it came into its place, and only its waiting copy is left
        _take_away(new_file)
        return Rotated(0, _tables(), None, True, None, Path(current_app.config["DATA_KEY_FILE"]))
    if len(new) < 32:
        raise Refused("short_key", SHORT_KEY.format(path=new_file))
    kept = _backup_before(engine, folder)
    with writing(), engine.begin() as connection:
        keys.hold_writers(connection)
        values = seal_anew(connection, data_key(old), data_key(new), tell)
    return _installed(new, new_file, kept, values)


def _refuse_unready(engine: Engine) -> None:
    if sentence := schema.state(engine):
        raise Refused("schema_old", sentence)


def _is_of(engine: Engine, key: str) -> bool:
    check = text("SELECT sealed FROM data_key_checks")
    with engine.connect() as connection:
        sealed = connection.execute(check).scalar()
    return keys.opens(data_key(key), None if sealed is None else bytes(sealed))


def _backup_before(engine: Engine, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return backup(engine, _free(folder, "sebelum-ganti-kunci-{}.zip")).path


def _free(folder: Path, pattern: str) -> Path:
    """A name with this moment in it that nobody has yet: an earlier key is never written over."""
    stamp = clock.in_wib(clock.now()).strftime("%Y%m%d-%H%M%S")
    for number in itertools.count(1):
        path = folder / pattern.format(stamp if number == 1 else f"{stamp}-{number}")
        if not path.exists():
            break
    return path


def _installed(new: str, new_file: Path, kept: Path | None, values: int) -> Rotated:
    """The new key's file in the place of the old one's, which stays beside it for old backups. A
    key that comes from the environment is put there by whoever keeps the machine."""
    current, tables = Path(current_app.config["DATA_KEY_FILE"]), _tables()
    from_file = keys.read_key(current) == str(current_app.config["DATA_KEY"])
    if not from_file or not os.access(current.parent, os.W_OK):
        return Rotated(values, tables, kept, False, None, new_file)
    old_file = _put_aside(current)
    with open(new_file, "rb") as waiting:  # it may be on another disk: brought beside, then renamed
        content = waiting.read()
    beside = current.with_name(f"{current.name}.part")
    _write(beside, content)
    beside.replace(current)
    keys.settle(current.parent)
    _take_away(new_file)
    current_app.config["DATA_KEY"] = new
    return Rotated(values, tables, kept, True, old_file, current)


def _take_away(new_file: Path) -> None:
    """The waiting copy goes; a file that somebody named stays where it is, it may be the last."""
    if new_file == keys.new_key_file():
        new_file.unlink()


def _tables() -> int:
    return len(sealed_tables()) - len(OWN)


def _put_aside(current: Path) -> Path:
    """A copy of the present key beside it, once however often it is asked for."""
    for known in sorted(current.parent.glob(f"{current.name}.lama-*")):
        if known.read_bytes() == current.read_bytes():
            return known
    aside = _free(current.parent, f"{current.name}.lama-{{}}")
    part = aside.with_name(f"{aside.name}.part")
    _write(part, current.read_bytes())
    part.replace(aside)
    keys.settle(current.parent)
    return aside


def _write(path: Path, content: bytes) -> None:
    """Whole and on the disk, for its owner only; what an earlier try left there goes."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
