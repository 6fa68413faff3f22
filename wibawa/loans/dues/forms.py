"""What the address of the list of installments asks for, and the chips that say it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wibawa.banks.models import Bank
from wibawa.loans.dues.lists import STATES, DueFilter
from wibawa.rules.dates import long_date, short_date
from wibawa.web.asked import asked_date, asked_day, period_words

STATE_LABELS = {"terbuka": "Belum tertutup", "semua": "Semua angsuran"}


@dataclass(frozen=True)
class DuesAsked:
    """The filter of the list. `fields` is what the form shows again; `chips` are (keys of the
    filter, what it says)."""

    wanted: DueFilter
    fields: dict[str, str]
    chips: list[tuple[tuple[str, ...], str]]
    problems: list[str] = field(default_factory=list)


def read_dues(
    arguments: Mapping[str, str], today: dt.date, banks: Sequence[Bank], own_bank: int | None
) -> DuesAsked:
    """Read the filters; a bank officer is confined to `own_bank` whatever the address says."""
    on, wrong_day = asked_day(arguments.get("tanggal"), today)
    first, wrong_first = asked_date(arguments.get("dari"))
    last, wrong_last = asked_date(arguments.get("sampai"))
    bank = next((each for each in banks if each.code == arguments.get("bank", "").upper()), None)
    state = arguments.get("keadaan", "")
    state = state if state in STATES else STATES[0]
    bank_id = own_bank if own_bank is not None else bank.id if bank else None
    shown_bank = bank if own_bank is None else None
    says = {
        ("bank",): shown_bank.name if shown_bank else "",
        ("keadaan",): STATE_LABELS[state] if state != STATES[0] else "",
        ("dari", "sampai"): period_words("Jatuh tempo", first, last),
        ("tanggal",): f"Posisi {long_date(on)}" if on != today else "",
    }
    fields = {
        "bank": shown_bank.code if shown_bank else "",
        "keadaan": state if state != STATES[0] else "",
        "dari": short_date(first) if first else "",
        "sampai": short_date(last) if last else "",
        "tanggal": short_date(on) if on != today else "",
    }
    return DuesAsked(
        DueFilter(on, bank_id, first, last, state),
        {key: text for key, text in fields.items() if text},
        [(keys, text) for keys, text in says.items() if text],
        [problem for problem in (wrong_day, wrong_first, wrong_last) if problem],
    )
