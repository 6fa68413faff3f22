from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.sealed import KeyedIndex, SealedBytes
from wibawa.database import Base, Moment

KINDS = (
    "'proposal','approval','office_refusal','bank_refusal','completion','recommendation',"
    "'schedule','card','receipt','payoff','reminder','offer','minutes','upload_receipt',"
    "'reconciliation'"
)


class OfficeLogo(Base):
    """A picture for the head of papers, drawn anew by us: a JPEG. Issued papers name its `digest`,
    the SHA-256 of `content`. Append-only: triggers refuse UPDATE and DELETE.
    """

    __tablename__ = "office_logos"
    __table_args__ = (CheckConstraint("length(digest) = 64", name="digest_whole"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    entered_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(Moment)


class OfficeProfile(Base):
    """What stands on the office's papers from a day on; a change is a new row, the last one counts.

    What came with the program was entered by nobody. Without a `logo` Wibawa's own mark is drawn.
    `formats`: JSON, kind of paper → pattern of its number. Append-only: triggers refuse UPDATE and
    DELETE.
    """

    __tablename__ = "office_profiles"
    __table_args__ = (
        CheckConstraint("(entered_by IS NULL) = (entered_at IS NULL)", name="entered"),
        CheckConstraint("paper IN ('A4','F4')", name="paper_known"),
        Index("ix_office_profiles_valid_from", "valid_from", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date]
    government: Mapped[str] = mapped_column(String(80))
    office: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(240))  # up to three lines
    phone: Mapped[str] = mapped_column(String(40))
    website: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(String(60))
    signatory_role: Mapped[str] = mapped_column(String(160))
    signatory_name: Mapped[str] = mapped_column(String(120))
    signatory_rank: Mapped[str] = mapped_column(String(80))
    signatory_nip: Mapped[str] = mapped_column(String(30))
    formats: Mapped[str] = mapped_column(Text)
    paper: Mapped[str] = mapped_column(String(2), server_default="A4")
    logo: Mapped[str | None] = mapped_column(ForeignKey("office_logos.digest"))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[dt.datetime | None] = mapped_column(Moment)


def said_of_token(token: str) -> str:
    """What is hashed of a token."""
    return f"issued_papers.token {token}"


def _token_in(data: bytes) -> str | None:
    """What was hashed of the token that stands in a document, whatever kind of paper it is."""
    found: list[str] = []

    def look(part: dict[str, Any]) -> dict[str, Any]:
        if part.get("token"):
            found.append(str(part["token"]))
        return part

    json.loads(data, object_hook=look)
    return said_of_token(found[0]) if found else None


class IssuedPaper(Base):
    """A paper as it was issued. Append-only: triggers refuse UPDATE and DELETE, and an INSERT that
    is not the next number of its kind and year.

    `data`: the document as JSON, sealed, because it holds personal data; `data_hash` is a keyed
    hash of the same bytes. `subject` names no person. `token_hash`: a keyed hash of the token that
    stands in the document, by which the public page finds it; None on papers of before.
    """

    __tablename__ = "issued_papers"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind_known"),
        CheckConstraint("sequence >= 1", name="sequence_counts"),
        Unique("kind", "year", "sequence"),
        Unique("id", "bank_id"),
        Index("ix_issued_papers_bank_id", "bank_id"),
        Index("ix_issued_papers_issued_at", "issued_at"),
        Index("uq_issued_papers_token_hash", "token_hash", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    year: Mapped[int]
    sequence: Mapped[int]
    number: Mapped[str] = mapped_column(String(80), unique=True)
    dated: Mapped[dt.date]
    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"))
    subject: Mapped[str] = mapped_column(String(120))
    data: Mapped[bytes] = mapped_column(SealedBytes("issued_papers.data", ("number",), " "))
    data_hash: Mapped[bytes] = mapped_column(KeyedIndex("issued_papers.data", bytes.decode))
    issued_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    issued_at: Mapped[dt.datetime] = mapped_column(Moment)
    token_hash: Mapped[bytes | None] = mapped_column(KeyedIndex("issued_papers.data", _token_in))


class PaperWithdrawal(Base):
    """That a paper counts no more, and why. Append-only: a paper is withdrawn once, for good."""

    __tablename__ = "paper_withdrawals"

    paper_id: Mapped[int] = mapped_column(
        ForeignKey("issued_papers.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(String(300))
    withdrawn_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[dt.datetime] = mapped_column(Moment)
