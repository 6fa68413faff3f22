from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment


class RetentionSetting(Base):
    """For how many years a kind of personal data is kept, from a day on; the last one counts.

    The first ones came with the program, entered by nobody. Append-only.
    """

    __tablename__ = "retention_settings"
    __table_args__ = (
        CheckConstraint("kind IN ('without_loan','after_loan')", name="kind_known"),
        CheckConstraint("years BETWEEN 1 AND 50", name="years_sane"),
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
        CheckConstraint("reason <> ''", name="reason_given"),
        Index("ix_retention_settings_valid_from", "kind", "valid_from", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    valid_from: Mapped[dt.date]
    years: Mapped[int]
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class Pseudonymisation(Base):
    """The wish to take name, numbers, contacts and scans of one borrower away; decided once, by
    another person. What was asked for never changes."""

    __tablename__ = "pseudonymisations"
    __table_args__ = (
        CheckConstraint("kind IN ('without_loan','after_loan')", name="kind_known"),
        CheckConstraint("status IN ('recorded','approved','refused')", name="status_known"),
        CheckConstraint("decided_by IS NULL OR decided_by <> entered_by", name="two_persons"),
        CheckConstraint("(status = 'recorded') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("reason <> ''", name="reason_given"),
        CheckConstraint(
            "status <> 'refused' OR decision_reason <> ''", name="refused_for_a_reason"
        ),
        Index("ix_pseudonymisations_status", "status"),
        Index(
            "uq_pseudonymisations_once",
            "borrower_id",
            unique=True,
            sqlite_where=text("status <> 'refused'"),
            postgresql_where=text("status <> 'refused'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    kind: Mapped[str] = mapped_column(String(12))
    due_on: Mapped[dt.date]
    status: Mapped[str] = mapped_column(String(12), default="recorded")
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    decision_reason: Mapped[str] = mapped_column(String(300), default="")


class Incident(Base):
    """Personal data that got out, was lost or was changed by the wrong hands. Append-only; what is
    done about it are steps. `happened_at` NULL: not known."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("happened_at IS NULL OR happened_at <= noticed_at", name="noticed_after"),
        CheckConstraint("affected IS NULL OR affected >= 0", name="affected_counted"),
        CheckConstraint("title <> '' AND kinds <> '' AND what <> ''", name="told"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    happened_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    noticed_at: Mapped[dt.datetime] = mapped_column(Moment)
    kinds: Mapped[str] = mapped_column(String(200))  # which data
    affected: Mapped[int | None]  # how many persons; NULL: not known yet
    what: Mapped[str] = mapped_column(String(1000))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class IncidentStep(Base):
    """What was done about an incident. Append-only."""

    __tablename__ = "incident_steps"
    __table_args__ = (
        CheckConstraint("kind IN ('note','authority','persons','closed')", name="kind_known"),
        CheckConstraint("text <> ''", name="told"),
    )

    incident_id: Mapped[int] = mapped_column(
        ForeignKey("incidents.id"), primary_key=True, autoincrement=False
    )
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(10))
    done_at: Mapped[dt.datetime] = mapped_column(Moment)
    text: Mapped[str] = mapped_column(String(1000))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)
