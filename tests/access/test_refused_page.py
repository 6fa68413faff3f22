"""Whoever telephones about a refused page is found in the trail by the number on it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.factories import Client

SignIn = Callable[[str], Client]
NUMBER = re.compile(r'Nomor kejadian: <strong class="ticket">([0-9A-F]{8})</strong>')


@pytest.mark.parametrize(
    ("address", "status"), [("/jejak", 403), ("/pinjaman/999999", 404)], ids=["page", "object"]
)
def test_the_number_on_a_refused_page_finds_the_one_line_about_it(
    sign_in: SignIn, address: str, status: int
) -> None:
    staff, admin = sign_in("staff"), sign_in("admin")
    numbers = set()
    for _ in range(2):
        answer = staff.get(address)
        assert answer.status_code == status
        (found,) = NUMBER.findall(answer.get_data(as_text=True))
        numbers.add(found)
    assert len(numbers) == 2
    for found in numbers:
        page = admin.get(f"/jejak?cari={found.lower()}").get_data(as_text=True)
        assert page.count("<td>Akses ditolak</td>") == 1
        assert 'row">Staff<' in page


def test_an_address_that_no_page_has_leaves_no_line_and_tells_no_number(sign_in: SignIn) -> None:
    answer = sign_in("staff").get("/tidak-ada")
    assert answer.status_code == 404
    assert "Nomor kejadian" not in answer.get_data(as_text=True)
