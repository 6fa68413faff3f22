"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys

from tests.house.source import ROOT


def test_the_import_contracts_hold() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; lint_imports()"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert "0 broken" in said.stdout, said.stdout + said.stderr


def test_the_rules_load_neither_flask_nor_sqlalchemy() -> None:
    code = """
import importlib, pkgutil, sys, wibawa.rules as rules
for module in pkgutil.iter_modules(rules.__path__, "wibawa.rules."):
    importlib.import_module(module.name)
print(*({"flask", "sqlalchemy", "wtforms"} & set(sys.modules)))
"""
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == []
