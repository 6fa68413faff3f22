"""Whom the programme reached: borrowers by kecamatan and sex, never by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.loans.forms import KINDS
from wibawa.loans.models import Loan
from wibawa.loans.positions import stood
from wibawa.loans.standings.models import Standing
from wibawa.loans.undone import is_given_up
from wibawa.reports.books import booked_later, incomplete, of_bank, projected, records_later, whole
from wibawa.reports.document import Cell, Column, Kind, Report, Row, Table, linked, row
from wibawa.reports.forms import Scope
from wibawa.rules.money import share

TITLE = "Peminjam menurut kecamatan dan jenis kelamin"
ABOUT = (
    "Peminjam (orang dan koperasi) menurut kecamatan usahanya. Dilayani: mendapat pinjaman dalam "
    "periode. Kumulatif: pernah mendapat pinjaman sampai hari terakhir. Berjalan: masih mempunyai "
    "baki debet pada hari terakhir. Setiap peminjam dihitung satu kali di setiap kelompok, berapa "
    "pun pinjamannya; koperasi menurut jenis kelamin ketuanya. Kecamatan dan jenis kelamin menurut "
    "catatan peminjam yang sekarang."
)
MONEY = Kind.RUPIAH


class Reached(NamedTuple):
    """Borrowers of a group, each once, and the loans of the period."""

    served: int = 0
    ever: int = 0
    running: int = 0
    loans: int = 0
    principal: int = 0


COUNTED = ("served", "ever", "running")
IN_ADDRESS = {kind: word for word, kind in KINDS.items()}
Key = tuple[str, str, str]  # kecamatan, sex, kind of borrower


def reached_report(session: Session, scope: Scope) -> Report:
    """Borrowers reached in the period and up to its end: four queries."""
    return Report(
        "peminjam",
        TITLE,
        ABOUT,
        scope.words(of_period=True),
        reached_tables(session, scope),
        incomplete(session, scope, scope.first) + projected(scope),
        booked_later(session, scope) + records_later(session, scope, "kelurahan_code", "sex"),
    )


def reached_tables(session: Session, scope: Scope) -> tuple[Table, ...]:
    """By kecamatan, sex and kind: two queries."""
    found = _reached(session, scope)
    places = select(Kecamatan.code, Kecamatan.name).order_by(Kecamatan.name)
    names = {code: name for code, name in session.execute(places).all()}  # noqa: C416 - rows, no dict
    return (
        _by_place(found, names, scope),
        _by_word(found, scope, "kelamin", "Menurut jenis kelamin", "Jenis kelamin", 1,
                 {"L": "Laki-laki", "P": "Perempuan"}),
        _by_word(found, scope, "jenis", "Menurut jenis peminjam", "Jenis peminjam", 2,
                 {"micro": "Usaha mikro", "cooperative": "Koperasi"}),
    )  # fmt: skip


def reached_total(session: Session, scope: Scope) -> tuple[int, int]:
    """Borrowers served in the period, and up to its end: one query, which looks at no position."""
    served = case((Loan.disbursed_on >= scope.first, Loan.borrower_id))
    row = session.execute(
        select(func.count(served.distinct()), func.count(Loan.borrower_id.distinct())).where(
            Loan.disbursed_on <= scope.last, of_bank(Loan.bank_id, scope)
        )
    ).one()
    return int(row[0]), int(row[1])


def _reached(session: Session, scope: Scope) -> dict[Key, Reached]:
    """One row for each borrower first, so that each counts once."""
    in_period = Loan.disbursed_on >= scope.first
    runs = (Standing.outstanding > 0) & ~is_given_up(Loan.id, scope.last)
    one = (
        stood(
            scope.last,
            Loan.borrower_id,
            func.max(case((in_period, 1), else_=0)).label("served"),
            func.max(case((runs, 1), else_=0)).label("running"),
            func.sum(case((in_period, 1), else_=0)).label("loans"),
            func.sum(case((in_period, Loan.principal), else_=0)).label("principal"),
        )
        .where(of_bank(Loan.bank_id, scope))
        .group_by(Loan.borrower_id)
        .subquery("one")
    )
    query: Any = (
        select(
            Kelurahan.kecamatan_code,
            Borrower.sex,
            Borrower.kind,
            func.sum(one.c.served),
            func.count(),
            func.sum(one.c.running),
            func.sum(one.c.loans),
            func.sum(one.c.principal),
        )
        .join(Borrower, Borrower.id == one.c.borrower_id)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .group_by(Kelurahan.kecamatan_code, Borrower.sex, Borrower.kind)
    )
    return {
        (place, sex, kind): Reached(*whole(sums))
        for place, sex, kind, *sums in session.execute(query)
    }


def _sum(found: Mapping[Key, Reached], **wanted: str) -> Reached:
    places = {"place": 0, "sex": 1, "kind": 2}
    every = [
        sums
        for key, sums in found.items()
        if all(key[places[name]] == value for name, value in wanted.items())
    ]
    return Reached(*(sum(column) for column in zip(*every, strict=True))) if every else Reached()


def reached_cells(sums: Reached, scope: Scope, **whose: str | None) -> dict[str, Cell]:
    """Each figure of a group with the way to the loans of those that it counts."""
    given = {"bank": scope.bank_code, "tanggal": scope.last.isoformat(), **whose}
    ever = given | {"keadaan": "semua"}
    served = ever | {"cair_dari": scope.first.isoformat(), "cair_sampai": scope.last.isoformat()}
    where = {"served": served, "ever": ever, "running": given, "loans": served, "principal": served}
    return {
        name: linked(Cell(value), "loans.loan_list", **where[name])
        for name, value in sums._asdict().items()
    }


def _by_place(found: Mapping[Key, Reached], names: Mapping[str, str], scope: Scope) -> Table:
    columns = (
        Column("Kecamatan", Kind.TEXT),
        *(
            Column(f"{word} {sex}")
            for word in ("Dilayani", "Kumulatif", "Berjalan")
            for sex in ("L", "P", "jumlah")
        ),
        Column("Pinjaman dalam periode"),
        Column("Plafon dalam periode (Rp)", MONEY),
    )

    def line(label: str, **place: str) -> Row:
        men, women, both = (
            reached_cells(
                _sum(found, **place, **sex),
                scope,
                kecamatan=place.get("place"),
                kelamin=sex.get("sex"),
            )
            for sex in ({"sex": "L"}, {"sex": "P"}, {})
        )
        counts = (group[name] for name in COUNTED for group in (men, women, both))
        return row(label, *counts, both["loans"], both["principal"])

    rows = tuple(line(name, place=code) for code, name in names.items())
    return Table("kecamatan", "Menurut kecamatan", columns, rows, line("Jumlah"))


def _by_word(
    found: Mapping[Key, Reached],
    scope: Scope,
    code: str,
    title: str,
    heading: str,
    place: int,
    words: Mapping[str, str],
) -> Table:
    columns = (
        Column(heading, Kind.TEXT),
        Column("Dilayani"),
        Column("Bagian (%)", Kind.PERCENT),
        Column("Kumulatif"),
        Column("Bagian (%)", Kind.PERCENT),
        Column("Berjalan"),
        Column("Bagian (%)", Kind.PERCENT),
        Column("Pinjaman dalam periode"),
        Column("Plafon dalam periode (Rp)", MONEY),
    )
    total = _sum(found)
    groups: dict[str, dict[Key, Reached]] = defaultdict(dict)
    for key, sums in found.items():
        groups[key[place]][key] = sums

    def line(label: str, one: Reached, key: str | None) -> Row:
        cells = reached_cells(one, scope, **{code: IN_ADDRESS.get(key or "", key)})
        pairs = (
            (cells[name], replace(cells[name], value=share(part, whole_)))
            for name, part, whole_ in zip(COUNTED, one, total, strict=False)
        )
        each = (cell for pair in pairs for cell in pair)
        return row(label, *each, cells["loans"], cells["principal"])

    rows = tuple(line(word, _sum(groups[key]), key) for key, word in words.items())
    note = "Penyebut tiap persentase adalah jumlah di baris terakhir kolom di sebelah kirinya."
    return Table(code, title, columns, rows, line("Jumlah", total, None), note)
