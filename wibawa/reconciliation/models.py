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

from wibawa.access.sealed import SealedBytes
from wibawa.database import Base, Moment, Rupiah

# A month is a number, 202610: the same on both engines, and never a day that is not the first.
MONTH = "month BETWEEN 200001 AND 299912 AND month % 100 BETWEEN 1 AND 12"
FOLLOWS = "month = previous + CASE WHEN previous % 100 = 12 THEN 89 ELSE 1 END"
CAUSES = "'posted_later','other_split','missing_row','other_class','unknown'"


class ClosingProposal(Base):
    """One person says that a bank's month can be closed; `shown` is the fingerprint of the figures
    that the page showed. The latest one of a month counts. Append-only."""

    __tablename__ = "closing_proposals"
    __table_args__ = (
        CheckConstraint(MONTH, name="month_sane"),
        UniqueConstraint("id", "bank_id", "month"),
        Index("ix_closing_proposals_month", "bank_id", "month"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    month: Mapped[int]
    shown: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(300))
    proposed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[dt.datetime] = mapped_column(Moment)


class ProposalReturn(Base):
    """The second person gives a proposal back, with what is to be done first. Append-only."""

    __tablename__ = "proposal_returns"

    proposal_id: Mapped[int] = mapped_column(
        ForeignKey("closing_proposals.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class ClosedMonth(Base):
    """A bank's month as both sides sign it. Append-only, never reopened.

    `previous` is the closed month before, None for a bank's first one: months follow each other
    without a gap. `data` is the whole document as JSON, sealed, `data_hash` its SHA-256; the sums
    beside it are for queries. `chain_number`, `chain_hash`: the head of the posting chain.
    """

    __tablename__ = "closed_months"
    __table_args__ = (
        CheckConstraint(MONTH, name="month_sane"),
        CheckConstraint(FOLLOWS, name="month_follows"),
        CheckConstraint("proposed_by <> closed_by", name="two_persons"),
        CheckConstraint("length(data_hash) = 64", name="hash_whole"),
        CheckConstraint(
            "(chain_number IS NULL) = (chain_hash IS NULL) AND length(chain_hash) = 64",
            name="chain_whole",
        ),
        UniqueConstraint("bank_id", "month"),
        UniqueConstraint("bank_id", "previous"),
        UniqueConstraint("id", "bank_id"),
        ForeignKeyConstraint(
            ["bank_id", "previous"],
            ["closed_months.bank_id", "closed_months.month"],
            name="fk_closed_months_previous",
        ),
        ForeignKeyConstraint(
            ["proposal_id", "bank_id", "month"],
            ["closing_proposals.id", "closing_proposals.bank_id", "closing_proposals.month"],
            name="fk_closed_months_proposal",
        ),
        ForeignKeyConstraint(
            ["bank_id", "chain_number"],
            ["chain_links.bank_id", "chain_links.number"],
            name="fk_closed_months_chain",
        ),
        Index(
            "uq_closed_months_first",
            "bank_id",
            unique=True,
            sqlite_where=text("previous IS NULL"),
            postgresql_where=text("previous IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    month: Mapped[int]
    previous: Mapped[int | None]
    proposal_id: Mapped[int]
    shown: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(
        SealedBytes("closed_months.data", ("bank_id", "month"), " ")
    )
    data_hash: Mapped[str] = mapped_column(String(64))
    chain_number: Mapped[int | None]
    chain_hash: Mapped[str | None] = mapped_column(String(64))
    opening: Mapped[int] = mapped_column(Rupiah)
    closing: Mapped[int] = mapped_column(Rupiah)
    suspense: Mapped[int] = mapped_column(Rupiah)
    differences: Mapped[int]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    closed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    closed_at: Mapped[dt.datetime] = mapped_column(Moment)


class ReconciledLoan(Base):
    """How much of a loan's journal a closed month knew, and the principal it was signed with; 0
    once written off. What has a higher sequence came later. Append-only."""

    __tablename__ = "reconciled_loans"
    __table_args__ = (
        CheckConstraint("last_sequence >= 1 AND outstanding >= 0", name="counted"),
        ForeignKeyConstraint(
            ["closed_id", "bank_id"],
            ["closed_months.id", "closed_months.bank_id"],
            name="fk_reconciled_loans_month",
        ),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_reconciled_loans_loan"
        ),
        {"sqlite_with_rowid": False},
    )

    closed_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bank_id: Mapped[int]
    last_sequence: Mapped[int]
    outstanding: Mapped[int] = mapped_column(Rupiah)


class ReconciliationNote(Base):
    """What somebody found out about a difference. `settles`: both sides let it stand, as long as it
    is this cause and this much. Append-only; what is wrong is struck."""

    __tablename__ = "reconciliation_notes"
    __table_args__ = (
        CheckConstraint(MONTH, name="month_sane"),
        CheckConstraint(f"cause IN ({CAUSES})", name="cause_known"),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"],
            ["loans.id", "loans.bank_id"],
            name="fk_reconciliation_notes_loan",
        ),
        Index("ix_reconciliation_notes_loan", "bank_id", "loan_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int]
    month: Mapped[int]
    loan_id: Mapped[int]
    cause: Mapped[str] = mapped_column(String(16))
    difference: Mapped[int | None] = mapped_column(Rupiah)
    settles: Mapped[bool]
    text: Mapped[str] = mapped_column(String(500))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class NoteStrike(Base):
    """That a note counts no more, and why. Append-only."""

    __tablename__ = "note_strikes"

    note_id: Mapped[int] = mapped_column(
        ForeignKey("reconciliation_notes.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class ReconciliationPaper(Base):
    """The Berita Acara that was issued of a closed month. Append-only."""

    __tablename__ = "reconciliation_papers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_reconciliation_papers_paper",
        ),
        ForeignKeyConstraint(
            ["closed_id", "bank_id"],
            ["closed_months.id", "closed_months.bank_id"],
            name="fk_reconciliation_papers_month",
        ),
        Index("ix_reconciliation_papers_closed_id", "closed_id"),
    )

    paper_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bank_id: Mapped[int]
    closed_id: Mapped[int]
