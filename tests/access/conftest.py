"""Where signing in itself is tried, people go through its page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import InspectedClient


@pytest.fixture
def sign_in(typed_in: Callable[[str], InspectedClient]) -> Callable[[str], InspectedClient]:
    return typed_in
