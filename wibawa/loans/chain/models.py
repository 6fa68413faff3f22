from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment, Rupiah


class ChainLink(Base):
    """One deed in a bank's chain: what it wrote, as a hash that holds the hash of the one before.

    Append-only. A trigger refuses a link that does not follow the last one. `subject_id` is a file
    (`upload`), a request (`request`) or a loan (`disbursement`).
    """

    __tablename__ = "chain_links"
    __table_args__ = (
        CheckConstraint("kind IN ('upload','request','disbursement')", name="kind_known"),
        CheckConstraint("number >= 1 AND rows >= 0", name="counted"),
        CheckConstraint(
            "length(content_hash) = 64 AND length(previous_hash) = 64 AND length(hash) = 64",
            name="hashes_whole",
        ),
        UniqueConstraint("kind", "subject_id"),
        {"sqlite_with_rowid": False},
    )

    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(12))
    subject_id: Mapped[int]
    rows: Mapped[int]
    total: Mapped[int] = mapped_column(Rupiah)
    made_at: Mapped[dt.datetime] = mapped_column(Moment)
    content_hash: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
