"""What the staff ticks and sends."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.applications.models import Application


def keys(session: Session, ids: list[int]) -> list[str]:
    """The values of the ticks, as the page of this moment has them."""
    session.rollback()
    found = session.execute(select(Application.id, Application.version))
    shown = {row.id: f"{row.id}-{row.version}" for row in found}
    return [shown[each] for each in ids]


def send(
    client: factories.Client, values: list[str], bank_id: int = factories.PASAR, key: str = ""
) -> Any:
    body = {"bank_id": str(bank_id), "pilih": values, "request_key": key or secrets.token_hex(16)}
    return client.post("/usulan/kirim", data=body)
