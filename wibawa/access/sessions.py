"""Signed-in browsers: a random token in the cookie, its hash in the database, revocable at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from flask_login import UserMixin
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wibawa.access.models import User, UserSession
from wibawa.access.permissions import ROLE_LABELS, Permission, Role, may
from wibawa.database import Base


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind a request, as plain data. `bank_id` is None for everyone outside a bank."""

    id: int
    username: str
    name: str
    role: Role
    bank_id: int | None
    bank_code: str | None
    bank_name: str | None
    token: str
    since: dt.datetime

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
    session: Session, user: User, now: dt.datetime, hours: int, address: str
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
        )
    )
    session.flush()
    found = find_session(session, token, now)
    assert found is not None
    return found


def find_session(session: Session, token: str, now: dt.datetime) -> SignedIn | None:
    """The person signed in with `token`; None when it is unknown, expired, revoked or disabled."""
    banks = Base.metadata.tables["banks"]
    row = session.execute(
        select(
            User.id,
            User.username,
            User.name,
            User.role,
            User.bank_id,
            banks.c.code,
            banks.c.name,
            UserSession.created_at,
        )
        .join(UserSession, UserSession.user_id == User.id)
        .outerjoin(banks, banks.c.id == User.bank_id)
        .where(
            UserSession.token_hash == _hash(token),
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > now,
            User.can_sign_in,
        )
    ).first()
    if row is None:
        return None
    return SignedIn(row[0], row[1], row[2], Role(row[3]), row[4], row[5], row[6], token, row[7])


def previous_sign_in(session: Session, person: SignedIn) -> dt.datetime | None:
    """When the same person signed in before this session."""
    return session.scalar(
        select(UserSession.created_at)
        .where(UserSession.user_id == person.id, UserSession.created_at < person.since)
        .order_by(UserSession.created_at.desc())
        .limit(1)
    )


def revoke(session: Session, token: str, now: dt.datetime) -> None:
    """End one session; a copied cookie is worth nothing from here on."""
    session.execute(
        update(UserSession)
        .where(UserSession.token_hash == _hash(token), UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def revoke_all(session: Session, user_id: int, now: dt.datetime) -> None:
    """End every session of a user."""
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )
