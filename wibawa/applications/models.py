from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.sealed import SealedBytes, SealedText
from wibawa.database import Base, Moment, Rupiah
from wibawa.rules.masking import mask_phones

_OPEN = "state NOT IN ('disbursed','refused_by_office','refused_by_bank','withdrawn')"


class Application(Base):
    """What a borrower asks for, and where it stands. `version` grows with every change, so that
    two people cannot both change what they saw."""

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','submitted','visited','recommended','sent','approved','disbursed',"
            "'returned','refused_by_office','refused_by_bank','withdrawn')",
            name="state_known",
        ),
        CheckConstraint("amount >= 1", name="amount_positive"),
        CheckConstraint("months BETWEEN 1 AND 120", name="months_sane"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint(
            "state NOT IN ('submitted','visited','recommended','sent','approved','disbursed') "
            "OR submitted_by IS NOT NULL",
            name="submitted_by_somebody",
        ),
        CheckConstraint(
            "state NOT IN ('visited','recommended','sent','approved','disbursed') "
            "OR visited_by IS NOT NULL",
            name="visited_by_somebody",
        ),
        CheckConstraint(
            "state NOT IN ('recommended','sent','approved','disbursed') "
            "OR recommended_by IS NOT NULL",
            name="recommended_by_somebody",
        ),
        CheckConstraint(
            "recommended_by IS NULL OR (recommended_by <> created_by "
            "AND recommended_by <> submitted_by AND recommended_by <> visited_by)",
            name="two_persons",
        ),
        CheckConstraint(
            "state NOT IN ('approved','disbursed') OR "
            "(approved_amount IS NOT NULL AND approved_amount BETWEEN 1 AND amount)",
            name="approved_amount_within",
        ),
        CheckConstraint(
            "approved_amount IS NULL OR state IN ('approved','disbursed','withdrawn')",
            name="approved_amount_of_approved",
        ),
        CheckConstraint(
            "due_on IS NULL OR "
            "state NOT IN ('disbursed','refused_by_office','refused_by_bank','withdrawn')",
            name="due_while_open",
        ),
        UniqueConstraint("number"),
        UniqueConstraint("id", "bank_id"),
        Index("uq_applications_parties", "id", "bank_id", "borrower_id", unique=True),
        Index(
            "uq_applications_open_borrower",
            "borrower_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_applications_state", "state", "state_since"),
        Index("ix_applications_borrower_id", "borrower_id"),
        Index("ix_applications_due_on", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    amount: Mapped[int] = mapped_column(Rupiah)
    months: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(200))
    collateral: Mapped[str] = mapped_column(String(200), default="")
    terms_id: Mapped[int] = mapped_column(ForeignKey("loan_terms.id"))  # what it was judged by
    state: Mapped[str] = mapped_column(String(20))
    state_since: Mapped[dt.datetime] = mapped_column(Moment)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    visited_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recommended_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_amount: Mapped[int | None] = mapped_column(Rupiah)
    due_on: Mapped[dt.date | None]  # the last day for the next step, by the setting of the last one


class DeadlineSetting(Base):
    """Days that an application may stay in each state, None without limit; from a day on.

    A change is a new row, the last one counts. What came with the program was entered by nobody.
    Append-only: triggers refuse UPDATE and DELETE.
    """

    __tablename__ = "deadline_settings"
    __table_args__ = (
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
        CheckConstraint(
            "draft BETWEEN 1 AND 365 AND submitted BETWEEN 1 AND 365 "
            "AND visited BETWEEN 1 AND 365 AND recommended BETWEEN 1 AND 365 "
            "AND sent BETWEEN 1 AND 365 AND approved BETWEEN 1 AND 365 "
            "AND returned BETWEEN 1 AND 365",
            name="days_sane",
        ),
        Index("ix_deadline_settings_valid_from", "valid_from", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date]
    draft: Mapped[int | None]
    submitted: Mapped[int | None]
    visited: Mapped[int | None]
    recommended: Mapped[int | None]
    sent: Mapped[int | None]
    approved: Mapped[int | None]
    returned: Mapped[int | None]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class ApplicationMove(Base):
    """One move, never changed. `bank_id` is the bank whose officer made it: the composite key
    keeps a bank from moving another bank's application."""

    __tablename__ = "application_moves"
    __table_args__ = (
        ForeignKeyConstraint(
            ["application_id", "bank_id"],
            ["applications.id", "applications.bank_id"],
            name="fk_application_moves_bank",
        ),
        CheckConstraint(
            "action IN ('record','revise','submit','visit','recommend','return','refuse',"
            "'withdraw','send','approve','decline','disburse')",
            name="action_known",
        ),
        CheckConstraint("(action = 'record') = (sequence = 1)", name="recorded_first"),
        CheckConstraint("(action = 'record') = (from_state IS NULL)", name="from_somewhere"),
        CheckConstraint(
            "action NOT IN ('return','refuse','withdraw','decline') OR reason <> ''",
            name="reason_given",
        ),
        CheckConstraint(
            "(action IN ('approve','decline')) = (bank_id IS NOT NULL)", name="bank_of_answer"
        ),
    )

    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    action: Mapped[str] = mapped_column(String(12))
    from_state: Mapped[str | None] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    bank_id: Mapped[int | None]
    at: Mapped[dt.datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(String(300), default="")


class SiteVisit(Base):
    """What the office saw at the business, never changed; a later visit is another row.

    Scores from 1 (weak) to 4 (very good).
    """

    __tablename__ = "site_visits"
    __table_args__ = (
        CheckConstraint("recommended_amount >= 0", name="amount_not_negative"),
        CheckConstraint(
            "score_business BETWEEN 1 AND 4 AND score_character BETWEEN 1 AND 4 "
            "AND score_capacity BETWEEN 1 AND 4 AND score_market BETWEEN 1 AND 4",
            name="scores_known",
        ),
    )

    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    visitor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    visited_on: Mapped[dt.date]
    feasible: Mapped[bool]
    bankable: Mapped[bool]
    recommended_amount: Mapped[int] = mapped_column(Rupiah)
    score_business: Mapped[int]
    score_character: Mapped[int]
    score_capacity: Mapped[int]
    score_market: Mapped[int]
    notes: Mapped[str] = mapped_column(
        SealedText("site_visits.notes", ("application_id", "number"), mask_phones)
    )
    recorded_at: Mapped[dt.datetime] = mapped_column(Moment)


class ApplicationDraft(Base):
    """A form somebody has not finished. `body` is sealed: it holds a NIK."""

    __tablename__ = "application_drafts"
    __table_args__ = (Index("ix_application_drafts_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    form: Mapped[str] = mapped_column(String(30))  # what the form's address asked for
    label: Mapped[str] = mapped_column(String(120))
    body: Mapped[bytes] = mapped_column(SealedBytes("application_drafts.body"))
    saved_at: Mapped[dt.datetime] = mapped_column(Moment)
