"""A command on a database that is busy or whose disk is full says so in words and ends with 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask

from tests.commands.conftest import PASAR_FILE, PORTFOLIO, CommandLine
from tests.commands.test_commands import books
from tests.trouble.hindered import busy, full

Hinder = Callable[[Flask], AbstractContextManager[None]]
BUSY = (
    "Basis data sedang sibuk: orang lain sedang menulis ke buku yang sama. Buku tetap seperti "
    "semula. Tunggu sebentar, lalu jalankan perintah ini sekali lagi."
)
FULL = (
    "Penyimpanan penuh: tempat di mesin ini atau di peladen basis data habis. Buku tetap seperti "
    "semula. Tambah tempatnya, lalu jalankan perintah ini sekali lagi."
)
EACH = pytest.mark.parametrize(
    ("hinder", "code", "sentence"),
    [(busy, "database_busy", BUSY), (full, "storage_full", FULL)],
    ids=["busy", "full"],
)


def problem(code: str, sentence: str) -> dict[str, Any]:
    return {"row": 0, "column": "", "code": code, "found": "", "message": sentence}


@EACH
def test_a_hindered_import_changes_nothing_and_goes_through_later(
    run: CommandLine, app: Flask, hinder: Hinder, code: str, sentence: str
) -> None:
    with hinder(app):
        data = run.json("import", "portfolio", PORTFOLIO, code=1)
        assert (data["loans"], data["problems"]) == (0, [problem(code, sentence)])
        told = run("import", "portfolio", PORTFOLIO, code=1)
        assert (told.stdout, told.stderr) == ("", f"{sentence} [{code}]\n")
    assert books(app) == (0, 0, 0, 0, 0)
    run("import", "portfolio", PORTFOLIO)
    before = books(app)
    with hinder(app):
        data = run.json("import", "repayments", PASAR_FILE, "--bank", "PASAR", code=1)
        assert (data["posted_rows"], data["problems"]) == (0, [problem(code, sentence)])
    assert books(app) == before
    data = run.json("import", "repayments", PASAR_FILE, "--bank", "PASAR")
    assert data["posted_rows"] == 96


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@EACH
def test_any_other_command_says_it_on_standard_error(
    run: CommandLine, hinder: Hinder, app: Flask, code: str, sentence: str
) -> None:
    with hinder(app):
        told = run("demo", code=1)
    assert (told.stdout, told.stderr) == ("", f"Error: {sentence}\n")


def test_the_output_of_a_hindered_import_is_one_object(run: CommandLine, app: Flask) -> None:
    with full(app):
        said = run("import", "repayments", PASAR_FILE, "--bank", "PASAR", "--json", code=1)
    assert said.stderr == ""
    assert set(json.loads(said.stdout)) >= {"rows", "posted_rows", "control_total", "problems"}
