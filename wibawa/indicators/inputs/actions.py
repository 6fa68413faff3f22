"""Writing down inputs and correcting them: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.indicators.inputs import queries
from wibawa.indicators.inputs.queries import KIND_WORDS, InputLine
from wibawa.indicators.models import IndicatorInput
from wibawa.rules.money import number
from wibawa.rules.refused import Refused


@dataclass(frozen=True)
class Said:
    """What somebody writes down; without a count the input is withdrawn."""

    kind: str
    name: str
    year: int
    count: int | None
    male: int | None
    female: int | None
    principal: int | None
    cut_off: dt.date | None
    source: str
    document: str
    reason: str


def write_down(session: Session, said: Said, after: int, by: int, now: dt.datetime) -> int:
    """Keep an input as the version that follows version `after`, 0 for the first; its id.

    Raises `Refused`: `changed` (somebody else wrote meanwhile), `reason_missing`,
    `nothing_changed`, `nothing_to_withdraw`, `sexes_differ`, `principal_missing`.
    """
    before = queries.input_now(session, said.kind, said.name, said.year)
    if (before.version if before else 0) != after:
        raise Refused(
            "changed",
            f"{said.name} {said.year} sudah dicatat sebelumnya. Periksa angka yang sekarang "
            "tampil; perubahan menjadi koreksi dengan alasan.",
        )
    _check(said, before)
    new = IndicatorInput(
        kind=said.kind,
        name=before.name if before else said.name,
        year=said.year,
        version=after + 1,
        count=said.count,
        male=said.male,
        female=said.female,
        principal=said.principal,
        cut_off=said.cut_off,
        source=said.source,
        document=said.document,
        reason=said.reason,
        entered_by=by,
        entered_at=now,
    )
    session.add(new)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(
            "changed", "Orang lain baru saja mencatat angka ini. Muat ulang halaman."
        ) from error
    what = f"{KIND_WORDS[said.kind]} {new.name} {said.year}"
    values = [
        (what, before.count if before else None, said.count),
        ("Laki-laki", before.male if before else None, said.male),
        ("Perempuan", before.female if before else None, said.female),
        ("Pokok (Rp)", before.principal if before else None, said.principal),
        ("Sumber", before.source if before else None, said.source),
    ]
    detail = trail.changes(values) or f"{what}: tidak berubah"
    detail += f"; alasan: {said.reason}" if said.reason else ""
    trail.record(session, now, by, "input_recorded", "indicator_input", new.id, detail)
    return new.id


def _check(said: Said, before: InputLine | None) -> None:
    if before is not None and not said.reason:
        raise Refused("reason_missing", "Tulis alasan koreksi; angka sebelumnya tetap tersimpan.")
    if said.count is None and (before is None or before.count is None):
        raise Refused("nothing_to_withdraw", "Tidak ada angka yang dapat ditarik. Tulis angkanya.")
    known = (said.male or 0) + (said.female or 0)
    if said.count is not None and known > said.count:
        raise Refused(
            "sexes_differ",
            f"Laki-laki dan perempuan bersama {number(known)}, lebih dari jumlahnya "
            f"{number(said.count)}.",
        )
    if said.kind == "opening" and said.count is not None and said.principal is None:
        raise Refused("principal_missing", "Tulis nilai pinjaman kumulatif sampai tahun itu.")
    if before is not None and _same(before, said):
        raise Refused(
            "nothing_changed", "Semua isian sama dengan yang sudah tercatat; tidak ada koreksi."
        )


def _same(before: InputLine, said: Said) -> bool:
    names = ("count", "male", "female", "principal", "cut_off", "source", "document")
    return all(getattr(before, name) == getattr(said, name) for name in names)
