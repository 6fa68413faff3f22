"""A bank's answers to applications: flush at most, the page commits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from wibawa.applications.actions import advance, to_move
from wibawa.applications.moves import Author
from wibawa.applications.queries import Case
from wibawa.decisions.models import BankDecision
from wibawa.decisions.queries import Reason
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import Action, State


def approve(
    session: Session,
    application_id: int,
    *,
    bank_id: int,
    shown: str,
    author: Author,
    amount: int,
    note: str,
) -> None:
    """The bank approves all or a part of what is asked for.

    Raises `Refused`: what `to_move` raises, `above_asked`.
    """
    found, to = _to_answer(session, application_id, bank_id, Action.APPROVE, shown, author)
    asked = found.facts.amount
    if not 1 <= amount <= asked:
        raise Refused(
            "above_asked",
            f"Tertulis {rupiah(amount)}; diperlukan paling sedikit Rp1 dan paling banyak "
            f"{rupiah(asked)}, jumlah yang diminta.",
        )
    said = approval_said(amount, note)
    advance(session, found.facts, Action.APPROVE, to, author, said, approved_amount=amount)
    _keep(session, found, author, outcome="approved", amount=amount, note=note)


def decline(
    session: Session,
    application_id: int,
    *,
    bank_id: int,
    shown: str,
    author: Author,
    reason: Reason,
    explanation: str,
) -> None:
    """The bank refuses for a reason of the list. Raises `Refused` as `to_move` does."""
    said = decline_said(reason, explanation)
    found, to = _to_answer(session, application_id, bank_id, Action.DECLINE, shown, author, said)
    advance(session, found.facts, Action.DECLINE, to, author, said)
    _keep(session, found, author, outcome="refused", reason_code=reason.code, note=explanation)


def approval_said(amount: int, note: str) -> str:
    """An approval as the application's history shows it."""
    return f"Jumlah disetujui {rupiah(amount)}." + (f" {note}" if note else "")


def decline_said(reason: Reason, explanation: str) -> str:
    """A refusal as the application's history shows it."""
    return f"{reason.words}: {explanation}" if explanation else reason.words


def _to_answer(
    session: Session,
    application_id: int,
    bank_id: int,
    action: Action,
    shown: str,
    author: Author,
    reason: str = "",
) -> tuple[Case, State]:
    found, to = to_move(session, application_id, action, shown, author, reason)
    if found.facts.bank_id != bank_id:
        raise Refused("not_there", "Permohonan ini tidak ada. Cari lewat daftar permohonan.")
    return found, to


def _keep(session: Session, found: Case, author: Author, **answer: Any) -> None:
    session.execute(
        insert(BankDecision).values(
            application_id=found.facts.id,
            bank_id=found.facts.bank_id,
            user_id=author.id,
            decided_at=author.now,
            **answer,
        )
    )
