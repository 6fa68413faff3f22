"""What an address asks for, read kindly: an odd value falls back and is answered in words."""

from __future__ import annotations

import datetime as dt

from wibawa.rules.dates import DateError, long_date, parse_date

EARLIEST = dt.date(2000, 1, 1)
LATEST = dt.date(2100, 12, 31)


def asked_day(text: str | None, today: dt.date) -> tuple[dt.date, str | None]:
    """The day that `text` names, else today with a sentence that says why."""
    typed = (text or "").strip()
    if not typed:
        return today, None
    try:
        day = parse_date(typed)
    except DateError:
        return today, (
            f"Tertulis “{typed[:40]}”: tanggal tidak terbaca. Tulis hari/bulan/tahun, misalnya "
            f"31/10/2026. Yang tampil adalah posisi hari ini, {long_date(today)}."
        )
    if not EARLIEST <= day <= LATEST:
        return today, (
            f"{long_date(day)} di luar jangkauan; pilih tanggal antara {long_date(EARLIEST)} dan "
            f"{long_date(LATEST)}. Yang tampil adalah posisi hari ini, {long_date(today)}."
        )
    return day, None


def asked_number(text: str | None, lowest: int, highest: int) -> int | None:
    """A whole number within bounds, or None for anything else."""
    typed = (text or "").strip()
    if not (typed.isascii() and typed.isdigit() and len(typed) < 7):
        return None
    value = int(typed)
    return value if lowest <= value <= highest else None
