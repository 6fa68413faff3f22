from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment


class OpenFiguresSetting(Base):
    """Whether the public page is there, from a day on; a change is a new row, the last one counts.

    It came closed with the program, entered by nobody. Append-only: triggers refuse UPDATE and
    DELETE.
    """

    __tablename__ = "open_figures_settings"
    __table_args__ = (
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
        CheckConstraint("entered_by IS NOT NULL OR NOT is_open", name="opened_by_somebody"),
        CheckConstraint("reason <> ''", name="reason_given"),
        Index("ix_open_figures_settings_valid_from", "valid_from", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date]
    is_open: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)
