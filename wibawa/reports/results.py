"""What the office answers for: indicators year by year, in the form of the Renstra's tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.borrowers.models import Borrower
from wibawa.indicators.counted.forms import address_of
from wibawa.indicators.models import IndicatorDefinition, IndicatorInput
from wibawa.indicators.queries import IndicatorFigure, figures_of_indicator
from wibawa.loans.models import Loan
from wibawa.reports.books import booked_later, day_after, of_bank, records_later, whole
from wibawa.reports.document import (
    NO_DATA,
    Caution,
    Cell,
    Column,
    Kind,
    Report,
    Row,
    Table,
    linked,
    row,
)
from wibawa.reports.forms import Scope
from wibawa.rules.dates import long_date
from wibawa.rules.indicators import Kinds, Rule, Unit
from wibawa.rules.money import number

TPB, ACCESS, CAPITAL = "TPB 8.3.1.(c)", "AKSES-PEMBIAYAAN", "KOP-PERMODALAN"
TPB_TITLE = "TPB 8.3.1.(c) akses ke layanan keuangan"
TPB_ABOUT = (
    "Persentase akses UMKM ke layanan keuangan: target, realisasi, dan rasio capaian tiap tahun "
    "dalam bentuk Tabel 2.7 Renstra. Rasio capaian adalah realisasi dibagi target. Angka terbitan "
    "tidak dihitung ulang, karena Renstra tidak menyebut pembilang dan penyebutnya."
)
ACCESS_TITLE = "Akses pembiayaan"
ACCESS_ABOUT = (
    "Persentase pelaku usaha mikro yang mendapat fasilitasi pengembangan usaha dan akses "
    "pembiayaan: target dan realisasi tiap tahun, dengan pembilang dan penyebutnya."
)
CAPITAL_TITLE = "Permodalan koperasi"
CAPITAL_ABOUT = (
    "Koperasi yang mendapat pinjaman tiap tahun dibandingkan dengan target (50 koperasi setahun "
    "pada 2026–2030). Setiap koperasi dihitung satu kali dalam setahun; pinjaman dan plafonnya di "
    "kolom di sebelahnya."
)
CAPITAL_LOCKED = (
    "Target, realisasi, dan rasio tahun {} dikunci; Pinjaman dan Plafon di sebelahnya dihitung "
    "dari buku, juga yang datang sesudah penguncian."
)
PERCENT, TEXT = Kind.PERCENT, Kind.TEXT
UNKNOWN = Cell(None, missing=NO_DATA)
TPB_YEARS, LATER_YEARS = range(2020, 2030), range(2024, 2031)


def tpb_report(session: Session, scope: Scope) -> Report:
    figures = figures_of_indicator(session, TPB, TPB_YEARS, scope.last)
    return Report(
        "tpb",
        TPB_TITLE,
        TPB_ABOUT,
        scope.words(of_period=False),
        (*_renstra_form(figures), _by_year(figures, "Realisasi per tahun", scope)),
        (),
        counted_later(session, scope, figures),
    )


def access_report(session: Session, scope: Scope) -> Report:
    figures = figures_of_indicator(session, ACCESS, LATER_YEARS, scope.last)
    return Report(
        "akses-pembiayaan",
        ACCESS_TITLE,
        ACCESS_ABOUT,
        scope.words(of_period=False),
        (_by_year(figures, "Target dan realisasi per tahun", scope),),
        (),
        counted_later(session, scope, figures),
    )


def counted_later(
    session: Session, scope: Scope, figures: Sequence[IndicatorFigure]
) -> tuple[str, ...]:
    """What came later than the day of a report of these figures: entries that they count, counts
    from outside the books, definitions, merges; three queries, none for today."""
    begun = [each for each in figures if each.year <= scope.last.year]
    lasting = {"running", "restructured"}
    kinds = () if lasting & {each.rule for each in begun} else ("disbursement",)
    kept = tuple(
        f"Angka tahun {each.year} dikunci: yang datang sesudah penguncian tidak mengubahnya."
        for each in begun
        if each.lock is not None
    )
    later = booked_later(session, scope, *kinds) + said_later(session, scope)
    return later + records_later(session, scope) + kept


def said_later(session: Session, scope: Scope) -> tuple[str, ...]:
    """Counts and definitions of years up to the report's that were not there on its day."""
    if scope.last >= scope.today:
        return ()
    counts = (
        select(func.count())
        .select_from(IndicatorInput)
        .where(
            IndicatorInput.kind.in_(("denominator", "programme")),
            IndicatorInput.year <= scope.last.year,
            IndicatorInput.entered_at >= day_after(scope),
        )
    )
    definitions = (
        select(func.count())
        .select_from(IndicatorDefinition)
        .where(
            IndicatorDefinition.status == "approved",
            IndicatorDefinition.valid_from <= scope.last,
            IndicatorDefinition.decided_at >= day_after(scope),
        )
    )
    one, two = session.execute(
        select(counts.scalar_subquery(), definitions.scalar_subquery())
    ).one()
    day = long_date(scope.last)
    notes: tuple[str, ...] = ()
    if one:
        notes += (f"{number(one)} angka masukan indikator dicatat sesudah {day}.",)
    if two:
        notes += (f"{number(two)} definisi indikator disetujui sesudah {day}.",)
    return notes


def shown_value(value: int | None, figure: IndicatorFigure) -> Cell:
    """A value of an indicator in its own unit: hundredths of a percent, or a plain count."""
    if value is None:
        return UNKNOWN
    if figure.unit == "percent":
        return Cell(value, PERCENT)
    return Cell(value // 100, Kind.COUNT)


def shown_target(figure: IndicatorFigure) -> Cell:
    """Where the Renstra sets no target there is none: that is known, not missing."""
    return Cell(None) if figure.target is None else shown_value(figure.target, figure)


def _renstra_form(figures: Sequence[IndicatorFigure]) -> tuple[Table, ...]:
    """One line with all years beside each other, as the Renstra prints it: five years a table."""
    tables = []
    for start in range(0, len(figures), 5):
        five = figures[start : start + 5]
        columns = (
            Column("Uraian", TEXT),
            Column("Satuan", TEXT),
            *(Column(str(figure.year), PERCENT) for figure in five),
        )
        label = five[0].unit_label
        rows = (
            (Cell("Target"), Cell(label), *(shown_target(each) for each in five)),
            (Cell("Realisasi"), Cell(label), *(shown_value(each.realised, each) for each in five)),
            (
                Cell("Rasio capaian"),
                Cell("%"),
                *(UNKNOWN if each.ratio is None else Cell(each.ratio) for each in five),
            ),
        )
        years = f"{five[0].year}–{five[-1].year}"
        title = f"Persentase akses UMKM ke layanan keuangan, {years}"
        tables.append(Table(f"tabel-{five[0].year}", title, columns, rows))
    return tuple(tables)


def counted_cell(figure: IndicatorFigure, scope: Scope) -> Cell:
    """A numerator with the way to those that our own books count of it; counts of other programmes
    come beside them. Of a year that had not ended on a past day, today's list would be another."""
    if figure.numerator is None:
        return UNKNOWN
    past = figure.year >= scope.last.year and scope.last < scope.today
    if not figure.counted or figure.rule is None or past:
        return Cell(figure.numerator)
    rule, unit = Rule(figure.rule), Unit(figure.unit_counted or "")
    where = address_of(rule, unit, Kinds(figure.kinds or ""))
    return linked(
        Cell(figure.numerator),
        "indicators.member_list",
        year=figure.year,
        kunci=figure.lock,
        **where,
    )


def denominator_cell(figure: IndicatorFigure) -> Cell:
    return UNKNOWN if figure.denominator is None else Cell(figure.denominator)


def _by_year(figures: Sequence[IndicatorFigure], title: str, scope: Scope) -> Table:
    columns = (
        Column("Tahun", TEXT),
        Column("Target (%)", PERCENT),
        Column("Pembilang"),
        Column("Penyebut"),
        Column("Realisasi (%)", PERCENT),
        Column("Rasio capaian (%)", PERCENT),
        Column("Keadaan", TEXT),
        Column("Sumber", TEXT),
    )
    rows = tuple(
        row(
            str(each.year),
            shown_target(each),
            counted_cell(each, scope),
            denominator_cell(each),
            shown_value(each.realised, each),
            UNKNOWN if each.ratio is None else Cell(each.ratio),
            each.status_words,
            each.source or None,
        )
        for each in figures
    )
    return Table("tahun", title, columns, rows)


# — capital of cooperatives —


def capital_report(session: Session, scope: Scope) -> Report:
    """Cooperatives that got a loan, year by year, against the target."""
    figures = figures_of_indicator(session, CAPITAL, LATER_YEARS, scope.last)
    lent = _to_cooperatives(session, scope)
    locked = [str(each.year) for each in figures if each.lock is not None]
    columns = (
        Column("Tahun", TEXT),
        Column("Target (koperasi)"),
        Column("Realisasi (koperasi)"),
        Column("Rasio capaian (%)", PERCENT),
        Column("Pinjaman"),
        Column("Plafon (Rp)", Kind.RUPIAH),
        Column("Keadaan", TEXT),
        Column("Sumber target", TEXT),
    )
    rows = tuple(_capital_row(each, lent.get(each.year), scope) for each in figures)
    return Report(
        "permodalan-koperasi",
        CAPITAL_TITLE,
        CAPITAL_ABOUT,
        scope.words(of_period=False),
        (Table("koperasi", "Koperasi per tahun", columns, rows),),
        (Caution("Tahun terkunci", CAPITAL_LOCKED.format(", ".join(locked))),) if locked else (),
        counted_later(session, scope, figures),
    )


def _capital_row(figure: IndicatorFigure, lent: tuple[int, int] | None, scope: Scope) -> Row:
    where = {
        "cair": str(figure.year),
        "jenis": "koperasi",
        "keadaan": "semua",
        "tanggal": scope.last.isoformat(),
    }
    loans, principal = (Cell(value) for value in lent) if lent else (UNKNOWN, UNKNOWN)
    if lent:
        loans, principal = (linked(cell, "loans.loan_list", **where) for cell in (loans, principal))
    realised = shown_value(figure.realised, figure)
    if figure.lock is not None:
        locked = {"year": str(figure.year), "version": str(figure.lock)}
        realised = linked(realised, "indicators.locked_year", **locked)
    elif lent and figure.counted and not figure.others:
        realised = linked(realised, "loans.loan_list", **where)
    return row(
        str(figure.year),
        shown_target(figure),
        realised,
        UNKNOWN if figure.ratio is None else Cell(figure.ratio),
        loans,
        principal,
        figure.status_words,
        figure.source or None,
    )


def _to_cooperatives(session: Session, scope: Scope) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    query: Any = (
        select(Loan.disbursed_on, func.count(), func.sum(Loan.principal))
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(
            Borrower.kind == "cooperative",
            Loan.disbursed_on <= scope.last,
            Loan.disbursed_on >= dt.date(LATER_YEARS[0], 1, 1),
            of_bank(Loan.bank_id, scope),
        )
        .group_by(Loan.disbursed_on)
    )
    for day, *sums in session.execute(query):
        count, amount = whole(sums)
        before = found.get(day.year, (0, 0))
        found[day.year] = before[0] + count, before[1] + amount
    return found
