"""What happened around a borrower, as one history, from plain facts of several folders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from wibawa.borrowers.checks import label_of, said
from wibawa.borrowers.history import ChangeLine, Record, Shown
from wibawa.rules.dates import long_date
from wibawa.rules.facts import BorrowerKind
from wibawa.web.clock import in_wib


def events_of(
    kind: BorrowerKind,
    records: Sequence[Record],
    shown: Sequence[Shown],
    changes: Sequence[ChangeLine],
    lent: Sequence[tuple[str, str, dt.date]],
    places: Mapping[str, str],
    origins: Mapping[int, tuple[int, int]],
    others: Iterable[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    """The history, newest first. Lines of a record that was merged into the borrower name it;
    `lent` are loans: number, bank, day; `origins` the file and row that registered a record;
    `others` are lines that another folder wrote."""
    merged = {each.id: each.name for each in records if each.merged}
    events = [*others, *(_registered(each, origins.get(each.id)) for each in records)]
    events += [
        {
            "title": "NIK lengkap ditampilkan",
            "who": each.who,
            "when": each.at,
            "tone": "warning",
            "detail": f"Alasan: {each.reason}",
        }
        for each in shown
    ]
    together = groupby(
        changes, key=lambda each: (each.at, each.who, each.record_id, each.upload_id, each.row)
    )
    events += [
        {
            "title": "Data diubah" + _of(merged.get(record)),
            "who": who,
            "when": at,
            "detail": _from_file(upload_id, row),
            "changes": [
                (
                    label_of(kind, each.field),
                    said(each.field, each.before, places),
                    said(each.field, each.after, places),
                )
                for each in some
            ],
        }
        for (at, who, record, upload_id, row), some in together
    ]
    events += [
        {
            "title": f"Pinjaman {number} dicairkan",
            "who": bank,
            "when": long_date(day),
            "tone": "success",
            "sort": day,
        }
        for number, bank, day in lent
    ]
    events.sort(key=_when, reverse=True)
    return events


def _of(name: str | None) -> str:
    return f" pada catatan {name} yang sudah digabung" if name else ""


def _from_file(upload_id: int | None, row: int | None) -> str:
    return f"Dari berkas SI-UMI nomor {upload_id}, baris {row}" if upload_id else ""


def _registered(each: Record, origin: tuple[int, int] | None) -> dict[str, Any]:
    title = "Didaftarkan" + (f" sebagai {each.name}, catatan yang sudah digabung" * each.merged)
    return {
        "title": title,
        "who": each.registered_by,
        "when": each.registered_at,
        "tone": "info",
        "detail": _from_file(*origin) if origin else "",
    }


def _when(event: dict[str, Any]) -> tuple[dt.date, bool, str]:
    """The order of the history; what has only a day comes before what has an hour."""
    if "sort" in event:
        return event["sort"], False, ""
    at = in_wib(event["when"])
    return at.date(), True, at.isoformat()
