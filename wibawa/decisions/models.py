from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment, Rupiah


class DeclineReason(Base):
    """Why a bank may refuse, from a day to a day; what was once used stays readable.

    `needs_text` where the word alone says too little.
    """

    __tablename__ = "decline_reasons"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="days_in_order"),
    )

    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    words: Mapped[str] = mapped_column(String(80))
    needs_text: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int]
    valid_from: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]


class BankDecision(Base):
    """A bank's answer to one application, never changed; `upload_id` and `row_number` when it came
    by file. The composite keys keep a bank, and its file, from another bank's application."""

    __tablename__ = "bank_decisions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["application_id", "bank_id"],
            ["applications.id", "applications.bank_id"],
            name="fk_bank_decisions_application",
        ),
        ForeignKeyConstraint(
            ["upload_id", "bank_id"],
            ["uploads.id", "uploads.bank_id"],
            name="fk_bank_decisions_upload",
        ),
        CheckConstraint("outcome IN ('approved','refused')", name="outcome_known"),
        CheckConstraint(
            "(outcome = 'approved') = (amount IS NOT NULL) AND (amount IS NULL OR amount >= 1)",
            name="amount_of_approved",
        ),
        CheckConstraint(
            "(outcome = 'refused') = (reason_code IS NOT NULL)", name="reason_of_refused"
        ),
        CheckConstraint("(upload_id IS NULL) = (row_number IS NULL)", name="row_of_file"),
        UniqueConstraint("upload_id", "row_number"),
    )

    application_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    outcome: Mapped[str] = mapped_column(String(12))
    amount: Mapped[int | None] = mapped_column(Rupiah)
    reason_code: Mapped[str | None] = mapped_column(ForeignKey("decline_reasons.code"))
    note: Mapped[str] = mapped_column(String(200), default="")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[dt.datetime] = mapped_column(Moment)
    upload_id: Mapped[int | None]
    row_number: Mapped[int | None]
