"""What a bank's officer sends, and what several tests look at."""

from __future__ import annotations

import re
import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.decisions.models import BankDecision

NOTE = "Akad hari Kamis di kantor cabang"


def decision_page(client: factories.Client, number: int) -> str:
    return str(client.get(f"/permohonan/{number}/keputusan").get_data(as_text=True))


def answer(client: factories.Client, number: int, action: str, **typed: str) -> Any:
    """The response to "setujui" or "tolak", sent from the page as it is now."""
    found = re.search(r'name="shown" value="(\w+)"', decision_page(client, number))
    usual = {"amount": "4.000.000", "reason_code": "slik", "request_key": secrets.token_hex(16)}
    data = usual | {"shown": found[1] if found else "0" * 64} | typed
    return client.post(f"/permohonan/{number}/keputusan/{action}", data=data)


def kept(session: Session) -> list[tuple[Any, ...]]:
    """Every bank decision: application, outcome, amount, reason, note, officer."""
    session.rollback()
    rows = session.execute(
        select(
            BankDecision.application_id,
            BankDecision.outcome,
            BankDecision.amount,
            BankDecision.reason_code,
            BankDecision.note,
            BankDecision.user_id,
        ).order_by(BankDecision.application_id)
    )
    return [tuple(row) for row in rows]
