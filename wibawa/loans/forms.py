"""What the addresses of the lists of loans and of titipan ask for, and the chips that say it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wibawa.banks.models import Bank
from wibawa.loans.lists import STATES, LoanFilter, SuspenseFilter
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import long_date, short_date
from wibawa.rules.money import number
from wibawa.rules.reconciliation import Month
from wibawa.web.asked import asked_date, asked_day, asked_number, period_words

STATE_LABELS = {
    "berjalan": "Berjalan",
    "menunggak": "Menunggak",
    "lunas": "Lunas",
    "hapusbuku": "Dihapus buku",
    "semua": "Semua",
}
KINDS = {"mikro": "micro", "koperasi": "cooperative"}
KIND_LABELS = {"mikro": "Usaha mikro", "koperasi": "Koperasi"}
SEX_LABELS = {"L": "Laki-laki", "P": "Perempuan"}
EASED = {"jeda": "holiday", "tenor": "tenor"}
EASED_LABELS = {"jeda": "Jeda angsuran", "tenor": "Perpanjangan jangka waktu"}
LATE_STEPS = (30, 90, 180)
FILTERS = (
    "q", "bank", "kol", "keadaan", "lewat", "npl", "jenis", "cair", "restrukturisasi", "kecamatan",
    "tanggal", "cair_dari", "cair_sampai", "kelamin", "ringan", "ringan_dari", "ringan_sampai",
)  # fmt: skip
FORM = ("q", "bank", "keadaan", "kol", "lewat", "tanggal")  # have a field on the page
DAYS = ("cair_dari", "cair_sampai", "ringan_dari", "ringan_sampai")
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

    @property
    def hidden(self) -> dict[str, str]:
        """The filters that have no field of their own in the form: it hands them on."""
        return {key: text for key, text in self.fields.items() if key not in FORM}


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
    days = {key: asked_date(arguments.get(key))[0] for key in DAYS}
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
        disbursed=(days["cair_dari"], days["cair_sampai"]),
        sex=sex if (sex := arguments.get("kelamin", "")) in SEX_LABELS else None,
        eased=(days["ringan_dari"], days["ringan_sampai"]),
        eased_how=EASED.get(arguments.get("ringan", "")),
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
        "kelamin": text(wanted.sex),
        "ringan": next((word for word, kind in EASED.items() if kind == wanted.eased_how), ""),
    }
    days = zip(DAYS, (*wanted.disbursed, *wanted.eased), strict=True)
    found |= {key: short_date(day) if day else "" for key, day in days}
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
        "kelamin": SEX_LABELS.get(fields.get("kelamin", ""), ""),
        "ringan": EASED_LABELS.get(fields.get("ringan", ""), ""),
        "cair_dari": f"Dicairkan sejak {fields.get('cair_dari')}",
        "cair_sampai": f"Dicairkan sampai {fields.get('cair_sampai')}",
        "ringan_dari": f"Direstrukturisasi sejak {fields.get('ringan_dari')}",
        "ringan_sampai": f"Direstrukturisasi sampai {fields.get('ringan_sampai')}",
    }
    return [(key, text) for key, text in says.items() if key in fields]


# — titipan —

REASONS = {
    "account_unknown": "Rekening tidak dikenal",
    "loan_closed": "Pinjaman sudah lunas",
    "exceeds_outstanding": "Melebihi sisa tagihan",
}
REASON_SLUGS = {"rekening": "account_unknown", "lunas": "loan_closed",
                "lebih": "exceeds_outstanding"}  # fmt: skip
SUSPENSE_STATES = {"terbuka": "Terbuka", "selesai": "Selesai", "semua": "Semua"}


@dataclass(frozen=True)
class SuspenseAsked:
    """The filter of a list of titipan. `fields` is what the form shows again; `chips` are (keys of
    the filter, what it says)."""

    wanted: SuspenseFilter
    fields: dict[str, str]
    chips: list[tuple[tuple[str, ...], str]]


def read_suspense(
    arguments: Mapping[str, str],
    today: dt.date,
    banks: Sequence[Bank],
    own_bank: int | None,
    old_before: dt.date,
) -> SuspenseAsked:
    """Read the filters; a bank officer is confined to `own_bank` whatever the address says. What
    came before `old_before` is old."""
    bank = next((each for each in banks if each.code == arguments.get("bank", "").upper()), None)
    state = arguments.get("keadaan", "terbuka")
    state = state if state in SUSPENSE_STATES else "terbuka"
    old = arguments.get("umur") == "lama"
    reason = arguments.get("sebab", "")
    reason = reason if reason in REASON_SLUGS else ""
    first, last, on = (asked_date(arguments.get(key))[0] for key in ("dari", "sampai", "tanggal"))
    bank_id = own_bank if own_bank is not None else bank.id if bank else None
    shown_bank = bank if own_bank is None else None
    fields = {
        "bank": shown_bank.code if shown_bank else "",
        "keadaan": state if state != "terbuka" else "",
        "umur": "lama" if old else "",
        "sebab": reason,
        "dari": short_date(first) if first else "",
        "sampai": short_date(last) if last else "",
        "tanggal": short_date(on) if on else "",
    }
    says = (
        (("bank",), shown_bank.name if shown_bank else ""),
        (("keadaan",), f"Keadaan: {SUSPENSE_STATES[state].lower()}" if state != "terbuka" else ""),
        (("umur",), f"Lebih dari {(today - old_before).days} hari" if old else ""),
        (("sebab",), REASONS[REASON_SLUGS[reason]] if reason else ""),
        (("dari", "sampai"), period_words("Tanggal bayar", first, last)),
        (("tanggal",), f"Posisi {long_date(on)}" if on else ""),
    )
    before = old_before if old else None
    slug = REASON_SLUGS.get(reason)
    return SuspenseAsked(
        SuspenseFilter(bank_id, state, before, (first, last), slug, on),
        {key: text for key, text in fields.items() if text},
        [(keys, text) for keys, text in says if text],
    )
