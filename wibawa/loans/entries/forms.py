"""What the address of the list of entries asks for, and the chips that say it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wibawa.banks.models import Bank
from wibawa.loans.entries.lists import KINDS, SOURCES, STATES, EntryFilter
from wibawa.rules.dates import long_date, short_date
from wibawa.rules.money import number
from wibawa.web.asked import asked_date, asked_number, period_words

KIND_LABELS = {
    "bersih": "Uang diterima dan pembatalannya",
    "diterima": "Uang diterima",
    "dibatalkan": "Pembatalan uang diterima",
    "angsuran": "Angsuran",
    "pelunasan": "Pelunasan dipercepat",
    "pemulihan": "Penerimaan setelah hapus buku",
    "pemulihan-bersih": "Penerimaan setelah hapus buku dan pembatalannya",
    "pencairan": "Pencairan",
    "saldo-awal": "Saldo awal",
    "hapus-buku": "Hapus buku",
    "pembatalan": "Semua pembatalan",
}
STATE_LABELS = {"utuh": "Tidak dibatalkan", "batal": "Dibatalkan"}
SOURCE_LABELS = {"berkas": "Dari berkas", "tangan": "Dicatat dinas", "titipan": "Dari titipan"}
DAYS = ("dari", "sampai", "buku_dari", "buku_sampai", "per")
LONGEST_NUMBER = 20


@dataclass(frozen=True)
class EntriesAsked:
    """The filter of a list of entries. `fields` is what the form shows again; `chips` are (keys of
    the filter, what it says)."""

    wanted: EntryFilter
    fields: dict[str, str]
    chips: list[tuple[tuple[str, ...], str]]
    problems: list[str] = field(default_factory=list)


def read_entries(
    arguments: Mapping[str, str], banks: Sequence[Bank], own_bank: int | None
) -> EntriesAsked:
    """Read the filters; a bank officer is confined to `own_bank` whatever the address says."""
    bank = next((each for each in banks if each.code == arguments.get("bank", "").upper()), None)
    days: dict[str, dt.date | None] = {}
    problems = []
    for name in DAYS:
        days[name], problem = asked_date(arguments.get(name))
        problems += [problem] if problem else []
    words = {
        "jenis": _known(arguments.get("jenis", ""), KINDS),
        "keadaan": _known(arguments.get("keadaan", ""), STATES),
        "asal": _known(arguments.get("asal", ""), SOURCES),
        "pinjaman": arguments.get("pinjaman", "").strip().upper()[:LONGEST_NUMBER],
    }
    upload = asked_number(arguments.get("berkas"), 1, 999_999)
    wanted = EntryFilter(
        own_bank if own_bank is not None else bank.id if bank else None,
        words["jenis"],
        words["keadaan"],
        words["asal"],
        days["dari"],
        days["sampai"],
        days["buku_dari"],
        days["buku_sampai"],
        days["per"] if words["keadaan"] else None,
        upload,
        words["pinjaman"],
    )
    shown_bank = bank if own_bank is None else None
    fields = {"bank": shown_bank.code if shown_bank else "", **words}
    fields |= {name: short_date(day) if day else "" for name, day in days.items()}
    fields["berkas"] = str(upload or "")
    fields = {key: text for key, text in fields.items() if text}
    return EntriesAsked(wanted, fields, _chips(wanted, shown_bank), problems)


def _known(word: str, among: Sequence[str] | Mapping[str, object]) -> str:
    return word if word in among else ""


def _chips(wanted: EntryFilter, bank: Bank | None) -> list[tuple[tuple[str, ...], str]]:
    state = STATE_LABELS.get(wanted.state, "")
    if state and wanted.as_at:
        state += f" sampai {long_date(wanted.as_at)}"
    says = (
        (("bank",), bank.name if bank else ""),
        (("jenis",), KIND_LABELS.get(wanted.kind, "")),
        (("dari", "sampai"), period_words("Tanggal", wanted.first, wanted.last)),
        (
            ("buku_dari", "buku_sampai"),
            period_words("Dibukukan", wanted.booked_first, wanted.booked_last),
        ),
        (("keadaan", "per"), state),
        (("asal",), SOURCE_LABELS.get(wanted.source, "")),
        (("berkas",), f"Berkas nomor {number(wanted.upload_id)}" if wanted.upload_id else ""),
        (("pinjaman",), f"Pinjaman {wanted.loan}" if wanted.loan else ""),
    )
    return [(keys, text) for keys, text in says if text]
