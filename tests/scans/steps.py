"""What clerks do with documents, shared by several tests."""

from __future__ import annotations

import io
import secrets
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.models import TrailEntry
from wibawa.scans.models import Document, DocumentKind

FILES = Path(__file__).resolve().parent.parent / "files" / "scans"
REASON = "Menjawab pertanyaan peminjam di loket"


def key() -> str:
    return secrets.token_hex(16)


def kind_id(session: Session, code: str, borrower_kind: str = "micro") -> int:
    found = session.scalar(
        select(DocumentKind.id).where(
            DocumentKind.code == code, DocumentKind.borrower_kind == borrower_kind
        )
    )
    session.rollback()
    assert found is not None
    return found


def send(
    client: factories.Client,
    address: str,
    name: str = "good_gps.jpg",
    *,
    field: str = "file",
    sent_as: str = "",
    **more: Any,
) -> Any:
    """Send a file of the tests to the upload page."""
    content = (FILES / name).read_bytes()
    data = {field: (io.BytesIO(content), sent_as or name), "request_key": key()} | more
    return client.post(address, data=data, content_type="multipart/form-data")


def stored(session: Session) -> list[Document]:
    """Every version in the database, the oldest first."""
    session.rollback()
    found = list(session.scalars(select(Document).order_by(Document.id)))
    session.expunge_all()
    session.rollback()
    return found


def told(session: Session, action: str) -> list[tuple[int | None, int | None, str]]:
    """Who did it, to which document, in which words."""
    session.rollback()
    rows = session.execute(
        select(TrailEntry.user_id, TrailEntry.object_id, TrailEntry.detail)
        .where(TrailEntry.action == action)
        .order_by(TrailEntry.id)
    ).all()
    session.rollback()
    return [(row[0], row[1], row[2]) for row in rows]
