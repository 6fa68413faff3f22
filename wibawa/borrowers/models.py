from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.personal_data import index_of
from wibawa.access.sealed import KeyedIndex, Placed, SealedBytes, SealedText, mask_address
from wibawa.borrowers.checks import plain_phone
from wibawa.database import Base, Moment
from wibawa.rules.masking import mask_phone


class Borrower(Base):
    """A micro-enterprise (a person and the business) or a cooperative (with its chair)."""

    __tablename__ = "borrowers"
    __table_args__ = (
        CheckConstraint("kind IN ('micro','cooperative')", name="kind_known"),
        CheckConstraint("sex IN ('L','P')", name="sex_known"),
        CheckConstraint(
            "kind = 'micro' OR cooperative_number IS NOT NULL", name="cooperative_numbered"
        ),
        CheckConstraint("active IS NULL OR kind = 'cooperative'", name="active_cooperative"),
        CheckConstraint(
            "health IS NULL OR (kind = 'cooperative' AND "
            "health IN ('healthy','fairly_healthy','watched','specially_watched'))",
            name="health_known",
        ),
        CheckConstraint("(health IS NULL) = (health_assessed_on IS NULL)", name="health_dated"),
        CheckConstraint("annual_meeting_on IS NULL OR kind = 'cooperative'", name="meeting_held"),
        Index(
            "uq_borrowers_nik_index",
            "nik_index",
            unique=True,
            sqlite_where=text("kind = 'micro'"),
            postgresql_where=text("kind = 'micro'"),
        ),
        Index("ix_borrowers_name_key", "name_key"),
        Index("ix_borrowers_nik", "nik_index"),  # of chairs too
        Index("ix_borrowers_phone", "phone_index"),
        Index("ix_borrowers_birth_date", "birth_date"),
        CheckConstraint("merged_into_id <> id", name="merged_into_another"),
        Index(
            "ix_borrowers_merged_into",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        Index(
            "ix_borrowers_register",
            "name_key",
            "kind",
            sqlite_where=text("merged_into_id IS NULL"),
            postgresql_where=text("merged_into_id IS NULL"),
        ),
        Index("ix_borrowers_search", "search_text", "merged_into_id"),  # read instead of the table
        Index("ix_borrowers_sector", "sector"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(120))  # lower case, for search and order
    nik: Mapped[bytes] = mapped_column(SealedBytes("borrowers.nik"))  # the chair's of a cooperative
    nik_index: Mapped[bytes] = mapped_column(KeyedIndex("borrowers.nik", bytes.decode))
    # the last four figures: readable, they would complete what sex, birth date and place tell
    nik_tail: Mapped[str] = mapped_column(SealedText("borrowers.nik_tail"))
    sex: Mapped[str] = mapped_column(String(1))
    birth_date: Mapped[dt.date]
    business_name: Mapped[str] = mapped_column(String(120), default="")
    sector: Mapped[str] = mapped_column(String(60), default="")
    business_started_on: Mapped[dt.date | None]
    kelurahan_code: Mapped[str] = mapped_column(ForeignKey("kelurahan.code"))
    address: Mapped[str] = mapped_column(
        SealedText("borrowers.address", mask=mask_address), default=""
    )
    phone: Mapped[str] = mapped_column(SealedText("borrowers.phone", mask=mask_phone), default="")
    nib: Mapped[str] = mapped_column(String(20), default="")
    cooperative_number: Mapped[str | None] = mapped_column(String(30), unique=True)
    chair_name: Mapped[str] = mapped_column(String(120), default="")
    members_male: Mapped[int | None]
    members_female: Mapped[int | None]
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    # of a cooperative; NULL: not known
    active: Mapped[bool | None]
    health: Mapped[str | None] = mapped_column(String(20))
    health_assessed_on: Mapped[dt.date | None]
    annual_meeting_on: Mapped[dt.date | None]
    # the record that this one was found to be; it then has no page, loan or place in a list
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("borrowers.id"))
    search_text: Mapped[str] = mapped_column(Text, server_default="")
    phone_index: Mapped[bytes | None] = mapped_column(  # NULL: no phone
        KeyedIndex("borrowers.phone", lambda phone: said_of_phone(phone.decode()))
    )
    # two persons took name, numbers and contacts away; it then never changes again
    pseudonymised_at: Mapped[dt.datetime | None] = mapped_column(Moment)


def search_text(name: str, business_name: str, chair_name: str) -> str:
    """What a borrower is found by, folded: the name, the business, the chair, one a line.

    >>> search_text("Koperasi Maju", "", "Agus SALIM").splitlines()
    ['koperasi maju', 'agus salim']
    """
    return "\n".join(part for part in (name, business_name, chair_name) if part).casefold()


def phone_key(number: str) -> bytes | None:
    """What a phone is found by, however it is written; None for none."""
    said = said_of_phone(number)
    return index_of(said) if said else None


def said_of_phone(number: str) -> str | None:
    plain = plain_phone(number)
    return f"phone:{plain}" if plain else None


@event.listens_for(Borrower, "before_insert")
@event.listens_for(Borrower, "before_update")
def _keep_what_is_found(_mapper: object, _connection: object, one: Borrower) -> None:
    """Whoever changes a name or a phone need not know that it is searched, or sealed."""
    one.search_text = search_text(one.name, one.business_name or "", one.chair_name or "")
    one.address, one.phone = Placed(one.address or "", one.id), Placed(one.phone or "", one.id)
    one.nik_tail = Placed(one.nik_tail, one.id)
    one.phone_index = phone_key(one.phone)


class BorrowerChange(Base):
    """One fact of a borrower before and after. Append-only: triggers refuse UPDATE and DELETE.

    `before` and `after` are texts as stored (days as ISO, codes as they are), sealed; a NIK stands
    there masked, and whole only in the columns for it.
    """

    __tablename__ = "borrower_changes"
    __table_args__ = (
        CheckConstraint(
            "(field = 'nik') = (before_sealed IS NOT NULL AND after_sealed IS NOT NULL)",
            name="nik_sealed",
        ),
        CheckConstraint("field = 'nik' OR before <> after", name="changed"),
        CheckConstraint("(upload_id IS NULL) = (row_number IS NULL)", name="from_row"),
        Index("ix_borrower_changes_borrower", "borrower_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrowers.id"))
    at: Mapped[dt.datetime] = mapped_column(Moment)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    field: Mapped[str] = mapped_column(String(30))
    before: Mapped[str] = mapped_column(SealedText("borrower_changes.before"))
    after: Mapped[str] = mapped_column(SealedText("borrower_changes.after"))
    before_sealed: Mapped[bytes | None] = mapped_column(
        SealedBytes("borrower_changes.before_sealed")
    )
    after_sealed: Mapped[bytes | None] = mapped_column(SealedBytes("borrower_changes.after_sealed"))
    # the file and its row that a change came from; NULL: a person typed it
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("uploads.id"))
    row_number: Mapped[int | None]


class BorrowerDistinct(Base):
    """Two borrowers who look alike and are known to be different."""

    __tablename__ = "borrower_distinct"
    __table_args__ = (CheckConstraint("first_id < second_id", name="in_order"),)

    first_id: Mapped[int] = mapped_column(
        ForeignKey("borrowers.id"), primary_key=True, autoincrement=False
    )
    second_id: Mapped[int] = mapped_column(
        ForeignKey("borrowers.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[dt.datetime] = mapped_column(Moment)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
