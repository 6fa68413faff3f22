"""Failed tries, counted in the database for every process alike; who waits says rules/guessing.

A try is counted as failed before it is looked at, and taken back when it was right: so any number
of guesses at once cannot pass before the first one is counted.
"""

from __future__ import annotations

import datetime as dt
import math

from sqlalchemy import ColumnElement, delete, func, insert, select, text
from sqlalchemy.orm import Session

from wibawa.access.models import FailedSignIn, User, UserSession
from wibawa.access.personal_data import index_of
from wibawa.database import is_sqlite
from wibawa.rules.guessing import AT_HOME, DAY, HOUR, Tries, free_at, network_of
from wibawa.rules.refused import Refused


def account_of(username: str) -> bytes:
    """The account that a name means. A keyed hash: people type their password into that field."""
    return index_of(f"account:{username.strip().lower()}")


def admit(session: Session, username: str, address: str, now: dt.datetime) -> int:
    """Count one try at `username` from `address` and return its number; the page commits at once.

    Raises `Refused` (`wait`) without counting when it is too early. Unknown names get the same.
    """
    account, network = account_of(username), network_of(address)
    _lock(session, account)
    free = _free_at(session, username, account, network, now)
    if free is not None and free > now:
        minutes = math.ceil((free - now).total_seconds() / 60)
        raise Refused(
            "wait",
            f"Terlalu banyak percobaan yang salah. Tunggu {minutes} menit, lalu coba lagi. "
            "Bila kata sandinya lupa, minta yang baru kepada administrator.",
        )
    session.execute(delete(FailedSignIn).where(FailedSignIn.at < now - DAY))
    made = insert(FailedSignIn).values(at=now, account=account, address=network)
    number = session.scalar(made.returning(FailedSignIn.id))
    assert isinstance(number, int)
    return number


def _lock(session: Session, account: bytes) -> None:
    if not is_sqlite(session):  # a writing transaction of SQLite is alone anyway
        lock = int.from_bytes(account[:8], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


def _free_at(
    session: Session, username: str, account: bytes, network: str, now: dt.datetime
) -> dt.datetime | None:
    home = {
        network_of(each)
        for each in session.scalars(
            select(UserSession.address)
            .join(User, User.id == UserSession.user_id)
            .where(
                User.username == username.strip().lower(),
                UserSession.created_at > now - AT_HOME,
            )
            .distinct()
        )
    }
    of_account = FailedSignIn.account == account
    from_here = FailedSignIn.address == network
    return free_at(
        _tries(session, now - DAY, of_account, from_here),
        _tries(session, now - DAY, of_account, FailedSignIn.address.not_in(home)),
        _tries(session, now - HOUR, from_here),
        network in home,
    )


def _tries(session: Session, since: dt.datetime, *which: ColumnElement[bool]) -> Tries:
    row = session.execute(
        select(func.count(), func.max(FailedSignIn.at)).where(FailedSignIn.at > since, *which)
    ).one()
    return Tries(row[0], row[1])


def take_back(session: Session, number: int) -> None:
    """That try was right. Whoever takes one back may go on to `forgive`, so all who do it for one
    account come one after the other: two at once would wait for each other's row."""
    mine = FailedSignIn.id == number
    account = session.scalar(select(FailedSignIn.account).where(mine))
    if account is not None:
        _lock(session, account)
        session.execute(delete(FailedSignIn).where(mine))


def forgive(session: Session, username: str, address: str) -> None:
    """Forget the failed tries of one account from one address: its owner has signed in there."""
    account, network = account_of(username), network_of(address)
    _lock(session, account)
    session.execute(
        delete(FailedSignIn).where(FailedSignIn.account == account, FailedSignIn.address == network)
    )


def forgive_everywhere(session: Session, username: str) -> None:
    """Forget the failed tries of an account: an administrator has given it a new password."""
    session.execute(delete(FailedSignIn).where(FailedSignIn.account == account_of(username)))
