from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment


class DocumentRule(Base):
    """Which kinds of requests are approved only with a document, from a day on; their codes with
    spaces between. A change is a new row. Append-only.

    What came with the program was entered by nobody: none.
    """

    __tablename__ = "document_rules"
    __table_args__ = (
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
        Index("ix_document_rules_valid_from", "valid_from", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date]
    kinds: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)
