"""How a cooperative must stand for a loan: active, healthy, its last book year answered for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from wibawa.rules.dates import long_date
from wibawa.rules.facts import Health, Standing
from wibawa.rules.refused import Problem

HEALTH_WORDS: Final = {
    Health.HEALTHY: "Sehat",
    Health.FAIRLY_HEALTHY: "Cukup sehat",
    Health.WATCHED: "Dalam pengawasan",
    Health.SPECIALLY_WATCHED: "Dalam pengawasan khusus",
}
MEETING_DUE_AFTER: Final = 6
"""Months after the end of a book year within which the yearly meeting on it is held (UU 25/1992,
pasal 26 ayat 2)."""


def standing_problems(standing: Standing, day: dt.date) -> list[Problem]:
    """What stands in the way on `day` (blocks), and what to look at (warnings).

    `column` of each `Problem` is the key of the form's field. What is not known blocks: nobody may
    take silence for yes. Source: domain rules §5; UU 25/1992 for the meeting. No errors.

    >>> known = Standing(True, Health.HEALTHY, dt.date(2026, 3, 31), dt.date(2026, 3, 14))
    >>> standing_problems(known, dt.date(2026, 11, 24))
    []
    >>> [each.code for each in standing_problems(Standing(True), dt.date(2026, 11, 24))]
    ['cooperative_health_unknown', 'annual_meeting_unknown']
    """
    meeting = _meeting(standing.annual_meeting_on, day)
    return [*_activity(standing), *_health(standing), *meeting]


def _block(column: str, code: str, found: str, message: str) -> Problem:
    return Problem(0, column, code, found, message)


def _warn(column: str, code: str, found: str, message: str) -> Problem:
    return Problem(0, column, code, found, message, blocking=False)


def _activity(standing: Standing) -> Iterator[Problem]:
    if standing.active is None:
        yield _block(
            "active",
            "cooperative_activity_unknown",
            "",
            "Belum tercatat apakah koperasi masih aktif; diperlukan isian “Koperasi masih aktif”, "
            "lewat Ubah data di halaman peminjam.",
        )
    elif not standing.active:
        yield _block(
            "active",
            "cooperative_inactive",
            "Tidak aktif",
            "Koperasi tercatat tidak aktif; diperlukan koperasi yang masih aktif.",
        )


def _health(standing: Standing) -> Iterator[Problem]:
    if standing.health is None:
        yield _block(
            "health",
            "cooperative_health_unknown",
            "",
            "Belum tercatat hasil penilaian kesehatan koperasi; diperlukan isian “Kesehatan "
            "koperasi” dan tanggal penilaiannya, lewat Ubah data di halaman peminjam.",
        )
    elif standing.health is not Health.HEALTHY:
        grade = HEALTH_WORDS[standing.health]
        on = f" ({long_date(standing.assessed_on)})" if standing.assessed_on else ""
        yield _block(
            "health",
            "cooperative_not_healthy",
            grade,
            f"Kesehatan koperasi pada penilaian terakhir{on}: {grade.lower()}; diperlukan predikat "
            "sehat.",
        )


def _meeting(held_on: dt.date | None, day: dt.date) -> Iterator[Problem]:
    year = day.year - (2 if day.month <= MEETING_DUE_AFTER else 1)
    if held_on is None:
        yield _warn(
            "annual_meeting_on",
            "annual_meeting_unknown",
            "",
            f"Tanggal rapat anggota tahunan (RAT) terakhir belum tercatat; pastikan RAT tahun buku "
            f"{year} sudah diadakan.",
        )
    elif held_on.year <= year:
        yield _warn(
            "annual_meeting_on",
            "annual_meeting_old",
            long_date(held_on),
            f"Rapat anggota tahunan (RAT) terakhir {long_date(held_on)}; RAT tahun buku {year} "
            "mestinya sudah diadakan.",
        )
