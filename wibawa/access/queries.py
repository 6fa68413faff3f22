from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.access.models import User, UserSession
from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.database import Base

DEMO_PASSWORD = "wibawa-demo-2026"  # noqa: S105 - only `wibawa demo` gives it, never in production
DEMO_USERNAMES = ("ani", "budi", "citra", "dewi", "eka", "fajar", "gita")


@dataclass(frozen=True)
class DemoUser:
    username: str
    role_label: str
    password: str


def demo_users(session: Session) -> list[DemoUser]:
    """The demo office's people, when this database holds the demo office."""
    found = session.execute(
        select(User.username, User.role, User.name)
        .where(User.username.in_(DEMO_USERNAMES), User.can_sign_in)
        .order_by(User.username)
    ).all()
    if len(found) < len(DEMO_USERNAMES):
        return []
    banks = Base.metadata.tables["banks"]
    at_bank = {
        str(row[0]): str(row[1])
        for row in session.execute(
            select(User.username, banks.c.name).join(banks, banks.c.id == User.bank_id)
        )
    }
    return [
        DemoUser(
            row.username,
            f"Petugas {at_bank[row.username]}"
            if row.username in at_bank
            else ROLE_LABELS[Role(row.role)],
            DEMO_PASSWORD,
        )
        for row in found
    ]


def bank_choices(session: Session) -> list[tuple[str, str]]:
    banks = Base.metadata.tables["banks"]
    found = session.execute(select(banks.c.id, banks.c.name).order_by(banks.c.name))
    return [(str(row[0]), str(row[1])) for row in found]


def last_sign_in(session: Session, user_id: int) -> dt.datetime | None:
    return session.scalar(
        select(func.max(UserSession.created_at)).where(UserSession.user_id == user_id)
    )
