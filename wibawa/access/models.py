from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.database import Base, Moment


class User(Base):
    """A person who signs in, or the command line itself (`can_sign_in` false)."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "role IN ('office_staff','approver','bank_officer','leader','auditor','administrator')",
            name="role_known",
        ),
        CheckConstraint("(role = 'bank_officer') = (bank_id IS NOT NULL)", name="bank_of_officer"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    bank_id: Mapped[int | None] = mapped_column(ForeignKey("banks.id"))
    password_hash: Mapped[str] = mapped_column(String(200))
    can_sign_in: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime] = mapped_column(Moment)

    @property
    def role_label(self) -> str:
        return ROLE_LABELS[Role(self.role)]


class UserSession(Base):
    """One signed-in browser: the cookie has a token, only its hash is here; revoked is final."""

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    expires_at: Mapped[dt.datetime] = mapped_column(Moment)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    address: Mapped[str] = mapped_column(String(64), default="")


class TrailEntry(Base):
    """Who did what to what. Append-only: triggers refuse UPDATE and DELETE."""

    __tablename__ = "trail_entries"
    __table_args__ = (Index("ix_trail_entries_object", "object_kind", "object_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Moment)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    action: Mapped[str] = mapped_column(String(40))
    object_kind: Mapped[str] = mapped_column(String(40), default="")
    object_id: Mapped[int | None] = mapped_column()
    detail: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(64), default="")


class IdempotencyKey(Base):
    """A form's one-time key: the same body again gets the first answer, another body is refused."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    action: Mapped[str] = mapped_column(String(60))
    body_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    answer: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(Moment)


class DataKeyCheck(Base):
    """A known word sealed with the data key: another key is noticed at start."""

    __tablename__ = "data_key_checks"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
