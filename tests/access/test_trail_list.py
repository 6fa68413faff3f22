from __future__ import annotations

from collections.abc import Callable

from tests.factories import Client

Enter = Callable[[str], Client]


def test_the_trail_tells_who_did_what_newest_first(sign_in: Enter) -> None:
    sign_in("staff")
    page = sign_in("auditor").get("/jejak").get_data(as_text=True)
    assert page.index("Auditor</th>") < page.index("Staff</th>")
    assert "Masuk" in page


def test_the_trail_is_paged_in_the_database(sign_in: Enter) -> None:
    for _ in range(26):
        sign_in("staff")
    auditor = sign_in("auditor")
    first = auditor.get("/jejak?per_hal=25").get_data(as_text=True)
    second = auditor.get("/jejak?per_hal=25&hal=2").get_data(as_text=True)
    assert first.count("Staff</th>") == 24
    assert second.count("Staff</th>") == 2
