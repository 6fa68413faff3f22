from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.access.sealed import UNTIED, SealedBytes
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
    one_time_until: Mapped[dt.datetime | None] = mapped_column(Moment)  # a password to be changed
    password_set_at: Mapped[dt.datetime | None] = mapped_column(Moment)

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
    browser: Mapped[str] = mapped_column(String(60), default="", server_default="")
    seen_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    proved_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class AccessSetting(Base):
    """Passwords, sessions and second factors: each change is an entry, the newest counts."""

    __tablename__ = "access_settings"
    __table_args__ = (
        CheckConstraint("profile IN ('owasp','bssn')", name="profile_known"),
        CheckConstraint("minimum_length BETWEEN 8 AND 64", name="length_sane"),
        CheckConstraint("one_time_days BETWEEN 1 AND 30", name="one_time_sane"),
        CheckConstraint("idle_minutes BETWEEN 10 AND 720", name="idle_sane"),
        CheckConstraint("absolute_hours BETWEEN 1 AND 24", name="absolute_sane"),
        CheckConstraint("proof_minutes BETWEEN 1 AND 480", name="proof_sane"),
        CheckConstraint("reason <> ''", name="reason_given"),
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    profile: Mapped[str] = mapped_column(String(8))
    minimum_length: Mapped[int]
    one_time_days: Mapped[int]
    idle_minutes: Mapped[int]
    absolute_hours: Mapped[int]
    proof_minutes: Mapped[int]
    second_factor_roles: Mapped[str] = mapped_column(String(120))  # role,role
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(Role(word) for word in self.second_factor_roles.split(",") if word)


class FailedSignIn(Base):
    """A try that was not proven right. `account` is a keyed hash of the name that was typed."""

    __tablename__ = "failed_sign_ins"
    __table_args__ = (
        Index("ix_failed_sign_ins_account_at", "account", "at"),
        Index("ix_failed_sign_ins_address_at", "address", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Moment)
    account: Mapped[bytes] = mapped_column(LargeBinary(32))
    address: Mapped[str] = mapped_column(String(64))


class SecondFactor(Base):
    """The secret of a person's codes, encrypted; `last_step` is the last code that was taken."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(SealedBytes("second_factors.secret", ("user_id",)))
    last_step: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[dt.datetime] = mapped_column(Moment)


class RecoveryCode(Base):
    """A code on paper for who has lost the telephone, each good once. Its hash is under this data
    key, or under an earlier one of `PastKey`."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    used_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class OldPassword(Base):
    """Hashes of earlier passwords, for a policy that forbids to take them again."""

    __tablename__ = "old_passwords"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    replaced_at: Mapped[dt.datetime] = mapped_column(Moment)


class TrailEntry(Base):
    """Who did what to what. Append-only: triggers refuse UPDATE and DELETE."""

    __tablename__ = "trail_entries"
    __table_args__ = (
        Index("ix_trail_entries_object", "object_kind", "object_id"),
        Index("ix_trail_entries_user", "user_id", "id"),
        Index("ix_trail_entries_action", "action", "id"),
        Index("ix_trail_entries_at", "at"),
        Index("ix_trail_entries_address", "address", "id"),
    )

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
    body_hash: Mapped[bytes] = mapped_column(LargeBinary(32), info={UNTIED: "1 = 1"})
    answer: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(Moment)


class DataKeyCheck(Base):
    """A known word sealed with the data key: another key is noticed at start."""

    __tablename__ = "data_key_checks"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(SealedBytes("data_key_checks.sealed"))


class PastKey(Base):
    """The key of the indexes of an earlier data key, sealed with the present one: recovery codes
    on paper are known by it."""

    __tablename__ = "past_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(SealedBytes("past_keys.sealed"))
    since: Mapped[dt.datetime] = mapped_column(Moment)
