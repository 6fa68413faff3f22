from __future__ import annotations

from collections.abc import Callable

from tests.factories import Client

TRACES = ("page-head", "badge", "stepper", "timeline", "Belum ada titipan", "problem-says", "<svg")


def test_the_page_shows_the_components_of_the_one_macro_file(
    sign_in: Callable[[str], Client],
) -> None:
    answer = sign_in("admin").get("/komponen")
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert [trace for trace in TRACES if trace not in page] == []
