"""A list is taken away whole or not at all: a file that lacks rows looks like one that does not."""

from __future__ import annotations

import pytest
from werkzeug.routing import Rule

from tests.house import test_access
from tests.house.test_access import PAGES, TRIES, Office, allowed
from wibawa.access.permissions import Role
from wibawa.web import pages

office = test_access.office
WHO = {Role.AUDITOR: "auditor", Role.OFFICE_STAFF: "staff", Role.ADMINISTRATOR: "admin"}
END = "/ekspor.<any(xlsx, csv):kind>"
# Lists that are read without a limit.
NEVER_CUT = {
    "applications.export_list",
    "disbursements.export_approved",
    "indicators.export_inputs",
    "letters.export_list",
    "privacy.export_retention",
    "proposals.export_list",
}


def exports() -> list[Rule]:
    rules = [each.values[0] for each in TRIES]
    return [rule for rule in rules if isinstance(rule, Rule) and rule.rule.endswith(END)]


def test_every_list_that_is_too_long_for_a_file_is_refused_and_says_so_before(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.again()
    monkeypatch.setattr(pages, "MOST_IN_FILE", 0)
    whole, silent = set(), set()
    for rule in exports():
        name = next(WHO[role] for role in WHO if role in allowed(PAGES[rule.endpoint]))
        client, address = office.client(name), rule.rule.removesuffix(END)
        for kind in ("csv", "xlsx"):
            answer = client.get(f"{address}/ekspor.{kind}")
            if answer.status_code == 200:
                whole.add(rule.endpoint)
            elif answer.status_code != 409 or "paling banyak 0." not in answer.text:
                silent.add((rule.endpoint, answer.status))
        if rule.endpoint not in whole:
            page = client.get(address).get_data(as_text=True)
            if "paling banyak 0." not in page or f"{address}/ekspor." in page:
                silent.add((rule.endpoint, "the page"))
    assert silent == set()
    assert whole == NEVER_CUT
