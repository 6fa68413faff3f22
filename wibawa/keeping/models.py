from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment


class Backup(Base):
    """A backup that was made by a worker and read again; one that failed is a failed job.

    `machine`: on which the file is. `removed_at`: when the rotation took the file away.
    """

    __tablename__ = "backups"
    __table_args__ = (
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint("table_rows >= 0", name="rows_counted"),
        CheckConstraint("removed_at IS NULL OR removed_at >= made_at", name="removed_later"),
        Index("ix_backups_made_at", "made_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), unique=True)
    machine: Mapped[str] = mapped_column(String(80))
    file: Mapped[str] = mapped_column(String(300))
    made_at: Mapped[dt.datetime] = mapped_column(Moment)
    size: Mapped[int] = mapped_column(BigInteger)
    table_rows: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    revision: Mapped[str] = mapped_column(String(8))
    removed_at: Mapped[dt.datetime | None] = mapped_column(Moment)
