"""Asking for a change, approving and refusing it: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.chains.actions import append_decision
from wibawa.changes.case import Subject
from wibawa.changes.effect import Effect
from wibawa.changes.kinds import ALONE, KINDS
from wibawa.changes.kinds.kind import Kind
from wibawa.changes.queries import ChangeFacts, change_facts, hold_waiting, waiting_alone
from wibawa.changes.rules.queries import rule_on
from wibawa.loans.chain.actions import append
from wibawa.loans.chain.lines import REQUEST
from wibawa.loans.journal import Author
from wibawa.loans.models import LoanRequest
from wibawa.loans.settlements import complete_settlements
from wibawa.rules.money import number
from wibawa.rules.refused import Refused, by_same_person
from wibawa.scans.actions import Keeper, keep_scan
from wibawa.scans.queries import DocumentFacts, KindFacts, Owner, documents_of_requests
from wibawa.scans.reader import Scan
from wibawa.uploads.actions import lock_files
from wibawa.web.clock import in_wib
from wibawa.web.formats import moment


@dataclass(frozen=True)
class Wish:
    """What a person asks for, why, and the fingerprint of the effect that was shown; and the
    documents that come along, within `room` bytes."""

    data: Mapping[str, Any]
    reason: str
    shown: str
    papers: Sequence[tuple[KindFacts, Scan]] = ()
    room: int = 0


def ask(
    session: Session, kind: Kind[Any], subject_id: int, wish: Wish, by: int, now: dt.datetime
) -> int:
    """Record a request that a second person decides; its number.

    Raises `Refused`: `not_there`, `changed` when the effect is not the one that was shown,
    `change_waiting`, why the kind cannot be done, or why a document cannot be kept.
    """
    today = in_wib(now).date()
    subject = _subject(session, kind, subject_id, wish.data, today)
    _lock(session, kind, subject, wish.data)
    case = kind.find(session, subject_id, today)
    assert case is not None, "what is locked is there"
    _stop(kind, case)
    effect = kind.effect(session, case, wish.data)
    if effect.fingerprint != wish.shown:
        raise Refused(
            "changed",
            "Akibatnya berubah sejak ditampilkan. Periksa yang sekarang tampil, lalu ajukan lagi.",
        )
    if kind.alone and subject.loan_id is not None:
        _nothing_waits(session, subject.loan_id)
    new = LoanRequest(
        kind=kind.code,
        status="recorded",
        bank_id=subject.bank_id,
        loan_id=subject.loan_id,
        suspense_id=subject.suspense_id,
        upload_id=subject.upload_id,
        data=json.dumps(wish.data, sort_keys=True),
        reason=wish.reason,
        valid_until=kind.valid_until(wish.data),
        entered_by=by,
        entered_at=now,
        shown=wish.shown,
    )
    session.add(new)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(
            "change_waiting",
            "Permintaan lain untuk pinjaman ini baru saja dibuat. Periksa daftar permintaan.",
        ) from error
    for of, scan in wish.papers:
        keep_scan(session, Owner(request_id=new.id), of, scan, Keeper(by, now, wish.room))
    _record(session, "change_requested", new.id, kind, by, now)
    return new.id


def approve(session: Session, change_id: int, seen: str, by: int, now: dt.datetime) -> int:
    """Carry out what was asked, all or nothing; its number. `seen` is `shown` of what this person
    was shown.

    Raises `Refused`: `not_there`, `same_person`, `already_decided`, `changed` when it would not do
    that or has other documents, `document_missing`, or why it cannot be done any more.
    """
    facts, kind = _to_decide(session, change_id, by)
    today = in_wib(now).date()
    case = kind.find(session, facts.subject_id, today)
    assert case is not None, "what a request is about is never deleted"
    _stop(kind, case)
    effect = kind.effect(session, case, facts.data)
    _as_seen(seen, effect, attached(session, change_id))
    missing = document_missing(session, facts, today)
    if missing is not None:
        raise missing
    result = {"effect": effect.kept} | kind.kept(case, effect)
    _decide(session, facts, "approved", by, now, result=result)
    author = Author(facts.entered_by_id, by, now)
    touched = kind.apply(session, facts, effect, author)
    if touched:
        complete_settlements(session, touched, author)
    _record(session, "change_approved", facts.id, kind, by, now)
    append(session, facts.bank_id, REQUEST, facts.id, now)
    return facts.id


def shown(effect: Effect, papers: Sequence[DocumentFacts]) -> str:
    """What a person was shown who decides: the effect, and which documents there were."""
    return "-".join([effect.fingerprint, *(str(each.id) for each in papers)])


def attached(session: Session, change_id: int) -> list[DocumentFacts]:
    """The documents of a request that were not withdrawn, the oldest first."""
    return [each for each in documents_of_requests(session, [change_id]) if each.counts]


def document_missing(session: Session, facts: ChangeFacts, today: dt.date) -> Refused | None:
    """Why this request cannot be approved without a document; None when it can, or has one."""
    if facts.kind not in rule_on(session, today).kinds or attached(session, facts.id):
        return None
    return Refused(
        "document_missing",
        f"{KINDS[facts.kind].label} hanya dapat disetujui bila ada dokumennya. Minta petugas "
        "melampirkannya, lalu putuskan lagi.",
    )


def _as_seen(seen: str, effect: Effect, papers: Sequence[DocumentFacts]) -> None:
    """Stop when this is not what the person was shown."""
    if seen == shown(effect, papers):
        return
    if seen.partition("-")[0] != effect.fingerprint:
        raise Refused(
            "changed",
            "Akibat permintaan ini berubah sejak ditampilkan, jadi belum disetujui. Periksa yang "
            "sekarang tampil, lalu putuskan lagi.",
        )
    raise Refused(
        "changed",
        f"Dokumen permintaan ini berubah sejak ditampilkan, jadi belum disetujui: sekarang ada "
        f"{number(len(papers))}. Periksa yang sekarang tampil, lalu putuskan lagi.",
    )


def refuse(session: Session, change_id: int, reason: str, by: int, now: dt.datetime) -> int:
    """Refuse a request with a reason; its number. Raises `Refused` as `approve` does, but for what
    changed meanwhile: what cannot be done any more can be refused."""
    facts, kind = _to_decide(session, change_id, by)
    effect = effect_now(session, kind, facts, in_wib(now).date())
    result = {} if isinstance(effect, Refused) else {"effect": effect.kept}
    _decide(session, facts, "refused", by, now, reason=reason, result=result)
    _record(session, "change_refused", facts.id, kind, by, now)
    append_decision(session, "change", facts.id, now)
    return facts.id


def effect_now(
    session: Session, kind: Kind[Any], facts: ChangeFacts, today: dt.date
) -> Effect | Refused:
    """What a waiting request would do today, or why it would do nothing. Reads only."""
    case = kind.find(session, facts.subject_id, today)
    assert case is not None, "what a request is about is never deleted"
    try:
        _stop(kind, case)
        return kind.effect(session, case, facts.data)
    except Refused as refused:
        return refused


def _stop(kind: Kind[Any], case: Any) -> None:
    why_not = kind.why_not(case)
    if why_not is not None:
        raise Refused("not_possible", why_not)


def _subject(
    session: Session, kind: Kind[Any], subject_id: int, data: Mapping[str, Any], today: dt.date
) -> Subject:
    case = kind.find(session, subject_id, today)
    if case is None:
        raise Refused("not_there", "Yang hendak diubah ini tidak ada. Cari lewat daftarnya.")
    return kind.subject(session, case, data)


def _lock(session: Session, kind: Kind[Any], subject: Subject, data: Mapping[str, Any]) -> None:
    """The bank's files first, as whoever posts one does, then the loans."""
    lock_files(session, subject.bank_id)
    kind.lock(session, subject, data)


def _nothing_waits(session: Session, loan_id: int) -> None:
    waiting = waiting_alone(session, loan_id, ALONE)
    if waiting is not None:
        raise Refused(
            "change_waiting",
            f"Permintaan nomor {waiting.id} ({KINDS[waiting.kind].label.lower()}) untuk pinjaman "
            f"ini masih menunggu keputusan. Ajukan lagi setelah itu diputuskan.",
        )


def _to_decide(session: Session, change_id: int, by: int) -> tuple[ChangeFacts, Kind[Any]]:
    """The request as it is now, with what it touches held, when this person may decide it."""
    facts = change_facts(session, change_id)
    if facts is None:
        raise Refused("not_there", "Permintaan ini tidak ada. Cari lewat daftar permintaan.")
    kind = KINDS[facts.kind]
    subject = Subject(facts.bank_id, facts.loan_id, facts.suspense_id, facts.upload_id)
    _lock(session, kind, subject, facts.data)
    hold_waiting(session, change_id)  # nobody attaches or withdraws a document meanwhile
    facts = change_facts(session, change_id)
    assert facts is not None
    if facts.entered_by_id == by:
        raise by_same_person(
            "Permintaan ini Anda ajukan sendiri. Keputusannya harus diambil orang lain.",
        )
    if facts.status != "recorded":
        how = "menyetujui" if facts.status == "approved" else "menolak"
        raise Refused(
            "already_decided",
            f"Permintaan ini sudah diputuskan oleh {facts.decided_by}, yang {how}nya pada "
            f"{moment(facts.decided_at)}.",
        )
    return facts, kind


def _decide(
    session: Session,
    facts: ChangeFacts,
    status: str,
    by: int,
    now: dt.datetime,
    *,
    result: Mapping[str, Any],
    reason: str = "",
) -> None:
    """Change the status of what nobody else has decided and somebody else has asked for."""
    changed = session.execute(
        update(LoanRequest)
        .where(
            LoanRequest.id == facts.id,
            LoanRequest.status == "recorded",
            LoanRequest.entered_by != by,
        )
        .values(
            status=status,
            decided_by=by,
            decided_at=now,
            decision_reason=reason,
            result=json.dumps(result) if result else "",
        )
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("already_decided", "Permintaan ini sudah diputuskan oleh orang lain.")


def _record(
    session: Session, action: str, change_id: int, kind: Kind[Any], by: int, now: dt.datetime
) -> None:
    detail = f"Nomor {change_id}, {kind.label.lower()}"
    trail.record(session, now, by, action, "loan_request", change_id, detail)
