from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.database import FOREVER, Base, Moment, Rupiah


class Loan(Base):
    """A loan with the terms that were copied to it at disbursement; they never change."""

    __tablename__ = "loans"
    __table_args__ = (
        CheckConstraint("principal >= 1", name="principal_positive"),
        CheckConstraint("rate BETWEEN 0 AND 10000", name="rate_sane"),
        CheckConstraint("months BETWEEN 1 AND 120", name="months_sane"),
        CheckConstraint("method IN ('annuity','flat','declining')", name="method_known"),
        CheckConstraint("multiple IN (1,100,500,1000)", name="multiple_known"),
        UniqueConstraint("id", "bank_id"),
        UniqueConstraint("bank_id", "account_number"),
        Index("ix_loans_borrower", "borrower_id"),
        Index("ix_loans_agreement", "agreement_number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    account_number: Mapped[str] = mapped_column(String(40))
    agreement_number: Mapped[str] = mapped_column(String(60))
    disbursed_on: Mapped[dt.date]
    principal: Mapped[int] = mapped_column(Rupiah)
    rate: Mapped[int]
    months: Mapped[int]
    method: Mapped[str] = mapped_column(String(12))
    multiple: Mapped[int]
    # cut-off day of an opening portfolio; figures for days before it are incomplete
    opened_on: Mapped[dt.date | None]


class Schedule(Base):
    """One version of a loan's schedule, in force from `starts_on` until before `ends_on`.

    Triggers let only its end be set, once. Later versions go on with `due_day` and `multiple`.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("starts_on < ends_on", name="in_force"),
        CheckConstraint(
            "kind IN ('first','holiday','tenor','multiple','due_day','settlement','reopen')",
            name="kind_sane",
        ),
        CheckConstraint("due_day BETWEEN 1 AND 31", name="due_day_sane"),
        CheckConstraint("multiple IN (1,100,500,1000)", name="multiple_sane"),
        UniqueConstraint("loan_id", "version"),
        Index("ix_schedules_in_force", "loan_id", "starts_on", "ends_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    version: Mapped[int]
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date] = mapped_column(default=FOREVER)
    total: Mapped[int] = mapped_column(Rupiah)  # principal and interest of all rows
    reason: Mapped[str] = mapped_column(String(300), default="")
    made_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[dt.datetime] = mapped_column(Moment)
    kind: Mapped[str] = mapped_column(String(12), server_default="first")
    due_day: Mapped[int] = mapped_column(server_default="1")
    multiple: Mapped[int] = mapped_column(server_default="1")
    request_id: Mapped[int | None] = mapped_column(ForeignKey("loan_requests.id"))


class ScheduleRow(Base):
    """An installment with the running sums that make a portfolio's position one set-based query."""

    __tablename__ = "schedule_rows"
    __table_args__ = (
        CheckConstraint("principal >= 0 AND interest >= 0 AND balance >= 0", name="not_negative"),
        CheckConstraint("total_through = total_before + principal + interest", name="foots"),
        CheckConstraint("due_on < next_due_on", name="in_order"),
        {"sqlite_with_rowid": False},
    )

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    due_on: Mapped[dt.date]
    next_due_on: Mapped[dt.date]
    principal: Mapped[int] = mapped_column(Rupiah)
    interest: Mapped[int] = mapped_column(Rupiah)
    balance: Mapped[int] = mapped_column(Rupiah)
    total_before: Mapped[int] = mapped_column(Rupiah)
    total_through: Mapped[int] = mapped_column(Rupiah)


class LedgerEntry(Base):
    """One line of a loan's journal. Append-only: triggers refuse UPDATE, DELETE and TRUNCATE.

    `amount` is all the money; `applied` is its signed part that is poured over the schedule: amount
    less penalty for money received, the negative of that for a reversal of such, 0 for the rest.
    `attempt` counts how often money of this `row_key` was posted: again only after all of it was
    reversed, which a trigger proves. An entry made by hand names the request that asked for it.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('disbursement','opening','repayment','settlement','write_off','recovery',"
            "'reversal')",
            name="kind_known",
        ),
        CheckConstraint("amount > 0 OR (kind = 'opening' AND amount = 0)", name="amount_positive"),
        CheckConstraint("penalty >= 0 AND penalty <= amount", name="penalty_within"),
        CheckConstraint(
            "(kind IN ('opening','repayment','settlement','recovery')"
            " AND applied = amount - penalty)"
            " OR (kind IN ('disbursement','write_off') AND applied = 0)"
            " OR (kind = 'reversal' AND applied <= 0 AND applied >= -amount)",
            name="sign",
        ),
        CheckConstraint("effective_on <= booked_on", name="effective_before_booked"),
        CheckConstraint("approved_by IS NULL OR approved_by <> entered_by", name="two_persons"),
        CheckConstraint("upload_id IS NOT NULL OR approved_by IS NOT NULL", name="has_source"),
        CheckConstraint("(upload_id IS NULL) = (row_number IS NULL)", name="row_of_upload"),
        CheckConstraint(
            "(kind = 'reversal') = (reverses IS NOT NULL) AND reverses < sequence",
            name="reversal_points_back",
        ),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_ledger_entries_loan"
        ),
        ForeignKeyConstraint(
            ["upload_id", "bank_id"],
            ["uploads.id", "uploads.bank_id"],
            name="fk_ledger_entries_upload",
        ),
        ForeignKeyConstraint(
            ["loan_id", "reverses"],
            ["ledger_entries.loan_id", "ledger_entries.sequence"],
            name="fk_ledger_entries_reverses",
        ),
        CheckConstraint(
            "attempt = 1 OR (attempt > 1 AND row_key IS NOT NULL)", name="attempt_sane"
        ),
        Index("uq_ledger_entries_reference", "bank_id", "bank_reference", "attempt", unique=True),
        Index("uq_ledger_entries_row_key", "bank_id", "row_key", "attempt", unique=True),
        # What is poured over each loan up to a day, read without the wide rows.
        Index("ix_ledger_entries_sums", "loan_id", "effective_on", "applied"),
        # What a period's reports add up, in the order of the days.
        Index(
            "ix_ledger_entries_days",
            *("effective_on", "bank_id", "kind", "amount", "applied", "loan_id", "reverses"),
        ),
        Index(
            "ix_ledger_entries_write_off",
            "loan_id",
            "sequence",
            "effective_on",
            sqlite_where=text("kind = 'write_off'"),
            postgresql_where=text("kind = 'write_off'"),
        ),
        Index(
            "ix_ledger_entries_reversal",
            "bank_id",
            "loan_id",
            "reverses",
            sqlite_where=text("kind = 'reversal'"),
            postgresql_where=text("kind = 'reversal'"),
        ),
        Index(
            "ix_ledger_entries_request",
            "request_id",
            sqlite_where=text("request_id IS NOT NULL"),
            postgresql_where=text("request_id IS NOT NULL"),
        ),
        Index("uq_ledger_entries_upload_row", "upload_id", "row_number", "kind", unique=True),
        Index("uq_ledger_entries_reverses", "loan_id", "reverses", unique=True),
        {"sqlite_with_rowid": False},
    )

    loan_id: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bank_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    amount: Mapped[int] = mapped_column(Rupiah)
    penalty: Mapped[int] = mapped_column(Rupiah, default=0)
    applied: Mapped[int] = mapped_column(Rupiah)
    effective_on: Mapped[dt.date]
    booked_on: Mapped[dt.date]
    booked_at: Mapped[dt.datetime] = mapped_column(Moment)
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    bank_reference: Mapped[str | None] = mapped_column(String(64))
    row_key: Mapped[str | None] = mapped_column(String(120))
    upload_id: Mapped[int | None]
    row_number: Mapped[int | None]
    reverses: Mapped[int | None]
    bank_principal: Mapped[int | None] = mapped_column(Rupiah)
    bank_interest: Mapped[int | None] = mapped_column(Rupiah)
    bank_outstanding: Mapped[int | None] = mapped_column(Rupiah)
    bank_collectibility: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(300), default="")
    attempt: Mapped[int] = mapped_column(server_default="1")
    request_id: Mapped[int | None] = mapped_column(ForeignKey("loan_requests.id"))


class SuspenseEntry(Base):
    """Money received that belongs to no installment yet (titipan). Append-only.

    It stands in a row of a bank's file, or is what an entry by hand left over: the part of a
    payment that its loan did not owe any more. A trigger proves that there is such an entry; a
    foreign key would close a circle, since requests point at titipan and entries at requests.
    """

    __tablename__ = "suspense_entries"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "reason IN ('account_unknown','loan_closed','exceeds_outstanding')",
            name="reason_known",
        ),
        CheckConstraint("effective_on <= booked_on", name="effective_before_booked"),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_suspense_entries_loan"
        ),
        ForeignKeyConstraint(
            ["upload_id", "bank_id"],
            ["uploads.id", "uploads.bank_id"],
            name="fk_suspense_entries_upload",
        ),
        CheckConstraint(
            "attempt = 1 OR (attempt > 1 AND row_key IS NOT NULL)", name="attempt_sane"
        ),
        CheckConstraint(
            "(upload_id IS NULL) = (row_number IS NULL)"
            " AND (upload_id IS NULL) = (entry IS NOT NULL)"
            " AND (entry IS NULL OR (loan_id IS NOT NULL AND approved_by IS NOT NULL"
            " AND approved_by <> entered_by))",
            name="has_source",
        ),
        UniqueConstraint("upload_id", "row_number"),
        Index("uq_suspense_entries_reference", "bank_id", "bank_reference", "attempt", unique=True),
        Index("uq_suspense_entries_row_key", "bank_id", "row_key", "attempt", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    loan_id: Mapped[int | None]
    account_text: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(120), default="")
    amount: Mapped[int] = mapped_column(Rupiah)
    effective_on: Mapped[dt.date]
    booked_on: Mapped[dt.date]
    booked_at: Mapped[dt.datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(String(24))
    bank_reference: Mapped[str | None] = mapped_column(String(64))
    row_key: Mapped[str | None] = mapped_column(String(120))
    upload_id: Mapped[int | None]
    row_number: Mapped[int | None]
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    attempt: Mapped[int] = mapped_column(server_default="1")
    entry: Mapped[int | None]


class SuspenseResolution(Base):
    """What became of titipan, or of a part of it. Append-only; open is what is not resolved.

    `loan`: it is entry `entry` of a loan now; `returned`: given back to the bank; `reversed`: its
    file's row was undone; `undone` (negative): the entry was reversed, the money is titipan again.
    """

    __tablename__ = "suspense_resolutions"
    __table_args__ = (
        CheckConstraint("kind IN ('loan','returned','reversed','undone')", name="kind_known"),
        CheckConstraint(
            "(kind = 'undone' AND amount < 0) OR (kind <> 'undone' AND amount > 0)", name="sign"
        ),
        CheckConstraint(
            "(kind IN ('loan','undone')) = (entry IS NOT NULL)"
            " AND (entry IS NULL) = (loan_id IS NULL)",
            name="entry_of_loan",
        ),
        ForeignKeyConstraint(
            ["loan_id", "entry"],
            ["ledger_entries.loan_id", "ledger_entries.sequence"],
            name="fk_suspense_resolutions_entry",
        ),
        Index("ix_suspense_resolutions_entry", "loan_id", "entry"),
        Index(
            "ix_suspense_resolutions_request",
            "request_id",
            sqlite_where=text("request_id IS NOT NULL"),
            postgresql_where=text("request_id IS NOT NULL"),
        ),
    )

    suspense_id: Mapped[int] = mapped_column(ForeignKey("suspense_entries.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(12))
    amount: Mapped[int] = mapped_column(Rupiah)
    effective_on: Mapped[dt.date]
    booked_at: Mapped[dt.datetime] = mapped_column(Moment)
    loan_id: Mapped[int | None]
    entry: Mapped[int | None]
    request_id: Mapped[int] = mapped_column(ForeignKey("loan_requests.id"))


class PaymentMatch(Base):
    """The row of a bank's file that is the money of an entry made by hand before it, without the
    bank's reference: the row is not booked again. Append-only."""

    __tablename__ = "payment_matches"
    __table_args__ = (
        ForeignKeyConstraint(
            ["loan_id", "entry"],
            ["ledger_entries.loan_id", "ledger_entries.sequence"],
            name="fk_payment_matches_entry",
        ),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_payment_matches_loan"
        ),
        ForeignKeyConstraint(
            ["upload_id", "bank_id"],
            ["uploads.id", "uploads.bank_id"],
            name="fk_payment_matches_upload",
        ),
        UniqueConstraint("upload_id", "row_number"),
        Index("ix_payment_matches_row_key", "bank_id", "row_key"),
    )

    loan_id: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bank_id: Mapped[int]
    row_key: Mapped[str] = mapped_column(String(120))
    upload_id: Mapped[int]
    row_number: Mapped[int]


# What makes a version or closes the loan: one such request of a loan may wait.
WAITS_ALONE = (
    "status = 'recorded' AND kind IN"
    " ('holiday','tenor','multiple','due_day','settlement','reopen','write_off')"
)


class LoanRequest(Base):
    """A wish that changes a loan, titipan or a posted file: one person asks, another decides.

    `data` is the wish as JSON, `shown` the fingerprint of what it would have done when it was
    recorded, `result` what an approved early settlement asks for. Triggers keep what was asked, and
    the decision once it is taken.
    """

    __tablename__ = "loan_requests"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('holiday','tenor','multiple','due_day','settlement','reopen','write_off',"
            "'payment','reversal','move','suspense_loan','suspense_return','upload_reversal')",
            name="kind_known",
        ),
        CheckConstraint("status IN ('recorded','approved','refused')", name="status_known"),
        CheckConstraint("decided_by IS NULL OR decided_by <> entered_by", name="two_persons"),
        CheckConstraint("(status = 'recorded') = (decided_by IS NULL)", name="decided"),
        CheckConstraint(
            "(kind = 'upload_reversal') = (upload_id IS NOT NULL)"
            " AND (kind IN ('suspense_loan','suspense_return')) = (suspense_id IS NOT NULL)"
            " AND (kind NOT IN ('upload_reversal','suspense_return')) = (loan_id IS NOT NULL)",
            name="subject",
        ),
        CheckConstraint("(kind = 'settlement') = (valid_until IS NOT NULL)", name="valid_until"),
        CheckConstraint("length(reason) >= 5", name="reason_given"),
        ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_loan_requests_loan"
        ),
        ForeignKeyConstraint(
            ["upload_id", "bank_id"],
            ["uploads.id", "uploads.bank_id"],
            name="fk_loan_requests_upload",
        ),
        Index("ix_loan_requests_status", "status", "kind"),
        Index("ix_loan_requests_loan", "loan_id"),
        Index(
            "uq_loan_requests_waiting",
            "loan_id",
            unique=True,
            sqlite_where=text(WAITS_ALONE),
            postgresql_where=text(WAITS_ALONE),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(12), default="recorded")
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    loan_id: Mapped[int | None]
    suspense_id: Mapped[int | None] = mapped_column(ForeignKey("suspense_entries.id"))
    upload_id: Mapped[int | None]
    data: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(300))
    valid_until: Mapped[dt.date | None]
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)
    shown: Mapped[str] = mapped_column(String(64))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    decision_reason: Mapped[str] = mapped_column(String(300), default="")
    result: Mapped[str] = mapped_column(Text, default="")
