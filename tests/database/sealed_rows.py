"""Two rows in every table that holds something sealed, made from the models alone: whoever adds a
sealed column needs to add nothing here."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Boolean, Column, Connection, Date, DateTime, Integer, LargeBinary, text

from wibawa.access.keys import CHECKED
from wibawa.access.personal_data import DataKey, data_key
from wibawa.access.sealed import PARTS, KeyedIndex, SealedBytes, SealedText
from wibawa.database import db, writing
from wibawa.keeping.guards import triggers_lowered
from wibawa.keeping.sealing import Sealed, sealed_tables

# What a check says of a sealed column's neighbour.
GIVEN = {"borrower_changes.field": "nik"}


def plain_of(column: str, number: int) -> bytes:
    """What stands sealed in a column of row `number`: for letters the document of one."""
    if column == "data_key_checks.sealed":
        return CHECKED.encode()
    if column == "issued_papers.data":
        return json.dumps({"letter": {"heading": {"token": f"token {number}"}}}).encode()
    if column == "second_factors.secret":
        return b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[number:] + b"A" * number
    if column == "past_keys.sealed":
        return bytes([number]) * 32
    return f"{column} {number}".encode()


def sealed_columns() -> list[Column[Any]]:
    return [column for each in sealed_tables().values() for column in each.columns]


def fill_sealed(app: Flask) -> None:
    """The rows 1 and 2 of each table; no trigger, check or reference looks at them. On PostgreSQL
    the checks of these tables are gone afterwards."""
    tables = sealed_tables()
    with app.app_context(), writing(), db.engine.connect() as connection:
        key = data_key(str(current_app.config["DATA_KEY"]))
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _say(connection, "foreign_keys=OFF", "ignore_check_constraints=ON")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            _drop_checks(connection, tables)
        with triggers_lowered(connection, tables):
            for each in tables.values():
                for number in (1, 2) if each.table.name != "data_key_checks" else ():
                    _insert(connection, each, number, key)
        connection.commit()
        if sqlite:
            _say(connection, "ignore_check_constraints=OFF", "foreign_keys=ON")
    with app.app_context():
        db.engine.dispose()


def _say(connection: Connection, *pragmas: str) -> None:
    """Outside a transaction: within one they count for nothing."""
    driver = connection.connection.driver_connection
    assert driver is not None
    for pragma in pragmas:
        driver.execute(f"PRAGMA {pragma}")


def _drop_checks(connection: Connection, tables: Collection[str]) -> None:
    found = connection.execute(
        text(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' "
            "AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    for table, name in found:
        if table in tables:
            connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def _insert(connection: Connection, each: Sealed, number: int, key: DataKey) -> None:
    table = each.table
    row: dict[str, Any] = {}
    for column in table.columns:
        if not column.nullable or column in each.columns:
            usual = _usual(column, number)
            row[column.name] = GIVEN.get(f"{table.name}.{column.name}", usual)
    for column in table.columns:
        type_ = column.type
        if isinstance(type_, SealedText | SealedBytes):
            place = _place(type_, row)
            sealed = key.seal(plain_of(f"{table.name}.{column.name}", number), place)
            row[column.name] = (
                sealed if isinstance(type_, SealedBytes) else base64.b64encode(sealed).decode()
            )
        elif PARTS in column.info:
            row[column.name] = json.dumps(
                {
                    name: base64.b64encode(key.seal(b"because", place)).decode()
                    for name, place in column.info[PARTS].items()
                }
            )
        elif isinstance(type_, KeyedIndex):
            said = type_.said(plain_of(type_.of, number))
            row[column.name] = None if said is None else key.index_of(said)
    named = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(text(f'INSERT INTO "{table.name}" ({named}) VALUES ({marks})'), row)


def _place(type_: Any, row: dict[str, Any]) -> str:
    values = [row[name] for name in type_.keys]
    if isinstance(type_, SealedBytes):
        return type_.place(*values)
    return f"{type_.column}:{'.'.join(map(str, values))}"


def _usual(column: Column[Any], number: int) -> Any:
    type_ = column.type
    if isinstance(type_, Boolean):
        return True
    if isinstance(type_, Date):
        return dt.date(2026, 1, number).isoformat()
    if isinstance(getattr(type_, "impl", type_), DateTime):
        return "2026-01-01 00:00:00.000000"
    if isinstance(getattr(type_, "impl", type_), Integer):
        return number
    if isinstance(type_, LargeBinary | SealedBytes | KeyedIndex):
        return bytes([number]) * 32
    return str(number)
