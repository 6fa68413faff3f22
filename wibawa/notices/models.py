from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base


class Notice(Base):
    """The paper that tells an applicant of one move: approved, refused, or to be completed.

    A move is told once; an application that is returned twice gets two papers. Append-only.
    """

    __tablename__ = "notices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["application_id", "sequence"],
            ["application_moves.application_id", "application_moves.sequence"],
            name="fk_notices_move",
        ),
    )

    application_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    paper_id: Mapped[int] = mapped_column(ForeignKey("issued_papers.id"), unique=True)
