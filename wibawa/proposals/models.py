from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment


class Proposal(Base):
    """Applications sent to one bank together, under one paper. Append-only."""

    __tablename__ = "proposals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_proposals_paper",
        ),
        UniqueConstraint("id", "bank_id"),
        Index("ix_proposals_bank_id", "bank_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    paper_id: Mapped[int] = mapped_column(unique=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Moment)


class ProposalLine(Base):
    """One application of a batch; it is sent once. The composite keys keep a bank's batch from
    holding another bank's application. Append-only."""

    __tablename__ = "proposal_lines"
    __table_args__ = (
        CheckConstraint("position >= 1", name="position_counts"),
        ForeignKeyConstraint(
            ["application_id", "bank_id"],
            ["applications.id", "applications.bank_id"],
            name="fk_proposal_lines_application",
        ),
        ForeignKeyConstraint(
            ["proposal_id", "bank_id"],
            ["proposals.id", "proposals.bank_id"],
            name="fk_proposal_lines_proposal",
        ),
    )

    proposal_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    application_id: Mapped[int] = mapped_column(unique=True)
    bank_id: Mapped[int]
