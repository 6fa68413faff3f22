"""The examples in the documentation of the rules are true, each of them."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from wibawa import rules

MODULES = [path.stem for path in Path(rules.__path__[0]).glob("*.py") if ">>> " in path.read_text()]


@pytest.mark.parametrize("name", sorted(MODULES))
def test_the_examples_in_the_documentation_are_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"wibawa.rules.{name}"))
    assert found.failed == 0
    assert found.attempted
