"""What every report and every variant of the indicators must say of the oracle's world.

Plain Python beside `oracle`, nothing of the program: figures are added up loan by loan, and money
of a period day by day. An answer is {code of a table: {labels of a row: its figures}}.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from tests.reports.oracle import (
    BANKS,
    CLASSES,
    DAY,
    LAST,
    MONTHS,
    PLACES,
    Entry,
    Figures,
    Loan,
    Stand,
    World,
    long_date,
    month_end,
    months_on,
    percent,
)

RECEIVED = ("repayment", "settlement", "recovery")
NONE = "belum ada data"
Answer = dict[str, Figures]


def _months(first: dt.date, last: dt.date) -> list[tuple[str, dt.date, dt.date]]:
    found, start = [], first.replace(day=1)
    while start <= last:
        end = month_end(start.year, start.month)
        label = f"{MONTHS[start.month - 1]} {start.year}"
        found.append((label, max(start, first), min(end, last)))
        start = end + DAY
    return found


def _or_none(values: list[Any], known: bool) -> list[Any]:
    return values if known else [NONE] * len(values)


def begun(world: World, code: str, day: dt.date, known: dt.date) -> bool:
    """Whether anything that a report tells of was there: a loan; of money also titipan."""
    came = any(each.on <= day and each.booked <= known for each in world.titipan)
    return bool(world.there(day, known)) or (code in ("titipan", "angsuran") and came)


def without_data(answer: Answer) -> Answer:
    """An answer of books that hold nothing: no 0, and no table of dashes."""
    found: Answer = {}
    for code, rows in answer.items():
        empty = not any(isinstance(v, int) and v for line in rows.values() for v in line)
        gone = (0, None) if empty else (0,)
        found[code] = {
            label: [NONE if value in gone else value for value in line]
            for label, line in rows.items()
        }
    return found


def _days(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    while first <= last:
        yield first
        first += DAY


# — the portfolio and its quality —


def portfolio(world: World, day: dt.date, known: dt.date) -> Answer:
    groups: list[list[tuple[Loan, Stand]]] = [world.stands(day, known, bank) for bank in BANKS]
    groups.append([pair for group in groups for pair in group])
    lines: dict[str, list[Any]] = defaultdict(list)
    classes: Figures = defaultdict(list)
    for group in groups:
        alive = [pair for pair in group if not pair[1].gone]
        lost = [pair for pair in group if pair[1].gone]
        owed = sum(s.outstanding for _, s in alive)
        late = sum(s.outstanding for _, s in alive if s.days > 30)
        bad = sum(s.outstanding for _, s in alive if s.grade >= 3)
        arrears = sum(s.arrears for _, s in alive)
        running = [s for _, s in alive if s.outstanding]
        lines["Pinjaman yang pernah dicairkan"].append(len(group))
        lines["Plafon yang pernah dicairkan"].append(sum(loan.principal for loan, _ in group))
        lines["Pinjaman berjalan"].append(len(running))
        lines["Baki debet"].append(owed)
        lines["Tunggakan pokok dan bunga"].append(arrears)
        lines["Di antaranya tunggakan pokok"].append(sum(s.arrears_principal for _, s in alive))
        lines["Rasio tunggakan"].append(percent(arrears, owed))
        lines["Baki debet yang menunggak lebih dari 30 hari"].append(late)
        lines["PAR30"].append(percent(late, owed))
        lines["Baki debet kolektibilitas 3–5"].append(bad)
        lines["NPL"].append(percent(bad, owed))
        lines["Pinjaman yang dihapus buku"].append(len(lost))
        lines["Sisa pokok pinjaman yang dihapus buku"].append(sum(s.outstanding for _, s in lost))
        for grade, name in enumerate(CLASSES, 1):
            those = [s.outstanding for s in running if s.grade == grade]
            classes[(f"{grade} {name}",)] += [len(those), sum(those)]
        classes[("Jumlah",)] += [len(running), owed]
    units = {"Rasio tunggakan": "%", "PAR30": "%", "NPL": "%"}
    counts = ("Pinjaman yang pernah dicairkan", "Pinjaman berjalan", "Pinjaman yang dihapus buku")
    units |= dict.fromkeys(counts, "pinjaman")
    by_bank = {(label, units.get(label, "Rp")): values for label, values in lines.items()}
    return {"portofolio": by_bank, "kolektibilitas": dict(classes)}


def quality(world: World, day: dt.date, known: dt.date, quarterly: bool = False) -> Answer:
    def line(group: list[tuple[Loan, Stand]]) -> list[Any]:
        alive = [s for _, s in group if not s.gone]
        owed = sum(s.outstanding for s in alive)
        late = sum(s.outstanding for s in alive if s.days > 30)
        bad = sum(s.outstanding for s in alive if s.grade >= 3)
        arrears = sum(s.arrears for s in alive)
        return [
            sum(loan.principal for loan, _ in group), sum(s.outstanding > 0 for s in alive), owed,
            late, percent(late, owed), bad, percent(bad, owed), arrears, percent(arrears, owed),
        ]  # fmt: skip

    every = world.stands(day, known)
    by_bank: Figures = {(name,): line(world.stands(day, known, b)) for b, name in BANKS.items()}
    vintages: dict[str, list[tuple[Loan, Stand]]] = defaultdict(list)
    for loan, stand in every:
        label = str(loan.lent_on.year)
        if quarterly:
            label += f" triwulan {(loan.lent_on.month - 1) // 3 + 1}"
        vintages[label].append((loan, stand))
    by_vintage: Figures = {(label,): line(vintages[label]) for label in sorted(vintages)}
    total = line(every)
    return {
        "bank": by_bank | {("Jumlah",): total},
        "angkatan": by_vintage | {("Jumlah",): total},
    }


def moves(world: World, first: dt.date, last: dt.date, known: dt.date) -> Answer:
    before = {loan.key: stand for loan, stand in world.stands(first, known)}

    def state(stand: Stand | None) -> str:
        if stand is None:
            return "Baru dicairkan"
        if stand.gone:
            return "Dihapus buku"
        return str(stand.grade) if stand.outstanding else "Lunas"

    moved: list[tuple[Loan, str, str, int, Stand]] = []
    for loan, stand in world.stands(last, known):
        was = before.get(loan.key)
        one, two = state(was), state(stand)
        if one == two and one in ("Lunas", "Dihapus buku"):
            continue
        moved.append((loan, one, two, was.outstanding if was else 0, stand))
    after = ["1", "2", "3", "4", "5", "Lunas", "Dihapus buku"]
    rows = ["1", "2", "3", "4", "5", "Baru dicairkan", "Lunas", "Dihapus buku"]
    words = {str(grade): f"Kolektibilitas {grade} {name}" for grade, name in enumerate(CLASSES, 1)}
    words["Lunas"] = "Lunas, terbuka lagi"
    counts: Figures = {}
    money: Figures = {}
    rates: Figures = {}
    for was_ in [*rows, None]:
        those = [each for each in moved if was_ in (None, each[1])]
        if was_ is not None and not was_.isdigit() and not those:
            continue
        label = ("Jumlah" if was_ is None else words.get(was_, was_),)
        found = [[each for each in those if each[2] == two] for two in after]
        counts[label] = [len(those), *(len(group) for group in found)]
        money[label] = [
            sum(each[3] for each in those),
            *(sum(each[4].outstanding for each in group) for group in found),
        ]
        if was_ is not None:
            rates[label] = [len(those), *(percent(len(group), len(those)) for group in found)]
    standing: Figures = {}
    for bank, name in BANKS.items():
        for grade, word in enumerate(CLASSES, 1):
            these = [e[4] for e in moved if e[0].bank == bank and e[2] == str(grade)]
            standing[name, f"{grade} {word}"] = [
                len(these), sum(s.outstanding for s in these), sum(s.arrears > 0 for s in these),
                sum(s.arrears for s in these),
            ]  # fmt: skip
    standing["Jumlah", ""] = [sum(column) for column in zip(*standing.values(), strict=True)]
    return {
        "perpindahan": counts, "perpindahan-baki": money, "persentase": rates,
        "tunggakan": standing,
    }  # fmt: skip


# — money —


def lent(world: World, first: dt.date, last: dt.date, known: dt.date) -> Answer:
    def line(loans: list[Loan]) -> list[Any]:
        coops = [loan for loan in loans if loan.borrower.kind == "cooperative"]
        values = [len(loans), sum(loan.principal for loan in loans), len(coops),
                  sum(loan.principal for loan in coops)]  # fmt: skip
        return _or_none(values, bool(loans))

    def between(start: dt.date, end: dt.date, bank: str | None = None) -> list[Loan]:
        return [loan for loan in world.there(end, known, bank) if loan.lent_on >= start]

    return _by_month_and_bank(first, last, lambda s, e, b: line(between(s, e, b)))


def _by_month_and_bank(
    first: dt.date, last: dt.date, line: Callable[[dt.date, dt.date, str | None], list[Any]]
) -> Answer:
    months = _months(first, last)
    by_month: Figures = {(label,): line(start, end, None) for label, start, end in months}
    by_bank: Figures = {(name,): line(first, last, bank) for bank, name in BANKS.items()}
    both: Figures = {
        (label, name): line(start, end, bank)
        for label, start, end in months
        for bank, name in BANKS.items()
    }
    total = line(first, last, None)
    answer = {"bulan": by_month | {("Jumlah",): total}, "bank": by_bank | {("Jumlah",): total}}
    if len(months) > 1:
        answer["bulan-bank"] = both | {("Jumlah", ""): total}
    return answer


def _principal_paid(world: World, loan: Loan, day: dt.date, known: dt.date) -> int:
    return loan.principal - world.stand(loan, day, known).outstanding


def _came_on(world: World, known: dt.date) -> dict[tuple[dt.date, str], list[int]]:
    """Day by day: payments, received, undone, principal, applied, recovered."""
    found: dict[tuple[dt.date, str], list[int]] = defaultdict(lambda: [0] * 6)
    for loan in world.loans:
        by_number = {each.number: each for each in loan.entries}
        touched = set()
        for each in loan.entries:
            if each.booked > known or each.kind in ("disbursement", "write_off", "opening"):
                continue
            of: Entry = by_number[each.reverses] if each.reverses else each
            if of.kind not in RECEIVED:
                continue
            touched.add(each.on)
            sums = found[each.on, loan.bank]
            if each.kind == "reversal":
                sums[2] += each.amount
            else:
                sums[0] += 1
                sums[1] += each.amount
            sums[4] += each.applied
            if of.kind == "recovery":
                sums[5] += each.amount if each.applied > 0 else -each.amount
        # A payment that is booked after a change but dated before it is divided otherwise from the
        # change's day on: that moves principal too, without money.
        touched |= {v.since for v in loan.versions if v.kind != "first" and v.made <= known}
        for day in touched:
            before = 0
            if loan.lent_on < day:
                before = _principal_paid(world, loan, day - DAY, known)
            found[day, loan.bank][3] += _principal_paid(world, loan, day, known) - before
    return found


def came(world: World, first: dt.date, last: dt.date, known: dt.date) -> Answer:
    daily = _came_on(world, known)

    def line(start: dt.date, end: dt.date, bank: str | None) -> list[Any]:
        sums = [0] * 6
        for (day, of), values in daily.items():
            if start <= day <= end and bank in (None, of):
                sums = [one + two for one, two in zip(sums, values, strict=True)]
        payments, received, undone, principal, applied, recovered = sums
        net = received - undone
        mine = [each for each in world.titipan if bank in (None, each.bank)]
        suspended = sum(e.amount for e in mine if start <= e.on <= end and e.booked <= known)
        placed = sum(
            amount
            for each in mine
            for kind, amount, on, booked in each.taken
            if kind == "loan" and start <= on <= end and booked <= known
        )
        values_ = [payments, received, undone, net, principal, applied - principal, net - applied,
                   suspended, placed, recovered]  # fmt: skip
        return _or_none(values_, any(values_))

    return _by_month_and_bank(first, last, line)


def coming(world: World, day: dt.date, known: dt.date) -> Answer:
    """Installments by due month, poured row by row."""
    due: list[tuple[str, dt.date, int, int, int, int]] = []
    for loan, stand in world.stands(day, known):
        if stand.gone:
            continue
        left = stand.applied
        for row in world.version(loan, day, known).rows:
            interest = max(row.interest - left, 0)
            left = max(left - row.interest, 0)
            principal = max(row.principal - left, 0)
            left = max(left - row.principal, 0)
            if row.total:
                due.append((loan.bank, row.on, row.principal, row.interest, principal, interest))
    start = day.replace(day=1)

    def this_month(bank: str | None) -> list[Any]:
        rows = [e for e in due if bank in (None, e[0]) and e[1].replace(day=1) == start]
        asked = sum(e[2] + e[3] for e in rows)
        left = sum(e[4] + e[5] for e in rows)
        return [
            len(rows),
            sum(e[2] for e in rows),
            sum(e[3] for e in rows),
            asked,
            asked - left,
            sum(e[4] for e in rows),
            sum(e[5] for e in rows),
            percent(asked - left, asked),
        ]

    def cash(bank: str | None) -> Figures:
        rows = [e for e in due if bank in (None, e[0]) and e[4] + e[5]]

        def line(those: list[Any]) -> list[Any]:
            one, two = sum(e[4] for e in those), sum(e[5] for e in those)
            return [len(those), one, two, one + two]

        found: Figures = {
            (f"Tunggakan sebelum {long_date(day)}",): line([e for e in rows if e[1] < day])
        }
        for place in range(24):
            month = months_on(start, place)
            those = [e for e in rows if e[1] >= day and e[1].replace(day=1) == month]
            found[(f"{MONTHS[month.month - 1]} {month.year}",)] = line(those)
        end = months_on(start, 24)
        last = months_on(start, 23)
        found[(f"Sesudah {MONTHS[last.month - 1]} {last.year}",)] = line(
            [e for e in rows if e[1] >= end]
        )
        found[("Jumlah",)] = line(rows)
        return found

    month: Figures = {(name,): this_month(bank) for bank, name in BANKS.items()}
    return {
        "bulan-ini": month | {("Jumlah",): this_month(None)},
        "arus-kas": cash(None),
        **{f"arus-kas-{bank.lower()}": cash(bank) for bank in BANKS},
    }


def quota(world: World, day: dt.date, known: dt.date) -> Answer:
    found: Figures = {}
    years = {loan.lent_on.year for loan in world.there(day, known)} | {day.year}
    years |= {year for _, year, _ in world.quotas if year <= day.year}
    for year in sorted(years, reverse=True):
        for bank, name in BANKS.items():
            given = sum(amount for b, y, amount in world.quotas if (b, y) == (bank, year)) or None
            loans = [e for e in world.there(day, known, bank) if e.lent_on.year == year]
            used = sum(loan.principal for loan in loans)
            if not given and not loans:
                found[str(year), name] = [NONE] * 5
                continue
            left = None if given is None else given - used
            share = None if given is None else percent(used, given)
            found[str(year), name] = [given or NONE, len(loans), used, left, share]
    return {"kuota": found}


def suspense(world: World, day: dt.date, known: dt.date) -> Answer:
    def line(test: Callable[[Any], bool]) -> list[Any]:
        each = []
        for bank in BANKS:
            opened = [t.open_on(day, known) for t in world.titipan if t.bank == bank and test(t)]
            opened = [amount for amount in opened if amount > 0]
            each += [len(opened), sum(opened)]
        return [*each, each[0] + each[2], each[1] + each[3]]

    ages = {"0–7 hari": (0, 7), "8–30 hari": (8, 30), "31–90 hari": (31, 90),
            "91–180 hari": (91, 180), "lebih dari 180 hari": (181, 99_999)}  # fmt: skip
    by_age: Figures = {
        (label,): line(lambda t, low=low, high=high: low <= (day - t.on).days <= high)
        for label, (low, high) in ages.items()
    }
    reasons = {"account_unknown": "Rekening tidak dikenal", "loan_closed": "Pinjaman sudah lunas",
               "exceeds_outstanding": "Melebihi sisa tagihan"}  # fmt: skip
    by_reason: Figures = {
        (label,): line(lambda t, code=code: t.reason == code) for code, label in reasons.items()
    }
    total = {("Jumlah",): line(lambda t: True)}
    return {"umur": by_age | total, "sebab": by_reason | total}


# — loans that did not go as agreed —


def eased(world: World, first: dt.date, last: dt.date, known: dt.date) -> Answer:
    kinds = ("holiday", "tenor")
    rows: Figures = {}
    every: set[int] = set()
    for label, start, end in _months(first, last):
        for bank, name in BANKS.items():
            deeds = [
                (loan.key, v.kind)
                for loan in world.loans
                for v in loan.versions
                if loan.bank == bank and v.kind in kinds and start <= v.since <= end
                and v.made <= known
            ]  # fmt: skip
            if deeds:
                every |= {key for key, _ in deeds}
                rows[label, name] = [
                    len({key for key, _ in deeds}),
                    *(sum(k == kind for _, k in deeds) for kind in kinds),
                ]
    if rows:
        sums = [sum(column) for column in zip(*rows.values(), strict=True)]
        rows["Jumlah", ""] = [len(every), *sums[1:]]
    else:
        rows["Seluruh periode", ""] = [NONE] * 3
    now: Figures = {}
    for bank, name in BANKS.items():
        those = [
            s for loan, s in world.stands(last, known, bank)
            if any(v.kind in kinds and v.since <= last and v.made <= known for v in loan.versions)
        ]  # fmt: skip
        alive = [s for s in those if not s.gone]
        now[(name,)] = [
            len(those), sum(s.outstanding > 0 for s in alive), sum(s.outstanding for s in alive),
            sum(s.arrears > 0 for s in alive), sum(s.arrears for s in alive),
            len(those) - len(alive),
        ]  # fmt: skip
    now[("Jumlah",)] = [sum(column) for column in zip(*now.values(), strict=True)]
    return {"keputusan": rows, "keadaan": now}


def given_up(world: World, first: dt.date, last: dt.date, known: dt.date) -> Answer:
    rows: Figures = {}
    for label, start, end in _months(first, last):
        for bank, name in BANKS.items():
            lost, back = [], []
            for loan in world.loans:
                if loan.bank != bank:
                    continue
                found = world.written_off(loan, last, known)
                if found and start <= found.on <= end:
                    lost.append(found.amount)
                numbers = {e.number: e for e in loan.entries}
                for e in loan.entries:
                    if not start <= e.on <= end or e.booked > known:
                        continue
                    if e.kind == "recovery":
                        back.append(e.amount)
                    elif e.reverses and numbers[e.reverses].kind == "recovery":
                        back.append(-e.amount)
            if lost or back:
                rows[label, name] = [len(lost), sum(lost), sum(back)]
    if rows:
        rows["Jumlah", ""] = [sum(column) for column in zip(*rows.values(), strict=True)]
    else:
        rows["Seluruh periode", ""] = [NONE] * 3
    now: Figures = {}
    sums = [0, 0, 0, 0]
    for bank, name in BANKS.items():
        those = [(world.written_off(loan, last, known), s)
                 for loan, s in world.stands(last, known, bank) if s.gone]  # fmt: skip
        lost_ = sum(entry.amount for entry, _ in those if entry)
        left = sum(s.outstanding for _, s in those)
        values = [len(those), lost_, lost_ - left, left]
        sums = [one + two for one, two in zip(sums, values, strict=True)]
        now[(name,)] = [*values, percent(lost_ - left, lost_)]
    now[("Jumlah",)] = [*sums, percent(sums[2], sums[1])]
    return {"periode": rows, "keadaan": now}


# — people —


def reached(world: World, first: dt.date, last: dt.date, known: dt.date) -> Answer:
    stands = world.stands(last, known)
    ever = {loan.borrower.key: loan.borrower for loan, _ in stands}
    served = {loan.borrower.key for loan, _ in stands if loan.lent_on >= first}
    running = {loan.borrower.key for loan, s in stands if s.outstanding and not s.gone}

    def count(keys: Iterable[int], **wanted: str) -> int:
        return sum(
            all(getattr(ever[key], name) == value for name, value in wanted.items())
            for key in set(keys)
        )

    def lent_to(**wanted: str) -> list[int]:
        loans = [
            loan for loan, _ in stands
            if loan.lent_on >= first
            and all(getattr(loan.borrower, name) == value for name, value in wanted.items())
        ]  # fmt: skip
        return [len(loans), sum(loan.principal for loan in loans)]

    by_place: Figures = {}
    for code, name in sorted(PLACES.items(), key=lambda pair: pair[1]):
        each = [
            count(keys, place=code, **sex)
            for keys in (served, ever, running)
            for sex in ({"sex": "L"}, {"sex": "P"}, {})
        ]
        by_place[(name,)] = [*each, *lent_to(place=code)]
    by_place[("Jumlah",)] = [sum(column) for column in zip(*by_place.values(), strict=True)]

    def shares(name: str, words: dict[str, str]) -> Figures:
        found: Figures = {}
        for value, word in [*words.items(), ("", "Jumlah")]:
            wanted = {name: value} if value else {}
            line: list[Any] = []
            for keys in (served, ever, running):
                part = count(keys, **wanted)
                line += [part, percent(part, len(set(keys)))]
            found[(word,)] = [*line, *lent_to(**wanted)]
        return found

    return {
        "kecamatan": by_place,
        "kelamin": shares("sex", {"L": "Laki-laki", "P": "Perempuan"}),
        "jenis": shares("kind", {"micro": "Usaha mikro", "cooperative": "Koperasi"}),
    }


# — indicators, in all variants and splits —

VARIANTS = ("cumulative", "running", "served", "new", "restructured")
SPLITS: dict[str, Callable[[Loan], str]] = {
    "sex": lambda loan: loan.borrower.sex,
    "kecamatan": lambda loan: PLACES[loan.borrower.place],
    "kind": lambda loan: loan.borrower.kind,
    "bank": lambda loan: loan.bank,
    "sector": lambda loan: loan.borrower.sector,
}
SIZES = (
    (5, "Sampai Rp5 juta"),
    (10, "Di atas Rp5 juta sampai Rp10 juta"),
    (25, "Di atas Rp10 juta sampai Rp25 juta"),
    (50, "Di atas Rp25 juta sampai Rp50 juta"),
)


def indicator_loans(
    world: World, year: int, variant: str, known: dt.date = LAST, today: dt.date = LAST
) -> list[Loan]:
    """The loans behind a variant in a year, up to `today` while the year runs: all disbursed until
    its end (cumulative), those with anything outstanding on some day of it and not written off
    before it (running), those disbursed in it (served), of these the first loans of their borrowers
    (new), those whose schedule was eased in it (restructured)."""
    first, last = dt.date(year, 1, 1), min(dt.date(year, 12, 31), today)
    if first > last:
        return []
    there = world.there(last, known)
    if variant == "cumulative":
        return there
    if variant == "served":
        return [loan for loan in there if loan.lent_on >= first]
    if variant == "new":
        return [loan for loan in there if loan.lent_on >= first and nth(loan, there) == 1]
    if variant == "restructured":
        return [
            loan for loan in there
            if any(
                version.kind in ("holiday", "tenor") and first <= version.since <= last
                and version.made <= known
                for version in loan.versions
            )
        ]  # fmt: skip
    found = []
    for loan in there:
        if loan.lent_on >= first:
            found.append(loan)
            continue
        before = world.stand(loan, first - DAY, known)
        if before.outstanding and not before.gone:
            found.append(loan)
    return found


def nth(loan: Loan, there: Iterable[Loan]) -> int:
    """Which of its borrower's loans it is, by the days of disbursement."""
    before = [
        other for other in there
        if other.borrower.key == loan.borrower.key and other.lent_on < loan.lent_on
    ]  # fmt: skip
    return len(before) + 1


def size(loan: Loan) -> str:
    for most, words in SIZES:
        if loan.principal <= most * 1_000_000:
            return words
    return "Di atas Rp50 juta"


def indicator(
    world: World, year: int, variant: str, unit: str, split: str | None = None
) -> dict[str, int]:
    """Counts of a variant by the values of a split, {"": count} without one. `unit`: "people"
    (distinct borrowers, each NIK once) or "accounts" (loans)."""
    groups: dict[str, list[Loan]] = defaultdict(list)
    for loan in indicator_loans(world, year, variant):
        groups[SPLITS[split](loan) if split else ""].append(loan)
    return {
        key: len({loan.borrower.key for loan in loans}) if unit == "people" else len(loans)
        for key, loans in groups.items()
    }


def cooperatives(world: World, year: int, known: dt.date = LAST) -> int:
    """KOP-PERMODALAN: cooperatives that got a loan in the year."""
    loans = indicator_loans(world, year, "served", known)
    return len({e.borrower.key for e in loans if e.borrower.kind == "cooperative"})


def restructured(world: World, year: int, known: dt.date = LAST) -> int:
    """PEMULIHAN: micro-enterprises with a loan restructured in the year."""
    return len({
        loan.borrower.key
        for loan in world.loans
        for version in loan.versions
        if loan.borrower.kind == "micro" and version.kind in ("holiday", "tenor")
        and version.since.year == year and version.made <= known
    })  # fmt: skip
