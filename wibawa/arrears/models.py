from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.sealed import SealedText
from wibawa.database import Base, Moment, Rupiah
from wibawa.rules.masking import mask_phones


class ArrearsContact(Base):
    """What was said with whom about a late loan, and what was promised. Append-only.

    A wrong note is struck by a further row and stays readable.
    """

    __tablename__ = "arrears_contacts"
    __table_args__ = (
        CheckConstraint("kind IN ('visit','call','message','office')", name="kind_known"),
        CheckConstraint(
            "outcome IN ('promise','paid','unable','absent','moved','refused','other')",
            name="outcome_known",
        ),
        CheckConstraint("(outcome = 'promise') = (promise_amount IS NOT NULL)", name="promise"),
        CheckConstraint("(promise_amount IS NULL) = (promise_on IS NULL)", name="promise_whole"),
        CheckConstraint("promise_amount > 0", name="promise_positive"),
        CheckConstraint("promise_on >= contacted_on", name="promise_after"),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_arrears_contacts_loan"
        ),
        Index("ix_arrears_contacts_loan", "loan_id", "contacted_on", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int]
    bank_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    contacted_on: Mapped[dt.date]
    officer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    met: Mapped[str] = mapped_column(SealedText("arrears_contacts.met", mask=mask_phones))
    outcome: Mapped[str] = mapped_column(String(8))
    promise_amount: Mapped[int | None] = mapped_column(Rupiah)
    promise_on: Mapped[dt.date | None]
    note: Mapped[str] = mapped_column(SealedText("arrears_contacts.note", mask=mask_phones))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class ContactStrike(Base):
    """A note that does not count, with the reason. Append-only: what is struck stays struck."""

    __tablename__ = "contact_strikes"

    contact_id: Mapped[int] = mapped_column(
        ForeignKey("arrears_contacts.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(String(300))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class ArrearsOfficer(Base):
    """Who follows a late loan from a moment on; nobody when empty. The last row counts.

    Append-only.
    """

    __tablename__ = "arrears_officers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_arrears_officers_loan"
        ),
        Index("ix_arrears_officers_loan", "loan_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int]
    bank_id: Mapped[int]
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class ReminderSetting(Base):
    """From how many days past due each grade of reminder is sent, how many days lie between two,
    and within how many days a letter asks to be paid. A change is a new row. Append-only.

    What came with the program was entered by nobody.
    """

    __tablename__ = "reminder_settings"
    __table_args__ = (
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
        CheckConstraint(
            "first_days >= 1 AND first_days < second_days AND second_days < third_days "
            "AND third_days <= 999",
            name="in_order",
        ),
        CheckConstraint(
            "gap_days BETWEEN 1 AND 365 AND pay_days BETWEEN 1 AND 90", name="days_sane"
        ),
        Index("ix_reminder_settings_valid_from", "valid_from", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date]
    first_days: Mapped[int]
    second_days: Mapped[int]
    third_days: Mapped[int]
    gap_days: Mapped[int]
    pay_days: Mapped[int]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class ReminderBatch(Base):
    """Letters that were issued together. Append-only."""

    __tablename__ = "reminder_batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Moment)


class Reminder(Base):
    """The paper that reminded of a loan's arrears, its grade, and since when these lasted.

    Append-only.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        CheckConstraint("grade BETWEEN 1 AND 3", name="grade_known"),
        CheckConstraint("arrears_since < dated", name="late_before"),
        ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_reminders_paper",
        ),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_reminders_loan"
        ),
        Index("ix_reminders_loan", "loan_id", "dated"),
        Index("ix_reminders_batch_id", "batch_id"),
    )

    paper_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch_id: Mapped[int] = mapped_column(ForeignKey("reminder_batches.id"))
    loan_id: Mapped[int]
    bank_id: Mapped[int]
    grade: Mapped[int]
    dated: Mapped[dt.date]
    arrears_since: Mapped[dt.date]
