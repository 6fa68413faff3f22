"""What an address asks of a figure: which loans, split by what; anything odd falls back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wibawa.indicators.counted.queries import DIMENSIONS, Source
from wibawa.rules.indicators import KINDS_WORDS, RULE_WORDS, UNIT_WORDS, Kinds, Rule, Span, Unit

RULE_SLUGS = {
    "kumulatif": Rule.CUMULATIVE,
    "berjalan": Rule.RUNNING,
    "dilayani": Rule.SERVED,
    "baru": Rule.NEW,
    "restrukturisasi": Rule.RESTRUCTURED,
}
UNIT_SLUGS = {"peminjam": Unit.PEOPLE, "pinjaman": Unit.ACCOUNTS}
KINDS_SLUGS = {"semua": Kinds.ALL, "mikro": Kinds.MICRO, "koperasi": Kinds.COOPERATIVE}
_RULE_WORD = {rule: word for word, rule in RULE_SLUGS.items()}
_UNIT_WORD = {unit: word for word, unit in UNIT_SLUGS.items()}
_KINDS_WORD = {kinds: word for word, kinds in KINDS_SLUGS.items()}


@dataclass(frozen=True)
class Asked:
    """A figure of a year: `lock` names the version of a locked year, `cell` one part of a split."""

    source: Source
    lock: int | None
    cell: tuple[str, str] | None

    @property
    def span(self) -> Span:
        return self.source.span

    @property
    def words(self) -> str:
        source = self.source
        kinds = "" if source.kinds is Kinds.ALL else f", {KINDS_WORDS[source.kinds].lower()}"
        return f"{RULE_WORDS[source.rule]}{kinds}: {UNIT_WORDS[source.unit].lower()}"

    @property
    def fields(self) -> dict[str, Any]:
        """The figure as an address says it, without its split."""
        found = address_of(self.source.rule, self.source.unit, self.source.kinds)
        if self.lock is not None:
            return found | {"kunci": self.lock}
        return found | day_fields(self.span)

    @property
    def cell_fields(self) -> dict[str, Any]:
        return {"menurut": self.cell[0], "isi": self.cell[1]} if self.cell else {}


def address_of(rule: Rule, unit: Unit, kinds: Kinds) -> dict[str, str]:
    """The words of a figure in an address; what is usual is left out."""
    found = {"varian": _RULE_WORD[rule]}
    if unit is not Unit.PEOPLE:
        found["satuan"] = _UNIT_WORD[unit]
    if kinds is not Kinds.ALL:
        found["jenis"] = _KINDS_WORD[kinds]
    return found


def day_fields(span: Span) -> dict[str, str]:
    """The day of a span as an address says it; that of a whole year is left out."""
    whole = (span.last.month, span.last.day) == (12, 31)
    return {} if whole else {"tanggal": span.last.isoformat()}


def read(arguments: Mapping[str, str], span: Span, lock: tuple[int, int] | None = None) -> Asked:
    """The figure that an address asks for; `lock` is (id, version) of the lock that it names."""
    rule = RULE_SLUGS.get(arguments.get("varian", ""), Rule.CUMULATIVE)
    unit = UNIT_SLUGS.get(arguments.get("satuan", ""), Unit.PEOPLE)
    kinds = KINDS_SLUGS.get(arguments.get("jenis", ""), Kinds.ALL)
    by, key = arguments.get("menurut", ""), arguments.get("isi", "")
    cell = (by, key) if by in DIMENSIONS and "isi" in arguments else None
    source = Source(rule, span, unit, kinds, lock[0] if lock else None)
    return Asked(source, lock[1] if lock else None, cell)
