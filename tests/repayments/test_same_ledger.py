"""The same money gives the same books: in whatever order, program or format its files come."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.files.making import book, csv
from tests.repayments.conftest import Books
from wibawa.banks.queries import bank_by_code
from wibawa.database import db, writing
from wibawa.loans.journal import Author
from wibawa.loans.models import LedgerEntry, SuspenseEntry
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.repayments.reader import read_repayments
from wibawa.repayments.rows import RepaymentFile
from wibawa.rules.references import reference_key
from wibawa.uploads.limits import Unreadable
from wibawa.web.clock import now

FILES = Path(__file__).parent.parent / "files"
SAMPLES, RESAVED = FILES / "samples", FILES / "resaved"
JATENG, PASAR = SAMPLES / "angsuran_jateng_2026-10.xlsx", SAMPLES / "angsuran_pasar_2026-10.csv"
HEADINGS = ("No Rekening", "Nama", "Tgl Bayar", "Jumlah", "Denda", "No Bukti")

pytestmark = pytest.mark.usefixtures("it_is_november")
Money = tuple[Counter[tuple[object, ...]], Counter[tuple[object, ...]]]


def money(session: Session) -> Money:
    """All that came in, per loan, day and reference, and what of it lies in titipan."""
    entries = session.execute(
        select(
            LedgerEntry.loan_id, LedgerEntry.effective_on, LedgerEntry.bank_reference,
            LedgerEntry.amount,
        ).where(LedgerEntry.kind == "repayment")
    )  # fmt: skip
    paid: Counter[tuple[object, ...]] = Counter()
    for loan, day, reference, amount in entries:
        paid[loan, day, reference_key(reference or "")] += amount
    kept: Counter[tuple[object, ...]] = Counter()
    for loan, account, day, reference, amount in session.execute(
        select(
            SuspenseEntry.loan_id, SuspenseEntry.account_text, SuspenseEntry.effective_on,
            SuspenseEntry.bank_reference, SuspenseEntry.amount,
        )
    ):  # fmt: skip
        place = loan or account.lstrip("0")
        kept[place, day, reference_key(reference or "")] += amount
    return paid, kept


@pytest.fixture
def turns(books: Books) -> Iterator[Session]:
    with books.app.app_context(), writing():
        yield db.session()
        db.session.rollback()


def ledger(session: Session, bank_code: str, *files: bytes) -> Money:
    """The books after these files came one after the other; undone again afterwards."""
    bank = bank_by_code(session, bank_code)
    assert bank is not None
    turn = session.begin_nested()
    for content in files:
        author = Author(1, None, now())
        import_at_once(session, bank, content, "a", author, Options(suspend_unknown=True))
    found = money(session)
    turn.rollback()
    return found


def cells_of(file: RepaymentFile, references: bool) -> list[tuple[object, ...]]:
    return [
        (row.account, row.name, row.paid_on, row.amount, row.penalty,
         row.reference if references else "")
        for row in file.rows
    ]  # fmt: skip


def as_xlsx(rows: Sequence[tuple[object, ...]]) -> bytes:
    return book(*rows, head=HEADINGS)


def as_csv(rows: Sequence[tuple[object, ...]]) -> bytes:
    return csv(*rows, head=HEADINGS)


def shuffled(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    mixed = list(rows)
    random.Random(7).shuffle(mixed)
    return mixed


@pytest.mark.parametrize("references", [True, False])
def test_two_files_and_their_union_give_the_same_books_in_any_order(
    turns: Session, references: bool
) -> None:
    """The two share twenty rows; one row stands there twice, one account is nobody's, and one
    payment is more than its loan still owes; Tutik Utomo's loan was paid off before. Without
    references the same row twice is two payments."""
    sample = cells_of(read_repayments(PASAR.read_bytes(), "a"), references)[:60]
    day = sample[0][2]
    stranger = ("0999999999999", "Siapa", day, 5_000, 0, "S1" if references else "")
    # Rp353.340 is left of Puspita Wibowo's flat loan: Rp2.120.000 less Rp1.766.660
    much = ("04687291312008", "Puspita Wibowo", day, 400_000, 0, "S2" if references else "")
    twice = [] if references else [sample[3]]
    sample = [each for each in sample if each[0] != much[0]]
    first = [*sample[:40], *twice, stranger]
    second = [*sample[20:], much, stranger]
    union = shuffled([*sample, *twice, stranger, much])
    files = as_csv(first), as_xlsx(shuffled(second)), as_csv(union)
    results = [ledger(turns, "PASAR", *order) for order in permutations(files)]
    results += [ledger(turns, "PASAR", as_xlsx(union)), ledger(turns, "PASAR", *files[:2])]
    before = ledger(turns, "PASAR")
    assert all(result == results[0] for result in results)
    came = sum(sum(kind.values()) for kind in results[0]) - sum(
        sum(kind.values()) for kind in before
    )
    assert came == sum(int(str(row[3])) for row in union)
    kept = results[0][1] - before[1]
    assert sorted(kept.values()) == [5_000, 46_660, 1_109_688]


@pytest.mark.parametrize(
    ("bank", "original", "copies"),
    [
        ("JATENG", JATENG, ("jateng_xlsx_to_xlsx.xlsx", "jateng_xlsx_to_csv.csv")),
        ("PASAR", PASAR, ("pasar_csv_to_xlsx.xlsx",)),
    ],
)
def test_a_file_saved_again_by_libreoffice_gives_the_same_books_once(
    turns: Session, bank: str, original: Path, copies: tuple[str, ...]
) -> None:
    once = ledger(turns, bank, original.read_bytes())
    assert once != ledger(turns, bank)
    rows = read_repayments(original.read_bytes(), "a")
    for name in copies:
        content = (RESAVED / name).read_bytes()
        assert read_repayments(content, name).rows_hash == rows.rows_hash
        assert ledger(turns, bank, content) == once
        assert ledger(turns, bank, content, original.read_bytes()) == once


def test_rows_shuffled_or_turned_into_the_other_format_give_the_same_books_once(
    turns: Session,
) -> None:
    for bank, path in (("JATENG", JATENG), ("PASAR", PASAR)):
        once = ledger(turns, bank, path.read_bytes())
        rows = cells_of(read_repayments(path.read_bytes(), "a"), references=True)
        for content in (as_csv(shuffled(rows)), as_xlsx(shuffled(rows)), as_xlsx(rows)):
            assert ledger(turns, bank, content) == once
            assert ledger(turns, bank, path.read_bytes(), content) == once


@pytest.mark.parametrize(
    ("name", "word"), [("xlsx_to_ods.ods", "OpenDocument"), ("xlsx_to_xls.xls", "Excel lama")]
)
def test_formats_that_are_not_taken_are_named_with_what_to_do(name: str, word: str) -> None:
    content = (RESAVED / f"jateng_{name}").read_bytes()
    with pytest.raises(Unreadable, match=word) as refused:
        read_repayments(content, name)
    assert "simpan sebagai .xlsx" in refused.value.sentence
