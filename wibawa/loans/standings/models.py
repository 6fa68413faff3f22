from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Rupiah


class Standing(Base):
    """Where a loan stands from `from_on` until before `until_on`: a copy of what the journal and
    the schedules say, so that no report adds them up again. Written with them (`standings`), and
    proved equal to them by `wibawa check`.

    `number` and `due_on` are those of the oldest installment that lacks money, NULL when none does.
    `fell` is by how much the outstanding principal fell with the first day of the row, rupiah; what
    an opening portfolio brought in is not counted, for it was paid before.
    """

    __tablename__ = "loan_standings"
    __table_args__ = (
        CheckConstraint("from_on < until_on", name="in_order"),
        CheckConstraint("outstanding >= 0", name="not_negative"),
        CheckConstraint("(number IS NULL) = (due_on IS NULL)", name="lacks_or_not"),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_loan_standings_loan"
        ),
        {"sqlite_with_rowid": False},
    )

    loan_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until_on: Mapped[dt.date] = mapped_column(primary_key=True)
    from_on: Mapped[dt.date]
    bank_id: Mapped[int]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    applied: Mapped[int] = mapped_column(Rupiah)  # money poured over the schedule by then
    outstanding: Mapped[int] = mapped_column(Rupiah)
    fell: Mapped[int] = mapped_column(Rupiah)
    number: Mapped[int | None]
    due_on: Mapped[dt.date | None]


class DueSum(Base):
    """What the installments of a bank that fall due on a day ask for together, by the first day of
    their schedule: a copy of what `schedule_rows` say, of all versions whether in force or not.

    A report of what falls due reads these sums, and of the installments themselves only those that
    differ: paid ahead, late, of a version that another one followed, of a loan that was written
    off. Only installments that ask for money are counted. Written by `count_dues`.
    """

    __tablename__ = "due_sums"
    __table_args__ = (
        CheckConstraint("installments >= 1", name="not_empty"),
        CheckConstraint("principal >= 0 AND interest >= 0", name="not_negative"),
        {"sqlite_with_rowid": False},
    )

    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"), primary_key=True)
    due_on: Mapped[dt.date] = mapped_column(primary_key=True)
    starts_on: Mapped[dt.date] = mapped_column(primary_key=True)
    installments: Mapped[int]
    principal: Mapped[int] = mapped_column(Rupiah)
    interest: Mapped[int] = mapped_column(Rupiah)


class MoneySum(Base):
    """What the entries of a bank on a day come to together, by kind: a copy of what the journal
    says, of all entries whether undone later or not.

    Reports of a year read some hundred of these rows and not a million entries. Only ever grows:
    an entry that undoes another is counted on its own day. Written by `count_money`.
    """

    __tablename__ = "money_sums"
    __table_args__ = (
        CheckConstraint("entries >= 1", name="not_empty"),
        {"sqlite_with_rowid": False},
    )

    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"), primary_key=True)
    effective_on: Mapped[dt.date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    entries: Mapped[int]
    amount: Mapped[int] = mapped_column(Rupiah)
    applied: Mapped[int] = mapped_column(Rupiah)


class PrincipalSum(Base):
    """By how much the outstanding principal of a bank's loans fell on a day, rupiah: what `fell` of
    `loan_standings` adds up to, below zero where more was undone than paid.

    Reports of a year read some hundred of these rows and not a million standings. A row may say 0:
    what was there is taken away again when money comes with an earlier day. Written by
    `stand_anew`.
    """

    __tablename__ = "principal_sums"
    __table_args__ = ({"sqlite_with_rowid": False},)

    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"), primary_key=True)
    fell_on: Mapped[dt.date] = mapped_column(primary_key=True)
    fell: Mapped[int] = mapped_column(Rupiah)
