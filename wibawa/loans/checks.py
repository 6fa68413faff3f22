"""The rows of an opening portfolio + known facts → problems. All or nothing: one blocks the file.

Plain Python: the facts are handed in, nothing is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Set
from typing import Any

from wibawa.loans.reader import DefaultTerms, PortfolioFile, loan_terms
from wibawa.rules.dates import short_date
from wibawa.rules.facts import BorrowerKind, Installment
from wibawa.rules.money import rupiah
from wibawa.rules.nik import is_semarang, mask_nik, read_nik
from wibawa.rules.refused import Problem, Refused
from wibawa.rules.schedule import schedule

TermsFor = Callable[[str, dt.date], DefaultTerms]


def _product(_bank_code: str, _disbursed_on: dt.date) -> DefaultTerms:
    return DefaultTerms()


def check_portfolio(
    file: PortfolioFile,
    banks: Collection[str],
    kelurahan: Set[str],
    existing_accounts: Set[tuple[str, str]],
    today: dt.date,
    terms_for: TermsFor = _product,
) -> list[Problem]:
    """Every problem and notice of a portfolio, those of the reading included, in row order.

    `banks` are the known bank codes (a mapping will do), `kelurahan` the known codes,
    `existing_accounts` (bank code, account) of the loans stored before. `terms_for(bank code,
    disbursement date)` gives the terms where the file does not state them. Amounts in rupiah.

    How the bank split principal and interest differently than our schedule is a notice only
    (`split_differs`); more paid than the schedule asks for blocks (`paid_exceeds_schedule`).
    """
    check = _Check(file, today)
    for row, values in file.values:
        check.places(row, values, banks, kelurahan)
        check.person(row, values)
        check.account(row, values, existing_accounts)
        check.days(row, values)
        check.paid(row, values, terms_for)
    check.cut_offs()
    problems = [*file.problems, *file.notices, *check.found]
    return sorted(problems, key=lambda problem: problem.row)


class _Check:
    """One run over one file; `found` collects what is wrong or worth knowing."""

    def __init__(self, file: PortfolioFile, today: dt.date) -> None:
        self.file = file
        self.today = today
        self.found: list[Problem] = []
        self.accounts: dict[tuple[str, str], int] = {}
        self.people: dict[str, int] = {}

    def note(
        self, row: int, key: str, code: str, found: str, message: str, *, blocking: bool = True
    ) -> None:
        self.found.append(Problem(row, self.file.heading(key), code, found, message, blocking))

    def places(
        self, row: int, values: dict[str, Any], banks: Collection[str], kelurahan: Set[str]
    ) -> None:
        bank = values.get("bank_code")
        if bank is not None and bank not in banks:
            known = ", ".join(sorted(banks))
            sentence = f"Kode bank “{bank[:40]}” tidak dikenal; tulis salah satu dari {known}."
            self.note(row, "bank_code", "bank_unknown", bank[:64], sentence)
        code = values.get("kelurahan_code")
        if code is not None and code not in kelurahan:
            sentence = (
                f"Kode kelurahan {code} tidak ada di Kota Semarang; periksa daftar 177 kelurahan."
            )
            self.note(row, "kelurahan_code", "kelurahan_unknown", code, sentence)

    def person(self, row: int, values: dict[str, Any]) -> None:
        """The NIK agrees with sex and birth date; another city and a second loan are notices."""
        number = values.get("nik")
        if number is None:
            return
        masked = mask_nik(number)
        try:
            nik = read_nik(number, self.today)
        except Refused as refused:
            self.note(row, "nik", refused.code, masked, refused.sentence)
            return
        sex = values.get("sex")
        if sex is not None and sex != nik.sex:
            sentence = f"Jenis kelamin {sex} tidak cocok dengan NIK ({nik.sex}); periksa keduanya."
            self.note(row, "sex", "nik_sex_differs", sex, sentence)
        born = values.get("birth_date")
        # The number holds two digits of the year only, so the century is not compared.
        if born is not None and (born.day, born.month, born.year % 100) != (
            nik.birth_date.day,
            nik.birth_date.month,
            nik.birth_date.year % 100,
        ):
            sentence = f"Tanggal lahir {short_date(born)} tidak cocok dengan NIK; lihat KTP-nya."
            found = short_date(born)
            self.note(row, "birth_date", "nik_birth_date_differs", found, sentence)
        elif born is not None and born > self.today:
            sentence = f"Tanggal lahir {short_date(born)} sesudah hari ini; periksa tahunnya."
            self.note(row, "birth_date", "date_in_future", short_date(born), sentence)
        if not is_semarang(nik):
            sentence = "NIK tidak berawalan 3374 (Kota Semarang); pastikan peminjam warga Semarang."
            self.note(row, "nik", "nik_not_semarang", masked, sentence, blocking=False)
        self._second_loan(row, values, number)

    def _second_loan(self, row: int, values: dict[str, Any], number: str) -> None:
        if values.get("kind") is BorrowerKind.COOPERATIVE:
            return
        first = self.people.setdefault(number, row)
        if first != row:
            sentence = f"NIK yang sama ada di baris {first}; satu peminjam dengan dua pinjaman?"
            self.note(row, "nik", "nik_repeated", mask_nik(number), sentence, blocking=False)

    def account(
        self, row: int, values: dict[str, Any], existing_accounts: Set[tuple[str, str]]
    ) -> None:
        bank, account = values.get("bank_code"), values.get("account")
        if bank is None or account is None:
            return
        first = self.accounts.setdefault((bank, account), row)
        if first != row:
            sentence = f"Rekening {account} juga ada di baris {first}; setiap pinjaman satu baris."
            self.note(row, "account", "account_duplicate", account, sentence)
        if (bank, account) in existing_accounts:
            sentence = f"Rekening {account} sudah ada dalam sistem; hapus baris ini dari data awal."
            self.note(row, "account", "account_exists", account, sentence)

    def days(self, row: int, values: dict[str, Any]) -> None:
        disbursed_on, cut_off = values.get("disbursed_on"), values.get("cut_off")
        for key, day, what in (
            ("disbursed_on", disbursed_on, "Tanggal pencairan"),
            ("cut_off", cut_off, "Tanggal posisi"),
        ):
            if day is not None and day > self.today:
                sentence = f"{what} {short_date(day)} sesudah hari ini; periksa tanggalnya."
                self.note(row, key, "date_in_future", short_date(day), sentence)
        if disbursed_on is not None and cut_off is not None and cut_off < disbursed_on:
            sentence = (
                f"Tanggal posisi {short_date(cut_off)} sebelum tanggal pencairan "
                f"{short_date(disbursed_on)}; periksa keduanya."
            )
            found = short_date(cut_off)
            self.note(row, "cut_off", "date_before_disbursement", found, sentence)

    def paid(self, row: int, values: dict[str, Any], terms_for: TermsFor) -> None:
        """What was paid fits into the schedule; a different split is worth knowing."""
        needed = ("bank_code", "principal", "disbursed_on", "principal_paid", "interest_paid")
        if any(values.get(key) is None for key in needed):
            return
        default = terms_for(values["bank_code"], values["disbursed_on"])
        try:
            rows = schedule(loan_terms(values, default))
        except Refused as refused:
            self.note(row, "principal", refused.code, "", refused.sentence)
            return
        principal_paid, interest_paid = values["principal_paid"], values["interest_paid"]
        paid = principal_paid + interest_paid
        asked = sum(installment.total for installment in rows)
        if principal_paid > values["principal"] or paid > asked:
            sentence = (
                f"Yang sudah dibayar {rupiah(paid)} (pokok {rupiah(principal_paid)}) melebihi "
                f"jadwal {rupiah(asked)} (pokok {rupiah(values['principal'])}); periksa jumlahnya."
            )
            self.note(row, "principal_paid", "paid_exceeds_schedule", str(paid), sentence)
            return
        ours = principal_of(rows, paid)
        if ours != principal_paid:
            sentence = (
                f"Menurut jadwal, dari {rupiah(paid)} yang dibayar {rupiah(ours)} adalah pokok; "
                f"bank mencatat {rupiah(principal_paid)}. Yang dipakai adalah jumlahnya."
            )
            found = str(principal_paid)
            self.note(row, "principal_paid", "split_differs", found, sentence, blocking=False)

    def cut_offs(self) -> None:
        """One cut-off date per bank is usual; several are worth knowing."""
        days: dict[str, dict[dt.date, int]] = {}
        for row, values in self.file.values:
            if values.get("bank_code") and values.get("cut_off"):
                days.setdefault(values["bank_code"], {}).setdefault(values["cut_off"], row)
        for bank, first_rows in days.items():
            if len(first_rows) > 1:
                listed = ", ".join(short_date(day) for day in sorted(first_rows)[:5])
                sentence = (
                    f"Data bank {bank} memakai {len(first_rows)} tanggal posisi ({listed}); "
                    "biasanya satu tanggal untuk seluruh berkas."
                )
                row = sorted(first_rows.values())[1]
                self.note(row, "cut_off", "cut_offs_differ", listed, sentence, blocking=False)


def principal_of(rows: list[Installment], paid: int) -> int:
    """The principal part of a sum poured over a schedule, interest first within an installment.

    >>> principal_of([Installment(1, dt.date(2026, 2, 28), 500, 10, 500)], 110)
    100
    """
    principal, left = 0, paid
    for installment in rows:
        left -= min(left, installment.interest)
        part = min(left, installment.principal)
        principal += part
        left -= part
        if not left:
            break
    return principal
