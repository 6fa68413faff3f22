"""Decisions along the way of an application are links of the office's chain: none slips by."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.chains.test_office_chain import AT, kept_longer, links, new_terms, of, sha
from tests.decisions.files import HEAD
from wibawa.access.permissions import Role
from wibawa.applications import actions as applying
from wibawa.applications.moves import Author, Known, Step, write_down
from wibawa.applications.queries import case
from wibawa.chains.models import OfficeLink
from wibawa.chains.proof import Proof, prove_office
from wibawa.database import db, writing
from wibawa.decisions import actions as answering
from wibawa.decisions.answers import Reason
from wibawa.decisions.queries import reasons_on
from wibawa.decisions.reader import read_answers
from wibawa.rules.statuses import Action, State
from wibawa.web.clock import now, today

BEFORE = "0047"  # the last version whose chain knows no application
PASAR = factories.PASAR


def officer(people: dict[str, int]) -> Author:
    return Author(people["pasar"], Role.BANK_OFFICER, now())


def shown(session: Session, number: int) -> str:
    found = case(session, number)
    assert found is not None
    return found.shown


def slik(session: Session) -> Reason:
    return next(each for each in reasons_on(session, today()) if each.code == "slik")


def approved(session: Session, people: dict[str, int], number: int) -> None:
    answering.approve(
        session, number, bank_id=PASAR, shown=shown(session, number), author=officer(people),
        amount=4_000_000, note="Sesuai survei",
    )  # fmt: skip


def declined(session: Session, people: dict[str, int], number: int) -> None:
    answering.decline(
        session, number, bank_id=PASAR, shown=shown(session, number), author=officer(people),
        reason=slik(session), explanation="Kol. 3 | bank lain",
    )  # fmt: skip


def refused(session: Session, people: dict[str, int], number: int) -> None:
    head = Author(people["approver"], Role.APPROVER, now())
    applying.end(
        session, number, shown=shown(session, number), author=head, action=Action.REFUSE,
        reason="Usaha sudah tutup", elsewhere=lambda *_: [],
    )  # fmt: skip


def decided(session: Session, people: dict[str, int]) -> None:
    """Application 1 is approved by its bank, 2 declined, 3 refused by the office: five links."""
    for number, to in ((1, State.SENT), (2, State.SENT), (3, State.VISITED)):
        assert factories.application(session, people, number=number, to=to) == number
    approved(session, people, 1)
    declined(session, people, 2)
    refused(session, people, 3)


def test_what_office_and_bank_decide_are_links_whose_bytes_are_those_of_the_documentation(
    session: Session, people: dict[str, int]
) -> None:
    decided(session, people)
    head, bank = people["approver"], people["pasar"]
    kept = "Kol. 3 \\p bank lain"
    told = f"{slik(session).words}: {kept}"
    contents = [
        ("recommend", 1,
         f"move|1|4|recommend|visited|recommended|{head}|{AT}|2|5000000|24|{of('')}"),
        ("recommend", 2,
         f"move|2|4|recommend|visited|recommended|{head}|{AT}|2|5000000|24|{of('')}"),
        ("approve", 1,
         f"move|1|6|approve|sent|approved|{bank}|{AT}|2|5000000|24"
         f"|{of('Jumlah disetujui Rp4.000.000. Sesuai survei')}",
         f"answer|1|2|approved|4000000||{bank}|{AT}|||{of('Sesuai survei')}"),
        ("decline", 2,
         f"move|2|6|decline|sent|refused_by_bank|{bank}|{AT}|2|5000000|24|{of(told)}",
         f"answer|2|2|refused||slik|{bank}|{AT}|||{of(kept)}"),
        ("refuse", 3,
         f"move|3|4|refuse|visited|refused_by_office|{head}|{AT}|2|5000000|24"
         f"|{of('Usaha sudah tutup')}"),
    ]  # fmt: skip
    found = [(each.kind, each.subject_id, each.content_hash) for each in links(session)]
    assert found == [(kind, subject, sha(*lines)) for kind, subject, *lines in contents]
    assert {(each.rows, each.total) for each in links(session)} == {(0, 0)}
    assert prove_office(session) == Proof()


def test_a_file_of_answers_gives_each_its_link_in_the_order_of_applications(
    session: Session, people: dict[str, int]
) -> None:
    for number in (1, 2, 3):
        factories.application(session, people, number=number)
    rows = "PM-000003;Siti;SETUJU;1;\nPM-000001;Siti;TOLAK;;slik\nPM-000002;Siti;SETUJU;9;\n"
    content = (HEAD + rows).encode()
    file, author = read_answers(content, "jawaban.csv"), officer(people)
    upload = answering.receive(session, PASAR, content, "jawaban.csv", file, author).upload
    shown_answers = answering.shown_answers(upload)
    assert answering.apply(session, upload, author, file, shown_answers).now
    assert [(each.kind, each.subject_id) for each in links(session)[3:]] == [
        ("decline", 1), ("approve", 2), ("approve", 3),
    ]  # fmt: skip
    assert prove_office(session) == Proof()


SAID = {
    "recommend": "mata rantai DINAS 1 (rekomendasi permohonan nomor 1): isi rekomendasi permohonan"
    " nomor 1 diubah sesudah dicatat",
    "approve": "mata rantai DINAS 3 (persetujuan bank atas permohonan nomor 1): isi persetujuan"
    " bank atas permohonan nomor 1 diubah sesudah dicatat",
    "decline": "mata rantai DINAS 4 (penolakan bank atas permohonan nomor 2): isi penolakan bank"
    " atas permohonan nomor 2 diubah sesudah dicatat",
    "refuse": "mata rantai DINAS 5 (penolakan dinas atas permohonan nomor 3): isi penolakan dinas"
    " atas permohonan nomor 3 diubah sesudah dicatat",
}
MOVES, ANSWERS = "application_moves", "bank_decisions"
TAMPERED = {
    "a move removed": (MOVES, "DELETE FROM application_moves WHERE action = 'refuse'", ["refuse"]),
    "who moved": (
        MOVES, "UPDATE application_moves SET user_id = 1 WHERE action = 'decline'", ["decline"],
    ),
    "why": (
        MOVES, "UPDATE application_moves SET reason = 'Lainnya' WHERE action = 'refuse'",
        ["refuse"],
    ),
    "what the bank granted": (
        ANSWERS, "UPDATE bank_decisions SET amount = 5000000 WHERE application_id = 1", ["approve"],
    ),
    "an answer removed": (
        ANSWERS, "DELETE FROM bank_decisions WHERE application_id = 2", ["decline"]
    ),
    "what was recommended": (
        "", "UPDATE applications SET amount = 50000000 WHERE id = 1", ["recommend", "approve"],
    ),
    "a second decision of one kind": (
        "", "INSERT INTO application_moves SELECT application_id, 9, action, from_state, to_state,"
        " user_id, bank_id, at, reason FROM application_moves WHERE action = 'approve'",
        ["approve"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED.values(), ids=TAMPERED)
def test_a_decision_that_was_changed_or_removed_is_said_in_words(
    session: Session, people: dict[str, int], case: tuple[str, str, list[str]]
) -> None:
    decided(session, people)
    table, change, kinds = case
    of_table = "" if session.get_bind().dialect.name == "sqlite" else f" ON {table}"
    for verb in ("update", "delete") if table else ():
        session.execute(text(f"DROP TRIGGER {table}_no_{verb}{of_table}"))
    session.execute(text(change))
    session.expire_all()
    assert prove_office(session) == Proof(contents=[SAID[kind] for kind in kinds])


def test_a_decision_past_the_way_that_makes_its_link_is_found(
    session: Session, people: dict[str, int]
) -> None:
    number = factories.application(session, people)
    seen = Known(number, PASAR, State.SENT, 1)
    write_down(session, [Step(seen, Action.APPROVE, State.APPROVED)], officer(people))
    assert prove_office(session).uncovered == [
        "persetujuan bank atas permohonan nomor 1 tidak ada dalam rantai (baris move)"
    ]


def test_decisions_of_before_follow_the_last_link_and_leave_those_before_as_they_were(
    app: Flask, people: dict[str, int]
) -> None:
    """Taken back to a version that knew none of them, the chain is whole without them."""

    def make(session: Session) -> None:
        kept_longer(session, people["approver"])
        decided(session, people)
        assert new_terms(session, people) == 2

    factories.saved(app, make)
    with app.app_context(), writing():
        made = _links(db.session())
        downgrade(revision=BEFORE)
        old = _links(db.session())
        assert [each[:3] for each in old] == [(1, "retention", 3), (2, "terms", 2)]
        assert old[0] == made[0]
        proof = prove_office(db.session())
        db.session.rollback()
        assert (proof.gaps, proof.contents, proof.hashes) == ([], [], [])
        upgrade()
        now_there = _links(db.session())
        assert now_there[:2] == old
        assert [each[:3] for each in now_there[2:]] == [
            (3, "approve", 1), (4, "recommend", 1), (5, "decline", 2), (6, "recommend", 2),
            (7, "refuse", 3),
        ]  # fmt: skip
        assert sorted(each[1:5] for each in now_there) == sorted(each[1:5] for each in made)
        assert prove_office(db.session()) == Proof()


def _links(session: Session) -> list[tuple[Any, ...]]:
    session.rollback()
    query = select(
        OfficeLink.number, OfficeLink.kind, OfficeLink.subject_id, OfficeLink.made_at,
        OfficeLink.content_hash, OfficeLink.hash,
    ).order_by(OfficeLink.number)  # fmt: skip
    found = [tuple(row) for row in session.execute(query)]
    session.rollback()
    return found
