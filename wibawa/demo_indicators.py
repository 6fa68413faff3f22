"""The demo office's indicators: inputs with their source, a definition that two persons settled,
one that waits, last year locked, and the open figures switched on."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy.orm import Session

from wibawa.dashboard.opened.actions import switch
from wibawa.dashboard.opened.queries import history
from wibawa.indicators.definitions import actions as defining
from wibawa.indicators.definitions.actions import Wish
from wibawa.indicators.definitions.queries import definition
from wibawa.indicators.inputs.actions import Said, write_down
from wibawa.indicators.locks import actions as locking
from wibawa.indicators.queries import indicator_of
from wibawa.rules.indicators import Kinds, Rule, Unit
from wibawa.web.clock import in_wib

RENSTRA: Final = "Renstra 2025–2029, bab 2"
HISTORY: Final = ((2020, 1_899, 13_338_500_000), (2024, 2_416, 17_591_500_000))
OFFICE: Final = "Dinas Koperasi dan Usaha Mikro Kota Semarang"


def add_indicators(session: Session, now: dt.datetime, people: dict[str, int]) -> None:
    """Ani writes down and proposes, Budi decides; last year is locked."""
    today = in_wib(now).date()
    _inputs(session, today.year, people["ani"], now)
    _definitions(session, today.year, people, now)
    last = today.year - 1
    seen = locking.shown(locking.document_now(session, last)[0])
    locking.ask_to_lock(session, last, seen, "Semua bulan sudah direkonsiliasi", people["ani"], now)
    locking.approve(session, last, seen, people["budi"], now)
    newest = history(session)[0].id
    switch(session, today, True, "Contoh: surat kepala dinas", newest, people["budi"], now)


def _inputs(session: Session, year: int, by: int, now: dt.datetime) -> None:
    for of, borrowers, principal in HISTORY:
        _say(session, "opening", "Kredit Wibawa", of, borrowers, by, now, principal, RENSTRA)
    for of in range(2025, year + 1):
        count = 36_613 + 1_450 * (of - 2024)
        source, day = "Ekspor SI-UMI", dt.date(of, 12, 31) if of < year else None
        _say(
            session,
            "denominator",
            "SI-UMI",
            of,
            count,
            by,
            now,
            None,
            source,
            day,
            count * 58 // 100,
        )
    for of in range(2024, year + 1):
        for name, count in (("KUR", 1_240), ("Bank Himbara", 310)):
            count += 35 * (of - 2024)
            _say(session, "programme", name, of, count, by, now, None, "SIKP", None, count * 3 // 5)


def _say(
    session: Session,
    kind: str,
    name: str,
    year: int,
    count: int,
    by: int,
    now: dt.datetime,
    principal: int | None = None,
    source: str = "",
    day: dt.date | None = None,
    female: int | None = None,
) -> None:
    male = count - female if female is not None else None
    document = f"Surat 500.3/{year}" if kind == "programme" else ""
    facts = (kind, name, year, count, male, female, principal, day, source, document, "")
    write_down(session, Said(*facts), 0, by, now)


def _definitions(session: Session, year: int, people: dict[str, int], now: dt.datetime) -> None:
    access = Wish(
        year - 1,
        Rule.RUNNING,
        Unit.PEOPLE,
        Kinds.MICRO,
        True,
        "SI-UMI",
        "Usaha mikro yang pembiayaannya berjalan pada tahun itu, lewat Kredit Wibawa atau program "
        "lain.",
        "Makin besar, makin banyak usaha mikro yang usahanya dibiayai.",
        "Peminjam usaha mikro Kredit Wibawa yang berjalan pada tahun itu, ditambah orang yang "
        "dijangkau KUR dan Bank Himbara, dibagi usaha mikro di SI-UMI, dikali 100.",
        "Pembukuan Kredit Wibawa; SIKP; SI-UMI",
        "31 Desember",
        OFFICE,
        "Renstra meminta indikator ini mulai 2026",
    )
    made = _propose(session, "akses-pembiayaan", access, people["ani"], now)
    version = definition(session, made)
    assert version is not None
    defining.approve(session, made, defining.shown(session, version), people["budi"], now)
    wider = Wish(
        year,
        Rule.CUMULATIVE,
        Unit.PEOPLE,
        Kinds.ALL,
        True,
        "SI-UMI",
        "Usaha mikro dan koperasi yang pernah dijangkau Kredit Wibawa, ditambah program lain.",
        "Makin besar, makin banyak usaha mikro terdata yang dijangkau layanan keuangan.",
        "Peminjam kumulatif Kredit Wibawa ditambah orang yang dijangkau program lain, dibagi usaha "
        "mikro di SI-UMI, dikali 100.",
        "Pembukuan Kredit Wibawa; SIKP; SI-UMI",
        "31 Desember",
        OFFICE,
        "Angka terbitan 2024 hanya tercapai bila program lain ikut dihitung",
    )
    _propose(session, "tpb-8-3-1-c", wider, people["ani"], now)


def _propose(session: Session, word: str, wish: Wish, by: int, now: dt.datetime) -> int:
    indicator = indicator_of(session, word)
    assert indicator is not None
    return defining.propose(session, indicator, wish, by, now)
