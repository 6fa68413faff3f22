"""Everything that the data key has made, sealed with another one.

Which columns are sealed, and for which place, the models say (`SealedText`, `SealedBytes`,
`KeyedIndex`), so a new one is taken along without being listed here. Afterwards everything is read
again with the new key before it counts.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, String, Table, func, select, text
from sqlalchemy.orm import Session

from wibawa import schema
from wibawa.access.keys import PAST_PLACE
from wibawa.access.models import FailedSignIn, PastKey, RecoveryCode
from wibawa.access.personal_data import DataKey, WrongKey
from wibawa.access.sealed import (
    NOTHING,
    PARTS,
    UNTIED,
    KeyedIndex,
    SealedBytes,
    SealedText,
    place_of,
)
from wibawa.access.trail import record
from wibawa.access.users import command_line_user
from wibawa.database import Base
from wibawa.keeping.backups import Tell, quiet
from wibawa.keeping.guards import triggers_lowered
from wibawa.rules.refused import Refused
from wibawa.web import clock

AT_ONCE, BYTES_AT_ONCE = 500, 16 * 2**20
NOT_READABLE = (
    "Nilai tersegel di tabel {table}, kolom {column}, baris {row} tidak dapat dibuka dengan kunci "
    "yang sekarang: isinya diubah di luar aplikasi. Pulihkan baris itu dari cadangan, lalu ulangi. "
    "Kuncinya belum diganti, dan tidak ada yang berubah."
)


@dataclass
class Sealed:
    """What of one table the data key has made."""

    table: Table
    columns: list[Column[Any]] = field(default_factory=list)
    parts: list[Column[Any]] = field(default_factory=list)
    # sealed column → the indexes of it, in this table or in another
    indexes: dict[str, list[Column[Any]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def key(self) -> list[str]:
        return [column.name for column in self.table.primary_key]


def sealed_tables() -> dict[str, Sealed]:
    """Every table with sealed columns, as the models say."""
    found: dict[str, Sealed] = {}
    for name, table in sorted(Base.metadata.tables.items()):
        mine = Sealed(table)
        for column in table.columns:
            if isinstance(column.type, SealedText | SealedBytes):
                mine.columns.append(column)
            if PARTS in column.info:
                mine.parts.append(column)
        if mine.columns or mine.parts:
            found[name] = mine
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, KeyedIndex):
                found[column.type.of.partition(".")[0]].indexes[column.type.of].append(column)
    return found


def untied() -> list[Column[Any]]:
    tables = Base.metadata.tables.values()
    return [column for table in tables for column in table.columns if UNTIED in column.info]


def seal_anew(connection: Connection, old: DataKey, new: DataKey, tell: Tell = quiet) -> int:
    """Every value of the database sealed with `new`, proved, in the caller's transaction; how many.

    Raises `Refused` `value_damaged`."""
    tables = sealed_tables()
    total = sum(_rows(connection, each) for each in tables.values())
    done, values = 0, 0
    with triggers_lowered(connection, _touched(tables)):
        _keep_past_key(connection, old)
        for each in tables.values():
            for batch in _batches(connection, each):
                values += _seal_batch(connection, each, batch, old, new)
                done += len(batch)
                tell(done, total)
        _untie(connection)
    _note(connection, values)
    if _opened(connection, new) != values:
        raise AssertionError("as many values open with the new key as were sealed with it")
    if wrong := schema.differences(connection):
        raise AssertionError(f"the schema is as it was: {wrong[:3]}")
    return values


def _touched(tables: dict[str, Sealed]) -> set[str]:
    indexes = {
        column.table.name
        for each in tables.values()
        for columns in each.indexes.values()
        for column in columns
    }
    return {*tables, *indexes, *(column.table.name for column in untied())}


def _rows(connection: Connection, each: Sealed) -> int:
    return int(connection.execute(select(func.count()).select_from(each.table)).scalar() or 0)


def _batches(connection: Connection, each: Sealed) -> Iterator[list[dict[str, Any]]]:
    """Rows in order of their key, never more than some megabytes at once."""
    names = [column.name for column in each.table.columns if _is_read(column, each)]
    key = ", ".join(f'"{name}"' for name in each.key)
    told = ", ".join(f'"{name}"' for name in names)
    many = _at_once(connection, each)
    after: tuple[Any, ...] = ()
    while True:
        where = (
            f"WHERE ({key}) > ({', '.join(f':k{n}' for n in range(len(after)))})" if after else ""
        )
        asked = text(
            f'SELECT {told} FROM "{each.table.name}" {where} ORDER BY {key} LIMIT {many}'  # noqa: S608 - our own names
        )
        given = {f"k{n}": value for n, value in enumerate(after)}
        batch = [_plain(row._mapping) for row in connection.execute(asked, given)]
        if not batch:
            return
        yield batch
        after = tuple(batch[-1][name] for name in each.key)


def _is_read(column: Column[Any], each: Sealed) -> bool:
    own = {column.name for columns in each.indexes.values() for column in columns
           if column.table is each.table}  # fmt: skip
    places = {name for column in each.columns for name in _keys(column)}
    return (
        column.name in {*each.key, *places, *own} or column in each.columns or column in each.parts
    )


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: bytes(value) if isinstance(value, memoryview) else value
        for name, value in row.items()
    }


def _at_once(connection: Connection, each: Sealed) -> int:
    longest = ", ".join(f'MAX(LENGTH("{column.name}"))' for column in each.columns)
    if not longest:
        return AT_ONCE
    asked = text(f'SELECT {longest} FROM "{each.table.name}"')  # noqa: S608 - our own names
    most = sum(size or 0 for size in connection.execute(asked).one())
    return max(1, min(AT_ONCE, BYTES_AT_ONCE // max(most, 1)))


def _seal_batch(
    connection: Connection,
    each: Sealed,
    batch: list[dict[str, Any]],
    old: DataKey,
    new: DataKey,
) -> int:
    given: list[dict[str, Any]] = []
    elsewhere: dict[Column[Any], list[dict[str, Any]]] = defaultdict(list)
    values = 0
    for row in batch:
        told: dict[str, Any] = {}
        for column in each.columns:
            value = row[column.name]
            plain = _opened_value(column, row, old)
            if plain is not None:
                values += 1
                told[column.name] = _closed(column, row, plain, new)
                _index(each, column, row, plain, (old, new), told, elsewhere)
            else:
                told[column.name] = value
        for column in each.parts:
            told[column.name], count = _parts(column, row[column.name], old, new)
            values += count
        given.append(told | {f"k{n}": row[name] for n, name in enumerate(each.key)})
    _update(connection, each.table.name, each.key, given)
    for column, found in elsewhere.items():
        for one in found:
            _replace_index(connection, column, one)
    return values


def _opened_value(column: Column[Any], row: dict[str, Any], key: DataKey) -> bytes | None:
    """What is sealed in a column of a row; None for what is not sealed: nothing."""
    value, type_ = row[column.name], column.type
    if value is None or (isinstance(type_, SealedText) and value in NOTHING):
        return None
    place = _place(type_, row)
    try:
        sealed = base64.b64decode(value, validate=True) if isinstance(value, str) else value
        return key.unseal(sealed, place)
    except (WrongKey, binascii.Error) as error:
        number = ", ".join(str(row[name]) for name in _keys(column))
        said = NOT_READABLE.format(table=column.table.name, column=column.name, row=number)
        raise Refused("value_damaged", said) from error


def _keys(column: Column[Any]) -> tuple[str, ...]:
    """The columns of a row that its sealed value is bound to."""
    keys_: tuple[str, ...] = column.type.keys  # type: ignore[attr-defined]
    return keys_


def _place(type_: Any, row: dict[str, Any]) -> str:
    values = [row[name] for name in type_.keys]
    if isinstance(type_, SealedText):
        return place_of(type_.column, *values)
    return str(type_.place(*values))


def _closed(column: Column[Any], row: dict[str, Any], plain: bytes, key: DataKey) -> Any:
    sealed = key.seal(plain, _place(column.type, row))
    return sealed if isinstance(column.type, SealedBytes) else base64.b64encode(sealed).decode()


def _index(
    each: Sealed,
    column: Column[Any],
    row: dict[str, Any],
    plain: bytes,
    both: tuple[DataKey, DataKey],
    told: dict[str, Any],
    elsewhere: dict[Column[Any], list[dict[str, Any]]],
) -> None:
    """What the value is found by; of what was not made of this value (a pseudonym's) nothing."""
    old, new = both
    for index in each.indexes.get(f"{each.table.name}.{column.name}", ()):
        said = index.type.said(plain)  # type: ignore[attr-defined]
        was, will = (None, None) if said is None else (old.index_of(said), new.index_of(said))
        if index.table is each.table:
            here = row[index.name]
            told[index.name] = will if here is not None and here == was else here
        elif was is not None:
            (key,) = (row[name] for name in _keys(column))
            elsewhere[index].append({"was": was, "will": will, "key": key})


def _replace_index(connection: Connection, column: Column[Any], one: dict[str, Any]) -> None:
    (key,) = (each.name for each in column.table.primary_key)
    connection.execute(
        text(
            f'UPDATE "{column.table.name}" SET "{column.name}" = :will '  # noqa: S608 - our own names
            f'WHERE "{key}" = :key AND "{column.name}" = :was'
        ),
        one,
    )


def _parts(
    column: Column[Any], value: str | None, old: DataKey, new: DataKey
) -> tuple[str | None, int]:
    """A JSON text in which single texts are sealed."""
    if not value:
        return value, 0
    said, count = json.loads(value), 0
    for name, place in column.info[PARTS].items():
        if isinstance(said, dict) and said.get(name):
            plain = old.unseal(base64.b64decode(said[name]), place)
            said[name] = base64.b64encode(new.seal(plain, place)).decode()
            count += 1
    return (json.dumps(said, sort_keys=True) if count else value), count


def _update(
    connection: Connection, table: str, key: list[str], given: list[dict[str, Any]]
) -> None:
    names = [name for name in given[0] if name not in {f"k{n}" for n in range(len(key))}]
    told = ", ".join(f'"{name}" = :{name}' for name in names)
    where = " AND ".join(f'"{name}" = :k{n}' for n, name in enumerate(key))
    connection.execute(text(f'UPDATE "{table}" SET {told} WHERE {where}'), given)  # noqa: S608


def _keep_past_key(connection: Connection, old: DataKey) -> None:
    """Recovery codes on paper are known by a hash under the old key, and by nothing else: while one
    is unused, the key of that hash stays, sealed as everything is. Sealed with the old key here, it
    is sealed anew with the rest."""
    session = Session(connection)
    unused = select(RecoveryCode.id).where(RecoveryCode.used_at.is_(None)).limit(1)
    if session.scalar(unused) is None:
        connection.execute(text("DELETE FROM past_keys"))
        return
    number = int(session.scalar(select(func.coalesce(func.max(PastKey.id), 0))) or 0) + 1
    sealed = old.seal(old.index_key, place_of(PAST_PLACE, number))
    session.add(PastKey(id=number, sealed=sealed, since=clock.now()))
    session.flush()


def _untie(connection: Connection) -> None:
    """Keyed hashes of what is not kept fit nothing any more: a file is then known by its bytes, a
    form that is sent twice is refused instead of answered again. Tries to sign in are forgotten."""
    for column in untied():
        chance: Any = secrets.token_hex(32) if isinstance(column.type, String) else os.urandom(32)
        statement = (
            f'UPDATE "{column.table.name}" SET "{column.name}" = :chance '  # noqa: S608 - our own names
            f'WHERE "{column.name}" IS NOT NULL AND {column.info[UNTIED]}'
        )
        connection.execute(text(statement), {"chance": chance})
    connection.execute(FailedSignIn.__table__.delete())  # type: ignore[attr-defined]


def _note(connection: Connection, values: int) -> None:
    session = Session(connection)
    by, now = command_line_user(session), clock.now()
    detail = f"{values} nilai disegel dengan kunci baru"
    record(session, now, by, "data_key_changed", detail=detail)
    session.flush()


def _opened(connection: Connection, key: DataKey) -> int:
    """Read everything again: how many values open with `key`. Nothing is sealed with another."""
    count = 0
    for each in sealed_tables().values():
        for batch in _batches(connection, each):
            for row in batch:
                for column in each.columns:
                    count += _opened_value(column, row, key) is not None
                for column in each.parts:
                    count += _parts(column, row[column.name], key, key)[1]
    return count
