"""One try at a password or code: counted first, looked at without holding the books, then settled.

Used by signing in and by the proof before an approval.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import request

from wibawa.access import guessing
from wibawa.database import db, reading
from wibawa.web import clock

Found = TypeVar("Found")


def count(username: str) -> int:
    """Count a try from this request's address and commit. Raises `Refused`: `wait`."""
    session = db.session()
    number = guessing.admit(session, username, request.remote_addr or "", clock.now())
    session.commit()
    return number


def look(check: Callable[[], Found]) -> Found:
    """What `check` finds, in a transaction that only reads: hashing a password takes its time, and
    nobody else may wait for it."""
    db.session.rollback()
    with reading():
        found = check()
        db.session.rollback()
    return found


def was_right(number: int) -> None:
    guessing.take_back(db.session(), number)


def all_right(username: str) -> None:
    """Everything asked for was right: what failed before from here is forgotten."""
    guessing.forgive(db.session(), username, request.remote_addr or "")
