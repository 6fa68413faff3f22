"""Proposing, approving and refusing definitions: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.chains.actions import append_decision
from wibawa.indicators.definitions import queries
from wibawa.indicators.definitions.queries import Definition
from wibawa.indicators.models import Indicator, IndicatorDefinition
from wibawa.rules.indicators import KINDS_WORDS, RULE_WORDS, UNIT_WORDS, Kinds, Rule, Unit
from wibawa.rules.refused import Refused, by_same_person
from wibawa.web.formats import moment


@dataclass(frozen=True)
class Wish:
    """What somebody wants an indicator to count from a year on."""

    since: int
    rule: Rule
    counted: Unit
    kinds: Kinds
    other_programmes: bool
    denominator: str | None
    definition: str
    interpretation: str
    formula: str
    source: str
    cut_off: str
    responsible: str
    reason: str


def propose(session: Session, indicator: Indicator, wish: Wish, by: int, now: dt.datetime) -> int:
    """Propose the next version of an indicator's definition; its id.

    Raises `Refused`: `waiting`, `denominator_missing`, `nothing_changed`.
    """
    if indicator.unit == "percent" and not wish.denominator:
        raise Refused(
            "denominator_missing",
            "Indikator ini sebuah persentase. Pilih penyebutnya.",
        )
    before = queries.of_year(session, indicator.code, wish.since)
    new = _row(indicator, wish)
    told = trail.changes(
        (label, _word(name, before), _word(name, new)) for name, label in SAID.items()
    )
    if before is not None and before.since == wish.since and _same(before, new):
        raise Refused(
            "nothing_changed",
            f"Isinya sama dengan versi {before.version} yang sudah berlaku sejak {before.since}. "
            "Ubah paling sedikit satu bagian.",
        )
    last = session.scalar(
        select(func.max(IndicatorDefinition.version)).where(
            IndicatorDefinition.code == indicator.code
        )
    )
    new.version, new.proposed_by, new.proposed_at = (last or 0) + 1, by, now
    session.add(new)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(
            "waiting",
            "Sudah ada usulan definisi indikator ini yang menunggu keputusan. Tunggu sampai usulan "
            "itu disetujui atau ditolak.",
        ) from error
    detail = f"{indicator.code} versi {new.version}, mulai {wish.since}: {told}"
    trail.record(session, now, by, "definition_proposed", "definition", new.id, detail)
    return new.id


def _row(indicator: Indicator, wish: Wish) -> IndicatorDefinition:
    return IndicatorDefinition(
        code=indicator.code,
        status="proposed",
        valid_from=dt.date(wish.since, 1, 1),
        rule=wish.rule.value,
        counted=wish.counted.value,
        kinds=wish.kinds.value,
        other_programmes=wish.other_programmes,
        denominator=wish.denominator if indicator.unit == "percent" else None,
        definition=wish.definition,
        interpretation=wish.interpretation,
        formula=wish.formula,
        source=wish.source,
        cut_off=wish.cut_off,
        responsible=wish.responsible,
        reason=wish.reason,
    )


SAID = {
    "rule": "Yang dihitung", "counted": "Satuan", "kinds": "Jenis peminjam",
    "other_programmes": "Ditambah program lain", "denominator": "Penyebut",
    "definition": "Definisi", "interpretation": "Interpretasi", "formula": "Rumus",
    "source": "Sumber data", "cut_off": "Batas waktu data", "responsible": "Penanggung jawab",
}  # fmt: skip


WORDS: dict[str, Mapping[Any, str]] = {
    "rule": RULE_WORDS,
    "counted": UNIT_WORDS,
    "kinds": KINDS_WORDS,
}


def _word(name: str, of: object) -> Any:
    """A value of a definition as the trail says it."""
    value = getattr(of, name, None)
    return WORDS[name].get(value) if name in WORDS else value


def _same(before: Definition, new: IndicatorDefinition) -> bool:
    return all(getattr(before, name) == getattr(new, name) for name in SAID)


def shown(session: Session, version: Definition) -> str:
    """The fingerprint of a version beside the one it would follow."""
    before = queries.of_year(session, version.code, version.since)
    return queries.fingerprint(version, before)


def approve(session: Session, definition_id: int, seen: str, by: int, now: dt.datetime) -> int:
    """Let a proposed version count from its year on; its id.

    Raises `Refused`: `not_there`, `same_person`, `already_decided`, `changed`.
    """
    return _decide(session, definition_id, "approved", seen, "", by, now)


def refuse(
    session: Session, definition_id: int, seen: str, reason: str, by: int, now: dt.datetime
) -> int:
    """Refuse a proposed version with a reason; its id. Raises `Refused` as `approve` does."""
    return _decide(session, definition_id, "refused", seen, reason, by, now)


def _decide(
    session: Session,
    definition_id: int,
    status: str,
    seen: str,
    reason: str,
    by: int,
    now: dt.datetime,
) -> int:
    version = _to_decide(session, definition_id, seen, by)
    changed = session.execute(
        update(IndicatorDefinition)
        .where(
            IndicatorDefinition.id == definition_id,
            IndicatorDefinition.status == "proposed",
            IndicatorDefinition.proposed_by != by,
        )
        .values(status=status, decided_by=by, decided_at=now, decision_reason=reason)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("already_decided", "Usulan ini sudah diputuskan oleh orang lain.")
    detail = f"{version.code} versi {version.version}" + (f": {reason}" if reason else "")
    trail.record(session, now, by, f"definition_{status}", "definition", definition_id, detail)
    append_decision(session, "definition", definition_id, now)
    return definition_id


def _to_decide(session: Session, definition_id: int, seen: str, by: int) -> Definition:
    """The proposal as it is now, when this person may decide on what was shown."""
    version = queries.definition(session, definition_id)
    if version is None:
        raise Refused("not_there", "Usulan ini tidak ada.")
    if version.status != "proposed":
        raise Refused(
            "already_decided",
            f"Usulan ini sudah diputuskan oleh {version.decided_by} pada "
            f"{moment(version.decided_at)}."
            if version.decided_by
            else "Definisi ini sudah berlaku sejak awal dan tidak dapat diubah.",
        )
    if version.proposed_by_id == by:
        raise by_same_person(
            "Usulan ini Anda ajukan sendiri. Keputusannya harus diambil orang lain.",
        )
    if shown(session, version) != seen:
        raise Refused(
            "changed",
            "Yang berlaku sebelum usulan ini berubah sejak halaman ditampilkan. Periksa "
            "perbandingan yang sekarang tampil, lalu putuskan lagi.",
        )
    return version
