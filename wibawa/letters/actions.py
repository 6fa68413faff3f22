"""Issuing papers and changing what stands on them: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import index_of, seal
from wibawa.database import is_sqlite
from wibawa.letters import queries
from wibawa.letters.documents import Heading, PaperKind, paper_number
from wibawa.letters.models import IssuedPaper, OfficeLogo, OfficeProfile, PaperWithdrawal
from wibawa.letters.queries import Profile
from wibawa.rules.dated import is_sent_twice, refuse_past
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.web.clock import in_wib

_TOKEN_BYTES = 24  # 192 bits: nobody guesses or counts through them
_LOCK = 0x5041504552  # papers get their numbers one after the other


def canonical(data: Mapping[Any, Any]) -> str:
    """The one way in which a document is written down."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def issue(
    session: Session,
    kind: PaperKind,
    bank_id: int,
    subject: str,
    compose: Callable[[Heading], dict[str, Any]],
    by: int,
    now: dt.datetime,
    *,
    holder: str = "",
) -> int:
    """Give a paper the next number of its kind and year and keep its document; the paper's id.

    `compose` writes the document under the heading it gets; `holder` is whom the paper is about,
    for the public page, where the name stands masked. The number is final only with the caller's
    transaction: one that is rolled back leaves no gap. Raises `Refused` `number_taken`.
    """
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    day = in_wib(now).date()
    profile = queries.profile_on(session, day)
    sequence = queries.last_sequence(session, kind, day.year) + 1
    number = paper_number(profile.formats[kind], sequence, day)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    head = Heading(number, day, profile.place, profile.letterhead, profile.signatory, token)
    text = canonical({**compose(head), "holder": holder})
    paper = IssuedPaper(
        kind=kind.value,
        year=day.year,
        sequence=sequence,
        number=number,
        dated=day,
        bank_id=bank_id,
        subject=subject,
        data=seal(text, queries.data_place(number)),
        data_hash=index_of(text),
        issued_by=by,
        issued_at=now,
        token_hash=queries.token_index(token),
    )
    session.add(paper)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(
            "number_taken",
            f"Nomor surat {number} sudah dipakai. Minta administrator memeriksa format nomor di "
            "Pengaturan, bagian Kop surat.",
        ) from error
    trail.record(session, now, by, "paper_issued", "paper", paper.id, f"{number}: {subject}")
    return paper.id


def withdraw(session: Session, paper_id: int, reason: str, by: int, now: dt.datetime) -> int:
    """Say of an issued paper that it counts no more; the paper's id.

    Raises `Refused`: `not_there`, `withdrawn_before`.
    """
    found = queries.paper_facts(session, paper_id)
    if found is None:
        raise Refused("not_there", "Surat ini tidak ada. Cari lewat daftar surat keluar.")
    withdrawal = PaperWithdrawal(
        paper_id=paper_id, reason=reason, withdrawn_by=by, withdrawn_at=now
    )
    session.add(withdrawal)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(
            "withdrawn_before", f"Surat {found.number} sudah ditarik. Muat ulang halaman ini."
        ) from error
    detail = f"{found.number}: {reason}"
    trail.record(session, now, by, "paper_withdrawn", "paper", paper_id, detail)
    return paper_id


def keep_logo(session: Session, content: bytes, by: int, now: dt.datetime) -> str:
    """Keep a picture that was drawn anew, unless it is there already; its digest."""
    digest = hashlib.sha256(content).hexdigest()
    if session.get(OfficeLogo, digest) is None:
        session.add(OfficeLogo(digest=digest, content=content, entered_by=by, entered_at=now))
        session.flush()
    return digest


LABELS = {
    "government": "Pemerintah", "office": "Nama dinas", "address": "Alamat", "phone": "Telepon",
    "website": "Situs", "email": "Surel", "place": "Tempat", "signatory_role": "Jabatan",
    "signatory_name": "Nama penanda tangan", "signatory_rank": "Pangkat",
    "signatory_nip": "NIP penanda tangan", "formats": "Format nomor", "paper": "Ukuran kertas",
    "logo": "Logo",
}  # fmt: skip


def change_profile(session: Session, wanted: Profile, seen: int, by: int, now: dt.datetime) -> bool:
    """Put something else on the office's papers from its day on; False when nothing changes.

    `seen` is the newest entry that the form knew. Raises `Refused`: `starts_in_past`, `changed`.
    """
    start = wanted.valid_from
    refuse_past(start, in_wib(now).date(), "; surat yang sudah terbit tidak berubah")
    newest = queries.newest_profile(session)
    if is_sent_twice(
        seen,
        newest.id,
        newest.said == wanted.said and newest.valid_from == start,
        "Kop surat atau penandatangan",
    ):
        return False
    before = queries.profile_on(session, start)
    if before.said == wanted.said:
        return False
    said = wanted.said | {"formats": canonical(wanted.formats), "logo": wanted.logo or None}
    profile = OfficeProfile(valid_from=start, entered_by=by, entered_at=now, **said)
    session.add(profile)
    session.flush()
    told = trail.changes(
        [(label, getattr(before, name), getattr(wanted, name)) for name, label in LABELS.items()],
        private=("NIP penanda tangan",),
    )
    detail = f"Mulai {long_date(start)}: {told}"
    trail.record(session, now, by, "office_changed", "office", profile.id, detail)
    return True
