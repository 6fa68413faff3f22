"""What the rules remember between calls is forgotten before their tests begin."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def nothing_remembered() -> None:
    """Else an answer from before a line was changed hides the change (`make mutants`)."""
    modules = [module for name, module in sys.modules.items() if name.startswith("wibawa.rules.")]
    for each in [value for module in modules for value in vars(module).values()]:
        if hasattr(each, "cache_clear"):
            each.cache_clear()
