from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base


class LoanPaper(Base):
    """An issued paper of a loan and what it speaks of. Append-only.

    `schedule_id`: the version that a schedule shows; `sequence`: the entry of a receipt;
    `request_id`: the request that an offer or minutes speak of; `spoken_on`: the day that a card,
    a payoff statement, an offer or minutes speak of. Composite keys keep a paper,
    its loan and its entry at one bank.
    """

    __tablename__ = "loan_papers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_loan_papers_paper",
        ),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_loan_papers_loan"
        ),
        ForeignKeyConstraint(
            ["loan_id", "sequence"],
            ["ledger_entries.loan_id", "ledger_entries.sequence"],
            name="fk_loan_papers_entry",
        ),
        Index("ix_loan_papers_loan_id", "loan_id"),
    )

    paper_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    loan_id: Mapped[int]
    bank_id: Mapped[int]
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedules.id"))
    sequence: Mapped[int | None]
    request_id: Mapped[int | None] = mapped_column(ForeignKey("loan_requests.id"))
    spoken_on: Mapped[dt.date]


class UploadPaper(Base):
    """The receipt of a posted file. Append-only; composite keys keep both at one bank."""

    __tablename__ = "upload_papers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_upload_papers_paper",
        ),
        ForeignKeyConstraint(
            ["upload_id", "bank_id"],
            ["uploads.id", "uploads.bank_id"],
            name="fk_upload_papers_upload",
        ),
        Index("ix_upload_papers_upload_id", "upload_id"),
    )

    paper_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    upload_id: Mapped[int]
    bank_id: Mapped[int]
