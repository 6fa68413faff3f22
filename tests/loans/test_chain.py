"""The chain of hashes over postings and approvals: what it covers, and that nothing slips by."""

from __future__ import annotations

import datetime as dt
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.loans.steps import TODAY, do, holds, post
from wibawa.chains.lines import BEGINNING, escaped
from wibawa.chains.proof import Proof
from wibawa.database import db, writing
from wibawa.loans.chain.actions import append, locked_head
from wibawa.loans.chain.models import ChainLink
from wibawa.loans.chain.proof import prove
from wibawa.loans.chain.queries import head, is_within
from wibawa.loans.models import LedgerEntry, SuspenseEntry, SuspenseResolution
from wibawa.loans.suspense import returned, suspense_facts
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

ACCOUNT = "0201112223334"
UNKNOWN = "0999"
KEY_B1 = r"R\pB1"  # the key R|B1, escaped
PASAR = factories.PASAR


@pytest.fixture
def loan(session: Session, people: dict[str, int]) -> int:
    return factories.loan(session, people["staff"], people["approver"], account=ACCOUNT)


def sha(*lines: str) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def of(*texts: str) -> str:
    return hashlib.sha256("|".join(texts).encode()).hexdigest()


def links(session: Session) -> list[ChainLink]:
    return list(session.scalars(select(ChainLink).order_by(ChainLink.number)))


def test_a_disbursement_and_a_file_are_links_whose_bytes_are_those_of_the_documentation(
    session: Session, people: dict[str, int], loan: int
) -> None:
    """The clock stands at 2026-11-24 10:00 WIB, which is 03:00 UTC."""
    _, upload = post(session, f"{ACCOUNT};Siti Aminah;05-10-2026;44000;B1")
    at, staff, second = "2026-11-24T03:00:00.000000Z", people["staff"], people["approver"]
    bytes_of_file = session.get_one(Upload, upload).sha256
    first = sha(
        f"loan|{loan}|2026-01-31|5000000|300|24|flat|1||{of(ACCOUNT)}",
        f"entry|{loan}|1|disbursement|5000000|0|0|2026-01-31|2026-11-24|{at}|{staff}|{second}"
        f"|||||||1|{of('', '', '')}",
    )
    one = of("PASAR", "1", "disbursement", str(loan), "1", "5000000", at, first, "0" * 64)
    second_content = sha(
        f"upload|{upload}|repayments|{bytes_of_file}|1|{at}|1||{at}|1|44000|0|0|0|0|0|0|44000",
        f"entry|{loan}|2|repayment|44000|0|44000|2026-10-05|2026-11-24|{at}|1||2||||||1"
        f"|{of('B1', KEY_B1, '')}",
    )
    two = of("PASAR", "2", "upload", str(upload), "1", "44000", at, second_content, one)
    found = [(each.content_hash, each.hash) for each in links(session)]
    assert found == [(first, one), (second_content, two)]


def test_free_words_cannot_forge_a_field_or_a_line() -> None:
    assert escaped("a|b") == r"a\pb"
    assert escaped("a\\pb") == r"a\\pb"
    assert escaped(None) == ""


def test_every_deed_has_one_link_and_the_books_hold(
    session: Session, people: dict[str, int], loan: int
) -> None:
    post(session, f"{UNKNOWN};Tanpa Nama;05-10-2026;70000;B2")
    titipan = session.scalars(select(SuspenseEntry.id)).one()
    facts = suspense_facts(session, titipan)
    assert facts is not None
    back = returned(facts, 70_000, dt.date(2026, 11, 23), TODAY)
    asked = do(session, people, back, "suspense_return", suspense_id=titipan)
    found = [(each.kind, each.subject_id, each.rows, each.total) for each in links(session)]
    upload = session.scalars(select(Upload.id)).one()
    assert found == [
        ("disbursement", loan, 1, 5_000_000),
        ("upload", upload, 1, 70_000),
        ("request", asked, 1, 70_000),
    ]
    assert holds(session)


def test_a_file_that_brings_nothing_new_is_a_link_of_no_rows(session: Session, loan: int) -> None:
    post(session, f"{ACCOUNT};Siti Aminah;05-10-2026;44000;B1")
    checked, _ = post(session, f"{ACCOUNT};Siti A;05-10-2026;44000; b1")
    assert (checked.posted_rows, checked.already_posted_rows) == (0, 1)
    assert len(links(session)) == 3
    assert (links(session)[-1].rows, links(session)[-1].total) == (0, 0)


def test_rows_up_to_a_link_are_told_from_later_ones(
    session: Session, people: dict[str, int], loan: int
) -> None:
    post(session, f"{ACCOUNT};Siti;05-10-2026;44000;B1", f"{UNKNOWN};X;05-10-2026;70000;B2")
    titipan = session.scalars(select(SuspenseEntry.id)).one()
    facts = suspense_facts(session, titipan)
    assert facts is not None
    do(session, people, returned(facts, 70_000, dt.date(2026, 11, 23), TODAY), "suspense_return",
       suspense_id=titipan)  # fmt: skip

    def within(number: int) -> list[int]:
        return [
            session.scalar(
                select(func.count()).select_from(each).where(is_within(each, PASAR, number))
            )
            or 0
            for each in (LedgerEntry, SuspenseEntry, SuspenseResolution)
        ]

    assert [within(number) for number in range(4)] == [
        [0, 0, 0], [1, 0, 0], [2, 1, 0], [2, 1, 1],
    ]  # fmt: skip


def test_each_bank_has_a_chain_of_its_own(session: Session, people: dict[str, int]) -> None:
    by, second = people["staff"], people["approver"]
    assert head(session, PASAR) is None
    for number, bank in enumerate((PASAR, factories.JATENG, PASAR), 1):
        factories.loan(session, by, second, number=number, bank_id=bank)
    found = {(each.bank_id, each.number) for each in links(session)}
    assert found == {(factories.JATENG, 1), (PASAR, 1), (PASAR, 2)}
    last = locked_head(session, PASAR)
    assert last is not None
    assert last.number == 2
    assert last == head(session, PASAR)


WRONG: dict[str, dict[str, Any]] = {
    "a gap": {"number": 3},
    "another link before": {"previous_hash": "1" * 64},
    "a second beginning": {"number": 1, "previous_hash": BEGINNING},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_the_database_takes_only_the_next_link(
    session: Session, loan: int, changed: dict[str, Any]
) -> None:
    last = links(session)[-1]
    new = {
        "bank_id": PASAR, "number": 2, "kind": "upload", "subject_id": 77, "rows": 0, "total": 0,
        "made_at": now(), "content_hash": "2" * 64, "previous_hash": last.hash, "hash": "3" * 64,
    } | changed  # fmt: skip
    said = "follows the last one|UNIQUE|pk_chain_links"
    with pytest.raises((DBAPIError, psycopg.Error), match=said), session.begin_nested():
        session.execute(insert(ChainLink).values(**new))


def test_a_subject_has_one_link_only(session: Session, loan: int) -> None:
    with pytest.raises((DBAPIError, psycopg.Error)), session.begin_nested():
        append(session, PASAR, "disbursement", loan, now())


@pytest.mark.parametrize("verb", ["UPDATE chain_links SET total = 1", "DELETE FROM chain_links"])
def test_links_never_change(session: Session, loan: int, verb: str) -> None:
    with pytest.raises((DBAPIError, psycopg.Error), match="append-only"), session.begin_nested():
        session.execute(text(verb))


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_links_are_never_truncated(session: Session, loan: int) -> None:
    with pytest.raises((DBAPIError, psycopg.Error), match="append-only"), session.begin_nested():
        session.execute(text("TRUNCATE chain_links CASCADE"))


def _without_guard(session: Session, table: str, trigger: str, change: str) -> None:
    of_table = "" if session.get_bind().dialect.name == "sqlite" else f" ON {table}"
    session.execute(text(f"DROP TRIGGER {trigger}{of_table}"))
    session.execute(text(change))
    session.expire_all()


TAMPERED = {
    "an amount": (
        "ledger_entries", "ledger_entries_no_update",
        "UPDATE ledger_entries SET amount = 44001, applied = 44001 WHERE kind = 'repayment'",
        "contents",
        "mata rantai PASAR 2 (berkas nomor 1): isi berkas nomor 1 diubah sesudah dicatat",
    ),
    "a file's figure": (
        "loans", "loans_no_delete", "UPDATE uploads SET skipped_rows = 3", "contents",
        "mata rantai PASAR 2 (berkas nomor 1): isi berkas nomor 1 diubah sesudah dicatat",
    ),
    "a rate": (
        "loans", "loans_terms_kept", "UPDATE loans SET rate = 600", "contents",
        "mata rantai PASAR 1 (pencairan pinjaman nomor 1): isi pencairan pinjaman nomor 1 diubah "
        "sesudah dicatat",
    ),
    "a link's sum": (
        "chain_links", "chain_links_no_update", "UPDATE chain_links SET total = 1 WHERE number = 2",
        "hashes", "mata rantai PASAR 2 (berkas nomor 1): mata rantai itu sendiri diubah",
    ),
    "a link taken out": (
        "chain_links", "chain_links_no_delete", "DELETE FROM chain_links WHERE number = 1",
        "gaps",
        "mata rantai PASAR 2 (berkas nomor 1) tidak menyambung ke mata rantai sebelumnya",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED.values(), ids=TAMPERED)
def test_what_was_tampered_with_is_found(
    session: Session, loan: int, case: tuple[str, str, str, str, str]
) -> None:
    post(session, f"{ACCOUNT};Siti Aminah;05-10-2026;44000;B1")
    *change, where, found = case
    _without_guard(session, *change)
    assert getattr(prove(session), where) == [found]


def test_money_that_no_deed_brought_is_found(
    session: Session, people: dict[str, int], loan: int
) -> None:
    day = dt.date(2026, 11, 1)
    asked = factories.request(session, "payment", people["staff"], people["approver"], loan_id=loan)
    factories.payment(session, loan, 1, day, people["staff"], people["approver"], asked=asked)
    assert prove(session).uncovered == [
        f"permintaan nomor {asked} tidak ada dalam rantai (baris {part})"
        for part in ("request", "entry")
    ]
    factories.linked(session, asked)
    factories.payment(session, loan, 2, day, people["staff"], people["approver"], asked=asked)
    about = f"permintaan nomor {asked}"
    assert prove(session).contents == [
        f"mata rantai PASAR 2 ({about}): isi {about} diubah sesudah dicatat"
    ]


def test_books_that_were_there_before_get_the_links_that_they_would_have_got(
    app: Flask, people: dict[str, int]
) -> None:
    by, second = people["staff"], people["approver"]

    def make(session: Session) -> None:
        loan = factories.loan(session, by, second, account=ACCOUNT)
        post(session, f"{ACCOUNT};Siti;05-10-2026;44000;B1", f"{UNKNOWN};X;05-10-2026;70000;B2")
        factories.reversal(session, loan, 2, dt.date(2026, 10, 5), by, second)

    factories.saved(app, make)
    with app.app_context(), writing():
        before = _contents(db.session())
        downgrade(revision="0030")
        upgrade()
        assert _contents(db.session()) == before
        assert len(before) == 3
        assert prove(db.session()) == Proof()


def _contents(session: Session) -> list[tuple[Any, ...]]:
    """What each link covers; those of one moment may follow each other in another order."""
    session.rollback()
    query = select(
        ChainLink.kind, ChainLink.subject_id, ChainLink.rows, ChainLink.total, ChainLink.made_at,
        ChainLink.content_hash,
    ).order_by(ChainLink.kind)  # fmt: skip
    found = [tuple(row) for row in session.execute(query)]
    session.rollback()
    return found


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_two_deeds_of_a_bank_at_once_follow_each_other(app: Flask, people: dict[str, int]) -> None:
    """The second waits for the head until the first is through, and neither number is missing."""
    by, second = people["staff"], people["approver"]
    with app.app_context(), writing(), Session(db.engine) as first:
        factories.loan(first, by, second, number=1)

        def later() -> int:
            with writing(), Session(db.engine) as other:
                factories.loan(other, by, second, number=2)
                other.commit()
                last = head(other, PASAR)
                return 0 if last is None else last.number

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(copy_context().run, later)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
            first.commit()
            assert waiting.result(timeout=30) == 2
        assert prove(first) == Proof()
