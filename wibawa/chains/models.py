from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment, Rupiah


class Link:
    """What a deed wrote, as a hash that holds the hash of the link before."""

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(12))
    subject_id: Mapped[int]
    rows: Mapped[int]
    total: Mapped[int] = mapped_column(Rupiah)
    made_at: Mapped[dt.datetime] = mapped_column(Moment)
    content_hash: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


def whole() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint("number >= 1 AND rows >= 0", name="counted"),
        CheckConstraint(
            "length(content_hash) = 64 AND length(previous_hash) = 64 AND length(hash) = 64",
            name="hashes_whole",
        ),
    )


class OfficeLink(Link, Base):
    """One decision in the office's chain. Append-only. A trigger refuses a link that does not
    follow the last one. `kind` says in which table `subject_id` is."""

    __tablename__ = "office_links"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('change','disbursement','terms','confirmation','limits','definition','year',"
            "'merge','pseudonym','retention','closing','return','recommend','refuse','approve',"
            "'decline')",
            name="kind_known",
        ),
        *whole(),
        UniqueConstraint("kind", "subject_id"),
    )
