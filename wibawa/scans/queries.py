from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import TrailEntry, User
from wibawa.access.personal_data import unseal_bytes
from wibawa.banks.queries import terms_on
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import STANDS_FOR
from wibawa.rules.money import rupiah
from wibawa.scans.models import Document, DocumentContent, DocumentKind, DocumentWithdrawal
from wibawa.web.clock import in_wib

OPENED = "document_opened"
SHOWN_OPENINGS = 50
newer = aliased(Document, name="newer")
replacer = aliased(User, name="replacer")
recorder = aliased(User, name="recorder")
withdrawer = aliased(User, name="withdrawer")


def content_place(document_id: int) -> str:
    """Where the sealed bytes belong: table, column and row, so that none can be moved."""
    return f"document_contents.content {document_id}"


def thumbnail_place(document_id: int) -> str:
    return f"document_contents.thumbnail {document_id}"


@dataclass(frozen=True)
class KindFacts:
    """A document that the office asks for."""

    id: int
    code: str
    name: str
    hint: str
    belongs_to: str
    needed: str
    shows_nik: bool
    is_photo: bool

    @classmethod
    def of(cls, row: DocumentKind) -> KindFacts:
        return cls(**{name: getattr(row, name) for name in cls.__dataclass_fields__})

    @property
    def of_borrower(self) -> bool:
        return self.belongs_to == "borrower"


@dataclass(frozen=True)
class Owner:
    """Whose document: a borrower's, an application's or a request's, one of them only; a photo of
    an application may be of a visit too."""

    borrower_id: int | None = None
    application_id: int | None = None
    visit_number: int | None = None
    request_id: int | None = None

    @property
    def kind(self) -> str:
        """As `KindFacts.belongs_to` says it."""
        if self.borrower_id is not None:
            return "borrower"
        if self.request_id is not None:
            return "request"
        return "application" if self.visit_number is None else "visit"

    @property
    def where(self) -> ColumnElement[bool]:
        """What is kept for this owner itself, of an application that of its visits too."""
        if self.borrower_id is not None:
            return Document.borrower_id == self.borrower_id
        if self.request_id is not None:
            return Document.request_id == self.request_id
        return Document.application_id == self.application_id


@dataclass(frozen=True)
class DocumentFacts:
    """One version of a document without its bytes. `counts`: neither replaced nor withdrawn.

    `borrower_id` is the record that stands for the one it was kept for.
    """

    id: int
    borrower_id: int | None
    application_id: int | None
    visit_number: int | None
    request_id: int | None
    kind: KindFacts
    media_type: str
    size: int
    digest: bytes = field(repr=False)
    replaces_id: int | None
    by: str
    at: dt.datetime
    replaced_by: str | None
    replaced_at: dt.datetime | None
    withdrawn_by: str | None
    withdrawn_at: dt.datetime | None
    withdrawn_why: str | None

    @property
    def counts(self) -> bool:
        return self.replaced_at is None and self.withdrawn_at is None

    @property
    def is_picture(self) -> bool:
        return self.media_type == "image/jpeg"

    @property
    def form(self) -> str:
        """What it is and how large, as a person reads it."""
        kilobytes = -(-self.size // 1024)
        tenths = -(-kilobytes * 10 // 1024)
        large = f"{tenths // 10},{tenths % 10} MB"
        weight = f"{kilobytes} KB" if kilobytes < 1024 else large
        return f"{'Foto' if self.is_picture else 'PDF'}, {weight}"


@dataclass(frozen=True)
class Item:
    """One line of the checklist: what is asked, whether it must be, and what there is of it."""

    kind: KindFacts
    required: bool
    need: str
    document: DocumentFacts | None

    @property
    def state(self) -> tuple[str, str]:
        """The state in words and its tone."""
        if self.document is None:
            return "Belum ada", "warning" if self.required else "neutral"
        return "Ada", "success"


@dataclass(frozen=True)
class Holder:
    """An application as its checklist needs it. `ended`: when nothing more could be added."""

    borrower_id: int
    borrower_kind: str
    application_id: int
    amount: int
    ended: dt.datetime | None


@dataclass(frozen=True)
class Papers:
    """The checklist of an application or of a borrower, and the photos of the visits."""

    application_id: int | None
    borrower_id: int
    items: list[Item]
    photos: dict[int, list[DocumentFacts]]

    @property
    def missing(self) -> list[str]:
        """The names of the required documents that are not there."""
        return [each.kind.name for each in self.items if each.required and each.document is None]

    def holds(self, document_id: int) -> bool:
        """Whether this document is one of those that the page lists."""
        photos = [photo.id for those in self.photos.values() for photo in those]
        return document_id in {*photos, *(each.document.id for each in self.items if each.document)}


def papers_of_application(session: Session, holder: Holder, today: dt.date) -> Papers:
    """What an application needs and has, its borrower's own papers among it: three queries.

    The checklist of one that has ended stays as it was then.
    """
    day = in_wib(holder.ended).date() if holder.ended else today
    limit = terms_on(session, day).collateral_free_limit
    mine = Document.application_id == holder.application_id
    found = _counting(
        session, or_(mine, Document.borrower_id.in_(_records(holder.borrower_id))), holder.ended
    )
    photos: dict[int, list[DocumentFacts]] = {}
    for each in found:
        if each.visit_number is not None:
            photos.setdefault(each.visit_number, []).append(each)
    kinds = kinds_on(session, holder.borrower_kind, day)
    items = _items(kinds, found, holder.amount, limit)
    return Papers(holder.application_id, holder.borrower_id, items, photos)


def papers_of_borrower(
    session: Session, borrower_id: int, borrower_kind: str, today: dt.date
) -> Papers:
    """What belongs to the borrower and is used again by every application: two queries."""
    found = _counting(session, Document.borrower_id.in_(_records(borrower_id)), None)
    kinds = [each for each in kinds_on(session, borrower_kind, today) if each.of_borrower]
    return Papers(None, borrower_id, _items(kinds, found, 0, 0), {})


def _records(borrower_id: int) -> Select[int]:
    """The borrower's record and those that were merged into it."""
    mine = or_(Borrower.id == borrower_id, Borrower.merged_into_id == borrower_id)
    return select(Borrower.id).where(mine)


def _items(
    kinds: list[KindFacts], found: list[DocumentFacts], amount: int, limit: int
) -> list[Item]:
    by_code = {each.kind.code: each for each in found if each.visit_number is None}
    return [_item(kind, by_code.get(kind.code), amount, limit) for kind in kinds]


def _item(kind: KindFacts, document: DocumentFacts | None, amount: int, limit: int) -> Item:
    if kind.needed == "above_limit":
        return Item(kind, amount > limit, f"Wajib di atas {rupiah(limit)}", document)
    always = kind.needed == "always"
    return Item(kind, always, "Wajib" if always else "Bila ada", document)


def kinds_of_requests(session: Session, day: dt.date) -> list[KindFacts]:
    """What may be attached to a request on `day`, in its order."""
    return kinds_on(session, "any", day)


def kinds_on(session: Session, borrower_kind: str, day: dt.date) -> list[KindFacts]:
    """What stands on the checklist of such borrowers on `day`, in its order."""
    found = session.scalars(
        select(DocumentKind)
        .where(
            DocumentKind.borrower_kind == borrower_kind,
            DocumentKind.belongs_to != "visit",
            DocumentKind.valid_from <= day,
            DocumentKind.valid_until >= day,
        )
        .order_by(DocumentKind.position)
    )
    return [KindFacts.of(row) for row in found]


def visit_kind(session: Session, borrower_kind: str, day: dt.date) -> KindFacts:
    """The kind of the photos that are taken at a visit."""
    found = session.scalars(
        select(DocumentKind)
        .where(
            DocumentKind.borrower_kind == borrower_kind,
            DocumentKind.belongs_to == "visit",
            DocumentKind.valid_from <= day,
        )
        .order_by(DocumentKind.valid_from.desc())
        .limit(1)
    )
    return KindFacts.of(found.one())


def _all() -> Any:
    """Every version with who did what to it; never its bytes."""
    return (
        select(
            Document,
            DocumentKind,
            STANDS_FOR,
            recorder.name,
            replacer.name,
            newer.recorded_at,
            withdrawer.name,
            DocumentWithdrawal.withdrawn_at,
            DocumentWithdrawal.reason,
        )
        .join(DocumentKind, DocumentKind.id == Document.kind_id)
        .join(recorder, recorder.id == Document.recorded_by)
        .outerjoin(Borrower, Borrower.id == Document.borrower_id)
        .outerjoin(newer, newer.replaces_id == Document.id)
        .outerjoin(replacer, replacer.id == newer.recorded_by)
        .outerjoin(DocumentWithdrawal, DocumentWithdrawal.document_id == Document.id)
        .outerjoin(withdrawer, withdrawer.id == DocumentWithdrawal.withdrawn_by)
    )


def _facts(row: Any) -> DocumentFacts:
    stored, kind, borrower_id, by, *later = row
    return DocumentFacts(
        stored.id,
        borrower_id,
        stored.application_id,
        stored.visit_number,
        stored.request_id,
        KindFacts.of(kind),
        stored.media_type,
        stored.size,
        stored.digest,
        stored.replaces_id,
        by,
        stored.recorded_at,
        *later,
    )


def _counting(session: Session, where: Any, until: dt.datetime | None) -> list[DocumentFacts]:
    """The versions that count, or that counted at `until`, the oldest first."""
    replaced, withdrawn = newer.recorded_at, DocumentWithdrawal.withdrawn_at
    query = _all().where(where)
    if until is None:
        query = query.where(replaced.is_(None), withdrawn.is_(None))
    else:
        query = query.where(
            Document.recorded_at <= until,
            or_(replaced.is_(None), replaced > until),
            or_(withdrawn.is_(None), withdrawn > until),
        )
    return [_facts(row) for row in session.execute(query.order_by(Document.id))]


def document(session: Session, document_id: int) -> DocumentFacts | None:
    row = session.execute(_all().where(Document.id == document_id)).first()
    return None if row is None else _facts(row)


def versions(session: Session, owner: Owner, code: str) -> list[DocumentFacts]:
    """Every version of one document of a checklist, the newest first; those of records that were
    merged among them."""
    mine: Any = owner.where
    if owner.borrower_id is not None:
        mine = Document.borrower_id.in_(_records(owner.borrower_id))
    query = _all().where(mine, Document.visit_number.is_(None), DocumentKind.code == code)
    return [_facts(row) for row in session.execute(query.order_by(Document.id.desc()))]


def documents_of(
    session: Session, borrower_id: int, applications: Sequence[int], requests: Sequence[int] = ()
) -> list[DocumentFacts]:
    """Every version of what a borrower, and these applications and requests about loans of hers
    hold, the oldest first."""
    query = _all().where(
        or_(
            Document.borrower_id.in_(_records(borrower_id)),
            Document.application_id.in_(applications),
            Document.request_id.in_(requests),
        )
    )
    return [_facts(row) for row in session.execute(query.order_by(Document.id))]


def documents_of_requests(session: Session, requests: Sequence[int]) -> list[DocumentFacts]:
    """All that was attached to requests, the oldest first; the withdrawn among it."""
    query = _all().where(Document.request_id.in_(requests))
    return [_facts(row) for row in session.execute(query.order_by(Document.id))]


def events_of(documents: Sequence[DocumentFacts]) -> list[dict[str, Any]]:
    """What happened to documents, as lines of a history; photos that came together are one."""
    events = []
    for _, some in groupby(documents, key=lambda each: (each.visit_number and each.at) or each.id):
        first, *others = some
        name = f"{len(others) + 1} foto kunjungan" if others else first.kind.name
        done = "diganti" if first.replaces_id else "disimpan"
        events.append({"title": f"{name} {done}", "who": first.by, "when": first.at})
    events += [
        {
            "title": f"{each.kind.name} ditarik",
            "who": each.withdrawn_by,
            "when": each.withdrawn_at,
            "tone": "warning",
            "detail": f"Alasan: {each.withdrawn_why}",
        }
        for each in documents
        if each.withdrawn_at
    ]
    return events


def content_of(session: Session, document_id: int) -> bytes | None:
    """The bytes of a scan. Raises `WrongKey` when they cannot be opened with this key."""
    sealed = session.scalar(
        select(DocumentContent.content).where(DocumentContent.document_id == document_id)
    )
    return None if sealed is None else unseal_bytes(sealed, content_place(document_id))


def thumbnail_of(session: Session, document_id: int) -> bytes | None:
    """A small picture of it. Raises `WrongKey`."""
    sealed = session.scalar(
        select(DocumentContent.thumbnail).where(DocumentContent.document_id == document_id)
    )
    return None if sealed is None else unseal_bytes(sealed, thumbnail_place(document_id))


def openings(session: Session, document_id: int) -> list[tuple[str, dt.datetime, str]]:
    """Who opened a document when, and for what, the last one first; at most
    `SHOWN_OPENINGS`."""
    found = session.execute(
        select(User.name, TrailEntry.at, TrailEntry.detail)
        .join(User, User.id == TrailEntry.user_id)
        .where(
            TrailEntry.action == OPENED,
            TrailEntry.object_kind == "document",
            TrailEntry.object_id == document_id,
        )
        .order_by(TrailEntry.id.desc())
        .limit(SHOWN_OPENINGS)
    )
    return [(row[0], row[1], row[2]) for row in found]
