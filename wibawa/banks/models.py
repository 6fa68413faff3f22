from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Rupiah


class Bank(Base):
    __tablename__ = "banks"
    __table_args__ = (
        CheckConstraint("kind IN ('commercial','rural')", name="kind_known"),
        CheckConstraint("method IN ('annuity','flat','declining')", name="method_known"),
        CheckConstraint(
            "holiday_rule IN ('none','following','preceding')", name="holiday_rule_known"
        ),
        CheckConstraint("multiple IN (1,100,500,1000)", name="multiple_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12))
    method: Mapped[str] = mapped_column(String(12))
    multiple: Mapped[int] = mapped_column(default=1)
    holiday_rule: Mapped[str] = mapped_column(String(12), default="none")
    posts_clean_files: Mapped[bool] = mapped_column(default=False)


class BankLayout(Base):
    """A bank's own words for the columns of a kind of file, dated. `columns`: JSON, key → names."""

    __tablename__ = "bank_layouts"
    __table_args__ = (UniqueConstraint("bank_id", "kind", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    kind: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[dt.date]
    columns: Mapped[str] = mapped_column(Text)


class CollectibilityRule(Base):
    """The largest days past due of classes 1–4 for one kind of bank, from a day on."""

    __tablename__ = "collectibility_rules"
    __table_args__ = (
        CheckConstraint("bank_kind IN ('commercial','rural')", name="kind_known"),
        CheckConstraint(
            "0 <= class_1 AND class_1 < class_2 AND class_2 < class_3 AND class_3 < class_4",
            name="rising",
        ),
    )

    bank_kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    valid_from: Mapped[dt.date] = mapped_column(primary_key=True)
    class_1: Mapped[int]
    class_2: Mapped[int]
    class_3: Mapped[int]
    class_4: Mapped[int]


class LoanTerms(Base):
    """The dated settings of the product. `rate` in basis points a year; ceilings in rupiah."""

    __tablename__ = "loan_terms"
    __table_args__ = (
        CheckConstraint("rate BETWEEN 0 AND 10000", name="rate_sane"),
        CheckConstraint("months BETWEEN 1 AND 120", name="months_sane"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date] = mapped_column(unique=True)
    rate: Mapped[int]
    months: Mapped[int]
    ceiling_micro: Mapped[int] = mapped_column(Rupiah)
    ceiling_cooperative: Mapped[int] = mapped_column(Rupiah)
    collateral_free_limit: Mapped[int] = mapped_column(Rupiah)
    minimum_age: Mapped[int]
    minimum_business_years: Mapped[int]
    confirmed: Mapped[bool] = mapped_column(default=False)
    legal_basis: Mapped[str] = mapped_column(String(200), default="")


class Holiday(Base):
    """A day on which the banks do not work, besides Saturdays and Sundays."""

    __tablename__ = "holidays"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))


class Kecamatan(Base):
    __tablename__ = "kecamatan"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))


class Kelurahan(Base):
    __tablename__ = "kelurahan"

    code: Mapped[str] = mapped_column(String(13), primary_key=True)
    kecamatan_code: Mapped[str] = mapped_column(ForeignKey("kecamatan.code"))
    name: Mapped[str] = mapped_column(String(60))
