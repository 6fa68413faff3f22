from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, has_app_context

from tests import factories
from tests.conftest import InspectedClient
from wibawa.database import db


class ApartClient(InspectedClient):
    """Opens pages apart from the test's own application context and transaction, as a server does:
    two signed-in clients stay two people, and nobody waits for the test."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        if has_app_context():
            db.session.rollback()
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture
def sign_in(app: Flask, people: dict[str, int]) -> Callable[[str], factories.Client]:
    """`sign_in("staff")` is a client signed in as that person."""
    app.test_client_class = ApartClient

    def enter(username: str) -> factories.Client:
        client = app.test_client()
        body = {"username": username, "password": factories.PASSWORD}
        assert client.post("/masuk", data=body).status_code == 302
        return client

    return enter
