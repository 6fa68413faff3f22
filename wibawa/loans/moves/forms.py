"""What the address of the list of moves between classes asks for, and the chips that say it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wibawa.banks.models import Bank
from wibawa.loans.moves.lists import GIVEN_UP, NEW, PAID, STATES, MoveFilter
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import short_date
from wibawa.web.asked import asked_date, period_words

CLASSES = {grade: f"Kolektibilitas {grade} {name}" for grade, name in CLASS_NAMES.items()}
BEFORE = {**CLASSES, NEW: "Baru dicairkan", PAID: "Lunas", GIVEN_UP: "Dihapus buku"}
AFTER = {**CLASSES, PAID: "Lunas", GIVEN_UP: "Dihapus buku"}


@dataclass(frozen=True)
class MovesAsked:
    """The filter of the list. `fields` is what the form shows again; `chips` are (keys of the
    filter, what it says)."""

    wanted: MoveFilter
    fields: dict[str, str]
    chips: list[tuple[tuple[str, ...], str]]
    problems: list[str] = field(default_factory=list)

    @property
    def day_after(self) -> str:
        """The day after the first one, as an address writes it: money of it came between them."""
        return short_date(self.wanted.first + dt.timedelta(days=1))


def read_moves(
    arguments: Mapping[str, str], today: dt.date, banks: Sequence[Bank], own_bank: int | None
) -> MovesAsked:
    """Read the filters: from the end of last month to today unless asked otherwise. A bank officer
    is confined to `own_bank` whatever the address says."""
    last, wrong_last = asked_date(arguments.get("sampai"))
    last = last or today
    first, wrong_first = asked_date(arguments.get("dari"))
    first = first or last.replace(day=1) - dt.timedelta(days=1)
    first, last = min(first, last), max(first, last)
    bank = next((each for each in banks if each.code == arguments.get("bank", "").upper()), None)
    was, became = (STATES.get(arguments.get(name, "")) for name in ("semula", "menjadi"))
    wanted = MoveFilter(
        first,
        last,
        own_bank if own_bank is not None else bank.id if bank else None,
        was,
        became if became in AFTER else None,
        arguments.get("berakhir") == "ikut",
    )
    shown_bank = bank if own_bank is None else None
    fields = {
        "dari": short_date(first),
        "sampai": short_date(last),
        "bank": shown_bank.code if shown_bank else "",
        "semula": arguments["semula"] if wanted.was else "",
        "menjadi": arguments["menjadi"] if wanted.became else "",
        "berakhir": "ikut" if wanted.ended else "",
    }
    fields = {key: text for key, text in fields.items() if text}
    problems = [problem for problem in (wrong_first, wrong_last) if problem]
    return MovesAsked(wanted, fields, _chips(wanted, arguments, shown_bank), problems)


def _chips(
    wanted: MoveFilter, arguments: Mapping[str, str], bank: Bank | None
) -> list[tuple[tuple[str, ...], str]]:
    asked = arguments.get("dari") or arguments.get("sampai")
    says = (
        (("dari", "sampai"), period_words("Posisi", wanted.first, wanted.last) if asked else ""),
        (("bank",), bank.name if bank else ""),
        (("semula",), f"Semula: {BEFORE[wanted.was]}" if wanted.was else ""),
        (("menjadi",), f"Menjadi: {AFTER[wanted.became]}" if wanted.became else ""),
        (("berakhir",), "Termasuk yang sudah berakhir pada kedua hari" if wanted.ended else ""),
    )
    return [(keys, text) for keys, text in says if text]
