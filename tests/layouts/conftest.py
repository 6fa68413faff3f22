"""Strange files of a bank, and an administrator who teaches them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.conftest import ApartClient
from tests.factories import Client

HEADINGS = ("NO KONTRAK", "DEB", "TGL POSTING", "NILAI TRX", "SALDO POKOK")
STRANGE = (
    "LAPORAN HARIAN;;;;\r\n"
    + ";".join(HEADINGS)
    + "\r\n'0200000000001;Siti Aminah;20261120;220,833.00;4,791,667.00\r\n"
    "'0200000000009;Budi;20261121;1,000.00;0\r\n"
).encode()
CHOSEN = {"kolom_account": "0", "kolom_name": "1", "kolom_paid_on": "2", "kolom_amount": "3",
          "date_order": "ymd", "decimal_mark": ".", "valid_from": "24/11/2026"}  # fmt: skip


@pytest.fixture
def sign_in(app: Flask, sign_in: Callable[[str], Client]) -> Callable[[str], Client]:
    """`sign_in("admin")` is a client that stays apart from the test's own transaction."""
    app.test_client_class = ApartClient
    return sign_in


def send(
    client: Client,
    content: bytes = STRANGE,
    *,
    word: str = "angsuran",
    bank: int = factories.PASAR,
    name: str = "aneh.csv",
) -> Any:
    """The answer to an example that is sent."""
    data = {"file": (io.BytesIO(content), name)}
    return client.post(f"/pengaturan/bank/{bank}/berkas/{word}", data=data)


def example(client: Client, content: bytes = STRANGE, **where: Any) -> str:
    """The address of an example that was taken."""
    answer = send(client, content, **where)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def saved(client: Client, place: str, choice: dict[str, str], **changes: str) -> Any:
    """The answer to the form of an example, filled in anew but for its hidden fields."""
    page = client.get(place).get_data(as_text=True)
    hidden = dict(re.findall(r'name="(seen|request_key)"[^>]*value="([^"]*)"', page))
    return client.post(place, data=hidden | choice | changes)


def upload(client: Client, content: bytes, address: str = "/angsuran/berkas/baru") -> Any:
    return client.post(address, data={"file": (io.BytesIO(content), "berkas.csv")})
