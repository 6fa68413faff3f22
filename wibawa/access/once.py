"""Idempotency keys: a double click or the back button gets the first answer, no second deed."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Iterable

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from wibawa.access.models import IdempotencyKey
from wibawa.access.personal_data import index_of
from wibawa.database import is_sqlite
from wibawa.rules.refused import Refused

# What says who sends a form and which one, not what it asks for.
NOT_THE_DEED = {"csrf_token", "request_key", "proof_password", "proof_code", "proof_back"}


def new_key() -> str:
    return secrets.token_hex(16)


def body_hash(fields: Iterable[tuple[str, str]]) -> bytes:
    """A hash of what the person filled in, in a fixed order."""
    digest = hashlib.sha256()
    for name, value in sorted(fields):
        digest.update(f"{len(name)}:{name}={len(value)}:{value};".encode())
    return digest.digest()


def claim(
    session: Session, key: str, user_id: int, action: str, body: bytes, now: dt.datetime
) -> str | None:
    """Take `key` for this deed. None: do it, then `settle`. A string: done, that was the answer.

    Raises `Refused` when the key was used for another body, action or user. On PostgreSQL a second
    request with the same key waits here until the first one is through.
    """
    dialect = sqlite if is_sqlite(session) else postgresql
    values = {
        "key": key,
        "user_id": user_id,
        "action": action,
        "body_hash": body,
        "answer": "",
        "created_at": now,
    }
    statement = (
        (sqlite.insert if dialect is sqlite else postgresql.insert)(IdempotencyKey)
        .values(values)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    if session.scalar(statement) is not None:
        return None
    row = session.execute(
        select(
            IdempotencyKey.user_id,
            IdempotencyKey.action,
            IdempotencyKey.body_hash,
            IdempotencyKey.answer,
        ).where(IdempotencyKey.key == key)
    ).one()
    if (row.user_id, row.action, row.body_hash) != (user_id, action, body):
        raise Refused(
            "form_used",
            "Formulir ini sudah dikirim dengan isi yang lain. Buka formulir baru, lalu isi lagi.",
        )
    return str(row.answer)


def settle(session: Session, key: str, answer: str) -> None:
    """Keep the answer of the deed, in the deed's own transaction."""
    session.execute(update(IdempotencyKey).where(IdempotencyKey.key == key).values(answer=answer))


def do_once(
    session: Session,
    sent: MultiDict[str, str],
    where: str,
    user_id: int,
    action: str,
    now: dt.datetime,
    deed: Callable[[], int],
) -> tuple[int, bool]:
    """Do `deed` once for the form that was `sent` to `where`; its number, and whether it was done
    now or before. The page commits.

    Raises what `deed` raises, and `Refused` for a form without a key or used for something else.
    """
    key = sent.get("request_key", "")
    if not 16 <= len(key) <= 64:
        raise Refused("form_incomplete", "Formulir tidak lengkap. Muat ulang halaman, lalu ulangi.")
    answer = claim(session, key, user_id, action, sent_hash(sent, where), now)
    if answer is not None:
        return int(answer), False
    number = deed()
    settle(session, key, str(number))
    return number, True


def sent_hash(sent: MultiDict[str, str], where: str) -> bytes:
    """A hash of what was sent and where to; under the installation's key."""
    fields = [("", where)]
    for name, value in sent.items(multi=True):
        if name not in NOT_THE_DEED:
            fields.append((name, value))
    return index_of(body_hash(fields).hex())  # a phone or an address can be guessed
