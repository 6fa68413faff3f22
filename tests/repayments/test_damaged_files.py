"""A good file damaged by chance: read as before or refused with its code, never half written."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.files.damage import Damaged, damaged
from tests.repayments.conftest import Books
from wibawa.banks.queries import bank_by_code
from wibawa.borrowers.models import Borrower
from wibawa.database import db, writing
from wibawa.loans.journal import Author
from wibawa.loans.models import LedgerEntry, Loan, SuspenseEntry
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options, Outcome
from wibawa.repayments.outcome import Checked
from wibawa.repayments.reader import read_repayments
from wibawa.repayments.rows import RepaymentFile
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

pytestmark = pytest.mark.usefixtures("it_is_november")
PASAR = 2
OPTIONS = [Options(), Options(skip_problems=True), Options(True, True), Options(False, True)]


def accounts_of(session: Session) -> list[tuple[str, str]]:
    """Accounts from the sample portfolio at Bank Pasar that are 14 digits, with their borrowers."""
    found = session.execute(
        select(Loan.account_number, Borrower.name)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(Loan.bank_id == PASAR, func.length(Loan.account_number) == 14)
        .order_by(Loan.id)
    )
    return [(account, name) for account, name in found]


def written(session: Session) -> tuple[int, ...]:
    """How many files, entries and titipan there are, and their money."""
    counts = (
        session.scalar(select(func.count()).select_from(table))
        for table in (Upload, LedgerEntry, SuspenseEntry)
    )
    sums = (
        session.scalar(select(func.coalesce(func.sum(table.amount), 0)))
        for table in (LedgerEntry, SuspenseEntry)
    )
    return tuple(int(each or 0) for each in (*counts, *sums))


def canonical(file: RepaymentFile) -> list[tuple[object, ...]]:
    return [
        (row.account.lstrip("0"), row.paid_on, row.amount, row.penalty,
         (row.reference or "").upper())
        for row in file.rows
    ]  # fmt: skip


def assert_is_read_as_expected(books: Books, made: Damaged) -> None:
    try:
        file = read_repayments(made.content, made.name)
    except Unreadable as refusal:
        found = {(0, refusal.problem.code)}
        if found != made.expected and made.expected is not None:
            raise AssertionError(found) from refusal
        return
    checked = books.check(file)
    assert_agrees(checked)
    assert_agrees(books.check(file, skip_problems=True, suspend_unknown=True))
    if made.expected is None:
        return
    found = {(problem.row, problem.code) for problem in checked.problems if problem.blocking}
    assert found == made.expected
    assert checked.blocked == bool(made.expected)
    if not made.expected:
        assert canonical(file) == made.payments
        assert file.control_total == made.total


def assert_agrees(checked: Checked) -> None:
    parts = checked.posted_total + checked.suspense_total + checked.already_posted_total
    assert checked.blocked or parts + checked.skipped_total == checked.control_total


def assert_posts_all_or_nothing(session: Session, made: Damaged, options: Options) -> str:
    """What became of it: refused, blocked or posted."""
    before = written(session)
    bank = bank_by_code(session, "PASAR")
    assert bank is not None
    author = Author(1, None, now())
    try:
        outcome, _ = import_at_once(session, bank, made.content, made.name, author, options)
    except Unreadable:
        assert written(session) == before
        return "refused"
    assert outcome is not None
    after = written(session)
    if outcome.checked.blocked:
        assert after == before
        return "blocked"
    assert_adds_up(outcome, before, after)
    return "posted"


def assert_adds_up(outcome: Outcome, before: tuple[int, ...], after: tuple[int, ...]) -> None:
    checked = outcome.checked
    uploads, entries, suspense, paid, kept = (b - a for a, b in zip(before, after, strict=True))
    assert (uploads, entries, suspense) == (1, len(checked.entries), len(checked.suspense))
    assert (paid, kept) == (checked.posted_total, checked.suspense_total)
    parts = paid + kept + checked.already_posted_total + checked.skipped_total
    assert parts == checked.control_total


def run(books: Books, seeds: range, every: int) -> Counter[str]:
    """Read and check the file of each seed; post every so-many-th, in a turn that is undone."""
    results: Counter[str] = Counter()
    books.facts("PASAR")
    with books.app.app_context(), writing():
        session = db.session()
        accounts = accounts_of(session)
        for seed in seeds:
            made = damaged(seed, accounts)
            try:
                assert_is_read_as_expected(books, made)
                results["read"] += 1
                if seed % every == 0:
                    turn = session.begin_nested()
                    option = OPTIONS[seed // every % 4]
                    results[assert_posts_all_or_nothing(session, made, option)] += 1
                    turn.rollback()
            except Exception as error:
                error.add_note(f"seed {seed}: {made.name}, {', '.join(made.what)}")
                raise
        session.rollback()
    return results


def test_damaged_files_are_read_or_refused_and_never_half_posted(books: Books) -> None:
    results = run(books, range(64), every=4)
    assert results["read"] == 64
    assert min(results["blocked"], results["posted"]) >= 4


@pytest.mark.soak
def test_ten_thousand_damaged_files_are_read_or_refused_and_never_half_posted(
    books: Books,
) -> None:
    results = run(books, range(1_000, 11_000), every=5)
    assert results["read"] == 10_000
    assert min(results["refused"], results["blocked"], results["posted"]) >= 100


def test_the_same_seed_damages_in_the_same_way() -> None:
    accounts = [("05698091148001", "Wahyu Prasetyo")]
    for seed in range(20):
        assert damaged(seed, accounts).what == damaged(seed, accounts).what
