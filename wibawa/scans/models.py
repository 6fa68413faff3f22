from __future__ import annotations

import datetime as dt
import hashlib

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.sealed import KeyedIndex, SealedBytes
from wibawa.database import Base, Moment

_OF_BORROWER = "replaces_id IS NULL AND borrower_id IS NOT NULL"
_OF_APPLICATION = "replaces_id IS NULL AND application_id IS NOT NULL AND visit_number IS NULL"


class DocumentKind(Base):
    """A document that the office asks of a kind of borrower, between two days.

    `belongs_to`: the borrower (used again by the next application), one application, a visit, or a
    request, of whatever kind of borrower. `needed`: always, above the limit without collateral, or
    never.
    """

    __tablename__ = "document_kinds"
    __table_args__ = (
        CheckConstraint(
            "borrower_kind IN ('micro','cooperative','any')"
            " AND (borrower_kind = 'any') = (belongs_to = 'request')",
            name="borrower_kind_known",
        ),
        CheckConstraint(
            "belongs_to IN ('borrower','application','visit','request')", name="owner_known"
        ),
        CheckConstraint("needed IN ('always','above_limit','never')", name="need_known"),
        CheckConstraint("valid_from <= valid_until", name="days_in_order"),
        UniqueConstraint("borrower_kind", "code", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    borrower_kind: Mapped[str] = mapped_column(String(12))
    code: Mapped[str] = mapped_column(String(30))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    hint: Mapped[str] = mapped_column(String(200))
    belongs_to: Mapped[str] = mapped_column(String(12))
    needed: Mapped[str] = mapped_column(String(12))
    shows_nik: Mapped[bool]
    is_photo: Mapped[bool]
    valid_from: Mapped[dt.date]
    valid_until: Mapped[dt.date]


class Document(Base):
    """One version of a document, never changed. It belongs to a borrower, to an application or to a
    request, to one of them only, so that it goes along when records of borrowers become one; a
    photo of a visit, to that too.

    A newer version points at the one it replaces; a request has no versions, and triggers let
    nothing be added to it or withdrawn once it is decided. `digest` is keyed and of the bytes
    before they are sealed. The name that the file had is not kept.
    """

    __tablename__ = "documents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["application_id", "visit_number"],
            ["site_visits.application_id", "site_visits.number"],
            name="fk_documents_visit",
        ),
        ForeignKeyConstraint(
            ["replaces_id", "borrower_id"],
            ["documents.id", "documents.borrower_id"],
            name="fk_documents_replaces_of_borrower",
        ),
        ForeignKeyConstraint(
            ["replaces_id", "application_id"],
            ["documents.id", "documents.application_id"],
            name="fk_documents_replaces_of_application",
        ),
        CheckConstraint(
            "CASE WHEN borrower_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN application_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN request_id IS NULL THEN 0 ELSE 1 END = 1",
            name="one_owner",
        ),
        CheckConstraint(
            "visit_number IS NULL OR application_id IS NOT NULL", name="visit_of_application"
        ),
        CheckConstraint("media_type IN ('application/pdf','image/jpeg')", name="media_type_known"),
        CheckConstraint("size >= 1", name="size_positive"),
        CheckConstraint(
            "replaces_id IS NULL OR (replaces_id < id AND request_id IS NULL)",
            name="replaces_older",
        ),
        UniqueConstraint("id", "borrower_id"),
        UniqueConstraint("id", "application_id"),
        UniqueConstraint("replaces_id"),
        Index("ix_documents_borrower", "borrower_id", "kind_id"),
        Index("ix_documents_application", "application_id", "kind_id"),
        Index(
            "uq_documents_first_of_borrower",
            "borrower_id",
            "kind_id",
            unique=True,
            sqlite_where=text(_OF_BORROWER),
            postgresql_where=text(_OF_BORROWER),
        ),
        Index(
            "uq_documents_first_of_application",
            "application_id",
            "kind_id",
            unique=True,
            sqlite_where=text(_OF_APPLICATION),
            postgresql_where=text(_OF_APPLICATION),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    borrower_id: Mapped[int | None] = mapped_column(ForeignKey("borrowers.id"))
    application_id: Mapped[int | None] = mapped_column(ForeignKey("applications.id"))
    visit_number: Mapped[int | None]
    kind_id: Mapped[int] = mapped_column(ForeignKey("document_kinds.id"))
    media_type: Mapped[str] = mapped_column(String(20))
    size: Mapped[int]
    digest: Mapped[bytes] = mapped_column(
        KeyedIndex("document_contents.content", lambda scan: hashlib.sha256(scan).hexdigest())
    )
    replaces_id: Mapped[int | None]
    recorded_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[dt.datetime] = mapped_column(Moment)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("loan_requests.id"), index=True)


class DocumentContent(Base):
    """The sealed bytes of a scan, bound to their row; `thumbnail` of pictures without a NIK.

    They stand apart from `documents`, so that no list loads them by mistake.
    """

    __tablename__ = "document_contents"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id"), primary_key=True, autoincrement=False
    )
    content: Mapped[bytes] = mapped_column(
        SealedBytes("document_contents.content", ("document_id",), " ")
    )
    thumbnail: Mapped[bytes | None] = mapped_column(
        SealedBytes("document_contents.thumbnail", ("document_id",), " ")
    )


class DocumentWithdrawal(Base):
    """Why a document no longer counts; it stays readable."""

    __tablename__ = "document_withdrawals"
    __table_args__ = (CheckConstraint("reason <> ''", name="reason_given"),)

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id"), primary_key=True, autoincrement=False
    )
    withdrawn_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[dt.datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(String(300))
