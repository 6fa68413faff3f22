"""Locking and unlocking a year, each by two persons: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.chains.actions import append_decision
from wibawa.database import bulk_insert, is_sqlite, stored_date
from wibawa.indicators.definitions.queries import in_force
from wibawa.indicators.inputs.queries import latest_inputs
from wibawa.indicators.locks import queries
from wibawa.indicators.locks.document import fingerprint, members_bytes, written
from wibawa.indicators.locks.queries import Lock, Request
from wibawa.indicators.members import FACTS
from wibawa.indicators.models import LockDecision, LockRequest, YearLock, YearUnlock
from wibawa.indicators.queries import Counts, counts_of, figures_now
from wibawa.rules.dates import long_date
from wibawa.rules.indicators import Kinds, Rule, Span, Unit
from wibawa.rules.refused import Refused, by_same_person
from wibawa.web.clock import in_wib

_LOCK = 0x494E4449  # the key space of the advisory locks on a year of the indicators
Members = list[tuple[str, Sequence[Any]]]


def document_now(session: Session, year: int) -> tuple[dict[str, Any], Members]:
    """What would be locked of a whole year, and the loans behind it."""
    span = Span(year, dt.date(year, 12, 31))
    members = queries.members_now(session, span)
    counted = counts_of(members)
    figures = figures_now(session, [year], span.last, counted={year: counted} if members else {})
    inputs = latest_inputs(session)
    document = {
        "year": year,
        "until": span.last.isoformat(),
        "figures": [_figure(asdict(each)) for each in figures],
        "counts": _counts(counted),
        "definitions": [
            {"code": each.code, "version": each.version, "facts": each.facts()}
            for _, each in sorted(in_force(session, [year]).items())
        ],
        "inputs": [
            {"kind": each.kind, "name": each.name, "version": each.version, "count": each.count,
             "source": each.source}
            for (_, _, of), each in sorted(inputs.by.items())
            if of == year
        ],
        "members": len(members),
        "members_sha256": fingerprint(members_bytes(members)),
    }  # fmt: skip
    return document, members


def _figure(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name != "lock"}


def _counts(counted: Counts) -> dict[str, Any]:
    return {
        rule.value: {
            "principal": counted.principal.get(rule, 0),
            **{
                unit.value: {kinds.value: counted.of(rule, unit, kinds) for kinds in Kinds}
                for unit in Unit
            },
        }
        for rule in Rule
        if counted.known(rule)
    }


def shown(document: dict[str, Any]) -> str:
    """The fingerprint of everything that would be locked."""
    return fingerprint(written(document))


def check_over(year: int, today: dt.date) -> None:
    """Raise `Refused` `not_over` while the year has not ended in Jakarta."""
    if today <= dt.date(year, 12, 31):
        raise Refused(
            "not_over",
            f"Tahun {year} belum berakhir. Tahun dapat dikunci mulai "
            f"{long_date(dt.date(year + 1, 1, 1))}.",
        )


def ask_to_lock(
    session: Session, year: int, seen: str, note: str, by: int, now: dt.datetime
) -> int:
    """One person asks to lock a year with the figures that were shown; the request's id.

    Raises `Refused`: `not_over`, `locked`, `waiting`, `changed`.
    """
    _one_after_the_other(session, year)
    check_over(year, in_wib(now).date())
    _nothing_waits(session, year)
    if year in queries.locks_in_force(session, [year]):
        raise Refused("locked", f"Tahun {year} sudah dikunci.")
    if shown(document_now(session, year)[0]) != seen:
        raise _changed()
    return _ask(session, year, "lock", None, seen, note, by, now)


def ask_to_unlock(session: Session, year: int, reason: str, by: int, now: dt.datetime) -> int:
    """One person asks to unlock a year, with a reason; the request's id.

    Raises `Refused`: `not_locked`, `waiting`.
    """
    _one_after_the_other(session, year)
    _nothing_waits(session, year)
    lock = _lock_of(session, year)
    return _ask(session, year, "unlock", lock.id, lock.data_hash, reason, by, now)


def _ask(
    session: Session,
    year: int,
    kind: str,
    lock_id: int | None,
    seen: str,
    reason: str,
    by: int,
    now: dt.datetime,
) -> int:
    request = LockRequest(
        year=year, kind=kind, lock_id=lock_id, shown=seen, reason=reason, requested_by=by,
        requested_at=now,
    )  # fmt: skip
    session.add(request)
    session.flush()
    trail.record(session, now, by, f"{kind}_requested", "indicator_year", year, reason)
    return request.id


def approve(session: Session, year: int, seen: str, by: int, now: dt.datetime) -> int:
    """The second person locks or unlocks the year, as it was asked; the request's id.

    Raises `Refused`: `nothing_waits`, `same_person`, `changed`, `not_over`, `locked`, `not_locked`.
    """
    _one_after_the_other(session, year)
    request = _to_decide(session, year, by)
    if seen != request.shown:
        raise _changed()
    _decide(session, request, True, "", by, now)
    if request.kind == "lock":
        _lock(session, year, request, now)
    else:
        _unlock(session, year, request, now)
    deed = "year_locked" if request.kind == "lock" else "year_unlocked"
    trail.record(session, now, by, deed, "indicator_year", year, request.reason)
    append_decision(session, "year", request.id, now)
    return request.id


def refuse(session: Session, year: int, reason: str, by: int, now: dt.datetime) -> int:
    """The second person refuses with a reason; the request's id.

    Raises `Refused`: `nothing_waits`, `same_person`.
    """
    _one_after_the_other(session, year)
    request = _to_decide(session, year, by)
    _decide(session, request, False, reason, by, now)
    trail.record(session, now, by, f"{request.kind}_refused", "indicator_year", year, reason)
    append_decision(session, "year", request.id, now)
    return request.id


def _lock(session: Session, year: int, request: Request, now: dt.datetime) -> None:
    """Keep the year: its document, and a row for each rule and loan."""
    check_over(year, in_wib(now).date())
    document, members = document_now(session, year)
    data = written(document)
    if fingerprint(data) != request.shown:
        raise _changed()
    before = queries.locks_of(session, year)
    lock = YearLock(
        year=year,
        version=before[0].version + 1 if before else 1,
        after=before[0].id if before else None,
        request_id=request.id,
        kind="lock",
        data=data,
        data_hash=fingerprint(data),
        locked_at=now,
    )
    session.add(lock)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused("locked", f"Tahun {year} sudah dikunci.") from error
    place = FACTS.index("disbursed_on")
    rows = [
        (lock.id, rule, *row[:place], stored_date(session, row[place]), *row[place + 1 :])
        for rule, row in members
    ]
    bulk_insert(session, "locked_members", ("lock_id", "rule", *FACTS), rows)


def _unlock(session: Session, year: int, request: Request, now: dt.datetime) -> None:
    lock = _lock_of(session, year)
    session.add(YearUnlock(lock_id=lock.id, year=year, request_id=request.id, kind="unlock",
                           unlocked_at=now))  # fmt: skip
    session.flush()


def _decide(
    session: Session, request: Request, approved: bool, reason: str, by: int, now: dt.datetime
) -> None:
    session.add(
        LockDecision(
            request_id=request.id, requested_by=request.by_id, approved=approved, reason=reason,
            decided_by=by, decided_at=now,
        )
    )  # fmt: skip
    session.flush()


def _to_decide(session: Session, year: int, by: int) -> Request:
    request = queries.waiting_request(session, year)
    if request is None:
        raise Refused("nothing_waits", f"Tidak ada usulan tentang tahun {year} yang menunggu.")
    if request.by_id == by:
        raise by_same_person(
            "Usulan ini Anda ajukan sendiri. Keputusannya harus diambil orang lain."
        )
    return request


def _nothing_waits(session: Session, year: int) -> None:
    if queries.waiting_request(session, year) is not None:
        raise Refused("waiting", f"Sudah ada usulan tentang tahun {year} yang menunggu keputusan.")


def _lock_of(session: Session, year: int) -> Lock:
    lock = queries.locks_in_force(session, [year]).get(year)
    if lock is None:
        raise Refused("not_locked", f"Tahun {year} tidak dikunci.")
    return lock


def _changed() -> Refused:
    return Refused(
        "changed",
        "Angkanya berubah sejak halaman ini dibuka karena ada yang dibukukan atau dicatat. "
        "Periksa angka yang baru, lalu ulangi; usulan yang lama ditolak lebih dahulu.",
    )


def _one_after_the_other(session: Session, year: int) -> None:
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(_LOCK, year)))
