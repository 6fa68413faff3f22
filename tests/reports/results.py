"""What the reports of the indicators and the yearly one must say of the oracle's world, and what
every report must say of what came after its day. Plain Python, nothing of the program."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from tests.reports import answers
from tests.reports.answers import NONE, Answer
from tests.reports.oracle import (
    CLASSES,
    DEFINED,
    DEFINED_ON,
    INPUTS,
    LAST,
    LOCKED,
    LOCKED_ON,
    Entry,
    Figures,
    Loan,
    World,
    long_date,
    month_end,
    months_on,
    percent,
)

TPB, ACCESS, CAPITAL, EASED = "TPB", "ACCESS", "CAPITAL", "EASED"
# The Renstra's targets and published figures, in hundredths of a percent or plain counts.
TARGETS = {
    TPB: dict(zip(range(2020, 2030), (600, 650, 700, 750, 800, 850, 900, 950, 1000, 1050),
                  strict=True)),
    ACCESS: dict(zip(range(2026, 2031), (7140, 7340, 7400, 7650, 8100), strict=True)),
    CAPITAL: dict.fromkeys(range(2026, 2031), 50),
    EASED: dict(zip(range(2026, 2031), (500, 500, 550, 550, 550), strict=True)),
}  # fmt: skip
PUBLISHED = {2020: 1130, 2021: 1062, 2022: 797, 2023: 804, 2024: 794}
SI_UMI = {2020: 21_509, 2024: 36_613}
RULES = {
    TPB: ("cumulative", None),
    ACCESS: ("running", "micro"),
    CAPITAL: ("served", "cooperative"),
    EASED: ("running", "micro"),
}
NAMES = {
    TPB: ("Persentase akses UMKM ke layanan keuangan", "%"),
    ACCESS: ("Persentase pelaku usaha mikro yang mendapat fasilitasi pengembangan usaha dan akses "
             "pembiayaan", "%"),
    CAPITAL: ("Jumlah koperasi yang difasilitasi permodalannya", "koperasi"),
    EASED: ("Jumlah usaha mikro yang terfasilitasi (pemulihan, termasuk restrukturisasi kredit)",
            "unit usaha"),
}  # fmt: skip
COUNTED, INCOMPLETE = "dihitung dari buku", "pembilang belum lengkap"
Line = dict[str, Any]


def _said(kind: str, year: int, known: dt.date) -> int | None:
    found = SI_UMI.get(year) if kind == "denominator" else None
    for booked, of, _, for_year, count in INPUTS:
        if (of, for_year) == (kind, year) and booked <= known:
            found = count
    return found


def _people(world: World, code: str, year: int, day: dt.date, known: dt.date) -> int | None:
    """How many borrowers an indicator counts of the books; None where the year holds nothing."""
    rule, kind = RULES[code]
    loans = answers.indicator_loans(world, year, rule, known, day)
    if not loans:
        return None
    if code == EASED:
        loans = [
            loan for loan in world.loans
            if any(v.kind in ("holiday", "tenor") and v.since.year == year and v.since <= day
                   and v.made <= known for v in loan.versions)
        ]  # fmt: skip
    return len({e.borrower.key for e in loans if kind in (None, e.borrower.kind)})


def _numbers(
    world: World, code: str, year: int, day: dt.date, known: dt.date
) -> tuple[int | None, int | None, int | None, str]:
    """Numerator, denominator, what is realised, and the state of all that in words."""
    empty = dt.date(year, 1, 1) > day or not world.there(min(day, dt.date(year, 12, 31)), known)
    if code == TPB and year in PUBLISHED:
        return None, SI_UMI.get(year), PUBLISHED[year], "angka terbitan"
    if not empty and code == ACCESS and (year < DEFINED or known < DEFINED_ON):
        return None, None, None, INCOMPLETE
    own = None if empty else _people(world, code, year, day, known)
    if own is None:
        return None, None, None, NONE
    if code in (CAPITAL, EASED):
        return own, None, own, COUNTED
    others = _said("programme", year, known) if code == ACCESS else 0
    if others is None:
        return None, None, None, INCOMPLETE
    denominator = _said("denominator", year, known)
    if denominator is None:
        return own + others, None, None, "penyebut belum dimasukkan"
    return own + others, denominator, percent(own + others, denominator), COUNTED


def figure(world: World, code: str, year: int, day: dt.date, known: dt.date) -> Line:
    """One indicator in one year as a day knows it; of a locked year that is over, the lock."""
    if year == LOCKED and day >= dt.date(year, 12, 31):
        known = min(known, LOCKED_ON)
    numerator, denominator, realised, words = _numbers(world, code, year, day, known)
    target = TARGETS[code].get(year)
    ratio = None if realised is None or target is None else percent(realised, target)
    source = "Tabel 4.3" if code != TPB else "Tabel 2.7" if year in PUBLISHED else "Tabel 2.14"
    return {
        "target": target,
        "numerator": _or_none(numerator),
        "denominator": _or_none(denominator),
        "realised": _or_none(realised),
        "ratio": _or_none(ratio),
        "words": words,
        "source": None if target is None else f"Renstra 2025–2029, {source}",
    }


def _or_none(value: int | None) -> int | str:
    return NONE if value is None else value


def _by_year(world: World, code: str, years: range, day: dt.date, known: dt.date) -> Figures:
    keys = ("target", "numerator", "denominator", "realised", "ratio", "words", "source")
    found: Figures = {}
    for year in years:
        line = figure(world, code, year, day, known)
        found[(str(year),)] = [line[key] for key in keys]
    return found


def tpb(world: World, day: dt.date, known: dt.date) -> Answer:
    found: Answer = {}
    for first in (2020, 2025):
        lines = [figure(world, TPB, year, day, known) for year in range(first, first + 5)]
        found[f"tabel-{first}"] = {
            (label, "%"): [line[key] for line in lines]
            for label, key in (
                ("Target", "target"), ("Realisasi", "realised"), ("Rasio capaian", "ratio"),
            )
        }  # fmt: skip
    return found | {"tahun": _by_year(world, TPB, range(2020, 2030), day, known)}


def access(world: World, day: dt.date, known: dt.date) -> Answer:
    return {"tahun": _by_year(world, ACCESS, range(2024, 2031), day, known)}


def capital(world: World, day: dt.date, known: dt.date) -> Answer:
    found: Figures = {}
    for year in range(2024, 2031):
        line = figure(world, CAPITAL, year, day, known)
        coops = [
            loan.principal for loan in world.there(day, known)
            if loan.borrower.kind == "cooperative" and loan.lent_on.year == year
        ]  # fmt: skip
        lent: list[Any] = [len(coops), sum(coops)] if coops else [NONE, NONE]
        found[(str(year),)] = [line["target"], line["realised"], line["ratio"], *lent,
                               line["words"], line["source"]]  # fmt: skip
    return {"koperasi": found}


# — the yearly report —


def _sums(world: World, first: dt.date, last: dt.date, known: dt.date) -> list[Any]:
    def whole(values: list[Any]) -> list[int]:
        return [0 if value == NONE else value for value in values]

    if not world.there(last, known):
        return [NONE] * 16
    lent = whole(answers.lent(world, first, last, known)["bulan"]["Jumlah",])
    came = whole(answers.came(world, first, last, known)["bulan"]["Jumlah",])
    reached = answers.reached(world, first, last, known)["kecamatan"]["Jumlah",]
    stands = {key[0]: line[-1] for key, line in
              answers.portfolio(world, last, known)["portofolio"].items()}  # fmt: skip
    return [
        *lent[:3], reached[2], reached[5], *came[3:6], stands["Baki debet"],
        stands["Tunggakan pokok dan bunga"], stands["Rasio tunggakan"],
        stands["Baki debet yang menunggak lebih dari 30 hari"], stands["PAR30"],
        stands["Baki debet kolektibilitas 3–5"], stands["NPL"],
        stands["Pinjaman yang dihapus buku"],
    ]  # fmt: skip


SUMMARY = (
    ("Pinjaman dicairkan", "pinjaman"), ("Plafon dicairkan", "Rp"),
    ("Di antaranya kepada koperasi", "pinjaman"), ("Peminjam dilayani", "peminjam"),
    ("Peminjam sejak awal", "peminjam"), ("Uang diterima, bersih", "Rp"),
    ("Di antaranya pokok", "Rp"), ("Di antaranya bunga", "Rp"),
    ("Baki debet pada hari terakhir", "Rp"), ("Tunggakan", "Rp"), ("Rasio tunggakan", "%"),
    ("Baki debet yang menunggak lebih dari 30 hari", "Rp"), ("PAR30", "%"),
    ("Baki debet kolektibilitas 3–5", "Rp"), ("NPL", "%"),
    ("Pinjaman yang dihapus buku", "pinjaman"),
)  # fmt: skip


def _year_before(day: dt.date) -> dt.date:
    if day == month_end(day.year, day.month):
        return month_end(day.year - 1, day.month)
    return months_on(day, -12)


OF_YEAR = ("target", "numerator", "denominator", "realised", "ratio", "words")


def yearly(world: World, first: dt.date, last: dt.date, known: dt.date) -> Answer:
    now = _sums(world, first, last, known)
    then = _sums(world, months_on(first, -12), _year_before(last), known)
    classes = answers.portfolio(world, last, known)["kolektibilitas"]
    owed = classes["Jumlah",][-1]
    labels = [*(f"{grade} {name}" for grade, name in enumerate(CLASSES, 1)), "Jumlah"]
    indicators: Figures = {}
    for code, name in NAMES.items():
        line = figure(world, code, last.year, last, known)
        if code in (CAPITAL, EASED):  # a count is not a part of anything
            line |= {"denominator": None}
        indicators[name] = [line[key] for key in OF_YEAR]
    trend: Figures = {}
    for year in range(2020, 2030):
        line = figure(world, TPB, year, last, known)
        trend[(str(year),)] = [line[key] for key in OF_YEAR[:-1]]
    reached = answers.reached(world, first, last, known)
    return {
        "ringkasan": {
            label: list(pair) for label, pair in zip(SUMMARY, zip(now, then, strict=True),
                                                     strict=True)
        },
        "pencairan": answers.lent(world, first, last, known)["bulan"],
        "kolektibilitas": {
            (label,): [*classes[label,][-2:], percent(classes[label,][-1], owed)]
            for label in labels
        },
        **{f"peminjam-{code}": rows for code, rows in reached.items()},
        "indikator": indicators,
        "tren": trend,
    }  # fmt: skip


# — what came after the day of a report, and what it says of that —


def _line(count: int, day: dt.date, what: str = "entri") -> str:
    if not count:
        return (f"Tidak ada {what} yang dibukukan sesudah {long_date(day)} dengan tanggal sampai "
                "hari itu.")  # fmt: skip
    return (f"Termasuk {count} {what} bertanggal sampai {long_date(day)} yang dibukukan sesudah "
            "hari itu.")  # fmt: skip


def _titipan_later(world: World, day: dt.date) -> str:
    moved = [(each.on, each.booked) for each in world.titipan]
    moved += [(on, booked) for each in world.titipan for _, _, on, booked in each.taken]
    return _line(sum(on <= day < booked for on, booked in moved), day, "catatan titipan")


def _entries(world: World, day: dt.date, test: Callable[[Loan, Entry], bool]) -> str:
    found = [
        entry for loan in world.loans for entry in loan.entries
        if entry.on <= day < entry.booked and test(loan, entry)
    ]  # fmt: skip
    return _line(len(found), day)


def _eased(loan: Loan, day: dt.date) -> bool:
    return any(v.kind in ("holiday", "tenor") and v.since <= day for v in loan.versions)


def _given_up(loan: Loan, day: dt.date) -> bool:
    return any(e.kind == "write_off" and e.on <= day for e in loan.entries)


RECEIVED = ("repayment", "settlement", "recovery", "reversal")


def _said_later(day: dt.date) -> list[str]:
    counts = sum(booked > day and year <= day.year for booked, _, _, year, _ in INPUTS)
    found = []
    if counts:
        found.append(f"{counts} angka masukan indikator dicatat sesudah {long_date(day)}.")
    if day.year >= DEFINED and day < DEFINED_ON:
        found.append(f"1 definisi indikator disetujui sesudah {long_date(day)}.")
    return found


def kept(code: str, day: dt.date, known: dt.date) -> list[str]:
    """What a report says of the locked year."""
    if code not in ("tpb", "akses-pembiayaan", "permodalan-koperasi"):
        return []
    if known <= LOCKED_ON or day < dt.date(LOCKED, 12, 31):
        return []
    return [f"Angka tahun {LOCKED} dikunci: yang datang sesudah penguncian tidak mengubahnya."]


def later(world: World, code: str, day: dt.date) -> list[str]:
    """The lines under a report's title when it is made on the world's last day for a past day."""
    every = _entries(world, day, lambda loan, entry: True)
    lent = _entries(world, day, lambda loan, entry: entry.kind == "disbursement")
    if code in ("pencairan", "kuota"):
        return [lent]
    if code == "angsuran":
        money = _entries(world, day, lambda loan, entry: entry.kind in RECEIVED)
        return [money, _titipan_later(world, day)]
    if code == "titipan":
        return [_titipan_later(world, day)]
    if code == "restrukturisasi":
        return [_line(0, day, "restrukturisasi"),
                _entries(world, day, lambda loan, entry: _eased(loan, day))]  # fmt: skip
    if code == "hapus-buku":
        return [_entries(world, day, lambda loan, entry: _given_up(loan, day))]
    if code in ("tpb", "permodalan-koperasi"):
        return [lent, *_said_later(day), *kept(code, day, LAST)]
    if code == "akses-pembiayaan":
        running = day.year >= DEFINED
        return [every if running else lent, *_said_later(day), *kept(code, day, LAST)]
    return [every, *_said_later(day)] if code == "tahunan" else [every]
