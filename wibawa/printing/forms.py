"""What the address of a batch of schedules asks for."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wibawa.banks.models import Bank
from wibawa.letters.documents import SHEETS
from wibawa.rules.money import number
from wibawa.rules.refused import Refused

MOST_NUMBERS, MOST_LOANS = 500, 5_000
AT_ONCE = 300  # loans that are drawn while the person waits, about a second; more become a job
JOB = "schedules"
SHAPES = {"pdf": "Satu PDF dengan penanda", "zip": "ZIP, satu PDF setiap pinjaman"}


@dataclass(frozen=True)
class BatchAsked:
    """Which schedules, in which shape. `numbers`: these loans, running or not; without them all
    that run, of a bank, of a kecamatan, or of both. `paper`: the sheet of drafts, "" for the
    office's own; what was issued stays on the sheet that it was issued on."""

    bank: Bank | None
    kecamatan: str
    numbers: tuple[str, ...]
    shape: str
    paper: str

    @property
    def title(self) -> str:
        return f"Jadwal Angsuran {self.bank.name if self.bank else 'Kredit Wibawa'}"

    def file_name(self, on: dt.date) -> str:
        """Names no person."""
        whose = self.bank.code if self.bank else "wibawa"
        return f"jadwal-{whose}-{on.isoformat()}.{self.shape}"

    def job_title(self, loans: int) -> str:
        return f"{self.title}, {number(loans)} pinjaman ({self.shape.upper()})"


def read_batch(
    arguments: Mapping[str, str], banks: Sequence[Bank], kecamatan: Mapping[str, str]
) -> BatchAsked:
    """Read the choice; `banks` are those that this person may print for, and the only one when it
    is one. Raises `Refused` `too_many_numbers`."""
    code = arguments.get("bank", "").upper()
    chosen = next((bank for bank in banks if bank.code == code), None)
    found = re.findall(r"[A-Za-z0-9-]+", arguments.get("nomor", "").upper())
    numbers = tuple(dict.fromkeys(found))
    if len(numbers) > MOST_NUMBERS:
        raise Refused(
            "too_many_numbers",
            f"Tertulis {len(numbers)} nomor; paling banyak {MOST_NUMBERS} sekali cetak. Cetak per "
            "bank atau per kecamatan, atau bagi daftarnya.",
        )
    place = arguments.get("kecamatan", "")
    shape = arguments.get("bentuk", "")
    return BatchAsked(
        banks[0] if len(banks) == 1 else chosen,
        place if place in kecamatan else "",
        numbers,
        shape if shape in SHAPES else "pdf",
        paper_of(arguments),
    )


def paper_of(arguments: Mapping[str, str]) -> str:
    """The sheet that the address asks for, "" when it names none."""
    asked = arguments.get("kertas", "").upper()
    return asked if asked in SHEETS else ""
