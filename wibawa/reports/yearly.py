"""The yearly report to the leadership: the other reports' figures together, in words and charts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from wibawa.banks.queries import thresholds_on
from wibawa.indicators.queries import IndicatorFigure, figures_of_years
from wibawa.loans.portfolio import BankFigures, portfolio
from wibawa.reports.books import booked_later, incomplete, projected, records_later
from wibawa.reports.document import (
    NO_DATA,
    Cell,
    Chart,
    Column,
    Kind,
    Report,
    Row,
    Table,
    linked,
    row,
)
from wibawa.reports.forms import Scope
from wibawa.reports.money import Came, Lent, came_cells, lent_tables, lent_total, received
from wibawa.reports.people import Reached, reached_cells, reached_tables, reached_total
from wibawa.reports.portfolio import GIVEN_UP, LATE, NPL, PAR, arrears_share, npl_share, par30_share
from wibawa.reports.results import (
    TPB,
    TPB_YEARS,
    counted_cell,
    denominator_cell,
    said_later,
    shown_target,
    shown_value,
)
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import add_months, long_date
from wibawa.rules.money import number, percent, rupiah, share

TITLE = "Laporan tahunan untuk pimpinan"
ABOUT = (
    "Ringkasan satu tahun, atau periode lain: yang dicairkan dan kembali, mutu portofolio, "
    "peminjam yang dilayani, dan indikator, dengan periode yang sama setahun sebelumnya. "
    "Rinciannya ada di laporan masing-masing; XLSX dan PDF memuat semua bagian, PDF juga grafik."
)
MONEY, COUNT, PERCENT, TEXT = Kind.RUPIAH, Kind.COUNT, Kind.PERCENT, Kind.TEXT


@dataclass(frozen=True)
class Sums:
    """A period in figures, and where the portfolio stands at its end."""

    lent: Lent
    came: Came
    served: int
    ever: int
    stands: BankFigures

    @property
    def is_empty(self) -> bool:
        return not self.stands.loans_disbursed


def yearly_report(session: Session, scope: Scope) -> Report:
    """A period beside the one a year before, or one part of it: some fifty queries for all parts,
    whatever the number of loans."""
    return Report(
        "tahunan",
        TITLE,
        ABOUT,
        scope.words(of_period=True),
        tuple(
            table
            for code, _, make in PARTS
            if scope.part in ("", code)
            for table in make(session, scope)
        ),
        incomplete(session, scope, scope.first) + projected(scope),
        booked_later(session, scope)
        + said_later(session, scope)
        + records_later(session, scope, "kelurahan_code", "sex"),
    )


def _overview(session: Session, scope: Scope) -> tuple[Table, ...]:
    before = replace(scope, first=add_months(scope.first, -12), last=_year_before(scope.last))
    then, now = _sums(session, before), _sums(session, scope)
    return _summary(now, then, scope, before), _classes(now.stands, scope)


def _of_lending(session: Session, scope: Scope) -> tuple[Table, ...]:
    """The report of disbursements by month, or by year where the period is long."""
    table = lent_tables(session, scope)[0]
    title = f"Pencairan m{table.title[1:]}"
    return (replace(table, code="pencairan", title=title, chart=_lent_chart(table)),)


def _of_borrowers(session: Session, scope: Scope) -> tuple[Table, ...]:
    return tuple(
        replace(table, code=f"peminjam-{table.code}", title=f"Peminjam m{table.title[1:]}")
        for table in reached_tables(session, scope)
    )


def _of_indicators(session: Session, scope: Scope) -> tuple[Table, ...]:
    """Both tables are counted together, so that the year is counted once."""
    year = scope.last.year
    years = sorted({*TPB_YEARS, year})
    figures = figures_of_years(session, years, scope.last, TPB, full=year)
    return (
        _indicators([each for each in figures if each.year == year], year, scope),
        _trend([each for each in figures if each.code == TPB and each.year in TPB_YEARS], scope),
    )


Make = Callable[[Session, Scope], tuple[Table, ...]]
PARTS: tuple[tuple[str, str, Make], ...] = (
    ("ringkasan", "Ringkasan", _overview),
    ("pencairan", "Pencairan", _of_lending),
    ("peminjam", "Peminjam", _of_borrowers),
    ("indikator", "Indikator", _of_indicators),
)
PART_NAMES = tuple((code, name) for code, name, _ in PARTS)


def _year_before(day: dt.date) -> dt.date:
    """The same end a year before; the end of February stays one."""
    if (day + dt.timedelta(days=1)).day == 1:
        return add_months(day, -12, 31)
    return add_months(day, -12)


def _sums(session: Session, scope: Scope) -> Sums:
    figures = portfolio(session, scope.last, thresholds_on(session, scope.last), scope.bank_id)
    lent, reached = lent_total(session, scope), reached_total(session, scope)
    return Sums(lent, received(session, scope), *reached, figures.total)


def _lines(sums: Sums, scope: Scope) -> list[tuple[str, str, Cell]]:
    """What each figure is called, its unit, and the figure with the way to what it counts."""
    at = sums.stands
    day = {"bank": scope.bank_code, "tanggal": scope.last.isoformat()}
    days = {"cair_dari": scope.first.isoformat(), "cair_sampai": scope.last.isoformat()}
    reached = reached_cells(Reached(sums.served, sums.ever), scope)
    came = came_cells(sums.came, scope.first, scope.last, scope.bank_code)

    def loans(value: int | None, kind: Kind, **where: str) -> Cell:
        return linked(Cell(value, kind), "loans.loan_list", **day, **where)

    def lent(value: int, kind: Kind, **where: str) -> Cell:
        return loans(value, kind, keadaan="semua", **days, **where)

    def of_kind(cell: Cell, kind: Kind) -> Cell:
        return replace(cell, kind=kind)

    return [
        ("Pinjaman dicairkan", "pinjaman", lent(sums.lent.loans, COUNT)),
        ("Plafon dicairkan", "Rp", lent(sums.lent.principal, MONEY)),
        (
            "Di antaranya kepada koperasi",
            "pinjaman",
            lent(sums.lent.cooperatives, COUNT, jenis="koperasi"),
        ),
        ("Peminjam dilayani", "peminjam", of_kind(reached["served"], COUNT)),
        ("Peminjam sejak awal", "peminjam", of_kind(reached["ever"], COUNT)),
        ("Uang diterima, bersih", "Rp", of_kind(came[3], MONEY)),
        ("Di antaranya pokok", "Rp", of_kind(came[4], MONEY)),
        ("Di antaranya bunga", "Rp", of_kind(came[5], MONEY)),
        ("Baki debet pada hari terakhir", "Rp", loans(at.outstanding_principal, MONEY)),
        ("Tunggakan", "Rp", loans(at.arrears, MONEY, **LATE)),
        ("Rasio tunggakan", "%", loans(arrears_share(at), PERCENT, **LATE)),
        (
            "Baki debet yang menunggak lebih dari 30 hari",
            "Rp",
            loans(at.par30_outstanding, MONEY, **PAR),
        ),
        ("PAR30", "%", loans(par30_share(at), PERCENT, **PAR)),
        ("Baki debet kolektibilitas 3–5", "Rp", loans(at.npl_outstanding, MONEY, **NPL)),
        ("NPL", "%", loans(npl_share(at), PERCENT, **NPL)),
        ("Pinjaman yang dihapus buku", "pinjaman", loans(at.written_off_loans, COUNT, **GIVEN_UP)),
    ]


def _summary(now: Sums, then: Sums, scope: Scope, before: Scope) -> Table:
    unknown = Cell(None, missing=NO_DATA)
    rows: list[Row] = []
    each = zip(_lines(now, scope), _lines(then, before), strict=True)
    for (label, unit, figure), (_, _, earlier) in each:
        one = unknown if now.is_empty else figure
        two = unknown if then.is_empty else earlier
        rows.append((Cell(label), Cell(unit), one, two))
    columns = (
        Column("Angka", TEXT),
        Column("Satuan", TEXT),
        Column(f"Sampai {long_date(scope.last)}", MONEY),
        Column(f"Sampai {long_date(before.last)}", MONEY),
    )
    return Table("ringkasan", "Ringkasan", columns, tuple(rows), words=_words(now, then, scope))


def _words(now: Sums, then: Sums, scope: Scope) -> tuple[str, ...]:
    """What the figures say, in sentences; nothing that is not in the tables."""
    if now.is_empty:
        return ("Dalam periode ini belum ada pinjaman yang tercatat.",)
    at = now.stands
    said = [
        f"Dari {long_date(scope.first)} sampai {long_date(scope.last)} dicairkan "
        f"{number(now.lent.loans)} pinjaman senilai {rupiah(now.lent.principal)} kepada "
        f"{number(now.served)} peminjam{_compared(now, then)}. Sejak awal program "
        f"{number(now.ever)} peminjam telah dilayani.",
        f"Dalam periode yang sama diterima {rupiah(now.came.net)}, di antaranya pokok "
        f"{rupiah(now.came.principal)} dan bunga {rupiah(now.came.interest)}.",
        f"Pada {long_date(scope.last)} baki debet {rupiah(at.outstanding_principal)} pada "
        f"{number(at.loans_outstanding)} pinjaman; {rupiah(at.arrears)} sudah lewat jatuh tempo. "
        f"PAR30 {_percent(par30_share(at))} dan NPL {_percent(npl_share(at))}{_worse(now, then)}.",
    ]
    return tuple(said)


def _percent(hundredths: int | None) -> str:
    return "belum ada data" if hundredths is None else percent(hundredths)


def _compared(now: Sums, then: Sums) -> str:
    if then.lent.principal == 0:
        return ""
    change = now.lent.principal - then.lent.principal
    if change == 0:
        return ", sama dengan setahun sebelumnya"
    word = "lebih banyak" if change > 0 else "lebih sedikit"
    rate = share(abs(change), then.lent.principal)
    return f", {_percent(rate)} {word} daripada setahun sebelumnya ({rupiah(then.lent.principal)})"


def _worse(now: Sums, then: Sums) -> str:
    if then.is_empty or par30_share(then.stands) is None:
        return ""
    return (
        f"; setahun sebelumnya PAR30 {_percent(par30_share(then.stands))} dan NPL "
        f"{_percent(npl_share(then.stands))}"
    )


def _lent_chart(table: Table) -> Chart:
    values = tuple(line[2].value if isinstance(line[2].value, int) else None for line in table.rows)
    labels = tuple(_short(str(line[0].value)) for line in table.rows)
    return Chart(labels, values, MONEY, "Plafon dicairkan, juta rupiah")


def _short(label: str) -> str:
    """ "September 2026" as it fits under a bar."""
    month, _, year = label.partition(" ")
    return f"{month[:3]} {year[2:]}".strip() if year else label


def _classes(at: BankFigures, scope: Scope) -> Table:
    columns = (
        Column("Kolektibilitas", TEXT),
        Column("Pinjaman"),
        Column("Baki debet (Rp)", MONEY),
        Column("Bagian (%)", PERCENT),
    )

    def line(label: str, loans: int, outstanding: int, **where: int) -> Row:
        figures = (loans, outstanding, share(outstanding, at.outstanding_principal))
        day = {"bank": scope.bank_code, "tanggal": scope.last.isoformat()}
        return row(
            label, *(linked(Cell(value), "loans.loan_list", **day, **where) for value in figures)
        )

    rows = tuple(
        line(f"{grade} {name}", at.classes[grade].loans, at.classes[grade].outstanding, kol=grade)
        for grade, name in CLASS_NAMES.items()
    )
    total = line("Jumlah", at.loans_outstanding, at.outstanding_principal)
    values = tuple(at.classes[grade].outstanding for grade in CLASS_NAMES)
    chart = Chart(tuple(CLASS_NAMES.values()), values, MONEY, "Baki debet, juta rupiah")
    title = f"Kolektibilitas, {long_date(scope.last)}"
    return Table("kolektibilitas", title, columns, rows, total, chart=chart)


def _indicators(figures: Sequence[IndicatorFigure], year: int, scope: Scope) -> Table:
    columns = (
        Column("Indikator", TEXT),
        Column("Satuan", TEXT),
        Column("Target", COUNT),
        Column("Pembilang"),
        Column("Penyebut"),
        Column("Realisasi", COUNT),
        Column("Rasio capaian (%)", PERCENT),
        Column("Keadaan", TEXT),
    )
    rows = tuple(
        row(
            each.name,
            each.unit_label,
            shown_target(each),
            counted_cell(each, scope),
            denominator_cell(each) if each.unit == "percent" else Cell(None),
            shown_value(each.realised, each),
            Cell(each.ratio, missing=NO_DATA),
            each.status_words,
        )
        for each in figures
    )
    words = tuple(_against(each) for each in figures if each.ratio is not None)
    return Table("indikator", f"Indikator tahun {year}", columns, rows, words=words)


def _against(figure: IndicatorFigure) -> str:
    """What came of a target, in a sentence."""
    realised, target = (
        percent(value)
        if figure.unit == "percent"
        else f"{number(value // 100)} {figure.unit_label}"
        for value in (figure.realised or 0, figure.target or 0)
    )
    word = "tercapai" if (figure.realised or 0) >= (figure.target or 0) else "belum tercapai"
    return (
        f"{figure.name} ({figure.code}), tahun {figure.year}: {realised} dari target {target}, "
        f"rasio capaian {_percent(figure.ratio)}; target {word}."
    )


def _trend(figures: Sequence[IndicatorFigure], scope: Scope) -> Table:
    columns = (
        Column("Tahun", TEXT),
        Column("Target (%)", PERCENT),
        Column("Pembilang"),
        Column("Penyebut"),
        Column("Realisasi (%)", PERCENT),
        Column("Rasio capaian (%)", PERCENT),
    )
    rows = tuple(
        row(
            str(each.year),
            shown_target(each),
            counted_cell(each, scope),
            denominator_cell(each),
            shown_value(each.realised, each),
            Cell(each.ratio, missing=NO_DATA),
        )
        for each in figures
    )
    chart = Chart(
        tuple(str(each.year) for each in figures),
        tuple(each.realised for each in figures),
        PERCENT,
        "Realisasi, persen",
        tuple(each.target for each in figures),
    )
    return Table("tren", "TPB 8.3.1.(c), 2020–2029", columns, rows, chart=chart)
