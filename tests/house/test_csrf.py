"""What another site makes a signed-in browser send is refused at every address, for it knows no
token. All other tests send their forms without one, so only these notice a page that lets it be."""

from __future__ import annotations

import pytest
from werkzeug.routing import Rule

from tests.changes.steps import hidden
from tests.conftest import dispose, make_app
from tests.house import test_access
from tests.house.test_access import PAGES, PUBLIC, TRYING, Office, _address, allowed
from wibawa.app import csrf

office = test_access.office
__all__ = ["office"]

REFUSED = "Formulir ini sudah lama terbuka"


def _sent_to() -> list[Rule]:
    """Every address that takes more than reading, the public ones too."""
    app = make_app("sqlite://")
    reading = {"GET", "HEAD", "OPTIONS"}
    found = [rule for rule in app.url_map.iter_rules() if (rule.methods or set()) - reading]
    dispose(app)
    return sorted(found, key=lambda rule: (rule.endpoint, rule.rule))


SENT_TO = [pytest.param(rule, id=rule.endpoint) for rule in _sent_to()]


@pytest.fixture
def guarded(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The filled office as it is in daily use: with the check on."""
    office.again()
    monkeypatch.setitem(office.app.config, "WTF_CSRF_ENABLED", True)
    return office


def _who_may(rule: Rule) -> str:
    """Somebody whom nothing but the missing token keeps out."""
    if rule.endpoint in PUBLIC:
        return "staff"
    roles = allowed(PAGES[rule.endpoint])
    return next(
        name
        for name in TRYING
        if name != "jateng" and test_access.factories.PEOPLE[name][0] in roles
    )


@pytest.mark.parametrize("rule", SENT_TO)
def test_what_a_signed_in_person_sends_without_a_token_is_refused_and_changes_nothing(
    guarded: Office, rule: Rule
) -> None:
    name = _who_may(rule)
    address = _address(guarded, rule, test_access.factories.PASAR, name)
    before = guarded.lines()
    answer = guarded.client(name).post(address)
    assert answer.status_code == 400, f"{name} at {address}"
    assert REFUSED in answer.get_data(as_text=True), f"{name} at {address}"
    assert guarded.changed() == [], f"{name} at {address}"
    assert guarded.lines()[1] == before[1], "the trail tells of a deed that was refused"


def test_the_token_of_another_session_is_as_good_as_none_and_the_own_one_opens(
    guarded: Office,
) -> None:
    staff, approver = guarded.client("staff"), guarded.client("approver")
    own, others = (
        hidden(client.get("/akun/sandi").get_data(as_text=True), "csrf_token")
        for client in (staff, approver)
    )
    refused = staff.post("/keluar", data={"csrf_token": others})
    assert (refused.status_code, guarded.changed()) == (400, [])
    assert staff.post("/keluar", data={"csrf_token": own}).status_code == 302
    assert "user_sessions" in guarded.changed()


def test_no_page_and_no_folder_of_pages_is_let_off_the_check() -> None:
    app = make_app("sqlite://")
    assert (csrf._exempt_views, csrf._exempt_blueprints) == (set(), set())
    assert app.config["WTF_CSRF_METHODS"] == {"POST", "PUT", "PATCH", "DELETE"}
    assert app.config["WTF_CSRF_CHECK_DEFAULT"] is True
    dispose(app)
