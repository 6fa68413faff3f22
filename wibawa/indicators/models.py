"""Targets, published figures, definitions and inputs of the programme's indicators."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.banks.models import Proposal, two_persons
from wibawa.database import Base, Moment, Rupiah

RULES = "'cumulative','running','served','new','restructured'"
YEAR = "year BETWEEN 2000 AND 2100"
_WAITS = text("status = 'proposed'")


class Indicator(Base):
    """A figure the office answers for. Values are hundredths of its unit (7,94 % = 794)."""

    __tablename__ = "indicators"
    __table_args__ = (CheckConstraint("unit IN ('percent','count')", name="unit_known"),)

    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    unit: Mapped[str] = mapped_column(String(10))
    unit_label: Mapped[str] = mapped_column(String(40))
    definition: Mapped[str] = mapped_column(Text)
    position: Mapped[int]


class IndicatorYear(Base):
    """Target and published figure of one year, in hundredths, with the table they come from."""

    __tablename__ = "indicator_years"

    code: Mapped[str] = mapped_column(ForeignKey("indicators.code"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target: Mapped[int | None]
    published: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(200))


class IndicatorDefinition(Proposal, Base):
    """What an indicator counts from the year of `valid_from` on, always a first of January. Of the
    approved versions of the latest such year the one with the highest number counts.

    `denominator` names the input that a percentage is taken of; a count has none.
    """

    __tablename__ = "indicator_definitions"
    __table_args__ = (
        *two_persons(),
        CheckConstraint(f"rule IN ({RULES})", name="rule_known"),
        CheckConstraint("counted IN ('people','accounts')", name="counted_known"),
        CheckConstraint("kinds IN ('all','micro','cooperative')", name="kinds_known"),
        UniqueConstraint("code", "version"),
        Index("uq_indicator_definitions_waiting", "code", unique=True,
              sqlite_where=_WAITS, postgresql_where=_WAITS),
    )  # fmt: skip

    code: Mapped[str] = mapped_column(ForeignKey("indicators.code"))
    version: Mapped[int]
    rule: Mapped[str] = mapped_column(String(12))
    counted: Mapped[str] = mapped_column(String(10))
    kinds: Mapped[str] = mapped_column(String(12))
    other_programmes: Mapped[bool]
    denominator: Mapped[str | None] = mapped_column(String(60))
    definition: Mapped[str] = mapped_column(Text)
    interpretation: Mapped[str] = mapped_column(Text)
    formula: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(300))
    cut_off: Mapped[str] = mapped_column(String(100))
    responsible: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(300))


class IndicatorInput(Base):
    """A count that comes from outside the books, with its source. Append-only: a correction is a
    new version with a reason, and the latest one counts; without a count the entry is withdrawn.

    `denominator`: enterprises or cooperatives of a year; `programme`: people whom another programme
    reached in a year; `opening`: borrowers and principal of this one since 2017, up to a year's
    end, as they were published. What came with the program was entered by nobody.
    """

    __tablename__ = "indicator_inputs"
    __table_args__ = (
        CheckConstraint("kind IN ('denominator','programme','opening')", name="kind_known"),
        CheckConstraint(YEAR, name="year_sane"),
        CheckConstraint("version >= 1 AND (version = 1 OR reason <> '')", name="corrected"),
        CheckConstraint("count >= 0 AND male >= 0 AND female >= 0", name="not_negative"),
        CheckConstraint("COALESCE(male, 0) + COALESCE(female, 0) <= count", name="sexes_within"),
        CheckConstraint("count IS NOT NULL OR (male IS NULL AND female IS NULL)", name="withdrawn"),
        CheckConstraint(
            "principal >= 0 AND (kind = 'opening' OR principal IS NULL)", name="principal_sane"
        ),
        CheckConstraint("source <> ''", name="source_given"),
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
        UniqueConstraint("kind", "name", "year", "version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(60))
    year: Mapped[int]
    version: Mapped[int]
    count: Mapped[int | None]
    male: Mapped[int | None]
    female: Mapped[int | None]
    principal: Mapped[int | None] = mapped_column(Rupiah)
    cut_off: Mapped[dt.date | None]
    source: Mapped[str] = mapped_column(String(200))
    document: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class LockRequest(Base):
    """One person asks to lock a year, or to unlock it; `shown` is the fingerprint of the figures
    that the page showed. The latest one of a year that is not decided waits. Append-only."""

    __tablename__ = "lock_requests"
    __table_args__ = (
        CheckConstraint(YEAR, name="year_sane"),
        CheckConstraint("kind IN ('lock','unlock')", name="kind_known"),
        CheckConstraint("(kind = 'unlock') = (lock_id IS NOT NULL)", name="unlocks_something"),
        CheckConstraint("kind = 'lock' OR reason <> ''", name="reason_given"),
        ForeignKeyConstraint(
            ["lock_id", "year"], ["year_locks.id", "year_locks.year"], name="fk_lock_requests_lock"
        ),
        UniqueConstraint("id", "requested_by"),
        UniqueConstraint("id", "year", "kind"),
        Index("ix_lock_requests_year", "year"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    lock_id: Mapped[int | None]
    shown: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(300))
    requested_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[dt.datetime] = mapped_column(Moment)


class LockDecision(Base):
    """What the second person answered; a refusal says why. Append-only."""

    __tablename__ = "lock_decisions"
    __table_args__ = (
        CheckConstraint("decided_by <> requested_by", name="two_persons"),
        CheckConstraint("approved OR reason <> ''", name="reason_given"),
        ForeignKeyConstraint(
            ["request_id", "requested_by"],
            ["lock_requests.id", "lock_requests.requested_by"],
            name="fk_lock_decisions_request",
        ),
    )

    request_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    requested_by: Mapped[int]
    approved: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(300))
    decided_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[dt.datetime] = mapped_column(Moment)


class YearLock(Base):
    """A year's figures as they were locked: `data` is the whole document, canonical JSON, with the
    hash of the list of its loans; `data_hash` its SHA-256. Append-only.

    `after` is the lock before it, which was unlocked: no year has two locks in force.
    """

    __tablename__ = "year_locks"
    __table_args__ = (
        CheckConstraint(YEAR, name="year_sane"),
        CheckConstraint("version >= 1 AND (version = 1) = (after IS NULL)", name="follows"),
        CheckConstraint("kind = 'lock'", name="kind_lock"),
        CheckConstraint("length(data_hash) = 64", name="hash_whole"),
        UniqueConstraint("year", "version"),
        UniqueConstraint("id", "year"),
        UniqueConstraint("after"),
        UniqueConstraint("request_id"),
        ForeignKeyConstraint(
            ["request_id", "year", "kind"],
            ["lock_requests.id", "lock_requests.year", "lock_requests.kind"],
            name="fk_year_locks_request",
        ),
        ForeignKeyConstraint(
            ["request_id"], ["lock_decisions.request_id"], name="fk_year_locks_decision"
        ),
        ForeignKeyConstraint(
            ["after", "year"],
            ["year_unlocks.lock_id", "year_unlocks.year"],
            name="fk_year_locks_after",
            use_alter=True,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    version: Mapped[int]
    after: Mapped[int | None]
    request_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8), default="lock")
    data: Mapped[bytes] = mapped_column(LargeBinary)
    data_hash: Mapped[str] = mapped_column(String(64))
    locked_at: Mapped[dt.datetime] = mapped_column(Moment)


class YearUnlock(Base):
    """That a lock is no longer in force; its figures stay readable. Append-only."""

    __tablename__ = "year_unlocks"
    __table_args__ = (
        CheckConstraint("kind = 'unlock'", name="kind_unlock"),
        UniqueConstraint("lock_id", "year"),
        UniqueConstraint("request_id"),
        ForeignKeyConstraint(
            ["lock_id", "year"], ["year_locks.id", "year_locks.year"], name="fk_year_unlocks_lock"
        ),
        ForeignKeyConstraint(
            ["request_id", "year", "kind"],
            ["lock_requests.id", "lock_requests.year", "lock_requests.kind"],
            name="fk_year_unlocks_request",
        ),
        ForeignKeyConstraint(
            ["request_id"], ["lock_decisions.request_id"], name="fk_year_unlocks_decision"
        ),
    )

    lock_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    year: Mapped[int]
    request_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8), default="unlock")
    unlocked_at: Mapped[dt.datetime] = mapped_column(Moment)


class LockedMember(Base):
    """A loan that a rule counted when its year was locked, with what splits look at.

    Append-only.
    """

    __tablename__ = "locked_members"
    __table_args__ = (
        CheckConstraint(f"rule IN ({RULES})", name="rule_known"),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_locked_members_loan"
        ),
        {"sqlite_with_rowid": False},
    )

    lock_id: Mapped[int] = mapped_column(ForeignKey("year_locks.id"), primary_key=True)
    rule: Mapped[str] = mapped_column(String(12), primary_key=True)
    loan_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    bank_id: Mapped[int]
    principal: Mapped[int] = mapped_column(Rupiah)
    disbursed_on: Mapped[dt.date]
    nth: Mapped[int]
    leads: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    sex: Mapped[str] = mapped_column(String(1))
    kelurahan_code: Mapped[str] = mapped_column(String(13))
    sector: Mapped[str] = mapped_column(String(60))
    members_male: Mapped[int | None]
    members_female: Mapped[int | None]
