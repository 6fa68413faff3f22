"""The chain of the office over decisions beside the journal: nothing of them slips by."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from wibawa.banks.queries import terms_on
from wibawa.banks.terms import actions as terms
from wibawa.banks.terms.queries import limits_version, terms_version
from wibawa.chains.models import OfficeLink
from wibawa.chains.proof import DECISIONS, Proof, prove_office
from wibawa.chains.queries import decision_link, office_head
from wibawa.database import db, writing
from wibawa.indicators.locks import actions as locking
from wibawa.indicators.models import YearLock
from wibawa.merging.models import BorrowerMerge
from wibawa.privacy.actions import set_years
from wibawa.privacy.queries import settings
from wibawa.reconciliation.queries import closed_month
from wibawa.rules.reconciliation import Month
from wibawa.web.clock import now

AT = "2026-11-24T03:00:00.000000Z"  # the clock stands at 10:00 WIB
NEW_YEAR = dt.date(2027, 1, 1)


def sha(*lines: str) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def of(*texts: str) -> str:
    return hashlib.sha256("|".join(texts).encode()).hexdigest()


def links(session: Session) -> list[OfficeLink]:
    return list(session.scalars(select(OfficeLink).order_by(OfficeLink.number)))


def new_terms(session: Session, people: dict[str, int], start: dt.date = NEW_YEAR) -> int:
    """36 months from a day on, proposed by the staff and approved."""
    wish = replace(terms_on(session, start).product, months=36)
    made = terms.propose_terms(session, wish, start, "Perwal 1/2026", people["staff"], now())
    _decide_terms(session, made, people["approver"])
    return made


def _decide_terms(session: Session, made: int, by: int) -> None:
    version = terms_version(session, made)
    assert version is not None
    terms.approve(session, terms.TERMS, made, terms.shown(session, terms.TERMS, version), by, now())


def refused_limits(session: Session, people: dict[str, int]) -> int:
    made = terms.propose_limits(
        session, "rural", (31, 90, 180, 360), NEW_YEAR, people["staff"], now()
    )
    version = limits_version(session, made)
    assert version is not None
    seen = terms.shown(session, terms.LIMITS, version)
    terms.refuse(session, terms.LIMITS, made, seen, "Belum dibahas", people["approver"], now())
    return made


def kept_longer(session: Session, by: int) -> None:
    newest = settings(session)[0].id
    assert set_years(session, "after_loan", NEW_YEAR, 12, "Perwal 2", newest, by, now())


def test_terms_a_refusal_and_a_locked_year_are_links_whose_bytes_are_those_of_the_documentation(
    session: Session, people: dict[str, int]
) -> None:
    staff, second = people["staff"], people["approver"]
    made, limits = new_terms(session, people), refused_limits(session, people)
    factories.lock_year(session, people, 2024)
    lock = session.scalars(select(YearLock)).one()
    contents = (
        sha(
            f"terms|{made}|approved|2027-01-01|{staff}|{AT}|{second}|{AT}|300|36|50000000|50000000"
            f"|5000000|17|2|{of('Perwal 1/2026', '')}"
        ),
        sha(
            f"limits|{limits}|refused|rural|2027-01-01|{staff}|{AT}|{second}|{AT}|31|90|180|360"
            f"|{of('Belum dibahas')}"
        ),
        sha(
            f"year|{lock.request_id}|lock|2024||{lock.data_hash}|{staff}|{AT}|1|{second}|{AT}"
            f"|{of('', '')}",
            f"locked|{lock.id}|2024|1||{lock.data_hash}|{AT}",
        ),
    )
    one = of("DINAS", "1", "terms", str(made), "0", "0", AT, contents[0], "0" * 64)
    two = of("DINAS", "2", "limits", str(limits), "0", "0", AT, contents[1], one)
    three = of("DINAS", "3", "year", str(lock.request_id), "0", "0", AT, contents[2], two)
    assert [each.content_hash for each in links(session)] == list(contents)
    assert [each.hash for each in links(session)] == [one, two, three]
    assert prove_office(session) == Proof()


def test_the_golden_vectors_of_the_documentation_come_out() -> None:
    told = (Path(__file__).resolve().parents[2] / "docs" / "chain.md").read_text()
    (line,) = re.findall(r"^    (terms\|.*)$", told, re.MULTILINE)
    hashes = re.findall(r"\| `([0-9a-f]{64})` \|$", told, re.MULTILINE)
    words, content, link = hashes[:3]
    assert words == of("Perwal 1/2026", "")
    assert line.endswith(words)
    assert content == sha(line)
    assert link == of("DINAS", "1", "terms", "2", "0", "0", AT, content, "0" * 64)
    lines = re.findall(r"^    ((?:move|answer)\|.*)$", told, re.MULTILINE)
    moved, answered, content, link = hashes[3:]
    assert moved == of("Jumlah disetujui Rp4.000.000. Sesuai survei")
    assert answered == of("Sesuai survei")
    assert [line[-64:] for line in lines] == [moved, answered]
    assert content == sha(*lines)
    assert link == of("DINAS", "1", "approve", "12", "0", "0", AT, content, "0" * 64)


def test_a_closed_month_anchors_the_head_of_its_banks_chain(
    session: Session, people: dict[str, int]
) -> None:
    factories.loan(session, people["staff"], people["approver"])
    number = factories.close_month(session, people, factories.PASAR, Month(2026, 10))
    closed = closed_month(session, factories.PASAR, Month(2026, 10))
    link = decision_link(session, "closing", number)
    assert closed is not None
    assert link is not None
    assert link == office_head(session)
    assert (closed.decision_number, closed.decision_hash) == (link.number, link.hash)
    assert prove_office(session) == Proof()


def test_every_kind_of_link_has_words() -> None:
    kinds = str(next(c.sqltext for c in OfficeLink.__table__.constraints if "known" in str(c.name)))
    assert {part.strip("'") for part in kinds[9:-1].split(",")} == DECISIONS.keys()


WRONG: dict[str, dict[str, Any]] = {
    "a gap": {"number": 3},
    "another link before": {"previous_hash": "1" * 64},
    "a second beginning": {"number": 1, "previous_hash": "0" * 64},
    "a subject a second time": {"kind": "retention", "subject_id": 3},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_the_database_takes_only_the_next_link_of_something_new(
    session: Session, people: dict[str, int], changed: dict[str, Any]
) -> None:
    kept_longer(session, people["approver"])
    (last,) = links(session)
    assert last.subject_id == 3
    new = {
        "number": 2, "kind": "merge", "subject_id": 77, "rows": 0, "total": 0, "made_at": now(),
        "content_hash": "2" * 64, "previous_hash": last.hash, "hash": "3" * 64,
    } | changed  # fmt: skip
    said = "follows the last one|UNIQUE|pk_office_links|uq_office_links"
    with pytest.raises((DBAPIError, psycopg.Error), match=said), session.begin_nested():
        session.execute(insert(OfficeLink).values(**new))


@pytest.mark.parametrize("verb", ["UPDATE office_links SET rows = 1", "DELETE FROM office_links"])
def test_links_never_change(session: Session, people: dict[str, int], verb: str) -> None:
    kept_longer(session, people["approver"])
    with pytest.raises((DBAPIError, psycopg.Error), match="append-only"), session.begin_nested():
        session.execute(text(verb))


TAMPERED = {
    "a rate": (
        "loan_terms", "decision_kept proposal_kept",
        "UPDATE loan_terms SET rate = 600 WHERE id = 2", "contents",
        "mata rantai DINAS 1 (ketentuan pinjaman nomor 2): isi ketentuan pinjaman nomor 2 diubah "
        "sesudah dicatat",
    ),
    "who decided": (
        "loan_terms", "decision_kept",
        "UPDATE loan_terms SET decided_by = 1 WHERE id = 2", "contents",
        "mata rantai DINAS 1 (ketentuan pinjaman nomor 2): isi ketentuan pinjaman nomor 2 diubah "
        "sesudah dicatat",
    ),
    "a link": (
        "office_links", "no_update",
        "UPDATE office_links SET made_at = '2026-11-23 00:00:00' WHERE number = 2", "hashes",
        "mata rantai DINAS 2 (masa simpan nomor 3): mata rantai itu sendiri diubah",
    ),
    "a link taken out": (
        "office_links", "no_delete", "DELETE FROM office_links WHERE number = 1",
        "gaps",
        "mata rantai DINAS 2 (masa simpan nomor 3) tidak menyambung ke mata rantai sebelumnya",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED.values(), ids=TAMPERED)
def test_what_was_tampered_with_is_said_in_words(
    session: Session, people: dict[str, int], case: tuple[str, str, str, str, str]
) -> None:
    assert new_terms(session, people) == 2
    kept_longer(session, people["approver"])
    table, triggers, change, where, found = case
    of_table = "" if session.get_bind().dialect.name == "sqlite" else f" ON {table}"
    for trigger in triggers.split():
        session.execute(text(f"DROP TRIGGER {table}_{trigger}{of_table}"))
    session.execute(text(change))
    session.expire_all()
    assert getattr(prove_office(session), where) == [found]


def test_a_decision_that_no_deed_took_is_found(session: Session, people: dict[str, int]) -> None:
    twins = [factories.borrower(session, people["staff"], number) for number in (1, 2)]
    asked = BorrowerMerge(kind="merge", kept_id=twins[0], gone_id=twins[1], reason="Satu orang",
                          entered_by=people["staff"], entered_at=now())  # fmt: skip
    session.add(asked)
    session.flush()
    asked.status, asked.decision_reason = "refused", "Dua orang"
    asked.decided_by, asked.decided_at = people["approver"], now()
    session.flush()
    assert prove_office(session).uncovered == [
        "permintaan penggabungan nomor 1 tidak ada dalam rantai (baris merge)"
    ]


def test_decisions_that_were_there_before_get_the_links_that_they_would_have_got(
    app: Flask, people: dict[str, int]
) -> None:
    def make(session: Session) -> None:
        factories.loan(session, people["staff"], people["approver"])
        made = new_terms(session, people)
        terms.confirm_terms(session, made, "Perwal 1/2026", people["approver"], now())
        refused_limits(session, people)
        factories.lock_year(session, people, 2024)
        locking.ask_to_unlock(session, 2024, "Salah sumber", people["staff"], now())
        locking.refuse(session, 2024, "Sumbernya benar", people["approver"], now())
        kept_longer(session, people["approver"])
        factories.close_month(session, people, factories.PASAR, Month(2026, 10))

    factories.saved(app, make)
    with app.app_context(), writing():
        before = _contents(db.session())
        downgrade(revision="0044")
        upgrade()
        assert _contents(db.session()) == before
        assert len(before) == 7
        assert prove_office(db.session()) == Proof()


def _contents(session: Session) -> list[tuple[Any, ...]]:
    """What each link covers; those of one moment may follow each other in another order."""
    session.rollback()
    query = select(
        OfficeLink.kind, OfficeLink.subject_id, OfficeLink.made_at, OfficeLink.content_hash
    ).order_by(OfficeLink.kind, OfficeLink.subject_id)
    found = [tuple(row) for row in session.execute(query)]
    session.rollback()
    return found
