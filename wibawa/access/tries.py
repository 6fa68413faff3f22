"""One try at a password or code: counted first, looked at without holding the books, then settled.

Used by signing in and by the proof before an approval.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import flash, request

from wibawa.access import guessing, second_factor, trail
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


def take_code(user_id: int, typed: str) -> bool:
    """Whether it is a code of the person's app, or one of those on paper, of which each is taken
    once: that stands in the trail, and the person is told how many are left."""
    kept, now = db.session(), clock.now()
    if second_factor.take(kept, user_id, typed, now):
        return True
    if not second_factor.take_recovery(kept, user_id, typed, now):
        return False
    left = second_factor.codes_left(kept, user_id)
    trail.record(kept, now, user_id, "recovery_code_used", "user", user_id, f"sisa {left}")
    flash(f"Kode pemulihan itu sudah terpakai; sisa {left}.", "warning")
    return True


def was_right(number: int) -> None:
    guessing.take_back(db.session(), number)


def all_right(username: str) -> None:
    """Everything asked for was right: what failed before from here is forgotten."""
    guessing.forgive(db.session(), username, request.remote_addr or "")
