"""Settings that count from a day on: none begins in the past, and nobody writes over another."""

from __future__ import annotations

import datetime as dt

from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused


def refuse_past(start: dt.date, today: dt.date, kept: str = "") -> None:
    """Refuse a setting that would begin before `today`; `kept` ends the sentence with what would
    be altered.

    Unit: days. Source: domain rules, head (dated settings). Raises `Refused` `starts_in_past`.

    >>> refuse_past(dt.date(2026, 11, 24), dt.date(2026, 11, 24))
    """
    if start < today:
        raise Refused(
            "starts_in_past",
            f"{long_date(start)} sudah lewat. Pilih hari ini atau hari yang akan datang{kept}.",
        )


def is_sent_twice(seen: int, newest: int, same: bool, what: str) -> bool:
    """Whether a form only repeats the `newest` entry; `seen` is the one that it knew, `same` says
    whether both say the same, `what` is what it sets, as a sentence begins.

    Source: architecture, section 2 (once only). Raises `Refused` `changed` when somebody else was
    quicker with something else.

    >>> is_sent_twice(4, 4, False, "Batas waktu"), is_sent_twice(4, 5, True, "Batas waktu")
    (False, True)
    """
    if newest == seen:
        return False
    if same:
        return True
    raise Refused(
        "changed",
        f"{what} baru saja diubah orang lain. Periksa riwayatnya, lalu simpan sekali lagi bila "
        "masih perlu.",
    )
