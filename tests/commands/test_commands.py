"""The `wibawa` command: what it prints, how it ends, and what is in the books afterwards."""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.commands.conftest import (
    FAULTY_FILE,
    JATENG_FILE,
    PASAR_FILE,
    PORTFOLIO,
    CommandLine,
)
from tests.conftest import dispose, make_app
from wibawa.access.models import TrailEntry, User
from wibawa.access.users import verify
from wibawa.applications.models import Application
from wibawa.applications.queries import standings
from wibawa.arrears.lists import ArrearsFilter, late_lines
from wibawa.arrears.reminders.queries import due_lines
from wibawa.banks.queries import thresholds_on
from wibawa.commands import wibawa
from wibawa.database import db
from wibawa.disbursements.files.reader import read_payments
from wibawa.loans.models import LedgerEntry, Loan, LoanRequest, SuspenseEntry
from wibawa.rules.statuses import State
from wibawa.scans.queries import papers_of_application
from wibawa.uploads.models import Upload
from wibawa.web.clock import today
from wibawa.web.pages import Wanted

ROOT = Path(__file__).resolve().parent.parent.parent
TERMS = ("--principal", 5_000_000, "--rate", 3, "--months", 24, "--disbursed", "2026-01-31")
# Domain rules §3: method, first installment, last installment, total interest.
TABLE = [
    ("annuity", (202_406, 12_500, 214_906), (214_373, 536, 214_909), 157_747),
    ("flat", (208_333, 12_500, 220_833), (208_341, 12_500, 220_841), 300_000),
    ("declining", (208_333, 12_500, 220_833), (208_341, 521, 208_862), 156_252),
]
SUMS = ("posted_total", "suspense_total", "already_posted_total", "skipped_total")
COUNTS = ("posted_rows", "suspense_rows", "already_posted_rows", "skipped_rows")


def books(app: Flask) -> tuple[int, int, int, int, int]:
    """Loans, ledger entries and their sum, titipan entries, files: what must not change."""
    with app.app_context():
        found = db.session.execute(
            select(
                select(func.count()).select_from(Loan).scalar_subquery(),
                select(func.count()).select_from(LedgerEntry).scalar_subquery(),
                select(func.coalesce(func.sum(LedgerEntry.amount), 0)).scalar_subquery(),
                select(func.count()).select_from(SuspenseEntry).scalar_subquery(),
                select(func.count()).select_from(Upload).scalar_subquery(),
            )
        ).one()
        db.session.remove()
    return tuple(int(value) for value in found)  # type: ignore[return-value]


def adds_up(data: dict[str, Any]) -> None:
    """Every row and rupiah of a file is accounted for."""
    assert sum(data[name] for name in SUMS) == data["control_total"]
    assert sum(data[name] for name in COUNTS) == data["rows"]


def codes(data: dict[str, Any]) -> list[tuple[int, str]]:
    return sorted((problem["row"], problem["code"]) for problem in data["problems"])


# — schedule —


@pytest.mark.parametrize(("method", "first", "last", "interest"), TABLE)
def test_schedule_prints_the_table_of_the_programme(
    no_database: CommandLine,
    method: str,
    first: tuple[int, int, int],
    last: tuple[int, int, int],
    interest: int,
) -> None:
    data = no_database.json("schedule", *TERMS, "--method", method)
    rows = data["rows"]
    parts = [(row["principal"], row["interest"], row["total"]) for row in rows]
    assert (parts[0], parts[-1], data["total_interest"]) == (first, last, interest)
    assert [row["number"] for row in rows] == list(range(1, 25))
    assert [row["due_on"] for row in rows[:3]] == ["2026-02-28", "2026-03-31", "2026-04-30"]
    assert data["total_principal"] == 5_000_000
    assert rows[-1]["balance"] == 0


def test_schedule_rounds_to_a_multiple(no_database: CommandLine) -> None:
    rows = no_database.json("schedule", *TERMS, "--multiple", 1000)["rows"]
    assert {row["total"] % 1000 for row in rows[:-1]} == {0}
    assert sum(row["principal"] for row in rows) == 5_000_000


def test_schedule_prints_a_table_for_people(no_database: CommandLine) -> None:
    lines = no_database("schedule", *TERMS).stdout.splitlines()
    assert len(lines) == 24
    assert lines[0].split() == ["1", "28/02/2026", "202.406", "12.500", "214.906", "4.797.594"]


@pytest.mark.parametrize(
    "words",
    [
        ("schedule",),
        ("schedule", *TERMS, "--method", "balloon"),
        ("schedule", *TERMS, "--rate", "tiga"),
        ("schedule", *TERMS, "--rate", "3.001"),
        ("schedule", *TERMS, "--months", 0),
        ("schedule", *TERMS, "--months", 121),
        ("schedule", *TERMS, "--principal", 0),
        ("schedule", *TERMS, "--principal", "5.5"),
        ("schedule", *TERMS, "--disbursed", "31-02-2026"),
        ("schedule", *TERMS, "--multiple", 7),
        ("import", "repayments", PASAR_FILE),
        ("import", "repayments", "tidak-ada.csv", "--bank", "PASAR"),
        ("report", "portfolio", "--on", "kemarin"),
        ("report", "indicators", "--year", 1999),
        ("print", "schedule", "KW-000001"),
        ("unknown",),
    ],
    ids=lambda words: " ".join(str(word).rsplit("/", maxsplit=1)[-1] for word in words),
)
def test_wrong_usage_ends_with_2_and_says_why(
    no_database: CommandLine, words: tuple[object, ...]
) -> None:
    result = no_database(*words, code=2)
    assert result.stdout == ""
    assert "Error" in result.stderr


def test_python_m_wibawa_makes_a_schedule_without_touching_any_database(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    answer = subprocess.run(
        [sys.executable, "-m", "wibawa", "schedule", *map(str, TERMS), "--json"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "WIBAWA_INSTANCE": str(instance),
            "WIBAWA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        },
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert '"total_interest": 157747' in answer.stdout
    assert not instance.exists()


def test_the_command_of_the_package_ends_with_2_for_wrong_usage() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "wibawa", "schedule", "--json"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (answer.returncode, answer.stdout) == (2, "")


# — the running portfolio and the first month —


def test_portfolio_and_october_files_give_the_right_figures_for_each_day(
    run: CommandLine, app: Flask, answers: dict[str, Any]
) -> None:
    data = run.json("import", "portfolio", PORTFOLIO)
    assert (data["loans"], data["problems"]) == (answers["loans"], [])
    assert (data["opening_entries"], data["already_imported"]) == (answers["loans"], False)
    for bank, file in (("JATENG", JATENG_FILE), ("PASAR", PASAR_FILE)):
        data = run.json("import", "repayments", file, "--bank", bank)
        assert {"rows": data["posted_rows"], "total": data["posted_total"]} == answers["files"][
            bank
        ]
        assert (data["problems"], data["control_total"]) == ([], data["total"])
        adds_up(data)
    for day, expected in answers["portfolio"].items():
        data = run.json("report", "portfolio", "--on", day)
        assert data["on"] == day
        for bank, figures in expected.items():
            found = {key: data["banks"][bank][key] for key in figures}
            assert found == figures, f"{bank} on {day}"
    assert run.json("check")["ok"] is True


def test_a_portfolio_loaded_twice_changes_nothing(loaded: CommandLine, app: Flask) -> None:
    before = books(app)
    data = loaded.json("import", "portfolio", PORTFOLIO)
    assert (data["loans"], data["already_imported"]) == (0, True)
    assert books(app) == before


def test_a_day_before_the_opening_portfolio_is_told_to_be_incomplete(loaded: CommandLine) -> None:
    assert "Belum lengkap" in loaded("report", "portfolio", "--on", "2026-09-01").stdout
    assert "Belum lengkap" not in loaded("report", "portfolio", "--on", "2026-10-31").stdout


def test_a_portfolio_with_one_bad_row_loads_nothing(
    run: CommandLine, app: Flask, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(PORTFOLIO)
    sheet = book.active
    assert sheet is not None
    headings = [cell.value for cell in sheet[1]]
    sheet.cell(7, headings.index("PLAFON") + 1).value = "lima juta"
    book.save(tmp_path / "salah.xlsx")
    data = run.json("import", "portfolio", tmp_path / "salah.xlsx", code=1)
    assert codes(data) == [(7, "amount_unreadable")]
    assert books(app) == (0, 0, 0, 0, 0)


# — problems —


def test_each_fault_of_a_file_is_told_by_row_and_code_and_nothing_is_posted(
    loaded: CommandLine, app: Flask, answers: dict[str, Any]
) -> None:
    before = books(app)
    expected = sorted((f["row"], f["code"]) for f in answers["salah"] if f["code"] != "ok")
    for check in (("--check",), ()):
        data = loaded.json("import", "repayments", FAULTY_FILE, "--bank", "PASAR", *check, code=1)
        assert codes(data) == expected
        for problem in data["problems"]:
            assert set(problem) == {"row", "column", "code", "found", "message"}
            assert problem["message"].endswith(".")
    assert books(app) == before


def test_problems_are_told_to_people_on_standard_error(loaded: CommandLine) -> None:
    result = loaded("import", "repayments", FAULTY_FILE, "--bank", "PASAR", code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("baris 2, kolom Jumlah Bayar: Jumlah “2l5.000,00”")


def test_a_clean_file_that_is_only_checked_posts_nothing(loaded: CommandLine, app: Flask) -> None:
    before = books(app)
    data = loaded.json("import", "repayments", PASAR_FILE, "--bank", "PASAR", "--check")
    assert data["posted_rows"] == 96
    assert books(app) == before


def test_skipping_bad_rows_posts_the_good_ones_and_accounts_for_all(
    loaded: CommandLine, app: Flask
) -> None:
    before = books(app)
    data = loaded.json("import", "repayments", FAULTY_FILE, "--bank", "PASAR", "--skip-problems")
    assert (data["posted_rows"], data["posted_total"], data["skipped_rows"]) == (2, 200_000, 13)
    adds_up(data)
    assert books(app)[1] == before[1] + 2
    assert loaded.json("check")["ok"] is True


def test_copies_that_say_something_else_are_found_and_made_anew(
    loaded: CommandLine, app: Flask
) -> None:
    factories.saved(app, lambda s: s.execute(text("UPDATE loan_standings SET outstanding = 1")))
    factories.saved(app, lambda s: s.execute(text("UPDATE due_sums SET interest = 1")))
    factories.saved(app, lambda s: s.execute(text("UPDATE money_sums SET applied = 1")))
    more = text("INSERT INTO principal_sums VALUES (1, '2026-01-02', 1)")
    factories.saved(app, lambda s: s.execute(more))
    found = {each["name"]: each["ok"] for each in loaded.json("check", code=1)["checks"]}
    assert found["standings_equal_the_journal"] is False
    assert found["dues_equal_the_schedules"] is False
    assert found["money_equals_the_journal"] is False
    assert found["principal_equals_the_standings"] is False
    rows = loaded.json("rebuild")["rows"]
    assert rows > 0
    assert loaded.json("check")["ok"] is True
    told = select(TrailEntry.detail).where(TrailEntry.action == "standings_rebuilt")
    with app.app_context():
        assert db.session.scalars(told).all() == [f"{rows} baris"]
        db.session.remove()


def test_unknown_accounts_go_to_suspense_when_asked(
    loaded: CommandLine, app: Flask, tmp_path: Path
) -> None:
    path = tmp_path / "dua_baris.csv"
    rows = FAULTY_FILE.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\r\n".join([rows[0], rows[6], rows[7], rows[15]]) + "\r\n", "utf-8")
    refused = loaded.json("import", "repayments", path, "--bank", "PASAR", code=1)
    assert codes(refused) == [(2, "account_unknown"), (3, "account_unknown")]
    data = loaded.json("import", "repayments", path, "--bank", "PASAR", "--suspend-unknown")
    assert (data["suspense_rows"], data["suspense_total"]) == (2, 430_000)
    assert (data["posted_rows"], data["posted_total"]) == (1, 100_000)
    adds_up(data)
    assert books(app)[3] == 2
    assert loaded.json("check")["ok"] is True


def test_skipping_and_suspense_together_account_for_every_rupiah(loaded: CommandLine) -> None:
    data = loaded.json(
        "import", "repayments", FAULTY_FILE, "--bank", "PASAR", "--skip-problems",
        "--suspend-unknown",
    )  # fmt: skip
    assert (data["posted_rows"], data["suspense_rows"], data["skipped_rows"]) == (2, 2, 11)
    adds_up(data)
    assert loaded.json("check")["ok"] is True


def test_an_unknown_bank_is_wrong_usage(loaded: CommandLine, app: Flask) -> None:
    before = books(app)
    result = loaded("import", "repayments", PASAR_FILE, "--bank", "MANDIRI", "--json", code=2)
    assert result.stdout == ""
    assert "JATENG, PASAR" in result.stderr
    assert books(app) == before


def test_the_other_banks_accounts_are_simply_unknown(loaded: CommandLine, app: Flask) -> None:
    before = books(app)
    data = loaded.json("import", "repayments", JATENG_FILE, "--bank", "PASAR", code=1)
    assert data["problems"]
    assert "Jateng" not in str(data["problems"])
    assert books(app) == before


# — once only —


def _saved_again(source: Path, target: Path) -> Path:
    """The file opened and saved under another name, as an office program would."""
    if target.suffix == ".xlsx":
        openpyxl.load_workbook(source).save(target)
        return target
    rows: Iterable[Iterable[object]]
    if source.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(source).active
        assert sheet is not None
        rows = [[_as_csv(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    else:
        with source.open(encoding="cp1252", newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=",").writerows(rows)
    return target


def _as_csv(cell: object) -> object:
    return cell.strftime("%d/%m/%Y") if isinstance(cell, dt.datetime) else cell


@pytest.mark.parametrize(
    ("bank", "source", "name"),
    [
        ("JATENG", JATENG_FILE, "salinan.xlsx"),
        ("JATENG", JATENG_FILE, "salinan.csv"),
        ("PASAR", PASAR_FILE, "salinan.csv"),
    ],
    ids=["xlsx saved again", "xlsx saved as csv", "csv saved again"],
)
def test_a_file_and_its_saved_copy_post_once_only(
    loaded: CommandLine, app: Flask, tmp_path: Path, bank: str, source: Path, name: str
) -> None:
    first = loaded.json("import", "repayments", source, "--bank", bank)
    before = books(app)
    copy = _saved_again(source, tmp_path / name)
    assert copy.read_bytes() != source.read_bytes()
    for again in (source, copy):
        data = loaded.json("import", "repayments", again, "--bank", bank, code=1)
        assert codes(data) == [(0, "file_already_uploaded")]
        assert (data["posted_rows"], data["already_posted_rows"]) == (0, first["rows"])
        adds_up(data)
    assert books(app) == before
    assert loaded.json("check")["ok"] is True


@pytest.mark.parametrize("with_references", [True, False])
def test_a_file_that_overlaps_another_posts_only_what_is_new(
    loaded: CommandLine, app: Flask, tmp_path: Path, with_references: bool
) -> None:
    lines = [line.split(";") for line in PASAR_FILE.read_text("cp1252").splitlines()[:-1]]
    if not with_references:
        lines = [line[:-1] for line in lines]
    new = [list(line) for line in lines[1:4]]
    for number, line in enumerate(new):
        line[3], line[4] = "05-11-2026", f"Rp {number + 1}.000,00"
        if with_references:
            line[-1] = f"BARU{number}"

    def write(name: str, rows: list[list[str]]) -> Path:
        (tmp_path / name).write_bytes("\r\n".join(map(";".join, rows)).encode("cp1252"))
        return tmp_path / name

    loaded.json("import", "repayments", write("pertama.csv", lines), "--bank", "PASAR")
    before = books(app)
    overlapping = write("kedua.csv", [lines[0], *lines[49:], *new])
    data = loaded.json("import", "repayments", overlapping, "--bank", "PASAR")
    assert (data["posted_rows"], data["posted_total"]) == (3, 6_000)
    assert data["already_posted_rows"] == len(lines) - 49
    adds_up(data)
    assert books(app)[1:3] == (before[1] + 3, before[2] + 6_000)
    assert loaded.json("check")["ok"] is True


# — indicators —


@pytest.mark.parametrize(
    ("year", "target", "realised", "ratio"),
    [
        (2020, 6, 11.3, 188.33),
        (2021, 6.5, 10.62, 163.38),
        (2022, 7, 7.97, 113.86),
        (2023, 7.5, 8.04, 107.2),
        (2024, 8, 7.94, 99.25),
    ],
)
def test_the_published_years_give_the_published_ratios(
    run: CommandLine, year: int, target: float, realised: float, ratio: float
) -> None:
    data = run.json("report", "indicators", "--year", year)
    found = {figure["code"]: figure for figure in data["indicators"]}["TPB 8.3.1.(c)"]
    assert data["year"] == year
    assert (found["target"], found["realised"], found["ratio"]) == (target, realised, ratio)
    assert set(found) == {
        "code", "target", "realised", "ratio", "numerator", "denominator", "status",
    }  # fmt: skip


def test_a_coming_year_has_its_targets(run: CommandLine) -> None:
    data = run.json("report", "indicators", "--year", 2026)
    targets = {figure["code"]: figure["target"] for figure in data["indicators"]}
    assert targets["AKSES-PEMBIAYAAN"] == 71.4
    assert (targets["KOP-PERMODALAN"], targets["PEMULIHAN"]) == (50, 500)


def test_a_locked_year_says_which_lock_its_figures_come_from(
    run: CommandLine, app: Flask, people: dict[str, int]
) -> None:
    assert run.json("report", "indicators", "--year", 2024)["locked"] is None
    factories.saved(app, lambda session: factories.lock_year(session, people, 2024))
    data = run.json("report", "indicators", "--year", 2024)
    assert data["locked"]["version"] == 1
    assert len(data["locked"]["sha256"]) == 64
    assert data["indicators"][0]["ratio"] == 99.25
    assert "Dikunci, versi 1" in run("report", "indicators", "--year", 2024).output


# — users —


def test_a_user_is_added_and_can_sign_in(run: CommandLine, app: Flask) -> None:
    words = ("user", "add", "Rina", "--name", "Rina Wati", "--role", "bank_officer")
    said = run(*words, "--bank", "PASAR", typed="kata-sandi-baru\nkata-sandi-baru\n").output
    assert "Rina Wati (rina), Petugas bank." in said
    assert "kata-sandi-baru" not in said
    with app.app_context():
        user = verify(db.session(), "rina", "kata-sandi-baru")
        assert user is not None
        assert user.bank_id == 2
        db.session.remove()
    again = run(*words, "--bank", "PASAR", "--password", "kata-sandi-baru", code=1)
    assert "sudah dipakai" in again.stderr


def test_a_user_may_be_added_with_a_password_for_once(run: CommandLine, app: Flask) -> None:
    words = ("user", "add", "tari", "--name", "Tari", "--role", "auditor", "--one-time")
    issued = run(*words).output.split()[-1]
    with app.app_context():
        user = verify(db.session(), "tari", issued)
        assert user is not None
        assert user.one_time_until is not None
        db.session.remove()
    assert "Pilih salah satu" in run(*words, "--password", "kata-sandi-baru", code=2).stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--role", "approver", "--password", "pendek"), 1, "terlalu pendek"),
        (("--role", "bank_officer", "--password", "cukup-panjang-ini"), 1, "harus punya bank"),
        (
            ("--role", "approver", "--bank", "BRI", "--password", "cukup-panjang"),
            2,
            "tidak dikenal",
        ),
        (("--role", "direktur", "--password", "cukup-panjang-ini"), 2, "direktur"),
    ],
)
def test_a_user_that_cannot_be_is_refused_in_words(
    run: CommandLine, app: Flask, words: tuple[str, ...], code: int, said: str
) -> None:
    assert said in run("user", "add", "rina", "--name", "Rina", *words, code=code).stderr
    with app.app_context():
        assert db.session.scalar(select(User.id).where(User.username == "rina")) is None
        db.session.remove()


# — print —


def _figures(path: Path) -> list[list[str]]:
    """The rows of a printed schedule: number … balance, as text."""
    text = PdfReader(path).pages[0].extract_text()
    return [line.split() for line in text.splitlines() if re.match(r"\d+ \d+ \w+ \d{4} ", line)]


def test_a_printed_schedule_is_one_page_with_the_amounts_of_the_loan(
    loaded: CommandLine, tmp_path: Path
) -> None:
    out = tmp_path / "jadwal.pdf"
    assert "1 halaman" in loaded("print", "schedule", "KW-000001", "--out", out).stdout
    reader = PdfReader(out)
    text = reader.pages[0].extract_text()
    assert len(reader.pages) == 1
    assert "Wahyu Prasetyo" in text
    assert "Rp25.250.000" in text
    rows = loaded.json(
        "schedule", "--principal", 25_250_000, "--rate", 3, "--months", 24, "--method", "flat",
        "--disbursed", "2025-06-07",
    )["rows"]  # fmt: skip
    printed = [tuple(int(part.replace(".", "")) for part in row[-4:]) for row in _figures(out)]
    assert printed == [
        (row["principal"], row["interest"], row["total"], row["balance"]) for row in rows
    ]


@pytest.mark.parametrize("known_as", ["KW-000001", "kw-000001", "PK/P/2025/0001", "05698091148001"])
def test_a_loan_is_found_by_any_of_its_numbers(
    loaded: CommandLine, tmp_path: Path, known_as: str
) -> None:
    loaded("print", "schedule", known_as, "--out", tmp_path / "jadwal.pdf")
    assert "KW-000001" in PdfReader(tmp_path / "jadwal.pdf").pages[0].extract_text()


def test_a_loan_that_is_not_there_leaves_no_file(loaded: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "jadwal.pdf"
    said = loaded("print", "schedule", "KW-999999", "--out", out, code=1)
    assert "tidak ditemukan" in said.stderr
    assert not out.exists()


def test_all_schedules_of_a_bank_have_a_bookmark_for_each_running_loan(
    loaded: CommandLine, tmp_path: Path
) -> None:
    out = tmp_path / "semua.pdf"
    loaded("print", "schedules", "--bank", "JATENG", "--out", out)
    running = loaded.json("report", "portfolio")["banks"]["JATENG"]["loans_outstanding"]
    reader = PdfReader(out)
    assert len(reader.outline) == running > 100
    assert len(reader.pages) == running


def test_schedules_of_an_unknown_bank_are_wrong_usage(run: CommandLine, tmp_path: Path) -> None:
    run("print", "schedules", "--bank", "BRI", "--out", tmp_path / "x.pdf", code=2)
    assert not (tmp_path / "x.pdf").exists()


# — an empty database, the demo office —


@pytest.mark.usefixtures("clock")
def test_a_command_on_an_empty_database_migrates_it_first(tmp_path: Path) -> None:
    app = make_app(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert CommandLine(lambda: app).json("check")["ok"] is True
    dispose(app)


@pytest.mark.usefixtures("clock")
def test_a_command_on_a_damaged_database_is_refused_in_words(tmp_path: Path) -> None:
    app = make_app(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    run = CommandLine(lambda: app)
    run("check")
    with app.app_context():
        db.session.connection().exec_driver_sql("DROP TRIGGER ledger_entries_no_delete")
        db.session.commit()
        db.session.remove()
    assert "ledger_entries_no_delete" in run("report", "portfolio", code=1).stderr
    dispose(app)


def missing_papers(session: Session, state: State) -> set[str]:
    """What the applications in a state still lack."""
    ids = session.scalars(select(Application.id).where(Application.state == state)).all()
    holders = [standings(session, application_id=each)[0].holder for each in ids]
    found = [papers_of_application(session, each, today()) for each in holders]
    return {name for papers in found for name in papers.missing}


@pytest.mark.usefixtures("clock")
def test_the_demo_office_is_whole_and_fills_an_empty_database_only(tmp_path: Path) -> None:
    app = make_app(f"sqlite:///{tmp_path / 'demo.sqlite3'}", INSTANCE_FOLDER=str(tmp_path))
    run = CommandLine(lambda: app)
    said = run("demo").stdout
    assert "Kantor contoh siap" in said
    before = books(app)
    assert "sudah berisi" in run("demo", code=1).stderr
    assert run("demo", "--if-empty").output == ""
    assert books(app) == before
    assert run.json("check")["ok"] is True
    banks = run.json("report", "portfolio")["banks"]
    assert all(bank["loans_outstanding"] > 50 for bank in banks.values())
    with app.app_context():
        asked = select(Application.state, func.count()).group_by(Application.state)
        states = {row[0]: row[1] for row in db.session.execute(asked)}
        late = db.session.scalars(select(Application.id).where(Application.due_on < today()))
        assert set(State) - states.keys() == {State.DISBURSED}
        assert 0 < len(late.all()) < sum(states.values()) // 3
        requests = select(LoanRequest.kind, LoanRequest.status)
        assert {tuple(row) for row in db.session.execute(requests)} >= {
            ("holiday", "approved"), ("settlement", "approved"),
            ("tenor", "recorded"), ("due_day", "recorded"),
        }  # fmt: skip
        assert missing_papers(db.session(), State.SENT) == set()
        classes = thresholds_on(db.session(), today())
        asked_for = Wanted(1, 50, "janji", False)
        page, totals = late_lines(db.session(), today(), classes, ArrearsFilter(), asked_for)
        assert totals.unkept == 1, "one broken promise stands on top"
        assert page.rows[0].promise is not None
        assert {line.grade for line in due_lines(db.session(), today(), classes)} >= {1, 2}
        assert missing_papers(db.session(), State.RETURNED) == {"Kartu Keluarga", "Foto usaha"}
        db.session.remove()
    *of_banks, register = re.findall(r"diunggah: (.+)", said)
    refused = run.json("import", "register", register, code=1)
    assert refused["new"] > 20
    assert refused["changed"] > 10
    assert {"kelurahan_unknown", "nik_unreadable"} <= {p["code"] for p in refused["problems"]}
    assert {"person_alike"} <= {n["code"] for n in refused["notices"]}
    payments = [path for path in of_banks if Path(path).name.startswith("pencairan_")]
    for path in payments:
        file = read_payments(Path(path).read_bytes(), path)
        assert len(file.rows) > 0 == len(file.problems)
    assert len(payments) > 0
    for path in (each for each in of_banks if each not in payments):
        bank = "JATENG" if "jateng" in path else "PASAR"
        data = run.json("import", "repayments", path, "--bank", bank)
        assert data["posted_rows"] > 0
        adds_up(data)
    assert run.json("check")["ok"] is True
    dispose(app)


def test_help_speaks_indonesian() -> None:
    said = CliRunner().invoke(wibawa, ["--help"]).output
    for words in ("Muat berkas", "Cetak ke PDF", "Buktikan setiap hukum buku besar"):
        assert words in said
