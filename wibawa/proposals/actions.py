"""Sending recommended applications to a bank: flush at most, the page commits."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.applications.actions import send_all
from wibawa.applications.moves import Author
from wibawa.banks.models import Bank
from wibawa.database import allocate_ids
from wibawa.letters.actions import issue
from wibawa.letters.documents import Heading, PaperKind, letter_data
from wibawa.proposals.letter import covering_letter, sent_rows
from wibawa.proposals.models import Proposal, ProposalLine
from wibawa.proposals.queries import MOST_AT_ONCE, candidates
from wibawa.rules.money import number, rupiah
from wibawa.rules.refused import Refused


def check_size(chosen: Sized) -> None:
    """Raise `Refused` unless there is something to send, and no more than fits one batch."""
    if not chosen:
        raise Refused("nothing_chosen", "Belum ada permohonan yang dipilih. Centang dahulu.")
    if len(chosen) > MOST_AT_ONCE:
        raise Refused(
            "too_many",
            f"Terpilih {number(len(chosen))} permohonan; satu usulan memuat paling banyak "
            f"{MOST_AT_ONCE}.",
        )


def send(session: Session, bank: Bank, chosen: Mapping[int, int], author: Author) -> int:
    """Send the chosen applications (id → version that was seen) to the bank; the batch's id.

    All or nothing, under one numbered paper. Raises `Refused`: what `check_size` and
    `send_all` raise.
    """
    check_size(chosen)
    lines = candidates(session, bank.id, chosen)
    send_all(session, bank.id, chosen, author)

    def compose(heading: Heading) -> dict[str, Any]:
        letter = covering_letter(heading, bank.name, lines)
        return {"letter": letter_data(letter), "rows": sent_rows(lines)}

    subject = f"{number(len(lines))} permohonan ke {bank.name}"
    paper = issue(session, PaperKind.PROPOSAL, bank.id, subject, compose, author.id, author.now)
    proposal_id = allocate_ids(session, "proposals", 1)[0]
    session.execute(
        insert(Proposal).values(
            id=proposal_id,
            bank_id=bank.id,
            paper_id=paper,
            created_by=author.id,
            created_at=author.now,
        )
    )
    session.execute(
        insert(ProposalLine),
        [
            {"proposal_id": proposal_id, "position": position, "application_id": each.id,
             "bank_id": bank.id}
            for position, each in enumerate(lines, 1)
        ],
    )  # fmt: skip
    detail = f"{subject}, {rupiah(sum(each.amount for each in lines))}"
    trail.record(session, author.now, author.id, "proposal_sent", "proposal", proposal_id, detail)
    return proposal_id
