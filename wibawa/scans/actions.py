"""Keeping and withdrawing documents: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import index_of, seal_bytes
from wibawa.database import allocate_ids
from wibawa.rules.refused import Refused
from wibawa.scans.models import Document, DocumentContent, DocumentWithdrawal
from wibawa.scans.queries import (
    KindFacts,
    Owner,
    content_place,
    document,
    thumbnail_place,
    versions,
    visit_kind,
)
from wibawa.scans.reader import MEGABYTE, Scan
from wibawa.web.clock import in_wib

CHANGED = (
    "Dokumen ini baru saja diganti orang lain. Periksa yang sekarang tampil, lalu ulangi bila "
    "masih perlu."
)


@dataclass(frozen=True)
class Keeper:
    """Who keeps it, when, and how many bytes one owner may hold in all."""

    id: int
    now: dt.datetime
    room: int


def keep_scan(session: Session, owner: Owner, kind: KindFacts, scan: Scan, keeper: Keeper) -> int:
    """Keep `scan` as the newest version of this document; its id. The one before stays readable.
    A request has no versions: what is attached stands beside what is there.

    Raises `Refused`: the same scan is there already, the room is used up, somebody was faster.
    """
    if kind.belongs_to == "visit" or kind.belongs_to != owner.kind:
        raise Refused("wrong_place", f"{kind.name} tidak disimpan di sini.")
    earlier = versions(session, owner, kind.code)
    if any(each.counts and each.digest == digest_of(scan) for each in earlier):
        raise Refused("same_scan", f"Pindaian {kind.name} ini sama dengan yang sudah tersimpan.")
    stop_when_full(session, owner, len(scan.content), keeper.room)
    # Of records that were merged, each keeps its own versions.
    last = session.scalar(
        select(func.max(Document.id)).where(
            Document.id.in_([each.id for each in earlier]),
            owner.where,
            Document.request_id.is_(None),
        )
    )
    number = _add(session, owner, kind, scan, keeper, last)
    action = "document_added" if last is None else "document_replaced"
    trail.record(session, keeper.now, keeper.id, action, "document", number, kind.name)
    return number


def keep_photos(
    session: Session, owner: Owner, borrower_kind: str, photos: Sequence[Scan], keeper: Keeper
) -> None:
    """Keep what was photographed at a visit beside the visit, in its transaction; what is there
    already is left out. Raises `Refused` when the room is used up."""
    if not photos:
        return
    kind = visit_kind(session, borrower_kind, in_wib(keeper.now).date())
    known = session.scalars(
        select(Document.digest).where(
            Document.application_id == owner.application_id,
            Document.visit_number == owner.visit_number,
        )
    )
    seen = set(known)
    new = {digest_of(each): each for each in photos if digest_of(each) not in seen}
    stop_when_full(session, owner, sum(len(each.content) for each in new.values()), keeper.room)
    for photo in new.values():
        number = _add(session, owner, kind, photo, keeper, None)
        trail.record(
            session, keeper.now, keeper.id, "document_added", "document", number, kind.name
        )


def withdraw(session: Session, document_id: int, by: int, now: dt.datetime, reason: str) -> int:
    """Let a document no longer count, for a reason; its id. Raises `Refused` when it does not."""
    found = document(session, document_id)
    if found is None or not found.counts:
        raise Refused("changed", "Dokumen ini sudah diganti atau ditarik. Periksa riwayatnya.")
    try:
        session.execute(
            insert(DocumentWithdrawal).values(
                document_id=document_id, withdrawn_by=by, withdrawn_at=now, reason=reason
            )
        )
    except IntegrityError as error:
        raise Refused("changed", CHANGED) from error
    trail.record(session, now, by, "document_withdrawn", "document", document_id, reason)
    return document_id


def digest_of(scan: Scan) -> bytes:
    """A keyed hash of the bytes: the same scan is known again, and nobody else can try one."""
    return index_of(hashlib.sha256(scan.content).hexdigest())


def stop_when_full(session: Session, owner: Owner, more: int, room: int) -> None:
    """Refuse what would make one application, one request or a borrower's papers too heavy."""
    used = session.scalar(select(func.coalesce(func.sum(Document.size), 0)).where(owner.where))
    if int(used or 0) + more > room:
        raise Refused(
            "no_room",
            f"Dokumennya sudah mendekati {room // MEGABYTE} MB, batas untuk satu permohonan, "
            "permintaan, atau peminjam. Pindai dengan mutu lebih rendah.",
        )


def _add(
    session: Session,
    owner: Owner,
    kind: KindFacts,
    scan: Scan,
    keeper: Keeper,
    replaces: int | None,
) -> int:
    """One row and its sealed bytes. What shows a NIK gets no small picture that could be read."""
    number = allocate_ids(session, "documents", 1)[0]
    small = None if kind.shows_nik else scan.thumbnail
    try:
        session.execute(
            insert(Document).values(
                id=number,
                **vars(owner),
                kind_id=kind.id,
                media_type=scan.media_type,
                size=len(scan.content),
                digest=digest_of(scan),
                replaces_id=replaces,
                recorded_by=keeper.id,
                recorded_at=keeper.now,
            )
        )
    except IntegrityError as error:
        raise Refused("changed", CHANGED) from error
    session.execute(
        insert(DocumentContent).values(
            document_id=number,
            content=seal_bytes(scan.content, content_place(number)),
            thumbnail=seal_bytes(small, thumbnail_place(number)) if small else None,
        )
    )
    return number
