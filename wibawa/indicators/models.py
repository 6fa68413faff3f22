from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base


class Indicator(Base):
    """A figure the office answers for. Values are hundredths of its unit (7,94 % = 794)."""

    __tablename__ = "indicators"
    __table_args__ = (CheckConstraint("unit IN ('percent','count')", name="unit_known"),)

    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    unit: Mapped[str] = mapped_column(String(10))
    unit_label: Mapped[str] = mapped_column(String(40))
    definition: Mapped[str] = mapped_column(Text)
    position: Mapped[int]


class IndicatorYear(Base):
    """Target and published figure of one year, in hundredths, with the table they come from."""

    __tablename__ = "indicator_years"

    code: Mapped[str] = mapped_column(ForeignKey("indicators.code"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target: Mapped[int | None]
    published: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(200))


class Denominator(Base):
    """A count of enterprises or cooperatives of one year, with its source and cut-off day."""

    __tablename__ = "denominators"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]
    cut_off: Mapped[dt.date | None]
    source: Mapped[str] = mapped_column(String(200))
