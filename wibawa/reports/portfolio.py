"""The portfolio of a day: outstanding, arrears, PAR30 and NPL, by bank and by class."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from wibawa.banks.queries import thresholds_on
from wibawa.loans.portfolio import BankFigures, Portfolio, portfolio
from wibawa.reports.books import booked_later, incomplete, projected
from wibawa.reports.document import Caution, Cell, Column, Kind, Report, Row, Table, linked
from wibawa.reports.forms import Scope
from wibawa.rules.collectibility import CLASS_NAMES, arrears_ratio, npl, par30

TITLE = "Laporan portofolio"
ABOUT = (
    "Baki debet, tunggakan, dan kolektibilitas tiap bank pada akhir satu hari. Rasio tunggakan: "
    "jumlah yang sudah lewat jatuh tempo dibagi baki debet. PAR30: seluruh baki debet pinjaman "
    "yang menunggak lebih dari 30 hari dibagi baki debet; dapat dibandingkan antarbank. NPL: baki "
    "debet kolektibilitas 3–5 dibagi baki debet; batas kolektibilitas bank umum dan BPR berbeda, "
    "jadi tidak dapat dibandingkan antarbank."
)
UNITS = {Kind.COUNT: "pinjaman", Kind.RUPIAH: "Rp", Kind.PERCENT: "%"}
ALL = {"keadaan": "semua"}
LATE = {"keadaan": "menunggak"}
PAR = {"lewat": "30"}
NPL = {"npl": "1"}
GIVEN_UP = {"keadaan": "hapusbuku"}


def columns_of(figures: Portfolio) -> tuple[BankFigures, ...]:
    """Each bank, then all of them when there is more than one."""
    return (*figures.banks, figures.total) if len(figures.banks) > 1 else figures.banks


def arrears_share(bank: BankFigures) -> int | None:
    return arrears_ratio(bank.arrears, bank.outstanding_principal)


def par30_share(bank: BankFigures) -> int | None:
    return par30(bank.par30_outstanding, bank.outstanding_principal)


def npl_share(bank: BankFigures) -> int | None:
    return npl(bank.npl_outstanding, bank.outstanding_principal)


FIGURES: tuple[tuple[str, Kind, Callable[[BankFigures], int | None], dict[str, str]], ...] = (
    ("Pinjaman yang pernah dicairkan", Kind.COUNT, lambda b: b.loans_disbursed, ALL),
    ("Plafon yang pernah dicairkan", Kind.RUPIAH, lambda b: b.principal_disbursed, ALL),
    ("Pinjaman berjalan", Kind.COUNT, lambda b: b.loans_outstanding, {}),
    ("Baki debet", Kind.RUPIAH, lambda b: b.outstanding_principal, {}),
    ("Tunggakan pokok dan bunga", Kind.RUPIAH, lambda b: b.arrears, LATE),
    ("Di antaranya tunggakan pokok", Kind.RUPIAH, lambda b: b.arrears_principal, LATE),
    ("Rasio tunggakan", Kind.PERCENT, arrears_share, LATE),
    (
        "Baki debet yang menunggak lebih dari 30 hari",
        Kind.RUPIAH,
        lambda b: b.par30_outstanding,
        PAR,
    ),
    ("PAR30", Kind.PERCENT, par30_share, PAR),
    ("Baki debet kolektibilitas 3–5", Kind.RUPIAH, lambda b: b.npl_outstanding, NPL),
    ("NPL", Kind.PERCENT, npl_share, NPL),
    ("Pinjaman yang dihapus buku", Kind.COUNT, lambda b: b.written_off_loans, GIVEN_UP),
    (
        "Sisa pokok pinjaman yang dihapus buku",
        Kind.RUPIAH,
        lambda b: b.written_off_outstanding,
        GIVEN_UP,
    ),
)


def portfolio_report(session: Session, scope: Scope) -> Report:
    """The portfolio of `scope.last`: five queries."""
    on = scope.last
    figures = portfolio(session, on, thresholds_on(session, on), scope.bank_id)
    columns = columns_of(figures)
    cautions = incomplete(session, scope, on) + projected(scope)
    if not columns[-1].loans_disbursed:
        text = "Pada tanggal ini belum ada pinjaman yang tercatat. Pilih tanggal yang lebih baru."
        cautions += (Caution("Belum ada data", text),)
    return Report(
        "portofolio",
        TITLE,
        ABOUT,
        scope.words(of_period=False),
        (_by_bank(columns, scope), _by_class(columns, scope)),
        cautions,
        booked_later(session, scope),
    )


def _cell(
    value: int | None, kind: Kind, bank: BankFigures, scope: Scope, filters: dict[str, str]
) -> Cell:
    code, on = bank.code or scope.bank_code, scope.last.isoformat()
    return linked(Cell(value, kind), "loans.loan_list", bank=code, tanggal=on, **filters)


def _by_bank(columns: tuple[BankFigures, ...], scope: Scope) -> Table:
    rows: list[Row] = [
        (
            Cell(label),
            Cell(UNITS[kind]),
            *(_cell(figure(bank), kind, bank, scope, filters) for bank in columns),
        )
        for label, kind, figure, filters in FIGURES
    ]
    headings = (Column("Angka", Kind.TEXT), Column("Satuan", Kind.TEXT))
    banks = tuple(Column(bank.name, Kind.RUPIAH) for bank in columns)
    return Table("portofolio", "Portofolio per bank", (*headings, *banks), tuple(rows))


def _by_class(columns: tuple[BankFigures, ...], scope: Scope) -> Table:
    rows: list[Row] = []
    for grade, name in CLASS_NAMES.items():
        cells = [Cell(f"{grade} {name}")]
        for bank in columns:
            found, filters = bank.classes[grade], {"kol": str(grade)}
            cells.append(_cell(found.loans, Kind.COUNT, bank, scope, filters))
            cells.append(_cell(found.outstanding, Kind.RUPIAH, bank, scope, filters))
        rows.append(tuple(cells))
    totals = [Cell("Jumlah")]
    headings = [Column("Kolektibilitas", Kind.TEXT)]
    for bank in columns:
        totals.append(_cell(bank.loans_outstanding, Kind.COUNT, bank, scope, {}))
        totals.append(_cell(bank.outstanding_principal, Kind.RUPIAH, bank, scope, {}))
        of = bank.name if bank.code else "semua bank"
        headings.append(Column(f"Pinjaman {of}"))
        headings.append(Column(f"Baki debet {of} (Rp)", Kind.RUPIAH))
    return Table(
        "kolektibilitas", "Kolektibilitas per bank", tuple(headings), tuple(rows), tuple(totals)
    )
