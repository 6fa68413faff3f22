"""What the address of the list of loans asks for, and the chips that say it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wibawa.banks.models import Bank
from wibawa.loans.lists import STATES, LoanFilter
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import long_date, short_date
from wibawa.rules.money import number
from wibawa.rules.reconciliation import Month
from wibawa.web.asked import asked_day, asked_number

STATE_LABELS = {
    "berjalan": "Berjalan",
    "menunggak": "Menunggak",
    "lunas": "Lunas",
    "hapusbuku": "Dihapus buku",
    "semua": "Semua",
}
KINDS = {"mikro": "micro", "koperasi": "cooperative"}
KIND_LABELS = {"mikro": "Usaha mikro", "koperasi": "Koperasi"}
LATE_STEPS = (30, 90, 180)
FILTERS = (
    "q", "bank", "kol", "keadaan", "lewat", "npl", "jenis", "cair", "restrukturisasi", "kecamatan",
    "tanggal",
)  # fmt: skip
LONGEST_SEARCH = 80


@dataclass(frozen=True)
class ListAsked:
    """The day and the filter of a list of loans. `fields` is what the form shows again; `chips` are
    (key of the filter, what it says)."""

    on: dt.date
    wanted: LoanFilter
    fields: dict[str, str]
    chips: list[tuple[str, str]]
    problem: str | None


def read_list(
    arguments: Mapping[str, str],
    today: dt.date,
    banks: Sequence[Bank],
    own_bank: int | None,
    personal: bool,
    places: Mapping[str, str],
) -> ListAsked:
    """Read the filters; a bank officer is confined to `own_bank` whatever the address says.
    `places`: code → name of each kecamatan."""
    on, problem = asked_day(arguments.get("tanggal"), today)
    bank = next((each for each in banks if each.code == arguments.get("bank", "").upper()), None)
    state = arguments.get("keadaan", "")
    kind = arguments.get("jenis", "")
    wanted = LoanFilter(
        bank_id=own_bank if own_bank is not None else bank.id if bank else None,
        text=arguments.get("q", "").strip()[:LONGEST_SEARCH],
        search_personal=personal,
        collectibility=asked_number(arguments.get("kol"), 1, 5),
        state=state if state in STATES else STATES[0],
        over_days=asked_number(arguments.get("lewat"), 0, 9_999),
        npl=arguments.get("npl") == "1",
        borrower_kind=KINDS.get(kind),
        kecamatan=place if (place := arguments.get("kecamatan", "")) in places else None,
        disbursed_year=asked_number(arguments.get("cair"), 2000, 2100),
        disbursed_month=Month.parse(arguments.get("cair", "")),
        rescheduled_year=asked_number(arguments.get("restrukturisasi"), 2000, 2100),
        restructured=arguments.get("restrukturisasi") == "ya",
    )
    shown_bank = bank if own_bank is None else None
    fields = _fields(wanted, shown_bank, kind, on if on != today else None)
    place = places.get(wanted.kecamatan or "", "")
    return ListAsked(on, wanted, fields, _chips(fields, shown_bank, on, place), problem)


def _fields(wanted: LoanFilter, bank: Bank | None, kind: str, on: dt.date | None) -> dict[str, str]:
    """The filters as the form and further addresses write them; defaults are left out."""

    def text(value: object) -> str:
        return "" if value is None else str(value)

    found = {
        "q": wanted.text,
        "bank": bank.code if bank else "",
        "kol": text(wanted.collectibility),
        "keadaan": wanted.state if wanted.state != STATES[0] else "",
        "lewat": text(wanted.over_days),
        "npl": "1" if wanted.npl else "",
        "jenis": kind if kind in KINDS else "",
        "cair": wanted.disbursed_month.text
        if wanted.disbursed_month
        else text(wanted.disbursed_year),
        "restrukturisasi": "ya" if wanted.restructured else text(wanted.rescheduled_year),
        "kecamatan": text(wanted.kecamatan),
        "tanggal": short_date(on) if on else "",
    }
    return {key: value for key, value in found.items() if value}


def _disbursed_words(code: str) -> str:
    month = Month.parse(code)
    return f"Dicairkan {month.words}" if month else f"Dicairkan tahun {code}"


def _chips(
    fields: dict[str, str], bank: Bank | None, on: dt.date, place: str
) -> list[tuple[str, str]]:
    """(key, what the filter says) of the filters in use, in the order of the form."""
    number_of = {key: int(text) for key, text in fields.items() if text.isdecimal()}
    says = {
        "q": f"Cari “{fields.get('q')}”",
        "bank": bank.name if bank else "",
        "kol": f"Kolektibilitas {fields.get('kol')} {CLASS_NAMES.get(number_of.get('kol', 0))}",
        "keadaan": f"Keadaan: {STATE_LABELS.get(fields.get('keadaan', ''), '').lower()}",
        "lewat": f"Menunggak lebih dari {number(number_of.get('lewat', 0))} hari",
        "npl": "NPL (kolektibilitas 3–5)",
        "jenis": KIND_LABELS.get(fields.get("jenis", ""), ""),
        "cair": _disbursed_words(fields.get("cair", "")),
        "restrukturisasi": "Direstrukturisasi"
        if fields.get("restrukturisasi") == "ya"
        else f"Direstrukturisasi tahun {fields.get('restrukturisasi')}",
        "kecamatan": f"Kecamatan {place}",
        "tanggal": f"Posisi {long_date(on)}",
    }
    return [(key, text) for key, text in says.items() if key in fields]
