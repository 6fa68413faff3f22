"""What stands against taking two records for one borrower, and how they differ: plain data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wibawa.access.sealed import born, shown_fact
from wibawa.borrowers.checks import ALIKE, EDITABLE, alike, label_of, said, stored_text
from wibawa.borrowers.queries import BorrowerFacts
from wibawa.rules.eligibility import RunningLoan, Verdict
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.money import rupiah
from wibawa.rules.nik import mask_nik
from wibawa.rules.refused import Problem
from wibawa.rules.statuses import OPEN, STATE_WORDS, State

KEYS = ("nik", "cooperative_number")  # numbers that nobody else may have: taken means exchanged
TOGETHER = {"health": ("health", "health_assessed_on")}  # facts that mean nothing apart
SAME_PERSON = frozenset({"nik_differs", "number_differs"})  # somebody must have compared the cards


@dataclass(frozen=True)
class HeldLoan:
    id: int
    number: str
    bank: str
    disbursed_on: dt.date
    principal: int


@dataclass(frozen=True)
class HeldApplication:
    id: int
    number: str
    bank: str
    amount: int
    state: State


@dataclass(frozen=True)
class HeldDisbursement:
    id: int
    bank: str
    principal: int
    status: str


@dataclass(frozen=True)
class Payments:
    """What came in for all loans of a record; `total` in rupiah, penalties left out."""

    count: int = 0
    total: int = 0
    last_on: dt.date | None = None


@dataclass(frozen=True)
class Side:
    """One record with all that hangs on it."""

    facts: BorrowerFacts
    values: Mapping[str, object]
    loans: tuple[HeldLoan, ...] = ()
    applications: tuple[HeldApplication, ...] = ()
    disbursements: tuple[HeldDisbursement, ...] = ()
    running: tuple[RunningLoan, ...] = ()
    payments: Payments = Payments()

    @property
    def person(self) -> str:
        return self.facts.chair_name or self.facts.name

    @property
    def open_application(self) -> HeldApplication | None:
        return next((each for each in self.applications if each.state in OPEN), None)

    @property
    def waiting(self) -> tuple[HeldDisbursement, ...]:
        return tuple(each for each in self.disbursements if each.status == "recorded")


@dataclass(frozen=True)
class FactRow:
    """One fact on both sides, as people read it."""

    field: str
    label: str
    kept: str
    gone: str
    taken: bool

    @property
    def differs(self) -> bool:
        return self.kept != self.gone


def fact_rows(
    kept: Side, gone: Side, chosen: frozenset[str], places: Mapping[str, str]
) -> list[FactRow]:
    """Every fact of two records of one kind beside each other."""
    rows = []
    beside = {later for fields in TOGETHER.values() for later in fields[1:]}
    for field in EDITABLE[kept.facts.kind]:
        if field not in beside:
            ours, theirs = (_said(side, field, places) for side in (kept, gone))
            label = label_of(kept.facts.kind, field)
            rows.append(FactRow(field, label, ours, theirs, field in chosen))
    return rows


def _said(side: Side, field: str, places: Mapping[str, str]) -> str:
    if field == "nik":
        return mask_nik(side.facts.nik)
    fields = TOGETHER.get(field, (field,))
    parts = [
        said(each, shown_fact(each, stored_text(side.values[each])), places) for each in fields
    ]
    return ", ".join(part for part in parts if part)


def differing(kept: Side, gone: Side) -> list[str]:
    """The facts in which the two records differ, NIK by its whole number."""
    if kept.facts.kind is not gone.facts.kind:
        return []
    found = [
        field
        for field in EDITABLE[kept.facts.kind]
        if field != "nik" and kept.values[field] != gone.values[field]
    ]
    return (["nik"] if kept.facts.nik != gone.facts.nik else []) + found


def with_partners(chosen: frozenset[str]) -> frozenset[str]:
    """The chosen facts with those that mean nothing apart from them."""
    return chosen | {each for field in chosen for each in TOGETHER.get(field, ())}


def stands_against(kept: Side, gone: Side, known_different: bool) -> Verdict:
    """Why the two may not become one (blocks), and what both persons must look at (warnings)."""
    found = [*_who(kept, gone, known_different), *_open(kept, gone), *_debts(kept, gone)]
    return Verdict(
        tuple(each for each in found if each.blocking),
        tuple(each for each in found if not each.blocking),
    )


def _block(code: str, found: str, message: str) -> Problem:
    return Problem(0, "borrower", code, found, message)


def _warn(code: str, found: str, message: str) -> Problem:
    return Problem(0, "borrower", code, found, message, blocking=False)


def _who(kept: Side, gone: Side, known_different: bool) -> Iterator[Problem]:
    ours, theirs = kept.facts, gone.facts
    if ours.kind is not theirs.kind:
        words = {BorrowerKind.MICRO: "usaha mikro", BorrowerKind.COOPERATIVE: "koperasi"}
        yield _block(
            "kind_differs",
            words[theirs.kind],
            f"{ours.name} tercatat sebagai {words[ours.kind]}, {theirs.name} sebagai "
            f"{words[theirs.kind]}; yang berbeda jenis tidak dapat digabung.",
        )
        return
    if ours.nik != theirs.nik:
        yield _warn(
            "nik_differs",
            mask_nik(theirs.nik),
            f"NIK keduanya berbeda ({mask_nik(ours.nik)} dan {mask_nik(theirs.nik)}). Cocokkan "
            "dengan KTP: benarkah ini satu orang?",
        )
    if ours.cooperative_number != theirs.cooperative_number:
        yield _warn(
            "number_differs",
            theirs.cooperative_number or "",
            f"Nomor induk koperasi keduanya berbeda ({ours.cooperative_number} dan "
            f"{theirs.cooperative_number}). Cocokkan dengan sertifikat: benarkah satu koperasi?",
        )
    if alike(kept.person, gone.person) < ALIKE:
        yield _warn(
            "name_differs",
            gone.person,
            f"Namanya tidak mirip: {kept.person} dan {gone.person}.",
        )
    if ours.birth_date != theirs.birth_date:
        days = (born(ours.birth_date), born(theirs.birth_date))
        told = f", tetapi {days[0]} sama" if days[0] == days[1] else f": {days[0]} dan {days[1]}"
        yield _warn("birth_date_differs", days[1], f"Tanggal lahirnya berbeda{told}.")
    if known_different:
        yield _warn(
            "known_different",
            "",
            "Pasangan ini pernah ditandai bukan orang yang sama; periksa mengapa.",
        )


def _open(kept: Side, gone: Side) -> Iterator[Problem]:
    ours, theirs = kept.open_application, gone.open_application
    if ours and theirs:
        said_each = [
            f"{each.number} di {each.bank} ({STATE_WORDS[each.state].lower()})"
            for each in (ours, theirs)
        ]
        yield _block(
            "applications_open",
            theirs.number,
            f"Keduanya mempunyai permohonan terbuka: {' dan '.join(said_each)}; selesaikan atau "
            "batalkan salah satunya lebih dahulu.",
        )
    if kept.waiting and gone.waiting:
        yield _block(
            "disbursements_waiting",
            "",
            "Pencairan atas nama keduanya masih menunggu persetujuan; diperlukan keputusan atas "
            "salah satunya lebih dahulu.",
        )


def _debts(kept: Side, gone: Side) -> Iterator[Problem]:
    if kept.running and gone.running:
        loans = [
            f"{loan.number} di {loan.bank} dengan baki debet {rupiah(loan.outstanding)}"
            for loan in (*kept.running, *gone.running)
        ]
        yield _warn(
            "loans_running",
            "",
            f"Keduanya mempunyai pinjaman berjalan: {'; '.join(loans)}. Sesudah digabung, satu "
            "peminjam menanggung semuanya, padahal hanya satu yang diperbolehkan.",
        )
    for one, other in ((kept, gone), (gone, kept)):
        asked = one.open_application
        if asked and other.running:
            yield _warn(
                "application_meets_loan",
                asked.number,
                f"Permohonan {asked.number} akan terhalang pinjaman {other.running[0].number} yang "
                "masih berjalan.",
            )
