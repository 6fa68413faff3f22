"""The rows of a file of SI-UMI + the borrowers that are known → what each row would bring.

Plain Python: the facts are handed in, nothing is stored. A row is judged as the form judges it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from wibawa.borrowers.checks import (
    EDITABLE,
    WHO,
    examine,
    label_of,
    plain_phone,
    said,
    stored_text,
)
from wibawa.rules.eligibility import Applicant
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.nik import mask_nik, mask_written_niks, read_nik
from wibawa.rules.refused import Problem, Refused
from wibawa.siumi.alike import Alike, Person, find_alike
from wibawa.siumi.places import Places
from wibawa.siumi.reader import RegisterFile, RegisterRow
from wibawa.uploads.cells import text_of
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.tally import Tally

MICRO = BorrowerKind.MICRO
FIELDS = tuple(name for name in EDITABLE[MICRO] if name != "nik")
TEXTS = frozenset({"name", "business_name", "sector", "address"})
ABOUT_A_LOAN = "business_too_young"  # no reason to look at a business of the register


@dataclass(frozen=True, slots=True)
class Registered:
    """A micro-enterprise as it is stored; `facts` are its fields but the NIK."""

    id: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """What the books know. `by_key`: keyed index of a NIK → borrower, where the NIK of a record
    that was merged (`merged`) leads to the one that was kept. `people`: whom a new one may be;
    `distinct`: pairs of ids that are known to differ. `sectors`: folded → as it is written."""

    by_key: Mapping[bytes, Registered]
    merged: Collection[bytes]
    people: Collection[Person]
    distinct: Collection[tuple[int, int]]
    places: Places
    sectors: Mapping[str, str]


@dataclass(frozen=True)
class Limits:
    """The day of the check, what the loan terms ask of a person, and what the officer chose."""

    today: dt.date
    minimum_age: int
    minimum_years: int
    skip_problems: bool = False
    confirmed: Collection[int] = frozenset()  # rows whose change of a name was ticked


@dataclass(slots=True)
class Line:
    """What a row would do. `facts` are those it brings: all of a new borrower, else the changed
    ones, of which `changes` tells field, before and after as texts."""

    row: int
    outcome: str  # new, changed or held
    nik: str = field(repr=False)
    facts: dict[str, Any] = field(repr=False)
    stored: Registered | None = None
    changes: tuple[tuple[str, str, str], ...] = ()
    confirmed: bool = False
    like_id: int | None = None
    like_row: int | None = None


@dataclass
class Checked:
    """`problems` are all, notices among them, in row order; `lines` those of good rows and of rows
    that wait for a tick. rows = new + changed + unchanged + repeated + faulty."""

    rows: int
    problems: list[Problem] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list, repr=False)
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    faulty: int = 0
    skipped: int = 0
    renames: int = 0
    blocked: bool = False

    @property
    def applied(self) -> list[Line]:
        """The lines that are put into the books."""
        return [line for line in self.lines if line.outcome != "held"]


# ids of borrowers → those with a running loan, and which, in words
Running = Callable[[list[int]], Mapping[int, str]]


def check_register(
    file: RegisterFile,
    keys: Mapping[str, bytes],
    known: Known,
    running: Running,
    limits: Limits,
) -> Checked:
    """Compare every row with what is known. `keys`: the keyed index of each NIK in the file."""
    check = _Check(file, keys, known, limits)
    with collector_paused():
        for row in file.rows:
            check.row(row)
        check.renames(running)
        check.alike()
        check.new_sectors()
        return check.result()


class _Check:
    """One run over one file."""

    def __init__(
        self, file: RegisterFile, keys: Mapping[str, bytes], known: Known, limits: Limits
    ) -> None:
        self.file, self.keys, self.known, self.limits = file, keys, known, limits
        self.tally = Tally(bad_rows=set(file.bad_rows))
        self.bad = self.tally.bad_rows
        self.found = Checked(len(file.rows))
        self.unread = {(problem.row, problem.column) for problem in file.problems}
        self.seen: dict[object, RegisterRow] = {}
        self.sectors = dict(known.sectors)
        self.new_spellings: dict[str, list[int]] = {}

    def note(
        self, row: int, key: str, code: str, found: str, sentence: str, *, blocking: bool = True
    ) -> None:
        heading = self.file.heading(key)
        self.tally.add(row, heading, code, found, sentence, blocking)

    def row(self, row: RegisterRow) -> None:
        facts = self._facts(row)
        key = self.keys.get(row.nik)
        stored = None if key is None else self.known.by_key.get(key)
        if row.nik and self._repeated(row, stored):
            return
        if stored is None:
            self._new(row, facts)
            return
        if key in self.known.merged:
            facts = {name: value for name, value in facts.items() if name not in WHO}
            self.note(
                row.row, "nik", "record_merged", mask_nik(row.nik),
                f"NIK ini milik catatan yang sudah digabung; isinya dibandingkan dengan "
                f"{stored.facts['name']} (peminjam nomor {stored.id}).",
                blocking=False,
            )  # fmt: skip
        self._known(row, facts, stored)

    def _facts(self, row: RegisterRow) -> dict[str, Any]:
        """The facts of a row with its kelurahan as a code and its sector as it is written."""
        facts = dict(row.facts)
        kecamatan, kelurahan = facts.pop("kecamatan", ""), facts.pop("kelurahan_code", "")
        if kelurahan:
            try:
                facts["kelurahan_code"] = self.known.places.code_of(kelurahan, kecamatan)
            except Refused as refused:
                found, sentence = map(mask_written_niks, (kelurahan, refused.sentence))
                self.note(row.row, "kelurahan_code", refused.code, found, sentence)
        sector = facts.get("sector")
        if sector is not None:
            folded = _folded(sector)
            if folded not in self.known.sectors:
                self.new_spellings.setdefault(folded, []).append(row.row)
            facts["sector"] = self.sectors.setdefault(folded, sector)
        return facts

    def _repeated(self, row: RegisterRow, stored: Registered | None) -> bool:
        """Whether an earlier row speaks of the same borrower. The later one counts for nothing."""
        first = self.seen.setdefault(stored.id if stored else row.nik, row)
        if first is row:
            return False
        masked = mask_nik(row.nik)
        if first.facts == row.facts and self._unreadable(first) == self._unreadable(row):
            sentence = f"Sama persis dengan baris {first.row}; baris ini tidak dihitung lagi."
            self.note(row.row, "nik", "nik_repeated", masked, sentence, blocking=False)
            if row.row not in self.bad:
                self.found.repeated += 1
            return True
        what = "NIK yang sama" if first.nik == row.nik else "Peminjam yang sama (catatan digabung)"
        sentence = f"{what} ada di baris {first.row} dengan isi lain; hapus baris yang salah."
        self.note(row.row, "nik", "nik_repeated_differs", masked, sentence)
        return True

    def _unreadable(self, row: RegisterRow) -> list[str]:
        """The cells of a row of which not all could be read."""
        bad = row.row in self.file.bad_rows
        return [text_of(cell) for cell in self.file.cells(row.row)] if bad else []

    def _new(self, row: RegisterRow, facts: dict[str, Any]) -> None:
        self._judge(row, facts, {"nik", *facts})
        if "name" not in facts and self._empty(row, "name"):
            self.note(row.row, "name", "name_missing", "", "Nama kosong; wajib diisi.")
        if "kelurahan_code" not in facts and self._empty(row, "kelurahan_code"):
            sentence = "Kelurahan kosong; tulis nama atau kodenya, misalnya 33.74.01.1001."
            self.note(row.row, "kelurahan_code", "kelurahan_missing", "", sentence)
        if row.row in self.bad:
            return
        nik = read_nik(row.nik, self.limits.today)
        facts = {"sex": nik.sex, "birth_date": nik.birth_date, **facts}
        self.found.lines.append(Line(row.row, "new", row.nik, facts))

    def _empty(self, row: RegisterRow, key: str) -> bool:
        """Whether nothing stands there, as against something that could not be read."""
        return key not in row.facts and (row.row, self.file.heading(key)) not in self.unread

    def _known(self, row: RegisterRow, facts: dict[str, Any], stored: Registered) -> None:
        before = stored.facts
        changed = {
            name: facts[name]
            for name in FIELDS
            if name in facts and not same(name, before[name], facts[name])
        }
        if not changed:
            if row.row not in self.bad:
                self.found.unchanged += 1
            return
        self._judge(row, {**before, **facts}, set(changed))
        if row.row in self.bad:
            return
        changes = tuple(
            (name, stored_text(before[name]), stored_text(value)) for name, value in changed.items()
        )
        self.found.lines.append(Line(row.row, "changed", row.nik, changed, stored, changes))

    def _judge(self, row: RegisterRow, facts: Mapping[str, Any], touched: set[str]) -> None:
        """What the form would say of these facts, at their columns."""
        who = facts if touched & WHO else {}
        started = facts.get("business_started_on") if "business_started_on" in touched else None
        applicant = Applicant(
            MICRO, row.nik, who.get("sex", ""), who.get("birth_date"), started, None
        )
        limits = self.limits
        verdict = examine(
            applicant, limits.minimum_age, limits.minimum_years, limits.today, touched
        )
        for problem, blocking in (
            *((problem, True) for problem in verdict.blocks),
            *((problem, False) for problem in verdict.warnings),
        ):
            if problem.code != ABOUT_A_LOAN:
                code, found = problem.code, mask_written_niks(problem.found)
                self.note(row.row, problem.column, code, found, problem.message, blocking=blocking)

    def renames(self, running: Running) -> None:
        """A borrower with a running loan gets another name only when the officer says so."""
        renamed = [line for line in self.found.lines if line.stored and "name" in line.facts]
        with_loan = running([line.stored.id for line in renamed if line.stored])
        for line in renamed:
            assert line.stored is not None
            loans = with_loan.get(line.stored.id)
            if loans is None:
                continue
            self.found.renames += 1
            line.confirmed = line.row in self.limits.confirmed
            if line.confirmed:
                continue
            line.outcome = "held"
            before, after = line.stored.facts["name"], line.facts["name"]
            self.note(
                line.row, "name", "rename_unconfirmed", after,
                f"Nama akan berubah dari {before} menjadi {after}, sedangkan pinjamannya masih "
                f"berjalan ({loans}); centang barisnya pada bagian “Ganti nama” bila benar.",
            )  # fmt: skip

    def alike(self) -> None:
        """People who may be known already under another NIK: a notice, never a block."""
        asked = [self._person(line) for line in self.found.lines]
        lines = {line.row: line for line in self.found.lines}
        for row, like in find_alike(asked, self.known.people, self.known.distinct):
            lines[row].like_id, lines[row].like_row = like.id, like.row
            column = "phone" if like.same_phone else "name"
            found = _fact(lines[row], column)
            self.note(row, column, "person_alike", found, _alike_said(like), blocking=False)

    def _person(self, line: Line) -> Person:
        """The traits that a row brings; those that are known already were looked at before."""
        known = line.stored
        phone = _fact(line, "phone") if known is None or "phone" in line.facts else ""
        named = known is None or line.facts.keys() & {"name", "birth_date"}
        return Person(
            known.id if known else None,
            line.row,
            self.keys[line.nik],
            _fact(line, "name"),
            phone,
            _fact(line, "birth_date") if named else None,
        )

    def new_sectors(self) -> None:
        """A sector that nobody has written so far may be a slip of the hand."""
        if not self.known.sectors:
            return
        for folded, rows in self.new_spellings.items():
            spelling = mask_written_niks(self.sectors[folded])
            many = f" di {len(rows)} baris" if len(rows) > 1 else ""
            sentence = (
                f"Bidang usaha “{spelling}”{many} belum pernah dipakai; pastikan bukan salah tulis."
            )
            self.note(rows[0], "sector", "sector_new", spelling, sentence, blocking=False)

    def result(self) -> Checked:
        found, limits = self.found, self.limits
        found.new = sum(line.outcome == "new" for line in found.lines)
        found.changed = sum(line.outcome == "changed" for line in found.lines)
        found.faulty = len(self.bad)
        problems = [*self.file.problems, *self.file.notices, *self.tally.closed()]
        found.problems = sorted(problems, key=lambda problem: problem.row)
        whole = any(problem.blocking and not problem.row for problem in problems)
        found.blocked = whole or bool(found.faulty and not limits.skip_problems)
        found.skipped = found.faulty if limits.skip_problems else 0
        return found


def same(name: str, stored: Any, given: Any) -> bool:
    """Whether a fact says what is stored; case, spaces and the way a phone is written say nothing.

    >>> same("name", "Siti Aminah", "SITI  AMINAH"), same("phone", "0812 3456 7890", "081234567890")
    (True, True)
    """
    if name in TEXTS:
        return _folded(stored) == _folded(given)
    return bool((plain_phone(stored) if name == "phone" else stored) == given)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _fact(line: Line, name: str) -> Any:
    """A fact as it would be afterwards."""
    known = line.stored.facts if line.stored else {}
    return line.facts.get(name, known.get(name, ""))


def _alike_said(like: Alike) -> str:
    what = []
    if like.same_phone:
        what.append("Telepon")
    if like.same_birth:
        what.append("Tanggal lahir dan nama" if not what else "tanggal lahir dan nama")
    who = f"{like.name} (peminjam nomor {like.id})" if like.id else f"baris {like.row}: {like.name}"
    more = f", dan {like.more} lainnya" if like.more else ""
    return f"{' serta '.join(what)} sama dengan {who}{more}; mungkin orang yang sama."


def change_said(field_name: str, text: str, places: Mapping[str, str]) -> str:
    """A fact of a change as people read it, an empty one as a dash."""
    return said(field_name, text, places) or "–"


def field_label(field_name: str) -> str:
    return label_of(MICRO, field_name)
