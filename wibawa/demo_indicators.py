"""The demo office's indicators: inputs with their sources, another definition of the access figure
that two persons decided, last year locked, and the open figures switched on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sqlalchemy.orm import Session

from wibawa.dashboard.opened.actions import switch
from wibawa.dashboard.opened.queries import history
from wibawa.indicators.definitions import actions as definitions
from wibawa.indicators.definitions.actions import Wish
from wibawa.indicators.definitions.queries import definition, of_year
from wibawa.indicators.inputs.actions import Said, write_down
from wibawa.indicators.locks import actions as locks
from wibawa.indicators.queries import SI_UMI, TPB, indicators

KUR = "KUR (angka contoh)"


def add_indicators(session: Session, people: dict[str, int], now: dt.datetime) -> None:
    """What Ani writes down and asks for, and what Budi decides."""
    ani, budi, year = people["ani"], people["budi"], now.year
    said = Said("denominator", SI_UMI, year - 1, 36_900, None, None, None,
                dt.date(year - 1, 12, 31), "Angka contoh, bukan data SI-UMI", "", "")  # fmt: skip
    write_down(session, said, 0, ani, now)
    write_down(session, replace(said, year=year, count=37_400, cut_off=None), 0, ani, now)
    for of, count in ((year - 1, 2_890), (year, 2_870)):
        other = replace(said, kind="programme", name=KUR, year=of, count=count, cut_off=None,
                        source="Angka contoh")  # fmt: skip
        write_down(session, other, 0, ani, now)
    _count_others_too(session, year - 1, ani, budi, now)
    shown = locks.shown(locks.document_now(session, year - 1)[0])
    locks.ask_to_lock(session, year - 1, shown, "Angka contoh tahun lalu", ani, now)
    locks.approve(session, year - 1, shown, budi, now)
    came = history(session)[0].id
    switch(session, now.date(), True, "Contoh: surat kepala dinas", came, budi, now)


def _count_others_too(session: Session, since: int, ani: int, budi: int, now: dt.datetime) -> None:
    """From last year on the access figure adds what other programmes reached."""
    before = of_year(session, TPB, since)
    assert before is not None
    wish = Wish(since, before.rule, before.counted, before.kinds, True, before.denominator,
                before.definition, before.interpretation,
                f"{before.formula} Ditambah peminjam program lain.", before.source,
                before.cut_off, before.responsible, "Contoh: program lain dihitung")  # fmt: skip
    access = next(each for each in indicators(session) if each.code == TPB)
    proposed = definitions.propose(session, access, wish, ani, now)
    version = definition(session, proposed)
    assert version is not None
    definitions.approve(session, proposed, definitions.shown(session, version), budi, now)
