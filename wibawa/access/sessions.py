"""Signed-in browsers: a random token in the cookie, its hash in the database, revocable at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask_login import UserMixin
from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from wibawa.access.models import AccessSetting, SecondFactor, User, UserSession
from wibawa.access.permissions import ROLE_LABELS, Permission, Role, may
from wibawa.access.settings import newest_id
from wibawa.database import Base
from wibawa.rules.passwords import Policy, is_over_age

ANY_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind a request, as plain data. `bank_id` is None for everyone outside a bank.

    `first` is the endpoint of what must be done before anything else, `ends_at` when this session
    ends if nothing more is done with it, `limit_at` when it ends in any case, and `proved_until`
    until when the person counts as proven for an approval."""

    id: int
    username: str
    name: str
    role: Role
    bank_id: int | None
    bank_code: str | None
    bank_name: str | None
    token: str
    since: dt.datetime
    session_id: int = 0
    first: str | None = None
    has_second_factor: bool = False
    ends_at: dt.datetime = ANY_TIME
    limit_at: dt.datetime = ANY_TIME
    proved_until: dt.datetime = ANY_TIME

    def get_id(self) -> str:
        return self.token

    @property
    def role_label(self) -> str:
        return ROLE_LABELS[self.role]

    def may(self, permission: Permission | str) -> bool:
        return may(self.role, Permission(permission))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def open_session(
    session: Session, user: User, now: dt.datetime, hours: int, address: str, agent: str = ""
) -> SignedIn:
    """Begin a session for `user` and return the signed-in person with a fresh token."""
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=_hash(token),
            user_id=user.id,
            created_at=now,
            expires_at=now + dt.timedelta(hours=hours),
            address=address,
            browser=browser_of(agent),
            seen_at=now,
            proved_at=now,
        )
    )
    session.flush()
    found = find_session(session, token, now)
    assert found is not None
    return found


def browser_of(agent: str) -> str:
    """What a browser says of itself, in words: "Chrome di Windows"."""
    name = next((label for mark, label in BROWSERS if mark in agent), "Peramban")
    system = next((label for mark, label in SYSTEMS if mark in agent), "")
    return f"{name} di {system}" if system else name


def find_session(
    session: Session, token: str, now: dt.datetime, seen: dt.datetime | None = None
) -> SignedIn | None:
    """The person signed in with `token`; None when it is unknown, expired, revoked or disabled, or
    was `seen` (or marked in the database) too long ago."""
    row = session.execute(_person_of(), {"token_hash": _hash(token), "now": now}).first()
    return None if row is None else _person(row, token, now, seen)


@cache
def _person_of() -> Select[Any]:
    """The query of `find_session`. Every page asks it; it is put together once."""
    banks = Base.metadata.tables["banks"]
    return (
        select(
            User.id,
            User.username,
            User.name,
            User.role,
            User.bank_id,
            banks.c.code.label("bank_code"),
            banks.c.name.label("bank_name"),
            User.one_time_until,
            func.coalesce(User.password_set_at, User.created_at).label("password_at"),
            UserSession.id.label("session_id"),
            UserSession.created_at.label("since"),
            UserSession.expires_at,
            func.coalesce(UserSession.seen_at, UserSession.created_at).label("seen_at"),
            func.coalesce(UserSession.proved_at, UserSession.created_at).label("proved_at"),
            SecondFactor.user_id.label("factor"),
            AccessSetting.profile,
            AccessSetting.minimum_length,
            AccessSetting.idle_minutes,
            AccessSetting.proof_minutes,
            AccessSetting.second_factor_roles,
        )
        .join(UserSession, UserSession.user_id == User.id)
        .join(AccessSetting, AccessSetting.id == newest_id())
        .outerjoin(banks, banks.c.id == User.bank_id)
        .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
        .where(
            UserSession.token_hash == bindparam("token_hash"),
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > bindparam("now"),
            User.can_sign_in,
        )
    )


def _person(row: Any, token: str, now: dt.datetime, seen: dt.datetime | None) -> SignedIn | None:
    idle = dt.timedelta(minutes=row.idle_minutes)
    if max(seen or row.seen_at, row.seen_at) + idle <= now:
        return None
    return SignedIn(
        row.id,
        row.username,
        row.name,
        Role(row.role),
        row.bank_id,
        row.bank_code,
        row.bank_name,
        token,
        row.since,
        row.session_id,
        _first(row, now),
        row.factor is not None,
        min(row.expires_at, now + idle),
        row.expires_at,
        row.proved_at + dt.timedelta(minutes=row.proof_minutes),
    )


def _first(row: Any, now: dt.datetime) -> str | None:
    """The page that comes before all others for this person."""
    policy = Policy(row.profile == "bssn", row.minimum_length)
    if row.one_time_until is not None or is_over_age(row.password_at, now, policy):
        return "access.change_password"
    if row.factor is None and row.role in row.second_factor_roles.split(","):
        return "access.second_factor"
    return None


def previous_sign_in(session: Session, person: SignedIn) -> dt.datetime | None:
    """When the same person signed in before this session."""
    return session.scalar(
        select(UserSession.created_at)
        .where(UserSession.user_id == person.id, UserSession.created_at < person.since)
        .order_by(UserSession.created_at.desc())
        .limit(1)
    )


def open_sessions(session: Session, user_id: int, now: dt.datetime) -> list[UserSession]:
    """The browsers in which somebody is signed in, the one used last on top."""
    found = session.scalars(
        select(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > now,
        )
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    )
    return list(found)


def mark_seen(session: Session, session_id: int, now: dt.datetime) -> None:
    session.execute(update(UserSession).where(UserSession.id == session_id).values(seen_at=now))


def mark_proved(session: Session, session_id: int, now: dt.datetime) -> None:
    session.execute(update(UserSession).where(UserSession.id == session_id).values(proved_at=now))


def revoke(session: Session, token: str, now: dt.datetime) -> None:
    """End one session; a copied cookie is worth nothing from here on."""
    session.execute(
        update(UserSession)
        .where(UserSession.token_hash == _hash(token), UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def revoke_one(session: Session, user_id: int, session_id: int, now: dt.datetime) -> bool:
    """End one session of a user; False when there is none of that number."""
    done = session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == user_id)
        .values(revoked_at=now)
        .returning(UserSession.id)
    )
    return done.first() is not None


def revoke_all(session: Session, user_id: int, now: dt.datetime, but: int | None = None) -> None:
    """End every session of a user, or all but one."""
    statement = update(UserSession).where(
        UserSession.user_id == user_id, UserSession.revoked_at.is_(None)
    )
    if but is not None:
        statement = statement.where(UserSession.id != but)
    session.execute(statement.values(revoked_at=now))
