from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment, Rupiah


class Disbursement(Base):
    """A disbursement as recorded by one person; a second one makes it a loan or refuses it.

    It pays out an application, whose bank and borrower a composite key makes agree, or says in
    `direct_reason` why there is none. Triggers take it only while the application is approved.
    `upload_id` and `row_number` tell the bank's file that it came with.
    """

    __tablename__ = "disbursements"
    __table_args__ = (
        CheckConstraint("status IN ('recorded','approved','refused')", name="status_known"),
        CheckConstraint("decided_by IS NULL OR decided_by <> entered_by", name="two_persons"),
        CheckConstraint("(status = 'recorded') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("(status = 'approved') = (loan_id IS NOT NULL)", name="loan_of_approved"),
        CheckConstraint("principal >= 1", name="principal_positive"),
        CheckConstraint("method IN ('annuity','flat','declining')", name="method_known"),
        CheckConstraint("application_id IS NOT NULL OR direct_reason <> ''", name="source_given"),
        ForeignKeyConstraint(
            ["application_id", "bank_id", "borrower_id"],
            ["applications.id", "applications.bank_id", "applications.borrower_id"],
            name="fk_disbursements_application",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(
            "(upload_id IS NULL) = (row_number IS NULL) "
            "AND (upload_id IS NULL OR application_id IS NOT NULL)",
            name="row_of_file",
        ),
        ForeignKeyConstraint(
            ["upload_id", "bank_id"],
            ["uploads.id", "uploads.bank_id"],
            name="fk_disbursements_upload",
        ),
        Index("uq_disbursements_row", "upload_id", "row_number", unique=True),
        Index("ix_disbursements_status", "status", "bank_id"),
        Index(
            "uq_disbursements_application",
            "application_id",
            unique=True,
            sqlite_where=text("application_id IS NOT NULL AND status <> 'refused'"),
            postgresql_where=text("application_id IS NOT NULL AND status <> 'refused'"),
        ),
        Index(
            "uq_disbursements_account",
            "bank_id",
            "account_number",
            unique=True,
            sqlite_where=text("status <> 'refused'"),
            postgresql_where=text("status <> 'refused'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(12), default="recorded")
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    account_number: Mapped[str] = mapped_column(String(40))
    agreement_number: Mapped[str] = mapped_column(String(60))
    disbursed_on: Mapped[dt.date]
    principal: Mapped[int] = mapped_column(Rupiah)
    rate: Mapped[int]
    months: Mapped[int]
    method: Mapped[str] = mapped_column(String(12))
    multiple: Mapped[int]
    collateral: Mapped[str] = mapped_column(String(200), default="")
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    decision_reason: Mapped[str] = mapped_column(String(300), default="")
    loan_id: Mapped[int | None] = mapped_column(ForeignKey("loans.id"), unique=True)
    application_id: Mapped[int | None]
    direct_reason: Mapped[str] = mapped_column(String(300), default="")
    agreement_on: Mapped[dt.date | None]  # as a bank's file states it
    upload_id: Mapped[int | None]
    row_number: Mapped[int | None]
