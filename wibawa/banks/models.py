from __future__ import annotations

import datetime as dt
import json
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment, Rupiah
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.terms import ProductTerms
from wibawa.uploads.layouts import DateOrder, DecimalMark, Words


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
    """How a bank writes a kind of file, dated; triggers let nobody change or delete it.

    `columns`: JSON, key → headings; `ignored`: JSON, headings that are none of ours. Of two that
    begin on a day the later one counts. What came with the program was entered by nobody.
    """

    __tablename__ = "bank_layouts"
    __table_args__ = (
        CheckConstraint("date_order IN ('dmy','ymd')", name="date_order_known"),
        CheckConstraint("decimal_mark IN (',','.')", name="decimal_mark_known"),
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
        Index("ix_bank_layouts_bank", "bank_id", "kind", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    kind: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[dt.date]
    columns: Mapped[str] = mapped_column(Text)
    ignored: Mapped[str] = mapped_column(Text, default="[]")
    date_order: Mapped[str] = mapped_column(String(3), default="dmy")
    decimal_mark: Mapped[str | None] = mapped_column(String(1))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)

    @property
    def words(self) -> Words:
        order, mark = cast(DateOrder, self.date_order), cast(DecimalMark | None, self.decimal_mark)
        return Words(json.loads(self.columns), json.loads(self.ignored), order, mark)


class Proposal:
    """A dated setting begins as one person's proposal; another person approves or refuses it.

    What came with the program has neither; triggers let nobody add such a version, change what
    was proposed, or touch what was decided.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(12), default="proposed")
    valid_from: Mapped[dt.date]
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    decision_reason: Mapped[str] = mapped_column(String(300), default="")


def two_persons() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint("status IN ('proposed','approved','refused')", name="status_known"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_persons"),
        CheckConstraint(
            "(proposed_by IS NOT NULL AND (status = 'proposed') = (decided_by IS NULL)) "
            "OR (proposed_by IS NULL AND decided_by IS NULL AND status = 'approved')",
            name="decided",
        ),
    )


def _one_a_day(name: str, *columns: str) -> Index:
    """At most one version, decided or waiting, begins on a day."""
    kept = text("status <> 'refused'")
    return Index(name, *columns, unique=True, sqlite_where=kept, postgresql_where=kept)


class CollectibilityRule(Proposal, Base):
    """The largest days past due of classes 1–4 for one kind of bank, from a day on."""

    __tablename__ = "collectibility_rules"
    __table_args__ = (
        *two_persons(),
        CheckConstraint("bank_kind IN ('commercial','rural')", name="kind_known"),
        CheckConstraint(
            "0 <= class_1 AND class_1 < class_2 AND class_2 < class_3 AND class_3 < class_4",
            name="rising",
        ),
        _one_a_day("uq_collectibility_rules_start", "bank_kind", "valid_from"),
    )

    bank_kind: Mapped[str] = mapped_column(String(12))
    class_1: Mapped[int]
    class_2: Mapped[int]
    class_3: Mapped[int]
    class_4: Mapped[int]

    @property
    def limits(self) -> Thresholds:
        return (self.class_1, self.class_2, self.class_3, self.class_4)


class TermsConfirmation(Base):
    """The legal basis of an approved version, as somebody confirmed it; the latest one counts."""

    __tablename__ = "terms_confirmations"
    __table_args__ = (Index("ix_terms_confirmations_terms", "terms_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    terms_id: Mapped[int] = mapped_column(ForeignKey("loan_terms.id"))
    legal_basis: Mapped[str] = mapped_column(String(200))
    confirmed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    confirmed_at: Mapped[dt.datetime] = mapped_column(Moment)


class LoanTerms(Proposal, Base):
    """The dated settings of the product. `rate` in basis points a year; ceilings in rupiah."""

    __tablename__ = "loan_terms"
    __table_args__ = (
        *two_persons(),
        CheckConstraint("rate BETWEEN 0 AND 10000", name="rate_sane"),
        CheckConstraint("months BETWEEN 1 AND 120", name="months_sane"),
        CheckConstraint(
            "ceiling_micro >= 1 AND ceiling_cooperative >= 1 AND collateral_free_limit >= 0",
            name="ceilings_sane",
        ),
        CheckConstraint(
            "minimum_age BETWEEN 0 AND 100 AND minimum_business_years BETWEEN 0 AND 100",
            name="ages_sane",
        ),
        _one_a_day("uq_loan_terms_start", "valid_from"),
    )

    rate: Mapped[int]
    months: Mapped[int]
    ceiling_micro: Mapped[int] = mapped_column(Rupiah)
    ceiling_cooperative: Mapped[int] = mapped_column(Rupiah)
    collateral_free_limit: Mapped[int] = mapped_column(Rupiah)
    minimum_age: Mapped[int]
    minimum_business_years: Mapped[int]
    legal_basis: Mapped[str] = mapped_column(String(200), default="")

    @property
    def product(self) -> ProductTerms:
        return ProductTerms(
            self.rate,
            self.months,
            self.ceiling_micro,
            self.ceiling_cooperative,
            self.collateral_free_limit,
            self.minimum_age,
            self.minimum_business_years,
        )


class BankQuota(Base):
    """What a bank may lend in a year, in rupiah; a change is a new row, the last one counts."""

    __tablename__ = "bank_quotas"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_sane"),
        CheckConstraint("sequence >= 1", name="sequence_counts"),
        UniqueConstraint("bank_id", "year", "sequence"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    year: Mapped[int]
    sequence: Mapped[int]
    amount: Mapped[int] = mapped_column(Rupiah)
    source: Mapped[str] = mapped_column(String(200))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class DirectPermit(Base):
    """Whether loans of a bank may be recorded without an application, from a day on; the last row
    of the latest day counts. Without any row: no."""

    __tablename__ = "direct_permits"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="reason_given"),
        Index("ix_direct_permits_bank", "bank_id", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    valid_from: Mapped[dt.date]
    allowed: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


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
