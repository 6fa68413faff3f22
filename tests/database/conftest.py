from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection

from wibawa.database import db, writing


@pytest.fixture
def connection(app: Flask) -> Iterator[Connection]:
    """A writing connection of its own to the test's database, rolled back at the end."""
    with app.app_context(), writing(), db.engine.connect() as opened:
        yield opened
        opened.rollback()
