from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment


class Borrower(Base):
    """A micro-enterprise (a person and the business) or a cooperative (with its chair)."""

    __tablename__ = "borrowers"
    __table_args__ = (
        CheckConstraint("kind IN ('micro','cooperative')", name="kind_known"),
        CheckConstraint("sex IN ('L','P')", name="sex_known"),
        CheckConstraint(
            "kind = 'micro' OR cooperative_number IS NOT NULL", name="cooperative_numbered"
        ),
        Index(
            "uq_borrowers_nik_index",
            "nik_index",
            unique=True,
            sqlite_where=text("kind = 'micro'"),
            postgresql_where=text("kind = 'micro'"),
        ),
        Index("ix_borrowers_name_key", "name_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(120))  # lower case, for search and order
    nik: Mapped[bytes] = mapped_column(LargeBinary)  # sealed; of the chair for a cooperative
    nik_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    nik_tail: Mapped[str] = mapped_column(String(4))
    sex: Mapped[str] = mapped_column(String(1))
    birth_date: Mapped[dt.date]
    business_name: Mapped[str] = mapped_column(String(120), default="")
    sector: Mapped[str] = mapped_column(String(60), default="")
    business_started_on: Mapped[dt.date | None]
    kelurahan_code: Mapped[str] = mapped_column(ForeignKey("kelurahan.code"))
    address: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    nib: Mapped[str] = mapped_column(String(20), default="")
    cooperative_number: Mapped[str | None] = mapped_column(String(30), unique=True)
    chair_name: Mapped[str] = mapped_column(String(120), default="")
    members_male: Mapped[int | None]
    members_female: Mapped[int | None]
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
