from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.access.personal_data import index_of, unseal
from wibawa.letters.documents import (
    Letter,
    Letterhead,
    PaperKind,
    Signatory,
    letter_from,
)
from wibawa.letters.models import IssuedPaper, OfficeProfile


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
    by: str | None = None
    at: dt.datetime | None = None

    @property
    def letterhead(self) -> Letterhead:
        lines = tuple(line for line in self.address.splitlines() if line)
        return Letterhead(self.government, self.office, lines, self.phone, self.website, self.email)

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
    apart = ("formats", "by", "at")
    same = {e.name: getattr(row, e.name) for e in fields(Profile) if e.name not in apart}
    formats = {PaperKind(kind): said for kind, said in json.loads(row.formats).items()}
    return Profile(**same, formats=formats, by=by, at=row.entered_at)


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
    return profile_history(session, 1)[0]


def profile_history(session: Session, most: int = 50) -> list[Profile]:
    """Every entry, the newest first."""
    query = _profiles().order_by(OfficeProfile.id.desc()).limit(most)
    return [_profile(*row) for row in session.execute(query)]


def paper_data(session: Session, paper_id: int) -> dict[str, Any] | None:
    """The document of a paper as it was issued. Raises `DamagedPaper` when it is another one."""
    found = session.execute(
        select(IssuedPaper.number, IssuedPaper.data, IssuedPaper.data_hash).where(
            IssuedPaper.id == paper_id
        )
    ).first()
    if found is None:
        return None
    text = unseal(found.data, data_place(found.number))
    if index_of(text) != found.data_hash:
        raise DamagedPaper(f"the document of paper {found.number} is not the one that was issued")
    data: dict[str, Any] = json.loads(text)
    return data


def letter(session: Session, paper_id: int) -> Letter | None:
    """The letter of a paper, to be printed."""
    data = paper_data(session, paper_id)
    return None if data is None else letter_from(data["letter"])
