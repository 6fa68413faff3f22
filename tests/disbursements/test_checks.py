"""Rows of a file against what the books know: what blocks, what is only told, what is paid out."""

from __future__ import annotations

import ast
import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from tests.disbursements.payments import HEAD, line
from wibawa.disbursements import files
from wibawa.disbursements.files.checks import check_payments
from wibawa.disbursements.files.kind import DISBURSEMENTS
from wibawa.disbursements.files.reader import read_payments
from wibawa.disbursements.files.rows import ApplicationFact, Books, Checked
from wibawa.rules.disbursing import Approval
from wibawa.rules.eligibility import Applicant, Known, Limits, RunningLoan, WaitingDisbursement
from wibawa.rules.facts import BorrowerKind, Method, Terms
from wibawa.rules.statuses import State
from wibawa.uploads.kinds import COMMON_CODES

TODAY = dt.date(2026, 11, 24)
SITI = Applicant(
    BorrowerKind.MICRO, "3374014804850012", "P", dt.date(1985, 4, 8), dt.date(2018, 1, 1), True
)
LIMITS = Limits(dt.date(2017, 1, 1), 50_000_000, 50_000_000, 5_000_000, 17, 2)
APPROVAL = Approval("PM-000001", State.APPROVED, 4_000_000, dt.date(2026, 11, 20))
FACT = ApplicationFact(
    1, 6, 11, "Siti Aminah", "", 24, "", APPROVAL, SITI, LIMITS, Known(), False
)  # fmt: skip


def checked(
    rows: str,
    *facts: ApplicationFact,
    accounts: dict[str, str] | None = None,
    agreements: dict[str, str] | None = None,
) -> Checked:
    file = read_payments((HEAD + rows).encode(), "pencairan.csv")
    applications = {each.approval.number: each for each in facts or (FACT,)}
    rates = {row.disbursed_on: 300 for row in file.rows if row.disbursed_on}
    books = Books(
        "Bank Pasar", Method.FLAT, 500, rates, applications, accounts or {}, agreements or {}
    )
    return check_payments(file, books, TODAY)


def codes(result: Checked) -> list[tuple[int, str, str]]:
    return [(each.row, each.column, each.code) for each in result.problems]


def other(number: int) -> ApplicationFact:
    return replace(FACT, id=number, approval=replace(APPROVAL, number=f"PM-{number:06d}"))


def test_a_good_file_pays_out_what_it_says() -> None:
    result = checked(line(1) + line(2, amount="3.000.000"), FACT, other(2))
    assert (result.problems, result.blocked, result.total) == ([], False, 7_000_000)
    first = result.payments[0]
    assert (first.row, first.fact.id, first.account) == (2, 1, "012300001")
    assert first.terms == Terms(4_000_000, 300, 24, Method.FLAT, TODAY, 500)
    same = checked(line(1) + line(2, amount="3.000.000"), FACT, other(2))
    assert same.fingerprint == result.fingerprint
    less = checked(line(1) + line(2, amount="3.000.001"), FACT, other(2))
    assert less.fingerprint != result.fingerprint


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"number": "PM-000009"}, "Nomor Permohonan", "application_unknown"),
        ({"amount": "4.000.001"}, "Jumlah Pencairan", "above_approved"),
        ({"amount": "0"}, "Jumlah Pencairan", "principal_not_positive"),
        ({"amount": "-5"}, "Jumlah Pencairan", "principal_not_positive"),
        ({"disbursed_on": "25-11-2026", "matures_on": "25-11-2028"}, "Tanggal Pencairan",
         "date_in_future"),
        ({"disbursed_on": "19-11-2026", "agreement_on": "", "matures_on": ""},
         "Tanggal Pencairan", "date_before_sending"),
        ({"matures_on": "24-10-2028"}, "Jatuh Tempo", "maturity_differs"),
        ({"disbursed_on": "23-11-2026", "matures_on": "23-11-2028"}, "Tanggal Perjanjian",
         "agreement_after_disbursement"),
    ],
)  # fmt: skip
def test_each_obstacle_stands_at_its_column_and_blocks_the_whole_file(
    changes: dict[str, str], column: str, code: str
) -> None:
    result = checked(line(2) + line(1, **changes), FACT, other(2))
    assert codes(result) == [(3, column, code)]
    assert result.blocked
    assert [each.row for each in result.payments] == [2]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.SENT, "application_not_approved"),
        (State.WITHDRAWN, "application_not_approved"),
        (State.REFUSED_BY_BANK, "application_not_approved"),
        (State.DISBURSED, "already_disbursed"),
    ],
)
def test_only_what_the_bank_approved_is_paid_out(state: State, code: str) -> None:
    fact = replace(FACT, approval=replace(APPROVAL, state=state))
    result = checked(line(1), fact)
    assert codes(result) == [(2, "Nomor Permohonan", code)]


def test_one_whose_disbursement_waits_already_is_told() -> None:
    result = checked(line(1), replace(FACT, recorded=True))
    assert [each.code for each in result.problems] == ["already_recorded"]


def test_the_same_application_or_account_twice_is_told_at_both_rows() -> None:
    result = checked(line(1) + line(1, account="'99999"), FACT)
    assert codes(result) == [
        (2, "Nomor Permohonan", "application_duplicate"),
        (3, "Nomor Permohonan", "application_duplicate"),
    ]
    assert "juga ada di baris 3" in result.problems[0].message
    result = checked(line(1) + line(2, account="'012300001"), FACT, other(2))
    assert {each.code for each in result.problems} == {"account_duplicate"}


def test_an_account_that_somebody_holds_blocks_an_agreement_is_only_told() -> None:
    result = checked(line(1), accounts={"012300001": "pinjaman KW-000007"})
    assert codes(result) == [(2, "Nomor Rekening", "account_taken")]
    assert "sudah dipakai pinjaman KW-000007" in result.problems[0].message
    result = checked(line(1), agreements={"PK/1/2026": "pinjaman KW-000007"})
    assert codes(result) == [(2, "Nomor Perjanjian", "agreement_repeated")]
    assert not result.blocked


def test_a_bank_reads_nothing_of_another_banks_loan() -> None:
    loan = RunningLoan("KW-000012", "Bank Jateng", "Siti Aminah", 2_000_000, own=True)
    waits = WaitingDisbursement("Bank Jateng", "Siti Aminah", 3_000_000, own=True)
    for known, blocks in (
        (Known((loan,), (waits,)), True),
        (Known((replace(loan, own=False),), (replace(waits, own=False),)), False),
    ):
        result = checked(line(1), replace(FACT, known=known))
        assert result.blocked is blocks
        said = " ".join(each.message + each.found for each in result.problems)
        assert len(result.problems) == 2
        for secret in ("Jateng", "KW-000012", "2.000.000", "3.000.000"):
            assert secret not in said


def test_a_borrower_who_no_longer_meets_the_rules_blocks() -> None:
    young = replace(SITI, business_started_on=dt.date(2026, 1, 1))
    result = checked(line(1), replace(FACT, applicant=young))
    assert codes(result) == [(2, "Nomor Permohonan", "borrower_not_eligible")]
    assert "Usaha baru berjalan 10 bulan" in result.problems[0].message


def test_a_far_off_name_is_told_and_stops_nothing() -> None:
    result = checked(line(1, name="Bambang Sutrisno"))
    assert codes(result) == [(2, "Nama", "name_differs")]
    assert not result.blocked
    assert len(result.payments) == 1


def test_the_end_of_a_month_is_held_inside_the_month() -> None:
    approval = replace(APPROVAL, sent_on=dt.date(2026, 8, 1))
    fact = replace(FACT, months=18, approval=approval)
    good = {"agreement_on": "", "disbursed_on": "31-08-2026"}
    assert checked(line(1, **good, matures_on="29-02-2028"), fact).problems == []
    result = checked(line(1, **good, matures_on="01-03-2028"), fact)
    assert [each.code for each in result.problems] == ["maturity_differs"]
    assert "18 bulan sejak 31 Agustus 2026, yaitu 29 Februari 2028" in result.problems[0].message


def test_an_empty_file_pays_out_nothing_and_says_so() -> None:
    result = checked(";;;;;;;\n")
    assert [each.code for each in result.problems] == ["nothing_to_pay_out"]
    assert result.blocked


def test_a_nik_that_somebody_wrote_into_the_file_is_masked() -> None:
    result = checked(line(1, name="3374014804850012"))
    assert "3374014804850012" not in repr(result.problems)


def test_every_code_that_the_reader_and_the_checks_write_has_words() -> None:
    folder = Path(files.__file__).parent
    found: set[str] = set()
    for name in ("reader.py", "checks.py"):
        for node in ast.walk(ast.parse((folder / name).read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in ("problem", "add"):
                said = [each.value for each in node.args[2:3] if isinstance(each, ast.Constant)]
                found |= {str(each) for each in said}
    told = {*found, "account_duplicate", "application_duplicate", "above_approved", "account_taken"}
    told |= {"already_disbursed", "application_not_approved", "date_before_sending"}
    told |= {"date_in_future", "principal_not_positive", "agreement_repeated"}
    assert len(found) > 15
    assert [code for code in sorted(told) if code not in DISBURSEMENTS.codes | COMMON_CODES] == []
