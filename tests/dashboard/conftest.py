from __future__ import annotations

import pytest
from flask import Flask

from tests import factories
from tests.indicators.office import Office, small_office


@pytest.fixture
def office(app: Flask, people: dict[str, int]) -> Office:
    return factories.saved(app, lambda session: small_office(session, people))
