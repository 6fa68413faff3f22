"""`wibawa report CODE`: every report on the command line."""

from __future__ import annotations

import pytest

from tests.commands.conftest import CommandLine
from tests.conftest import SOAK_ON_BOTH
from wibawa.reports.catalogue import REPORTS

pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)


def test_every_report_is_printed_as_json_and_as_lines(loaded: CommandLine) -> None:
    for code, definition in REPORTS.items():
        when = ("--to", "2026-10-31") if definition.since else ("--on", "2026-10-31")
        data = loaded.json("report", code, *when)
        assert data["report"] == code
        assert "31 Oktober 2026" in data["scope"]
        for table in data["tables"]:
            assert {len(row) for row in table["rows"]} <= {len(table["columns"])}
        said = loaded("report", code, *when).stdout.splitlines()
        assert said[0] == definition.title
        assert data["tables"][0]["title"] in said


def test_the_new_report_of_the_portfolio_says_what_the_old_one_says(loaded: CommandLine) -> None:
    old = loaded.json("report", "portfolio", "--on", "2026-10-31")["banks"]["PASAR"]
    data = loaded.json("report", "portofolio", "--on", "2026-10-31", "--bank", "PASAR")
    new = {row[0]: row[2] for row in data["tables"][0]["rows"]}
    assert new["Baki debet"] == old["outstanding_principal"]
    assert new["Tunggakan pokok dan bunga"] == old["arrears"]
    assert [row[1:] for row in data["tables"][1]["rows"]] == [
        [found["loans"], found["outstanding"]] for found in old["collectibility"].values()
    ]


def test_wrong_words_are_refused(loaded: CommandLine) -> None:
    assert "tidak dikenal" in loaded("report", "kualitas", "--bank", "LAIN", code=2).stderr
    assert "bukan tanggal" in loaded("report", "pencairan", "--from", "besok", code=2).stderr
