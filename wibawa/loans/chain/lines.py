"""What a link of the chain covers, as lines of text that are the same on both engines.

The format is fixed and told in docs/chain.md; the migration that made the first links has it too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.database import is_sqlite
from wibawa.loans.chain.models import ChainLink

UPLOAD, REQUEST, DISBURSEMENT = "upload", "request", "disbursement"
POSTING_KINDS = "('repayments','portfolio','disbursements')"  # of files that write the journal
BEGINNING = "0" * 64  # what the first link of a chain follows
MOMENTS = frozenset({"uploaded_at", "posted_at", "entered_at", "decided_at", "booked_at"})
AT_A_TIME = 5_000


@dataclass(frozen=True)
class Source:
    """Where rows of a kind of link come from: `subject` says of which link a row is."""

    rows: str
    where: str
    subject: str
    bank: str = "r.bank_id"


@dataclass(frozen=True)
class Part:
    """One kind of lines. `texts` are free words or accounts: a line holds their digest only. The
    first `ordered` columns put the lines of a link in order."""

    name: str
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    ordered: int
    sources: Mapping[str, Source]

    @property
    def amount(self) -> int | None:
        """The place of the money in a line that counts as a row, None for one that does not."""
        return self.columns.index("amount") + 1 if "amount" in self.columns else None


_UNFILED = "r.upload_id IS NULL"
_OF_LOAN = "JOIN loans r ON r.id = e.loan_id"
PARTS = (
    Part(
        "upload",
        ("id", "kind", "sha256", "uploaded_by", "uploaded_at", "submitted_by", "posted_by",
         "posted_at", "posted_rows", "posted_total", "suspense_rows", "suspense_total",
         "already_posted_rows", "already_posted_total", "skipped_rows", "skipped_total",
         "control_total"),
        (),
        1,
        {UPLOAD: Source("uploads r", f"r.status = 'posted' AND r.kind IN {POSTING_KINDS}", "r.id")},
    ),
    Part(
        "request",
        ("id", "kind", "loan_id", "suspense_id", "upload_id", "valid_until", "entered_by",
         "entered_at", "decided_by", "decided_at"),
        ("data", "reason", "decision_reason", "result"),
        1,
        {REQUEST: Source("loan_requests r", "r.status = 'approved'", "r.id")},
    ),
    Part(
        "loan",
        ("id", "disbursed_on", "principal", "rate", "months", "method", "multiple", "opened_on"),
        ("account_number",),
        1,
        {
            UPLOAD: Source(
                f"ledger_entries e {_OF_LOAN}",
                "e.kind = 'disbursement' AND e.upload_id IS NOT NULL",
                "e.upload_id",
            ),
            DISBURSEMENT: Source(
                f"ledger_entries e {_OF_LOAN}",
                "e.kind = 'disbursement' AND e.upload_id IS NULL AND e.request_id IS NULL",
                "e.loan_id",
            ),
        },
    ),
    Part(
        "entry",
        ("loan_id", "sequence", "kind", "amount", "penalty", "applied", "effective_on", "booked_on",
         "booked_at", "entered_by", "approved_by", "row_number", "reverses", "bank_principal",
         "bank_interest", "bank_outstanding", "bank_collectibility", "attempt"),
        ("bank_reference", "row_key", "note"),
        2,
        {
            UPLOAD: Source("ledger_entries r", "r.upload_id IS NOT NULL", "r.upload_id"),
            REQUEST: Source(
                "ledger_entries r", f"{_UNFILED} AND r.request_id IS NOT NULL", "r.request_id"
            ),
            DISBURSEMENT: Source(
                "ledger_entries r", f"{_UNFILED} AND r.request_id IS NULL", "r.loan_id"
            ),
        },
    ),
    Part(
        "suspense",
        ("id", "loan_id", "entry", "amount", "effective_on", "booked_on", "booked_at", "reason",
         "row_number", "entered_by", "approved_by", "attempt"),
        ("account_text", "name", "bank_reference", "row_key"),
        1,
        {
            UPLOAD: Source("suspense_entries r", "r.upload_id IS NOT NULL", "r.upload_id"),
            REQUEST: Source(
                "suspense_entries r JOIN ledger_entries e"
                " ON e.loan_id = r.loan_id AND e.sequence = r.entry",
                _UNFILED,
                "e.request_id",
            ),
        },
    ),
    Part(
        "resolution",
        ("suspense_id", "sequence", "kind", "amount", "effective_on", "booked_at", "loan_id",
         "entry"),
        (),
        2,
        {
            REQUEST: Source(
                "suspense_resolutions r JOIN suspense_entries s ON s.id = r.suspense_id",
                "r.request_id IS NOT NULL",
                "r.request_id",
                "s.bank_id",
            )
        },
    ),
    Part(
        "match",
        ("loan_id", "entry", "row_number"),
        ("row_key",),
        2,
        {UPLOAD: Source("payment_matches r", "r.upload_id IS NOT NULL", "r.upload_id")},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Content:
    """What a link says of what it covers: rows of money, their sum, and the hash of its lines."""

    rows: int
    total: int
    hash: str


class Tally:
    """Makes a `Content` of lines that come one by one."""

    def __init__(self) -> None:
        self._rows = self._total = 0
        self._hash = hashlib.sha256()

    def add(self, line: str, amount: int | None) -> None:
        self._hash.update(f"{line}\n".encode())
        if amount is not None:
            self._rows += 1
            self._total += amount

    @property
    def content(self) -> Content:
        return Content(self._rows, self._total, self._hash.hexdigest())


def link_hash(
    bank: str, number: int, kind: str, subject_id: int, made_at: dt.datetime, content: Content,
    previous: str,
) -> str:  # fmt: skip
    """The hash of a link: over what it says, its place, and the hash of the link before."""
    said = (bank, number, kind, subject_id, content.rows, content.total, written(made_at),
            content.hash, previous)  # fmt: skip
    return hashlib.sha256("|".join(str(each) for each in said).encode()).hexdigest()


def written(moment: dt.datetime) -> str:
    """A moment as lines and links write it: 2026-11-24T03:04:05.000000Z."""
    naive = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return naive.isoformat(timespec="microseconds") + "Z"


def content_of(session: Session, kind: str, subject_id: int) -> Content:
    """What a link of this subject covers, as the database has it now."""
    tally = Tally()
    for part in PARTS:
        if kind in part.sources:
            for _, line, amount in _lines(session, part, {kind: part.sources[kind]}, subject_id):
                tally.add(line, amount)
    return tally.content


Lines = Iterator[tuple[str, int | None]]


def all_lines(
    session: Session, bank_id: int | None = None
) -> Iterator[tuple[tuple[int, int], Lines]]:
    """(bank, number) of each link with its lines and the money of each, in the order of the chain;
    of all banks when none is named. A link that covers nothing is missing. One pass."""
    each = [_lines(session, part, part.sources, None, bank_id) for part in PARTS]
    in_order = merge(*each, key=itemgetter(0))  # keeps the order of parts within a link
    for key, group in groupby(in_order, key=itemgetter(0)):
        yield key, ((line, amount) for _, line, amount in group)


def links_with_lines(
    session: Session, bank_id: int | None = None
) -> Iterator[tuple[ChainLink, str, Lines]]:
    """Each link in order, the code of its bank, and its lines, to be read before the next link."""
    nothing: tuple[tuple[int, int], Lines] = ((0, 0), iter(()))
    covered = all_lines(session, bank_id)
    place, lines = next(covered, nothing)
    query = select(ChainLink, Bank.code).join(Bank, Bank.id == ChainLink.bank_id)
    query = query.order_by(ChainLink.bank_id, ChainLink.number)
    if bank_id is not None:
        query = query.where(ChainLink.bank_id == bank_id)
    for link, code in session.execute(query.execution_options(yield_per=AT_A_TIME)):
        if (link.bank_id, link.number) != place:
            yield link, code, iter(())
            continue
        yield link, code, lines
        place, lines = next(covered, nothing)


def _lines(
    session: Session,
    part: Part,
    sources: Mapping[str, Source],
    subject_id: int | None,
    bank_id: int | None = None,
) -> Iterator[tuple[tuple[int, int], str, int | None]]:
    """Lines of one subject, or of the links of a bank or all, each with the place of its link."""
    one, of_bank = subject_id is not None, bank_id is not None
    selects = [
        _select(session, part, kind, source, one=one, of_bank=of_bank)
        for kind, source in sources.items()
    ]
    order = ", ".join(str(place) for place in range(1, 3 + part.ordered))
    query = text(f"{' UNION ALL '.join(selects)} ORDER BY {order}")
    given = {"subject": subject_id, "bank": bank_id}
    asked = {name: value for name, value in given.items() if value is not None}
    start, end, name = 2, 2 + len(part.columns), part.name
    money = None if part.amount is None else part.amount + 1
    digested = bool(part.texts)
    with session.execute(query, asked, execution_options={"yield_per": AT_A_TIME}) as found:
        for batch in found.partitions():
            for row in batch:
                fields = [name, *["" if v is None else str(v) for v in row[start:end]]]
                if digested:
                    fields.append(digest(row[end:]))
                yield (row[0], row[1]), "|".join(fields), None if money is None else row[money]


def _select(
    session: Session, part: Part, kind: str, source: Source, *, one: bool, of_bank: bool
) -> str:
    columns = ", ".join(_column(session, name) for name in (*part.columns, *part.texts))
    if one:
        return (
            f"SELECT 0, 0, {columns} FROM {source.rows}"  # noqa: S608 - all names are ours
            f" WHERE {source.where} AND {source.subject} = :subject"
        )
    limits = " AND c.bank_id = :bank" if of_bank else ""
    return (
        f"SELECT c.bank_id, c.number, {columns} FROM {source.rows} {link_of(kind, source)}"  # noqa: S608
        f" WHERE {source.where}{limits}"
    )


def link_of(kind: str, source: Source) -> str:
    """The JOIN that finds the link of each row of a source."""
    return (
        f"JOIN chain_links c ON c.kind = '{kind}' AND c.subject_id = {source.subject}"
        f" AND c.bank_id = {source.bank}"
    )


def _column(session: Session, name: str) -> str:
    if name not in MOMENTS:
        return f"r.{name}"
    if is_sqlite(session):
        return f"replace(r.{name}, ' ', 'T') || 'Z'"
    return f'to_char(r.{name}, \'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"\')'


def digest(texts: Any) -> str:
    """What a line holds of free words: a hash, so that a chain can be shown without them."""
    return hashlib.sha256("|".join([escaped(each) for each in texts]).encode()).hexdigest()


def escaped(value: str | None) -> str:
    """A text that cannot end a field or a line."""
    if value is None:
        return ""
    if "\\" in value or "|" in value:
        value = value.replace("\\", "\\\\").replace("|", "\\p")
    return value
