from __future__ import annotations

import ast
from collections.abc import Callable

from tests.factories import Client
from tests.house.source import calls, modules
from wibawa.access.queries import ACTIONS
from wibawa.rules.statuses import Action

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


def test_everything_that_is_recorded_has_words_for_the_reader() -> None:
    place = {"trail.record": 3, "trail.record_apart": 2, "record_apart": 2, "record": 0}
    named = {
        node.args[place[called]]
        for tree in modules().values()
        for node, called in calls(tree)
        if called in place and len(node.args) > place[called]
    }
    recorded = {str(arg.value) for arg in named if isinstance(arg, ast.Constant)}
    recorded |= {f"application_{action}" for action in Action}
    assert recorded >= {"proposal_sent", "schedule_printed", "nik_revealed", "file_posted"}
    assert recorded - ACTIONS.keys() == set()
