from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from wibawa.access.sealed import SealedBytes
from wibawa.database import Base, Moment


class LayoutExample(Base):
    """An example of a bank's file while its headings are taught: sealed, one person's own, thrown
    away when the headings are saved, and after a day at the latest (by the next example)."""

    __tablename__ = "layout_examples"
    __table_args__ = (Index("ix_layout_examples_uploaded_at", "uploaded_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    kind: Mapped[str] = mapped_column(String(20))
    filename: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes] = deferred(
        mapped_column(SealedBytes("layout_examples.content"), nullable=False)
    )
    uploaded_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    uploaded_at: Mapped[dt.datetime] = mapped_column(Moment)
