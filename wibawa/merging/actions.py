"""Asking for, approving and refusing that records become one or are taken apart: flush at most."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.applications.moves import one_at_a_time
from wibawa.banks.queries import terms_on
from wibawa.borrowers.checks import WHO, examine
from wibawa.borrowers.models import Borrower
from wibawa.chains.actions import append_decision
from wibawa.merging.checks import SAME_PERSON, differing
from wibawa.merging.models import BorrowerMerge
from wibawa.merging.moving import put_together, take_apart
from wibawa.merging.queries import (
    MergeFacts,
    Pair,
    fingerprint,
    may_split,
    merge_facts,
    pair,
)
from wibawa.rules.eligibility import Applicant
from wibawa.rules.refused import Problem, Refused, by_same_person
from wibawa.web.clock import in_wib
from wibawa.web.formats import moment


@dataclass(frozen=True)
class NewMerge:
    """What is asked: the record that stays, the one that goes, the facts taken from the latter.

    `same_person`: somebody compared the identity cards; `shown` is what stood on the page.
    """

    kept_id: int
    gone_id: int
    chosen: frozenset[str]
    same_person: bool
    reason: str
    shown: str


class StandsAgainst(Refused):
    """Obstacles, each a sentence."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("stands_against", " ".join(each.message for each in self.problems))


def request_merge(session: Session, new: NewMerge, by: int, now: dt.datetime) -> int:
    """Ask that two records become one; the number of the request.

    Raises `StandsAgainst` with every obstacle, `Refused` when the records changed since shown.
    """
    one_at_a_time(session)
    today = in_wib(now).date()
    found = pair(session, new.kept_id, new.gone_id, today)
    if found is None:
        raise _no_pair()
    if found.shown != new.shown:
        raise _changed("Data kedua catatan")
    _stop(session, found, new.chosen, new.same_person, today)
    request = BorrowerMerge(
        kind="merge",
        status="recorded",
        kept_id=new.kept_id,
        gone_id=new.gone_id,
        chosen=" ".join(sorted(new.chosen & set(differing(found.kept, found.gone)))),
        same_person=new.same_person,
        reason=new.reason,
        entered_by=by,
        entered_at=now,
    )
    return _asked(session, request, "merge_requested", by, now)


def request_split(session: Session, merge_id: int, reason: str, by: int, now: dt.datetime) -> int:
    """Ask that a merge be taken apart; the number of the request. Raises `Refused`: why not."""
    one_at_a_time(session)
    facts = merge_facts(session, merge_id)
    if facts is None:
        raise _not_there()
    why_not = may_split(session, facts)
    if why_not is not None:
        raise Refused(why_not.code, why_not.message)
    request = BorrowerMerge(
        kind="split",
        status="recorded",
        kept_id=facts.kept_id,
        gone_id=facts.gone_id,
        undoes_id=facts.id,
        chosen=" ".join(sorted(facts.chosen)),
        same_person=False,
        reason=reason,
        entered_by=by,
        entered_at=now,
    )
    return _asked(session, request, "split_requested", by, now)


def _asked(session: Session, request: BorrowerMerge, action: str, by: int, now: dt.datetime) -> int:
    session.add(request)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(
            "merge_waiting",
            "Permintaan lain tentang catatan ini baru saja dibuat. Periksa daftar penggabungan.",
        ) from error
    detail = f"Nomor {request.id}, peminjam {request.gone_id} ke {request.kept_id}"
    trail.record(session, now, by, action, "borrower_merge", request.id, detail)
    return request.id


def approve(session: Session, merge_id: int, shown: str, by: int, now: dt.datetime) -> int:
    """Carry out what was asked, all or nothing; the number of the record that stays.

    Raises `Refused`: `same_person`, `already_decided`, `changed`, or `StandsAgainst`.
    """
    today = in_wib(now).date()
    facts = _to_decide(session, merge_id, shown, by, today)
    records = session.scalars(
        select(Borrower)
        .where(Borrower.id.in_([facts.kept_id, facts.gone_id]))
        .order_by(Borrower.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    by_id = {each.id: each for each in records}
    kept, gone = by_id[facts.kept_id], by_id[facts.gone_id]
    _decide(session, facts, "approved", by, now)
    if facts.is_split:
        take_apart(session, facts, kept, gone, by, now)
    else:
        found = pair(session, facts.kept_id, facts.gone_id, today, facts.id)
        assert found is not None
        _stop(session, found, facts.chosen, facts.same_person, today)
        put_together(session, facts, kept, gone, by, now)
    detail = f"Nomor {facts.id}, peminjam {facts.gone_id} ke {facts.kept_id}"
    trail.record(session, now, by, f"{facts.kind}_approved", "borrower_merge", facts.id, detail)
    append_decision(session, "merge", facts.id, now)
    return facts.kept_id


def refuse(
    session: Session, merge_id: int, shown: str, reason: str, by: int, now: dt.datetime
) -> int:
    """Refuse what was asked, with a reason. Raises `Refused` as `approve` does."""
    facts = _to_decide(session, merge_id, shown, by, in_wib(now).date(), may_have_changed=True)
    _decide(session, facts, "refused", by, now, reason)
    detail = f"Nomor {facts.id}, peminjam {facts.gone_id} ke {facts.kept_id}"
    trail.record(session, now, by, f"{facts.kind}_refused", "borrower_merge", facts.id, detail)
    append_decision(session, "merge", facts.id, now)
    return facts.id


def _to_decide(
    session: Session,
    merge_id: int,
    shown: str,
    by: int,
    today: dt.date,
    *,
    may_have_changed: bool = False,
) -> MergeFacts:
    one_at_a_time(session)
    facts = merge_facts(session, merge_id)
    if facts is None:
        raise _not_there()
    if facts.entered_by_id == by:
        raise by_same_person(
            "Permintaan ini Anda buat sendiri. Keputusannya harus diambil orang lain.",
        )
    if facts.status != "recorded":
        how = "menyetujui" if facts.status == "approved" else "menolak"
        raise Refused(
            "already_decided",
            f"Permintaan ini sudah diputuskan oleh {facts.decided_by}, yang {how}nya pada "
            f"{moment(facts.decided_at)}.",
        )
    now_shown = fingerprint(session, facts, today)
    if not may_have_changed and (not now_shown or now_shown != shown):
        raise _changed("Data kedua catatan")
    return facts


def _decide(
    session: Session, facts: MergeFacts, status: str, by: int, now: dt.datetime, reason: str = ""
) -> None:
    """Change the status of what nobody else has decided and somebody else has asked for."""
    changed = session.execute(
        update(BorrowerMerge)
        .where(
            BorrowerMerge.id == facts.id,
            BorrowerMerge.status == "recorded",
            BorrowerMerge.entered_by != by,
        )
        .values(status=status, decided_by=by, decided_at=now, decision_reason=reason)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("already_decided", "Permintaan ini sudah diputuskan oleh orang lain.")


def _stop(
    session: Session, found: Pair, chosen: frozenset[str], same_person: bool, today: dt.date
) -> None:
    """Raise every obstacle: of the pair, of the facts that would come together, and the missing
    word that the cards were compared."""
    problems = list(found.verdict.blocks)
    if not problems:
        problems += _facts_together(session, found, chosen, today)
    needs = [each for each in found.verdict.warnings if each.code in SAME_PERSON]
    if needs and not same_person:
        sentence = (
            "Nyatakan bahwa KTP atau sertifikatnya sudah dicocokkan, karena nomornya berbeda."
        )
        problems.append(Problem(0, "same_person", "not_compared", "", sentence))
    if problems:
        raise StandsAgainst(problems)


def _facts_together(
    session: Session, found: Pair, chosen: frozenset[str], today: dt.date
) -> tuple[Problem, ...]:
    """What is wrong with the facts as they would stand: a NIK beside another's birth date."""
    terms = terms_on(session, today)

    def taken(field: str) -> Any:
        return (found.gone if field in chosen else found.kept).values[field]

    applicant = Applicant(
        found.kept.facts.kind,
        (found.gone if "nik" in chosen else found.kept).facts.nik,
        taken("sex"),
        taken("birth_date"),
        taken("business_started_on"),
        kelurahan_known=True,
    )
    touched = set(chosen & WHO)
    return examine(
        applicant, terms.minimum_age, terms.minimum_business_years, today, touched
    ).blocks


def _no_pair() -> Refused:
    return Refused(
        "not_a_pair",
        "Kedua catatan ini tidak dapat digabung: salah satunya tidak ada atau sudah digabung.",
    )


def _not_there() -> Refused:
    return Refused("not_there", "Permintaan ini tidak ada. Cari lewat daftar penggabungan.")


def _changed(what: str) -> Refused:
    return Refused(
        "changed",
        f"{what} berubah sejak ditampilkan. Periksa data yang sekarang tampil, lalu putuskan lagi.",
    )
