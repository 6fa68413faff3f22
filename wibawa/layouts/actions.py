"""Keeping an example for a while, and teaching what it shows: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable

from sqlalchemy import delete
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import seal_bytes
from wibawa.access.sealed import place_of
from wibawa.banks.models import Bank, BankLayout
from wibawa.banks.queries import LayoutVersion, layout_history
from wibawa.database import allocate_ids
from wibawa.layouts.kinds import FileKind
from wibawa.layouts.models import LayoutExample
from wibawa.layouts.queries import EXAMPLE_PLACE, KEPT
from wibawa.rules.dates import long_date
from wibawa.rules.nik import mask_niks
from wibawa.rules.refused import Refused
from wibawa.uploads.actions import storable, stored_name
from wibawa.uploads.layouts import Words
from wibawa.web.clock import in_wib

DATE_ORDERS = {"dmy": "hari dulu", "ymd": "tahun dulu"}
DECIMAL_MARKS = {None: "terbaca dari angkanya", ",": "koma", ".": "titik"}


def keep_example(
    session: Session,
    bank: Bank,
    kind: FileKind,
    content: bytes,
    filename: str,
    by: int,
    now: dt.datetime,
) -> LayoutExample:
    """Keep an example, sealed; this person's others and all that are a day old go."""
    session.execute(
        delete(LayoutExample).where(
            (LayoutExample.uploaded_by == by) | (LayoutExample.uploaded_at <= now - KEPT)
        )
    )
    (number,) = allocate_ids(session, "layout_examples", 1)
    example = LayoutExample(
        id=number,
        bank_id=bank.id,
        kind=kind.code,
        filename=stored_name(filename),
        content=seal_bytes(content, place_of(EXAMPLE_PLACE, number)),
        uploaded_by=by,
        uploaded_at=now,
    )
    session.add(example)
    session.flush()
    said = f"{bank.name}, {kind.label}: {example.filename}"
    trail.record(session, now, by, "layout_example", "bank", bank.id, said)
    return example


def drop_example(session: Session, example: LayoutExample) -> None:
    session.execute(delete(LayoutExample).where(LayoutExample.id == example.id))


def newest(history: Iterable[LayoutVersion], kind: FileKind) -> int:
    """The last entry of a kind: what a person saw before teaching the next."""
    return max((each.id for each in history if each.kind == kind.code), default=0)


def teach(
    session: Session,
    bank: Bank,
    kind: FileKind,
    words: Words,
    *,
    example: LayoutExample,
    valid_from: dt.date,
    seen: int,
    by: int,
    now: dt.datetime,
) -> int:
    """Add a way of writing that counts from a day on; days gone by stay as they were, and the
    example is thrown away. Its number.

    Raises `Refused`: `in_the_past`, `changed`.
    """
    if valid_from < in_wib(now).date():
        raise Refused(
            "in_the_past",
            f"Tertulis {long_date(valid_from)}; diperlukan hari ini atau sesudahnya.",
        )
    history = layout_history(session, bank.id, for_update=True)
    if newest(history, kind) != seen:
        raise Refused(
            "changed",
            "Nama kolom bank ini baru saja diubah orang lain. Periksa riwayatnya, lalu simpan "
            "sekali lagi bila masih perlu.",
        )
    layout = BankLayout(
        bank_id=bank.id,
        kind=kind.code,
        valid_from=valid_from,
        columns=_json({key: list(names) for key, names in words.names.items()}),
        ignored=_json(list(words.ignored)),
        date_order=words.date_order,
        decimal_mark=words.decimal_mark,
        entered_by=by,
        entered_at=now,
    )
    session.add(layout)
    session.flush()
    before = next((each.words for each in history
                   if each.kind == kind.code and each.valid_from <= valid_from), None)  # fmt: skip
    told = trail.changes(_values(kind, before, words)) or "tidak ada yang berubah"
    said = f"{bank.name}, {kind.label}, sejak {long_date(valid_from)}: {told}"
    trail.record(session, now, by, "layout_taught", "bank", bank.id, mask_niks(storable(said)))
    drop_example(session, example)
    return layout.id


def _values(kind: FileKind, before: Words | None, after: Words) -> list[tuple[str, object, object]]:
    """What the trail compares of two ways of writing."""

    def names(words: Words | None, key: str) -> str:
        return " / ".join(words.names.get(key, ())) if words else ""

    keys = dict.fromkeys((*(before.names if before else ()), *after.names))
    headings = [(kind.shape.heading(key), names(before, key), names(after, key)) for key in keys]
    return [
        *headings,
        ("Tanggal", before and DATE_ORDERS[before.date_order], DATE_ORDERS[after.date_order]),
        ("Desimal", before and DECIMAL_MARKS[before.decimal_mark],
         DECIMAL_MARKS[after.decimal_mark]),
    ]  # fmt: skip


def _json(value: object) -> str:
    return storable(json.dumps(value, ensure_ascii=False))
