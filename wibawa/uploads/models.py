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
)
from sqlalchemy.orm import Mapped, deferred, mapped_column

from wibawa.access.sealed import UNTIED, SealedBytes, SealedLongText
from wibawa.database import Base, Moment, Rupiah
from wibawa.rules.masking import mask_phones

PROBLEM_KEYS = ("upload_id", "number")


class Upload(Base):
    """A file received, byte for byte, with what its check said. Bank NULL: the office's own file.

    `content` is sealed where `sealed` says so (`actions.content_of` gives the bytes). `summary`
    holds the figures that only this kind of file has. `job_id`: the newest job that had a step of a
    large file in hand; `reading` is a file that no worker has read yet. `same_as`: the earlier file
    that this one turned out to be a re-saved copy of.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('repayments','portfolio','register','decisions','disbursements')",
            name="kind_known",
        ),
        CheckConstraint("(kind = 'register') = (bank_id IS NULL)", name="bank_of_kind"),
        CheckConstraint(
            "status IN ('reading','faulty','clean','submitted','posted','withdrawn')",
            name="status_known",
        ),
        CheckConstraint("status <> 'reading' OR job_id IS NOT NULL", name="read_by_job"),
        CheckConstraint(
            "same_as IS NULL OR (status = 'withdrawn' AND same_as <> id)", name="same_withdrawn"
        ),
        ForeignKeyConstraint(
            ["same_as", "bank_id"], ["uploads.id", "uploads.bank_id"], name="fk_uploads_same"
        ),
        CheckConstraint(
            "kind NOT IN ('repayments','disbursements') OR posted_by IS NULL "
            "OR (posted_by <> uploaded_by AND (submitted_by IS NULL OR posted_by <> submitted_by))",
            name="two_persons",
        ),
        CheckConstraint("(status = 'posted') = (posted_at IS NOT NULL)", name="posted_at"),
        UniqueConstraint("id", "bank_id"),
        Index("ix_uploads_sha256", "sha256"),
        Index("ix_uploads_rows_hash", "rows_hash"),
        Index("ix_uploads_bank_status", "bank_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int | None] = mapped_column(ForeignKey("banks.id"))
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(12))
    filename: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    rows_hash: Mapped[str | None] = mapped_column(  # of a register keyed: a NIK can be guessed
        String(64), info={UNTIED: "kind = 'register'"}
    )
    content: Mapped[bytes] = deferred(mapped_column(SealedBytes("uploads.content")))
    sealed: Mapped[bool] = mapped_column(default=False)
    uploaded_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    uploaded_at: Mapped[dt.datetime] = mapped_column(Moment)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    posted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    posted_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    reversed_at: Mapped[dt.datetime | None] = mapped_column(Moment)  # all it booked was undone
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"))
    same_as: Mapped[int | None]
    skip_problems: Mapped[bool] = mapped_column(default=False)
    skip_reason: Mapped[str] = mapped_column(String(300), default="")
    suspend_unknown: Mapped[bool] = mapped_column(default=False)
    headings: Mapped[str] = mapped_column(Text, default="[]")  # JSON, as the file writes them
    first_rows: Mapped[str] = mapped_column(  # JSON, as they were understood
        SealedLongText("uploads.first_rows", mask=mask_phones), default="[]"
    )
    summary: Mapped[str] = mapped_column(Text, default="{}")  # JSON
    row_count: Mapped[int] = mapped_column(default=0)
    problem_count: Mapped[int] = mapped_column(default=0)
    notice_count: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(Rupiah, default=0)
    control_total: Mapped[int] = mapped_column(Rupiah, default=0)
    control_total_stated: Mapped[bool] = mapped_column(default=False)
    posted_rows: Mapped[int] = mapped_column(default=0)
    posted_total: Mapped[int] = mapped_column(Rupiah, default=0)
    suspense_rows: Mapped[int] = mapped_column(default=0)
    suspense_total: Mapped[int] = mapped_column(Rupiah, default=0)
    already_posted_rows: Mapped[int] = mapped_column(default=0)
    already_posted_total: Mapped[int] = mapped_column(Rupiah, default=0)
    skipped_rows: Mapped[int] = mapped_column(default=0)
    skipped_total: Mapped[int] = mapped_column(Rupiah, default=0)

    @property
    def was_read(self) -> bool:
        """Whether anything is known of what stands in it."""
        return self.rows_hash is not None or self.row_count > 0


class UploadProblem(Base):
    """One problem or notice of a file's check, with the officer's own row beside it (JSON)."""

    __tablename__ = "upload_problems"
    __table_args__ = (Index("ix_upload_problems_code", "upload_id", "code"),)

    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int]
    column: Mapped[str] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(40))
    found: Mapped[str] = mapped_column(
        SealedLongText("upload_problems.found", PROBLEM_KEYS, mask_phones)
    )
    message: Mapped[str] = mapped_column(
        SealedLongText("upload_problems.message", PROBLEM_KEYS, mask_phones)
    )
    blocking: Mapped[bool]
    cells: Mapped[str] = mapped_column(
        SealedLongText("upload_problems.cells", PROBLEM_KEYS, mask_phones), default="[]"
    )


class UploadPlan(Base):
    """Where the money of a checked file is to go, row by row: JSON, compressed. Written by each
    check in place of the one before."""

    __tablename__ = "upload_plans"

    upload_id: Mapped[int] = mapped_column(
        ForeignKey("uploads.id"), primary_key=True, autoincrement=False
    )
    data: Mapped[bytes] = mapped_column(LargeBinary)
