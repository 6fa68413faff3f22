from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.sealed import SealedText
from wibawa.database import Base
from wibawa.rules.masking import mask_phone

LINE_KEYS = ("upload_id", "row_number")


class RegisterLine(Base):
    """What a row of a file of SI-UMI brings: a new borrower, or changes of a known one.

    Written anew at each check, and kept as it is once the file is applied (triggers refuse every
    change then); `borrower_id` of a new one is known from then on. `held`: its name would change
    while a loan runs, and nobody has confirmed that. `like_id` / `like_row`: a borrower, or an
    earlier row, that may be the same person under another NIK.
    """

    __tablename__ = "register_lines"
    __table_args__ = (
        CheckConstraint("outcome IN ('new','changed','held')", name="outcome_known"),
        CheckConstraint("outcome = 'new' OR borrower_id IS NOT NULL", name="borrower_known"),
        CheckConstraint("NOT confirmed OR outcome = 'changed'", name="confirmed_change"),
        Index("ix_register_lines_outcome", "upload_id", "outcome", "row_number"),
        Index(
            "ix_register_lines_borrower",
            "borrower_id",
            sqlite_where=text("borrower_id IS NOT NULL"),
            postgresql_where=text("borrower_id IS NOT NULL"),
        ),
    )

    upload_id: Mapped[int] = mapped_column(
        ForeignKey("uploads.id"), primary_key=True, autoincrement=False
    )
    row_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(8))
    borrower_id: Mapped[int | None] = mapped_column(ForeignKey("borrowers.id"))
    confirmed: Mapped[bool]  # the officer ticked the change of its name
    name: Mapped[str] = mapped_column(String(120))  # as it is now; of a new one, as the file says
    name_key: Mapped[str] = mapped_column(String(120))
    nik_tail: Mapped[str] = mapped_column(SealedText("register_lines.nik_tail", LINE_KEYS))
    business_name: Mapped[str] = mapped_column(String(120))
    sector: Mapped[str] = mapped_column(String(60))
    kelurahan_code: Mapped[str] = mapped_column(ForeignKey("kelurahan.code"))
    phone: Mapped[str] = mapped_column(SealedText("register_lines.phone", LINE_KEYS, mask_phone))
    like_id: Mapped[int | None] = mapped_column(ForeignKey("borrowers.id"))
    like_row: Mapped[int | None]


CHANGE_KEYS = ("upload_id", "row_number", "field")


class RegisterChange(Base):
    """One fact of a known borrower that a row would change (or, once applied, has changed)."""

    __tablename__ = "register_changes"
    __table_args__ = (
        CheckConstraint("before <> after", name="changed"),
        ForeignKeyConstraint(
            ["upload_id", "row_number"],
            ["register_lines.upload_id", "register_lines.row_number"],
            name="fk_register_changes_line",
        ),
    )

    upload_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(30), primary_key=True)
    before: Mapped[str] = mapped_column(SealedText("register_changes.before", CHANGE_KEYS))
    after: Mapped[str] = mapped_column(SealedText("register_changes.after", CHANGE_KEYS))
