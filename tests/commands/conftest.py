"""The command line as a person types it, on a database of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from tests.conftest import prepared
from wibawa.commands import wibawa

SAMPLES = Path(__file__).resolve().parent.parent / "files" / "samples"
PORTFOLIO = SAMPLES / "data_awal.xlsx"
JATENG_FILE = SAMPLES / "angsuran_jateng_2026-10.xlsx"
PASAR_FILE = SAMPLES / "angsuran_pasar_2026-10.csv"
FAULTY_FILE = SAMPLES / "angsuran_pasar_salah.csv"


@dataclass(frozen=True)
class CommandLine:
    """`wibawa …` on one application."""

    make: Callable[[], Flask]

    def __call__(self, *words: object, code: int = 0, typed: str | None = None) -> Result:
        """Run a command; fails when it ends with another exit code."""
        result = CliRunner().invoke(
            wibawa, [str(word) for word in words], obj=self.make, input=typed
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: object, code: int = 0) -> dict[str, Any]:
        """Run with `--json`: standard output is one JSON object, nothing else is said."""
        result = self(*words, "--json", code=code)
        assert result.stderr == ""
        assert result.stdout.endswith("}\n")
        assert result.stdout.count("\n") == 1
        found = json.loads(result.stdout)
        assert isinstance(found, dict)
        return found


@pytest.fixture
def run(app: Flask) -> CommandLine:
    """The command line on a migrated, empty database of either engine."""
    return CommandLine(lambda: app)


@pytest.fixture
def no_database() -> CommandLine:
    """The command line where no command may ask for the database."""

    def make() -> Flask:
        raise AssertionError("this command needs no database")

    return CommandLine(make)


@prepared
def portfolio(app: Flask) -> None:
    """The running portfolio of both banks, loaded."""
    CommandLine(lambda: app)("import", "portfolio", PORTFOLIO)


@pytest.fixture
def loaded(portfolio: None, run: CommandLine) -> CommandLine:
    """… with the running portfolio of both banks loaded."""
    return run


@pytest.fixture(scope="session")
def answers() -> dict[str, Any]:
    """The right answers for the sample files."""
    found = json.loads((SAMPLES / "jawaban.json").read_text())
    assert isinstance(found, dict)
    return found
