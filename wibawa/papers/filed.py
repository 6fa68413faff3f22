"""The receipt of a posted file as plain data: what came, where it went, what is still open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wibawa.letters.documents import Block, Facts, Grid, Heading, Letter, ListColumn, Signatory
from wibawa.notices.letter import in_words
from wibawa.rules.dates import long_moment, short_date
from wibawa.rules.money import number
from wibawa.rules.nik import mask_niks

GOALS = (
    ListColumn("Tujuan", 56),
    ListColumn("Baris", 14, right=True),
    ListColumn("Jumlah (Rp)", 24, right=True),
)
WAITING = (
    ListColumn("Baris", 8, right=True),
    ListColumn("Rekening", 22),
    ListColumn("Tanggal bayar", 14),
    ListColumn("Jumlah (Rp)", 16, right=True),
    ListColumn("Sebab", 30),
)
LEFT_OUT = (ListColumn("Baris", 8, right=True), ListColumn("Masalah", 86))
MOST_LISTED = 300
"""Rows of one list on the paper; the marked workbook has them all."""


@dataclass(frozen=True, slots=True)
class Step:
    """Who did something with the file, and when (WIB)."""

    who: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Suspended:
    """A row, or a part of one, that lies in titipan."""

    row: int
    account: str
    paid_on: dt.date
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Goal:
    """Rows and rupiah that went one way."""

    what: str
    rows: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedFile:
    """A posted file. `goals` add up to `total`; `skipped`: (row, what was wrong with it)."""

    filename: str
    sha256: str
    bank: str
    uploaded: Step
    submitted: Step | None
    posted: Step
    rows: int
    stated: bool
    total: int
    goals: Sequence[Goal]
    suspended: Sequence[Suspended] = ()
    skipped: Sequence[tuple[int, str]] = ()
    skip_reason: str = ""


def grouped(digest: str) -> str:
    """A fingerprint that two people can compare over the telephone.

    >>> grouped("0123456789abcdef")
    '01234567 89abcdef'
    """
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))


def upload_receipt_letter(heading: Heading, file: PostedFile) -> Letter:
    """What the office did with a bank's file, for both houses' books."""
    steps = (("Diunggah", file.uploaded), ("Diajukan", file.submitted), ("Dibukukan", file.posted))
    told = [
        ("Bank penyalur", file.bank),
        ("Nama berkas", mask_niks(file.filename)),
        ("Sidik berkas (SHA-256)", grouped(file.sha256)),
        *((word, f"{step.who}, {long_moment(step.at)} WIB") for word, step in steps if step),
    ]
    goals = tuple((goal.what, number(goal.rows), number(goal.amount)) for goal in file.goals)
    name = "Total kontrol menurut baris jumlah" if file.stated else "Jumlah semua baris"
    body: list[Block] = [
        "Berkas angsuran Kredit Wibawa berikut ini telah kami terima dan bukukan:",
        Facts(tuple(told)),
        "Setiap baris masuk ke salah satu tujuan ini:",
        Grid(GOALS, goals, (name, number(file.rows), number(file.total))),
        f"Jumlahnya {in_words(file.total)}.",
        *_suspended(file.suspended),
        *_skipped(file.skipped, file.skip_reason),
        "Bila berkas ini kelak dibatalkan, tanda terima ini tidak berlaku lagi; kode di bawah "
        "selalu menunjukkan keadaannya.",
    ]
    who = replace(heading, signatory=Signatory("Petugas yang membukukan", file.posted.who))
    return Letter(
        heading=who,
        subject=f"Berkas angsuran {file.bank}",
        recipient=(),
        body=tuple(body),
        name="Tanda Terima Pembukuan",
    )


def _suspended(lines: Sequence[Suspended]) -> list[Block]:
    if not lines:
        return []
    rows = tuple(
        (number(e.row), e.account or "–", short_date(e.paid_on), number(e.amount), e.reason)
        for e in lines[:MOST_LISTED]
    )
    total = number(sum(line.amount for line in lines))
    head = "Yang masuk titipan dan menunggu penyelesaian:"
    return [head, Grid(WAITING, rows, ("", "Jumlah", "", total, "")), *_more(len(lines))]


def _skipped(lines: Sequence[tuple[int, str]], reason: str) -> list[Block]:
    if not lines:
        return []
    rows = tuple((number(row), mask_niks(said)) for row, said in lines[:MOST_LISTED])
    head = f"Yang dilewati dan tidak dibukukan, dengan alasan bank: {mask_niks(reason)}."
    return [head, Grid(LEFT_OUT, rows), *_more(len(lines))]


def _more(count: int) -> list[Block]:
    if count <= MOST_LISTED:
        return []
    rest = number(count - MOST_LISTED)
    return [f"Masih ada {rest} baris lagi; semuanya ada di Hasil pemeriksaan berkas ini."]
