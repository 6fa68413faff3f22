"""`wibawa import register`: what it prints, how it ends, and what is in the books afterwards."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.commands.conftest import CommandLine
from tests.siumi.files import JOKO, SITI, csv_of
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.models import Borrower
from wibawa.database import is_sqlite
from wibawa.loans.invariants import run_checks
from wibawa.web.clock import today


def _borrowers(app: Flask) -> int:
    query = select(func.count()).select_from(Borrower)
    return factories.saved(app, lambda session: session.scalar(query) or 0)


def _register_file(folder: Path, *rows: dict[str, str]) -> Path:
    file = folder / "siumi.csv"
    file.write_bytes(csv_of(*rows))
    return file


def test_a_register_is_checked_applied_and_then_known(
    run: CommandLine, app: Flask, tmp_path: Path
) -> None:
    file = _register_file(tmp_path, SITI, JOKO, SITI)
    only = run.json("import", "register", file, "--check")
    assert {key: only[key] for key in ("rows", "new", "repeated", "faulty")} == {
        "rows": 3, "new": 2, "repeated": 1, "faulty": 0,
    }  # fmt: skip
    assert [(n["row"], n["code"]) for n in only["notices"]] == [(4, "nik_repeated")]
    assert _borrowers(app) == 0
    done = run.json("import", "register", file)
    assert (done["new"], done["changed"], done["already_imported"]) == (2, 0, False)
    assert _borrowers(app) == 2
    again = run.json("import", "register", file)
    assert (again["rows"], again["new"], again["already_imported"]) == (3, 0, True)
    other = run.json("import", "register", _register_file(tmp_path, JOKO, SITI | {"NIB": "1" * 13}))
    assert (other["new"], other["changed"], other["unchanged"]) == (0, 1, 1)
    assert run.json("check")["ok"] is True


def test_a_change_of_a_file_without_its_history_is_found(
    run: CommandLine, app: Flask, tmp_path: Path
) -> None:
    run("import", "register", _register_file(tmp_path, SITI))
    run("import", "register", _register_file(tmp_path, SITI | {"NIB": "1" * 13}))

    def forget(session: Session) -> dict[str, bool]:
        on = "" if is_sqlite(session) else " ON borrower_changes"
        session.execute(text(f"DROP TRIGGER borrower_changes_no_delete{on}"))
        session.execute(text("DELETE FROM borrower_changes"))
        found = run_checks(session, today(), thresholds_on(session, today()))
        return {each.name: each.ok for each in found}

    checks = factories.saved(app, forget)
    assert checks["applied_registers_stand_in_the_history"] is False
    assert checks["two_persons"] is True


def test_a_register_with_problems_is_refused_with_each_and_applies_the_rest_when_asked(
    run: CommandLine, app: Flask, tmp_path: Path
) -> None:
    file = _register_file(tmp_path, SITI | {"NO HP": "12"}, JOKO)
    refused = run.json("import", "register", file, code=1)
    assert refused["problems"] == [
        {
            "row": 2,
            "column": "NO HP",
            "code": "phone_unreadable",
            "found": "12",
            "message": "Nomor telepon: Tertulis “12”; tulis 7 sampai 15 angka.",
        }
    ]
    assert (refused["faulty"], refused["skipped"], _borrowers(app)) == (1, 0, 0)
    said = run("import", "register", file, code=1)
    assert "baris 2, kolom NO HP" in said.stderr
    done = run.json("import", "register", file, "--skip-problems")
    assert (done["new"], done["skipped"], _borrowers(app)) == (1, 1, 1)


def test_a_register_renames_a_borrower_with_a_loan_only_when_its_row_is_named(
    loaded: CommandLine, tmp_path: Path
) -> None:
    facts = {"NIK": "3374031106718118", "JENIS KELAMIN": "L", "TANGGAL LAHIR": "11-06-1971"}
    file = _register_file(tmp_path, SITI | facts | {"NAMA": "Wahyu Prasetya"})
    refused = loaded.json("import", "register", file, code=1)
    assert [p["code"] for p in refused["problems"]] == ["rename_unconfirmed"]
    done = loaded.json("import", "register", file, "--rename", "2")
    assert (done["changed"], done["problems"]) == (1, [])


def test_what_is_no_register_is_refused_and_wrong_usage_ends_with_2(
    run: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "kota.csv"
    file.write_text("Kota;Kode;Luas\nSemarang;3374;373\n")
    refused = run.json("import", "register", file, code=1)
    assert [p["code"] for p in refused["problems"]] == ["column_missing"]
    run("import", "register", file, "--rename", "dua", code=2)
    run("import", "register", tmp_path / "tidak-ada.csv", code=2)
