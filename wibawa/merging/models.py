from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment


class BorrowerMerge(Base):
    """A request to put one borrower's record under another's ("merge"), or to take such a merge
    apart ("split"). `chosen` names the facts whose value comes from the record that goes."""

    __tablename__ = "borrower_merges"
    __table_args__ = (
        CheckConstraint("kind IN ('merge','split')", name="kind_known"),
        CheckConstraint("(kind = 'split') = (undoes_id IS NOT NULL)", name="split_undoes"),
        CheckConstraint("kept_id <> gone_id", name="two_records"),
        CheckConstraint("status IN ('recorded','approved','refused')", name="status_known"),
        CheckConstraint("decided_by IS NULL OR decided_by <> entered_by", name="two_persons"),
        CheckConstraint("(status = 'recorded') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("reason <> ''", name="reason_given"),
        CheckConstraint(
            "status <> 'refused' OR decision_reason <> ''", name="refused_for_a_reason"
        ),
        Index("ix_borrower_merges_status", "status"),
        Index("ix_borrower_merges_kept", "kept_id"),
        Index("ix_borrower_merges_gone", "gone_id"),
        Index(
            "uq_borrower_merges_undoes",
            "undoes_id",
            unique=True,
            sqlite_where=text("status <> 'refused'"),
            postgresql_where=text("status <> 'refused'"),
        ),
        Index(
            "uq_borrower_merges_waiting",
            "gone_id",
            unique=True,
            sqlite_where=text("status = 'recorded'"),
            postgresql_where=text("status = 'recorded'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(12), default="recorded")
    kept_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    gone_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("borrower_merges.id"))
    chosen: Mapped[str] = mapped_column(String(400), default="")
    same_person: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    decision_reason: Mapped[str] = mapped_column(String(300), default="")


class BorrowerMove(Base):
    """A loan, an application or a disbursement that a decided request put under another record.

    Append-only. Triggers let the object itself change its borrower only as its newest row says.
    """

    __tablename__ = "borrower_moves"
    __table_args__ = (
        CheckConstraint(
            "object_kind IN ('loan','application','disbursement')", name="object_kind_known"
        ),
        CheckConstraint("from_id <> to_id", name="moved"),
        UniqueConstraint("merge_id", "object_kind", "object_id"),
        Index("ix_borrower_moves_object", "object_kind", "object_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    merge_id: Mapped[int] = mapped_column(ForeignKey("borrower_merges.id"))
    object_kind: Mapped[str] = mapped_column(String(12))
    object_id: Mapped[int]
    from_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
