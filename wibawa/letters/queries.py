from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.access.personal_data import index_of, unseal
from wibawa.database import Base
from wibawa.letters.documents import (
    FORMATS,
    Letter,
    Letterhead,
    PaperKind,
    Signatory,
    letter_from,
    masked_name,
)
from wibawa.letters.models import (
    IssuedPaper,
    OfficeLogo,
    OfficeProfile,
    PaperWithdrawal,
    said_of_token,
)
from wibawa.web.pages import Page, Wanted

SORTS = ("tanggal", "nomor")


class DamagedPaper(RuntimeError):
    """The document of a paper is not the one that was issued."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What stands on the office's papers, and from when on."""

    id: int
    valid_from: dt.date
    government: str
    office: str
    address: str
    phone: str
    website: str
    email: str
    place: str
    signatory_role: str
    signatory_name: str
    signatory_rank: str
    signatory_nip: str
    formats: dict[PaperKind, str]
    paper: str = "A4"
    logo: str = ""
    by: str | None = None
    at: dt.datetime | None = None

    @property
    def letterhead(self) -> Letterhead:
        lines = tuple(line for line in self.address.splitlines() if line)
        return Letterhead(
            self.government,
            self.office,
            lines,
            self.phone,
            self.website,
            self.email,
            self.logo,
            self.paper,
        )

    @property
    def signatory(self) -> Signatory:
        return Signatory(
            self.signatory_role, self.signatory_name, self.signatory_nip, self.signatory_rank
        )

    @property
    def said(self) -> dict[str, Any]:
        """What is said on paper, by the name of the field."""
        apart = ("id", "valid_from", "by", "at")
        return {
            each.name: getattr(self, each.name) for each in fields(self) if each.name not in apart
        }


def data_place(number: str) -> str:
    """What a document is sealed for: it opens under its own number only."""
    return f"issued_papers.data {number}"


def last_sequence(session: Session, kind: PaperKind, year: int) -> int:
    found = session.scalar(
        select(func.max(IssuedPaper.sequence)).where(
            IssuedPaper.kind == kind.value, IssuedPaper.year == year
        )
    )
    return int(found or 0)


def _profiles() -> Select[OfficeProfile, str]:
    return select(OfficeProfile, User.name).outerjoin(User, User.id == OfficeProfile.entered_by)


def _profile(row: OfficeProfile, by: str | None) -> Profile:
    apart = ("formats", "logo", "by", "at")
    same = {e.name: getattr(row, e.name) for e in fields(Profile) if e.name not in apart}
    said = {PaperKind(kind): pattern for kind, pattern in json.loads(row.formats).items()}
    formats = FORMATS | said  # an entry of before knows fewer kinds
    return Profile(**same, formats=formats, logo=row.logo or "", by=by, at=row.entered_at)


def profile_on(session: Session, day: dt.date) -> Profile:
    """What stands on a paper that is issued on `day`; the first entry for a day before it."""
    at = OfficeProfile.valid_from
    query = _profiles().where(at <= day).order_by(at.desc(), OfficeProfile.id.desc()).limit(1)
    found = session.execute(query).first()
    if found is None:
        found = session.execute(_profiles().order_by(OfficeProfile.id).limit(1)).first()
    assert found is not None, "the migrations make the first one"
    return _profile(*found)


def newest_profile(session: Session) -> Profile:
    """The last entry, whenever it begins."""
    newest = session.execute(_profiles().order_by(OfficeProfile.id.desc()).limit(1)).one()
    return _profile(*newest)


def profile_history(session: Session) -> list[Profile]:
    """Every entry, the newest first."""
    query = _profiles().order_by(OfficeProfile.id.desc())
    return [_profile(*row) for row in session.execute(query)]


def profile(session: Session, profile_id: int) -> Profile | None:
    """One entry of the history."""
    found = session.execute(_profiles().where(OfficeProfile.id == profile_id)).first()
    return None if found is None else _profile(*found)


def logo_content(session: Session, digest: str) -> bytes | None:
    """The picture with this digest. Raises `DamagedPaper` when its bytes are other ones."""
    content = session.scalar(select(OfficeLogo.content).where(OfficeLogo.digest == digest))
    if content is not None and hashlib.sha256(content).hexdigest() != digest:
        raise DamagedPaper(f"the logo {digest} is not the one that was kept")
    return content


def logos_of(session: Session) -> Callable[[str], bytes]:
    """Digest → picture, for drawing; each is read once. The answer raises `DamagedPaper`."""
    read: dict[str, bytes] = {}

    def logo(digest: str) -> bytes:
        if digest not in read:
            content = logo_content(session, digest)
            if content is None:
                raise DamagedPaper(f"the logo {digest} is not there")
            read[digest] = content
        return read[digest]

    return logo


def paper_data(session: Session, paper_id: int) -> dict[str, Any] | None:
    """The document of a paper as it was issued. Raises `DamagedPaper` when it is another one."""
    found = session.execute(
        select(IssuedPaper.number, IssuedPaper.data, IssuedPaper.data_hash).where(
            IssuedPaper.id == paper_id
        )
    ).first()
    if found is None:
        return None
    return opened(found.number, found.data, found.data_hash)


def opened(number: str, sealed: bytes, data_hash: bytes) -> dict[str, Any]:
    """The document in the stored bytes of the paper `number`. Raises `DamagedPaper`."""
    text = unseal(sealed, data_place(number))
    if index_of(text) != data_hash:
        raise DamagedPaper(f"the document of paper {number} is not the one that was issued")
    data: dict[str, Any] = json.loads(text)
    return data


def letter(session: Session, paper_id: int) -> Letter | None:
    """The letter of a paper, to be printed."""
    data = paper_data(session, paper_id)
    return None if data is None else letter_from(data["letter"])


def token_index(token: str) -> bytes:
    """What is stored of a token: only who knows the token finds its paper."""
    return index_of(said_of_token(token))


@dataclass(frozen=True)
class CheckedPaper:
    """What a stranger who holds a paper is told of it; `holder` is masked."""

    id: int
    kind: PaperKind
    number: str
    dated: dt.date
    holder: str
    withdrawn_at: dt.datetime | None


def checked_paper(session: Session, token: str) -> CheckedPaper | None:
    """The paper that carries this token."""
    found = session.execute(
        select(
            IssuedPaper.id,
            IssuedPaper.kind,
            IssuedPaper.number,
            IssuedPaper.dated,
            IssuedPaper.data,
            PaperWithdrawal.withdrawn_at,
        )
        .outerjoin(PaperWithdrawal, PaperWithdrawal.paper_id == IssuedPaper.id)
        .where(IssuedPaper.token_hash == token_index(token))
    ).first()
    if found is None:
        return None
    said: dict[str, Any] = json.loads(unseal(found.data, data_place(found.number)))
    kind, holder = PaperKind(found.kind), masked_name(said["holder"])
    return CheckedPaper(found.id, kind, found.number, found.dated, holder, found.withdrawn_at)


@dataclass(frozen=True)
class PaperFacts:
    """An issued paper on its own page, with its withdrawal if there was one."""

    id: int
    number: str
    kind: PaperKind
    subject: str
    bank: str
    dated: dt.date
    by: str
    at: dt.datetime
    withdrawn_at: dt.datetime | None
    withdrawn_by: str | None
    reason: str | None


author = aliased(User, name="author")
other = aliased(User, name="other")


def paper_facts(session: Session, paper_id: int) -> PaperFacts | None:
    banks = Base.metadata.tables["banks"]
    found: Any = session.execute(
        select(
            IssuedPaper.id,
            IssuedPaper.number,
            IssuedPaper.kind,
            IssuedPaper.subject,
            banks.c.name,
            IssuedPaper.dated,
            author.name,
            IssuedPaper.issued_at,
            PaperWithdrawal.withdrawn_at,
            other.name,
            PaperWithdrawal.reason,
        )
        .join(banks, banks.c.id == IssuedPaper.bank_id)
        .join(author, author.id == IssuedPaper.issued_by)
        .outerjoin(PaperWithdrawal, PaperWithdrawal.paper_id == IssuedPaper.id)
        .outerjoin(other, other.id == PaperWithdrawal.withdrawn_by)
        .where(IssuedPaper.id == paper_id)
    ).first()
    if found is None:
        return None
    return PaperFacts(found[0], found[1], PaperKind(found[2]), *found[3:])


@dataclass(frozen=True)
class PaperFilter:
    """Which of the issued papers; `text` is a part of a number or of what the paper is about."""

    kind: PaperKind | None = None
    year: int | None = None
    text: str = ""


@dataclass(frozen=True)
class PaperLine:
    """An issued paper in the list; what it says stays sealed."""

    id: int
    number: str
    kind: PaperKind
    subject: str
    bank: str
    dated: dt.date
    by: str
    at: dt.datetime
    withdrawn: bool

    @property
    def state(self) -> str:
        return "Ditarik" if self.withdrawn else "Terbit"


def paper_page(session: Session, asked_for: PaperFilter, asked: Wanted) -> Page[PaperLine]:
    """One page of the issued papers: two queries."""
    query = _ordered(asked_for, asked).limit(asked.per_page).offset(asked.offset)
    rows = [_paper_line(row) for row in session.execute(query)]
    where = _conditions(asked_for)
    total = session.scalar(select(func.count()).select_from(IssuedPaper).where(*where))
    return Page(rows, asked.page, asked.per_page, int(total or 0))


def all_papers(session: Session, asked_for: PaperFilter, asked: Wanted) -> list[PaperLine]:
    """Everything that fits, in the same order."""
    return [_paper_line(row) for row in session.execute(_ordered(asked_for, asked))]


def paper_years(session: Session) -> list[int]:
    """The years in which papers were issued, the newest first."""
    return list(
        session.scalars(select(IssuedPaper.year).distinct().order_by(IssuedPaper.year.desc()))
    )


def _conditions(asked_for: PaperFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked_for.kind is not None:
        found.append(IssuedPaper.kind == asked_for.kind.value)
    if asked_for.year is not None:
        found.append(IssuedPaper.year == asked_for.year)
    if asked_for.text:
        part = asked_for.text.casefold()
        places = (IssuedPaper.number, IssuedPaper.subject)
        found.append(or_(*(func.lower(each).contains(part, autoescape=True) for each in places)))
    return found


def _ordered(asked_for: PaperFilter, asked: Wanted) -> Any:
    banks = Base.metadata.tables["banks"]
    by: dict[str, tuple[Any, ...]] = {
        "tanggal": (IssuedPaper.issued_at, IssuedPaper.id),
        "nomor": (IssuedPaper.year, IssuedPaper.kind, IssuedPaper.sequence),
    }
    order = [each.desc() if asked.descending else each.asc() for each in by[asked.sort]]
    return (
        select(
            IssuedPaper.id,
            IssuedPaper.number,
            IssuedPaper.kind,
            IssuedPaper.subject,
            banks.c.name,
            IssuedPaper.dated,
            User.name,
            IssuedPaper.issued_at,
            PaperWithdrawal.paper_id.is_not(None),
        )
        .join(banks, banks.c.id == IssuedPaper.bank_id)
        .join(User, User.id == IssuedPaper.issued_by)
        .outerjoin(PaperWithdrawal, PaperWithdrawal.paper_id == IssuedPaper.id)
        .where(*_conditions(asked_for))
        .order_by(*order)
    )


def _paper_line(row: Any) -> PaperLine:
    return PaperLine(row[0], row[1], PaperKind(row[2]), *row[3:])
