from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import Base, Moment, Rupiah


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
    met: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(8))
    promise_amount: Mapped[int | None] = mapped_column(Rupiah)
    promise_on: Mapped[dt.date | None]
    note: Mapped[str] = mapped_column(String(1000))
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
