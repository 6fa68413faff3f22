"""What a link covers, as lines of text that are the same on both engines, and the hash of a link.

The format is fixed and told in docs/chain.md; the migrations that made first links have it too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from wibawa.chains.models import Link
from wibawa.database import is_sqlite

BEGINNING = "0" * 64  # what the first link of a chain follows
MOMENTS = frozenset(
    {"uploaded_at", "posted_at", "entered_at", "decided_at", "booked_at", "proposed_at",
     "requested_at", "confirmed_at", "locked_at", "closed_at", "at"}
)  # fmt: skip
FLAGS = frozenset({"approved", "other_programmes", "same_person"})  # written 1 and 0
AT_A_TIME = 5_000


@dataclass(frozen=True)
class Source:
    """Where rows of a kind of link come from: `subject` says of which link a row is."""

    rows: str
    where: str
    subject: str
    bank: str = "r.bank_id"  # for chains of banks


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


@dataclass(frozen=True)
class Family:
    """Links of one table and what they cover: a chain for each bank, or one of the office."""

    links: str
    parts: tuple[Part, ...]
    of_banks: bool

    def link_of(self, kind: str, source: Source) -> str:
        """The JOIN that finds the link of each row of a source."""
        joined = f"JOIN {self.links} c ON c.kind = '{kind}' AND c.subject_id = {source.subject}"
        return f"{joined} AND c.bank_id = {source.bank}" if self.of_banks else joined


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


Subject = tuple[str, int]  # the kind of a link, and which of that kind


def content_of(session: Session, family: Family, kind: str, subject_id: int) -> Content:
    """What a link of this subject covers, as the database has it now."""
    return contents_of(session, family, [(kind, subject_id)])[kind, subject_id]


def contents_of(
    session: Session, family: Family, subjects: Sequence[Subject]
) -> dict[Subject, Content]:
    """The same of many subjects: one query for each part that lines come from."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for kind, subject_id in subjects:
        wanted[kind].append(subject_id)
    kinds = list(wanted)
    tallies = {subject: Tally() for subject in subjects}
    for part in family.parts:
        sources = {kind: part.sources[kind] for kind in kinds if kind in part.sources}
        if sources:
            for (place, subject_id), line, amount in _lines(session, family, part, sources, wanted):
                tallies[kinds[place], subject_id].add(line, amount)
    return {subject: tally.content for subject, tally in tallies.items()}


Place = tuple[int, int]  # the bank of a chain, 0 for the office's, and the number of a link
Lines = Iterator[tuple[str, int | None]]
Links = Iterator[tuple[Link, str, Lines]]  # each with the code of its chain


def all_lines(
    session: Session, family: Family, bank_id: int | None = None
) -> Iterator[tuple[Place, Lines]]:
    """The place of each link with its lines and the money of each, in the order of the chains; of
    all banks when none is named. A link that covers nothing is missing. One pass."""
    each = [_lines(session, family, part, part.sources, None, bank_id) for part in family.parts]
    in_order = merge(*each, key=itemgetter(0))  # keeps the order of parts within a link
    for key, group in groupby(in_order, key=itemgetter(0)):
        yield key, ((line, amount) for _, line, amount in group)


def with_lines(
    links: Iterable[tuple[Place, Link, str]], covered: Iterator[tuple[Place, Lines]]
) -> Links:
    """Each link in order, the code of its chain, and its lines, to be read before the next link."""
    nothing: tuple[Place, Lines] = ((-1, 0), iter(()))
    place, lines = next(covered, nothing)
    for at, link, code in links:
        if at != place:
            yield link, code, iter(())
            continue
        yield link, code, lines
        place, lines = next(covered, nothing)


def _lines(
    session: Session,
    family: Family,
    part: Part,
    sources: Mapping[str, Source],
    wanted: Mapping[str, Sequence[int]] | None,
    bank_id: int | None = None,
) -> Iterator[tuple[tuple[int, int], str, int | None]]:
    """Lines of some subjects, each with the place of its kind in `wanted` and its subject; or of
    the links of a bank or all, each with the place of its link."""
    of_bank = bank_id is not None
    selects = [
        _linked(session, family, part, kind, source, of_bank=of_bank)
        if wanted is None
        else _chosen(session, part, kind, source, list(wanted).index(kind))
        for kind, source in sources.items()
    ]
    order = ", ".join(str(place) for place in range(1, 3 + part.ordered))
    query = text(f"{' UNION ALL '.join(selects)} ORDER BY {order}")
    asked: dict[str, Any] = {"bank": bank_id} if of_bank else {}
    if wanted is not None:
        asked = {kind: wanted[kind] for kind in sources}
        query = query.bindparams(*(bindparam(kind, expanding=True) for kind in sources))
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


def _chosen(session: Session, part: Part, kind: str, source: Source, place: int) -> str:
    return (
        f"SELECT {place}, {source.subject}, {_columns(session, part)}"  # noqa: S608 - all names are ours
        f" FROM {source.rows} WHERE {source.where} AND {source.subject} IN :{kind}"
    )


def _linked(
    session: Session, family: Family, part: Part, kind: str, source: Source, *, of_bank: bool
) -> str:
    limits = " AND c.bank_id = :bank" if of_bank else ""
    bank = "c.bank_id" if family.of_banks else "0"
    return (
        f"SELECT {bank}, c.number, {_columns(session, part)}"  # noqa: S608 - all names are ours
        f" FROM {source.rows} {family.link_of(kind, source)} WHERE {source.where}{limits}"
    )


def _columns(session: Session, part: Part) -> str:
    return ", ".join(_column(session, name) for name in (*part.columns, *part.texts))


def _column(session: Session, name: str) -> str:
    if name in FLAGS:
        return f"CASE WHEN r.{name} THEN 1 ELSE 0 END"
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
