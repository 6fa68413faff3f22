"""Rows of a file that are dated in a month which both sides have signed: said before posting."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from wibawa.rules.money import number
from wibawa.rules.reconciliation import Month, accounting_month
from wibawa.rules.refused import Problem


def closed_notices(days: Iterable[dt.date], closed: Month | None) -> list[Problem]:
    """One notice for each closed month that new money of a file is dated in: how many rows, and in
    which month they count. `closed` is the bank's last closed month.

    >>> closed_notices([dt.date(2026, 10, 5)], Month(2026, 10))[0].message[:47]
    '1 baris bertanggal Oktober 2026 yang sudah ditu'
    """
    rows = Counter(Month.of(day) for day in days if closed is not None and Month.of(day) <= closed)
    return [
        Problem(
            0,
            "",
            "month_closed",
            month.text,
            f"{number(count)} baris bertanggal {month.words} yang sudah ditutup; dibukukan dengan "
            f"tanggalnya, dihitung di {accounting_month(month.first, closed).words}.",
            blocking=False,
        )
        for month, count in sorted(rows.items())
    ]
