"""Issuing the letter that tells an applicant of a decision: flush at most, the page commits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from wibawa.applications.moves import Author, one_at_a_time
from wibawa.applications.queries import case
from wibawa.letters import actions as letters
from wibawa.letters.documents import Heading, letter_data
from wibawa.notices.letter import notice_letter
from wibawa.notices.models import Notice
from wibawa.notices.queries import notices_of, told_move, told_of
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import STATE_WORDS


def issue(session: Session, application_id: int, *, shown: str, author: Author) -> int:
    """Issue the letter that fits where the application stands; the paper's id.

    A move is told once: the paper that tells it already is given back. Raises `Refused`:
    `not_there`, `nothing_to_tell`, `changed`, and what `letters.actions.issue` raises.
    """
    one_at_a_time(session)
    found = case(session, application_id)
    if found is None:
        raise Refused("not_there", "Permohonan ini tidak ada. Cari lewat daftar permohonan.")
    told = told_move(session, found)
    if told is None:
        state = STATE_WORDS[found.facts.state].lower()
        raise Refused(
            "nothing_to_tell",
            f"Permohonan ini berstatus {state}; belum ada keputusan yang disampaikan dengan surat.",
        )
    sequence, kind = told
    for notice in notices_of(session, application_id):
        if notice.sequence == sequence:
            return notice.paper_id
    if found.shown != shown:
        raise Refused(
            "changed",
            "Data permohonan ini berubah sejak ditampilkan. Periksa isi surat yang sekarang, lalu "
            "terbitkan.",
        )
    says = told_of(session, found, kind, author.today)

    def compose(heading: Heading) -> dict[str, Any]:
        return {"letter": letter_data(notice_letter(kind, says, heading))}

    facts = found.facts
    subject = f"Permohonan {facts.number}"
    paper = letters.issue(
        session, kind, facts.bank_id, subject, compose, author.id, author.now, holder=says.name
    )
    values = {"application_id": application_id, "sequence": sequence, "paper_id": paper}
    session.execute(insert(Notice).values(**values))
    return paper
