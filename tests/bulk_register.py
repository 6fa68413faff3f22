"""A file of SI-UMI with planted changes, faults and duplicates, made by a seeded dice, and what a
check must find in it: the answers come from how the file was made, not from the program."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import xlsxwriter

from wibawa.borrowers.actions import NewBorrower
from wibawa.rules.facts import BorrowerKind

ROWS = 36_613  # micro-enterprises in SI-UMI, 2024 (domain rules §1)
HEADINGS = ("NO", "NIK", "NAMA PEMILIK", "L/P", "TGL LAHIR", "NAMA USAHA", "BIDANG USAHA",
            "MULAI USAHA", "KELURAHAN", "KECAMATAN", "ALAMAT", "NO HP", "NIB")  # fmt: skip
WOMEN = ("Siti", "Rahayu", "Dewi", "Ningsih", "Fitri", "Wulandari", "Endah", "Kartika", "Lestari",
         "Maryati", "Sulastri", "Yuliana", "Hartini", "Puspita", "Anggraini", "Rohmah")  # fmt: skip
MEN = ("Budi", "Joko", "Agus", "Slamet", "Bambang", "Eko", "Teguh", "Wahyu", "Hendra", "Untung",
       "Darmo", "Imam", "Lukman", "Gunawan", "Nugroho", "Tri")  # fmt: skip
LAST = ("Santosa", "Wibowo", "Hidayat", "Prasetya", "Susilo", "Raharja", "Kuncoro", "Saputra",
        "Utomo", "Mulyana", "Widodo", "Setiawan", "Permana", "Kurniawan", "Basuki", "Hakim",
        "Purnomo", "Sugianto", "Firmansah", "Adiputra")  # fmt: skip
SECTORS = ("Kuliner", "Fesyen", "Kriya", "Perdagangan", "Jasa", "Pertanian", "Peternakan")
# Kelurahan of one name, with their codes (the city's list).
PLACES = (("33.74.01.1001", "Miroto", "Semarang Tengah"),
          ("33.74.01.1002", "Brumbungan", "Semarang Tengah"),
          ("33.74.01.1003", "Jagalan", "Semarang Tengah"))  # fmt: skip
FIELDS = {"nik": "NIK", "name": "NAMA PEMILIK", "sex": "L/P", "birth_date": "TGL LAHIR",
          "business_name": "NAMA USAHA", "sector": "BIDANG USAHA",
          "business_started_on": "MULAI USAHA", "kelurahan_code": "KELURAHAN",
          "address": "ALAMAT", "phone": "NO HP", "nib": "NIB"}  # fmt: skip
Cells = dict[str, str]
LONG = "Jalan yang sangat panjang " * 9


@dataclass
class Answers:
    """What a check must find, by the row number that Excel shows. `changed`: field → value as the
    history keeps it; `alike`: the earlier row, or -1 - index for a known borrower; `held`: rows
    whose new name waits for a tick."""

    new: set[int] = field(default_factory=set)
    changed: dict[int, dict[str, str]] = field(default_factory=dict)
    unchanged: set[int] = field(default_factory=set)
    repeated: set[int] = field(default_factory=set)
    faulty: dict[int, tuple[str, str]] = field(default_factory=dict)  # column and code
    held: set[int] = field(default_factory=set)
    alike: dict[int, int] = field(default_factory=dict)
    elsewhere: set[int] = field(default_factory=set)  # NIK of another city


@dataclass
class RegisterSample:
    """`known` are to be registered before the file comes, those of `with_loan` (by index) with a
    running loan; `content` is the file as CSV."""

    known: list[NewBorrower]
    with_loan: list[int]
    rows: list[Cells] = field(repr=False)
    answers: Answers = field(repr=False)

    @property
    def content(self) -> bytes:
        lines = [";".join(HEADINGS)]
        lines += [";".join(row[heading] for heading in HEADINGS) for row in self.rows]
        return ("\r\n".join(lines) + "\r\n").encode()

    @property
    def workbook(self) -> bytes:
        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"constant_memory": True, "strings_to_numbers": False})
        sheet = book.add_worksheet("SI-UMI")
        for number, row in enumerate([dict(zip(HEADINGS, HEADINGS, strict=True)), *self.rows]):
            for index, heading in enumerate(HEADINGS):
                sheet.write_string(number, index, row[heading])
        book.close()
        return buffer.getvalue()


@dataclass
class _Planted:
    """One row before its number is known. `place` orders the file; `of` is the row it copies."""

    place: float
    cells: Cells
    kind: str
    facts: Any = None
    of: _Planted | None = None
    known: int = -1


class _Maker:
    def __init__(self, rows: int, seed: int) -> None:
        self.dice = random.Random(seed)
        self.rows = rows
        self.niks: set[str] = set()
        self.pairs: set[tuple[dt.date, frozenset[str]]] = set()
        self.phones = 0
        self.planted: list[_Planted] = []

    def person(self) -> NewBorrower:
        """Somebody whose NIK, phone, and name with birth date nobody else has."""
        dice = self.dice
        sex = dice.choice("LP")
        while True:
            born = dt.date(1950, 1, 1) + dt.timedelta(days=dice.randrange(20_800))  # to 2006
            words = (dice.choice(WOMEN if sex == "P" else MEN), dice.choice(LAST))
            pair = born, frozenset(words)
            if pair not in self.pairs:
                break
        self.pairs.add(pair)
        self.phones += 1
        number = self.phones
        return NewBorrower(
            kind=BorrowerKind.MICRO,
            name=" ".join(words),
            nik=self.nik(sex, born),
            sex=sex,
            birth_date=born,
            kelurahan_code=dice.choice(PLACES)[0],
            business_name=f"{dice.choice(('Warung', 'Batik', 'Bengkel', 'Toko'))} {words[0]}",
            sector=dice.choice(SECTORS),
            business_started_on=dt.date(2005, 1, 1) + dt.timedelta(days=dice.randrange(6_900)),
            address=f"Jl. Melati No. {number}",
            phone=f"0812{number:08d}",
            nib=f"{9_000_000_000_000 + number}" if number % 3 else "",
        )

    def nik(self, sex: str, born: dt.date, region: str = "3374") -> str:
        day = born.day + (40 if sex == "P" else 0)
        while True:
            place, serial = self.dice.randrange(1, 17), self.dice.randrange(1, 10_000)
            nik = f"{region}{place:02d}{day:02d}{born:%m%y}{serial:04d}"
            if nik not in self.niks:
                self.niks.add(nik)
                return nik

    def cells(self, person: NewBorrower) -> Cells:
        """A person as SI-UMI writes it: capitals, names of kelurahan or codes, several dates."""
        dice = self.dice
        code, kelurahan, kecamatan = next(p for p in PLACES if p[0] == person.kelurahan_code)
        started = person.business_started_on
        return {
            "NO": "",
            "NIK": person.nik,
            "NAMA PEMILIK": dice.choice((person.name, person.name.upper())),
            "L/P": dice.choice((person.sex, {"L": "Laki-laki", "P": "Perempuan"}[person.sex])),
            "TGL LAHIR": f"{person.birth_date:%d-%m-%Y}",
            "NAMA USAHA": person.business_name,
            "BIDANG USAHA": person.sector,
            "MULAI USAHA": f"{started:%d/%m/%Y}" if started else "",
            "KELURAHAN": dice.choice((code, code.replace(".", ""), kelurahan, kelurahan.upper())),
            "KECAMATAN": dice.choice(("", kecamatan)),
            "ALAMAT": person.address,
            "NO HP": dice.choice((person.phone, f"+62{person.phone[1:]}")),
            "NIB": person.nib,
        }

    def plant(self, cells: Cells, kind: str, after: _Planted | None = None, **more: Any) -> None:
        place = self.dice.random() if after is None else self.dice.uniform(after.place, 1)
        self.planted.append(_Planted(place, cells, kind, of=after, **more))

    def plain(self, kind: str) -> list[_Planted]:
        """The rows of a kind that nothing else was planted on."""
        used = {id(each.of) for each in self.planted if each.of is not None}
        return [each for each in self.planted if each.kind == kind and id(each) not in used]


# Each fault: its code, the field at whose column it is told, and how it gets into the cells.
FAULTS: tuple[tuple[str, str, Callable[[Cells], Cells]], ...] = (
    ("nik_missing", "nik", lambda c: {"NIK": ""}),
    ("nik_unreadable", "nik", lambda c: {"NIK": c["NIK"][:15]}),
    ("nik_unreadable", "nik", lambda c: {"NIK": "3,37401E+15"}),
    ("nik_birth_date_impossible", "nik", lambda c: {"NIK": c["NIK"][:8] + "13" + c["NIK"][10:]}),
    ("nik_sex_differs", "sex", lambda c: {"L/P": "L" if c["NIK"][6] >= "4" else "P"}),
    ("nik_birth_date_differs", "birth_date", lambda c: {"TGL LAHIR": "31-12-1949"}),
    ("date_unreadable", "birth_date", lambda c: {"TGL LAHIR": "31-02-1980"}),
    ("date_unreadable", "business_started_on", lambda c: {"MULAI USAHA": "sejak lama"}),
    ("business_start_in_future", "business_started_on", lambda c: {"MULAI USAHA": "01-12-2026"}),
    ("sex_unknown", "sex", lambda c: {"L/P": "W?"}),
    ("kelurahan_unknown", "kelurahan_code", lambda c: {"KELURAHAN": "Menteng"}),
    ("kelurahan_unknown", "kelurahan_code", lambda c: {"KELURAHAN": "33.74.99.1001"}),
    ("kelurahan_unknown", "kelurahan_code",
     lambda c: {"KELURAHAN": "Miroto", "KECAMATAN": "Tembalang"}),
    ("kelurahan_ambiguous", "kelurahan_code",
     lambda c: {"KELURAHAN": "Purwosari", "KECAMATAN": ""}),
    ("kelurahan_missing", "kelurahan_code", lambda c: {"KELURAHAN": ""}),
    ("name_missing", "name", lambda c: {"NAMA PEMILIK": ""}),
    ("text_too_long", "address", lambda c: {"ALAMAT": LONG}),
    ("nik_in_text", "business_name", lambda c: {"NAMA USAHA": f"Toko {c['NIK']}"}),
    ("phone_unreadable", "phone", lambda c: {"NO HP": "0812x"}),
    ("nib_unreadable", "nib", lambda c: {"NIB": "912000"}),
)  # fmt: skip


def register_sample(rows: int = ROWS, seed: int = 20261124) -> RegisterSample:
    """A file of `rows` rows: about a quarter unchanged, a seventh changed, the rest new; each
    fault, each kind of duplicate and each notice at least twice."""
    maker = _Maker(rows, seed)
    few = max(2, rows // 1_000)
    known = [maker.person() for _ in range(rows // 2)]
    with_loan = _plant_known(maker, known, few)
    _plant_faults(maker, few)
    _plant_alike(maker, known, few)
    _plant_new(maker, rows - len(maker.planted) - 2 * few)
    _plant_twice(maker, few)
    assert len(maker.planted) == rows
    planted = sorted(maker.planted, key=lambda each: each.place)
    for number, each in enumerate(planted, 1):
        each.cells["NO"] = str(number)
    return RegisterSample(known, with_loan, [each.cells for each in planted], _answers(planted))


def _plant_known(maker: _Maker, known: Sequence[NewBorrower], few: int) -> list[int]:
    """Unchanged, changed and renamed borrowers; the rest of them the file does not know."""
    same, changed = maker.rows // 4, maker.rows // 7
    for index in range(same):
        cells = maker.cells(known[index])
        for heading in maker.dice.sample(("L/P", "NAMA USAHA", "ALAMAT", "NO HP", "NIB"), 2):
            if maker.dice.random() < 0.2:
                cells[heading] = ""  # the file does not know: nothing is emptied
        maker.plant(cells, "unchanged", known=index)
    for index in range(same, same + changed):
        facts = _new_facts(maker)
        person = replace(known[index], **facts)
        maker.plant(maker.cells(person), "changed", facts=facts, known=index)
    with_loan = list(range(same + changed, same + changed + few))
    for index in with_loan:
        person = replace(known[index], name=f"{known[index].name} Baru")
        maker.plant(maker.cells(person), "held", known=index)
    return with_loan


def _new_facts(maker: _Maker) -> dict[str, Any]:
    """One to three facts that nobody has."""
    maker.phones += 1
    number = maker.phones
    new = {
        "address": f"Jl. Kenanga No. {number}",
        "phone": f"0813{number:08d}",
        "business_name": f"Usaha {number}",
        "nib": f"{8_000_000_000_000 + number}",
        "business_started_on": dt.date(2024, 2, 1),
    }
    return {name: new[name] for name in maker.dice.sample(sorted(new), maker.dice.randrange(1, 4))}


def _plant_faults(maker: _Maker, few: int) -> None:
    for code, name, spoil in FAULTS:
        for _ in range(few):
            cells = maker.cells(maker.person())
            maker.plant(cells | spoil(cells), "faulty", facts=(name, code))
    for _ in range(few):
        person = maker.person()
        nik = maker.nik(person.sex, person.birth_date, region="3322")
        maker.plant(maker.cells(replace(person, nik=nik)), "elsewhere")


def _plant_alike(maker: _Maker, known: Sequence[NewBorrower], few: int) -> None:
    """New people with a known one's phone, or birth date and name; known ones stand at the end of
    the list, so the file has no row of theirs."""
    for turn in range(few):
        for offset, by_phone in ((0, True), (1, False)):
            index = len(known) - 1 - 2 * turn - offset
            other = known[index]
            like = _alike(maker, other, by_phone=by_phone)
            maker.plant(maker.cells(like), "alike_known", known=index)


def _alike(maker: _Maker, other: NewBorrower, *, by_phone: bool) -> NewBorrower:
    person = maker.person()
    if by_phone:
        return replace(person, phone=other.phone)
    first, last = other.name.split()
    nik = maker.nik(other.sex, other.birth_date)
    return replace(
        person, nik=nik, sex=other.sex, birth_date=other.birth_date, name=f"Hj. {last} {first}"
    )


def _plant_new(maker: _Maker, many: int) -> None:
    """New people; a few of them are like an earlier new one."""
    few = max(2, maker.rows // 1_000)
    people = [maker.person() for _ in range(many - 2 * few)]
    for person in people:
        maker.plant(maker.cells(person), "new")
    first = maker.planted[-len(people) :]
    for turn in range(2 * few):
        like = _alike(maker, people[turn], by_phone=turn % 2 == 0)
        maker.plant(maker.cells(like), "alike_row", after=first[turn])


def _plant_twice(maker: _Maker, few: int) -> None:
    """The same row again, and the same NIK with other facts: below the first one."""
    originals = [*maker.plain("new")[:few], *maker.plain("unchanged")[:few]]
    for turn, original in enumerate(originals):
        if turn % 2 == 0:
            maker.plant(dict(original.cells), "repeated", after=original)
        else:
            cells = original.cells | {"ALAMAT": "Jl. Lain No. 1"}
            fault = ("nik", "nik_repeated_differs")
            maker.plant(cells, "faulty", after=original, facts=fault)


def _answers(planted: Sequence[_Planted]) -> Answers:
    answers = Answers()
    row_of = {id(each): row for row, each in enumerate(planted, 2)}
    for row, each in enumerate(planted, 2):
        if each.kind == "faulty":
            name, code = each.facts
            answers.faulty[row] = (FIELDS[name], code)
        elif each.kind == "changed":
            answers.changed[row] = {
                name: value.isoformat() if isinstance(value, dt.date) else value
                for name, value in each.facts.items()
            }
        elif each.kind == "held":
            answers.held.add(row)
            answers.faulty[row] = ("NAMA PEMILIK", "rename_unconfirmed")
        elif each.kind in ("unchanged", "repeated"):
            getattr(answers, each.kind).add(row)
        else:
            answers.new.add(row)
            if each.kind == "elsewhere":
                answers.elsewhere.add(row)
            elif each.kind == "alike_known":
                answers.alike[row] = -1 - each.known
            elif each.kind == "alike_row":
                answers.alike[row] = row_of[id(each.of)]
    return answers
