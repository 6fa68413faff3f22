"""What the address of the trail asks for, and the chips that say it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wibawa.audit.lists import NOBODY, TrailFilter
from wibawa.audit.words import ACTIONS, THINGS
from wibawa.rules.dates import short_date
from wibawa.web.asked import asked_date, asked_number, period_words

LONGEST = 100
NO_NUMBER = (
    "Saringan nomor tidak dipakai: tulis angkanya saja, misalnya 12 untuk KW-000012. "
    "Nomor kejadian dicari di “Keterangan memuat”."
)


@dataclass(frozen=True)
class TrailAsked:
    """The filter of the trail. `fields` is what the form shows again; `chips` are (keys of the
    filter, what it says)."""

    wanted: TrailFilter
    fields: dict[str, str]
    chips: list[tuple[tuple[str, ...], str]]
    problems: list[str] = field(default_factory=list)


def read_trail(arguments: Mapping[str, str], people: Sequence[tuple[int, str]]) -> TrailAsked:
    days: dict[str, dt.date | None] = {}
    problems = []
    for name in ("dari", "sampai"):
        days[name], problem = asked_date(arguments.get(name))
        problems += [problem] if problem else []
    names = {NOBODY: "Tanpa nama", **dict(people)}
    who = asked_number(arguments.get("siapa"), 0, 999_999)
    who = who if who in names else None
    number = asked_number(arguments.get("nomor"), 1, 999_999)
    if number is None and arguments.get("nomor", "").strip():
        problems.append(NO_NUMBER)
    said = {
        "kegiatan": _known(arguments.get("kegiatan", ""), ACTIONS),
        "objek": _known(arguments.get("objek", ""), THINGS),
        "cari": arguments.get("cari", "").strip()[:LONGEST],
        "alamat": arguments.get("alamat", "").strip()[:LONGEST],
    }
    first, last = days["dari"], days["sampai"]
    wanted = TrailFilter(
        who, said["kegiatan"], said["objek"], number, said["cari"], first, last, said["alamat"]
    )
    fields = said | {
        "siapa": "" if who is None else str(who),
        "nomor": str(number or ""),
        "dari": short_date(first) if first else "",
        "sampai": short_date(last) if last else "",
    }
    chips = [
        (("siapa",), "" if who is None else names[who]),
        (("kegiatan",), ACTIONS.get(said["kegiatan"], "")),
        (("objek",), _thing(said["objek"])),
        (("nomor",), f"Nomor {number}" if number else ""),
        (("cari",), f"Memuat “{said['cari']}”" if said["cari"] else ""),
        (("dari", "sampai"), period_words("Tanggal", first, last)),
        (("alamat",), f"Alamat IP {said['alamat']}" if said["alamat"] else ""),
    ]
    return TrailAsked(
        wanted,
        {key: text for key, text in fields.items() if text},
        [chip for chip in chips if chip[1]],
        problems,
    )


def _known(word: str, among: Mapping[str, object]) -> str:
    return word if word in among else ""


def _thing(kind: str) -> str:
    return THINGS[kind].label.capitalize() if kind else ""
