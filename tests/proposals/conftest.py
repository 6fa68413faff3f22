"""Two signed-in people at once, each in a transaction of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import ApartClient, prepared
from tests.factories import Client
from wibawa.rules.statuses import State


@pytest.fixture
def sign_in(app: Flask, sign_in: Callable[[str], Client]) -> Callable[[str], Client]:
    """`sign_in("staff")` is a client that stays apart from the test's own transaction."""
    app.test_client_class = ApartClient
    return sign_in


@prepared
def waiting(session: Session, people: dict[str, int]) -> dict[int, int]:
    """Three recommended applications at Bank Pasar and one at Bank Jateng; number → id."""
    return {
        number: factories.application(
            session, people, number=number, bank_id=bank, amount=amount, to=State.RECOMMENDED
        )
        for number, bank, amount in (
            (1, factories.PASAR, 5_000_000),
            (2, factories.PASAR, 3_000_000),
            (3, factories.PASAR, 2_000_000),
            (4, factories.JATENG, 4_000_000),
        )
    }
