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


def asked_date(text: str | None) -> tuple[dt.date | None, str | None]:
    """The day that a filter names; None without one, and for an odd one a sentence that says so."""
    typed = (text or "").strip()
    if not typed:
        return None, None
    try:
        day = parse_date(typed)
    except DateError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        return None, (
            f"Tertulis “{typed[:40]}”: tanggal tidak terbaca atau di luar jangkauan. Tulis "
            "hari/bulan/tahun, misalnya 31/10/2026. Saringan tanggal itu tidak dipakai."
        )
    return day, None


def period_words(what: str, first: dt.date | None, last: dt.date | None) -> str:
    """What a filter by a period says: "Dibukukan 1 Oktober 2026 – 31 Oktober 2026"."""
    if first is not None and last is not None:
        return f"{what} {long_date(first)} – {long_date(last)}"
    if first is not None:
        return f"{what} sejak {long_date(first)}"
    return f"{what} sampai {long_date(last)}" if last is not None else ""
