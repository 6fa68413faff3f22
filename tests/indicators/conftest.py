from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import ApartClient, prepared
from tests.factories import Client
from tests.indicators.office import small_office


@pytest.fixture
def sign_in(app: Flask, sign_in: Callable[[str], Client]) -> Callable[[str], Client]:
    """`sign_in("staff")` is a client that stays apart from the test's own transaction."""
    app.test_client_class = ApartClient
    return sign_in


office = prepared(small_office)
