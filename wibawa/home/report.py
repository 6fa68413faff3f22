"""The portfolio report as plain rows, so that page, workbook and CSV say the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from wibawa.loans.portfolio import BankFigures, Portfolio
from wibawa.rules.collectibility import CLASS_NAMES, arrears_ratio, npl, par30

PERCENT, RUPIAH, LOANS = "%", "Rp", "pinjaman"
ALL: dict[str, str] = {"keadaan": "semua"}
LATE: dict[str, str] = {"keadaan": "menunggak"}
PAR: dict[str, str] = {"lewat": "30"}
NPL: dict[str, str] = {"npl": "1"}
GIVEN_UP: dict[str, str] = {"keadaan": "hapusbuku"}


@dataclass(frozen=True)
class ReportRow:
    """One figure of every bank and of all. `filters` leads to the loans behind it.

    Percentages are hundredths of a percent, None when nothing is outstanding.
    """

    label: str
    unit: str
    values: tuple[int | None, ...]
    filters: dict[str, str] = field(default_factory=dict)

    def cells(self) -> tuple[str | int | Decimal | None, ...]:
        """The row of an export: label, unit, typed values."""
        if self.unit != PERCENT:
            return (self.label, self.unit, *self.values)
        shares = (None if value is None else Decimal(value).scaleb(-2) for value in self.values)
        return (self.label, self.unit, *shares)


def columns_of(portfolio: Portfolio) -> tuple[BankFigures, ...]:
    """Each bank, then all of them when there is more than one."""
    return (*portfolio.banks, portfolio.total) if len(portfolio.banks) > 1 else portfolio.banks


def report_rows(portfolio: Portfolio) -> list[ReportRow]:
    """Every figure of the report. NPL, PAR30 and the arrears ratio are never mixed."""
    columns = columns_of(portfolio)

    def row(
        label: str,
        unit: str,
        figure: Callable[[BankFigures], int | None],
        filters: dict[str, str] | None = None,
    ) -> ReportRow:
        return ReportRow(label, unit, tuple(figure(bank) for bank in columns), filters or {})

    return [
        row("Pinjaman yang pernah dicairkan", LOANS, lambda b: b.loans_disbursed, ALL),
        row("Plafon yang pernah dicairkan", RUPIAH, lambda b: b.principal_disbursed, ALL),
        row("Pinjaman berjalan", LOANS, lambda b: b.loans_outstanding),
        row("Baki debet", RUPIAH, lambda b: b.outstanding_principal),
        row("Tunggakan pokok dan bunga", RUPIAH, lambda b: b.arrears, LATE),
        row("Di antaranya tunggakan pokok", RUPIAH, lambda b: b.arrears_principal, LATE),
        row("Rasio tunggakan", PERCENT, arrears_share, LATE),
        row(
            "Baki debet yang menunggak lebih dari 30 hari",
            RUPIAH,
            lambda b: b.par30_outstanding,
            PAR,
        ),
        row("PAR30", PERCENT, par30_share, PAR),
        row("Baki debet kolektibilitas 3–5", RUPIAH, lambda b: b.npl_outstanding, NPL),
        row("NPL", PERCENT, npl_share, NPL),
        row("Pinjaman yang dihapus buku", LOANS, lambda b: b.written_off_loans, GIVEN_UP),
        row(
            "Sisa pokok pinjaman yang dihapus buku",
            RUPIAH,
            lambda b: b.written_off_outstanding,
            GIVEN_UP,
        ),
    ]


def class_rows(portfolio: Portfolio) -> list[tuple[ReportRow, ReportRow]]:
    """For each class the number of running loans and their outstanding principal."""
    columns = columns_of(portfolio)
    return [
        (
            ReportRow(
                f"{number} {name}",
                LOANS,
                tuple(bank.classes[number].loans for bank in columns),
                {"kol": str(number)},
            ),
            ReportRow(
                f"{number} {name}",
                RUPIAH,
                tuple(bank.classes[number].outstanding for bank in columns),
                {"kol": str(number)},
            ),
        )
        for number, name in CLASS_NAMES.items()
    ]


def arrears_share(bank: BankFigures) -> int | None:
    return arrears_ratio(bank.arrears, bank.outstanding_principal)


def par30_share(bank: BankFigures) -> int | None:
    return par30(bank.par30_outstanding, bank.outstanding_principal)


def npl_share(bank: BankFigures) -> int | None:
    return npl(bank.npl_outstanding, bank.outstanding_principal)
