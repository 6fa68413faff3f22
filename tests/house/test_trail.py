"""Whatever changes something leaves a line in the trail, which tells what changed, in words.

That every download leaves one is tried with every page by every role in `test_access.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import click
import pytest

from tests.conftest import dispose, make_app
from tests.house.reach import reaches
from tests.house.source import calls, dotted, modules
from wibawa import commands
from wibawa.access import trail
from wibawa.access.guard import note_own_try
from wibawa.audit.words import ACTIONS, THINGS, UPLOAD_PAGES
from wibawa.keeping.upgrading import record_made
from wibawa.rules.refused import by_same_person
from wibawa.rules.statuses import MOVES, Action

RECORDING = frozenset({trail.record, trail.record_apart})
# Sent with POST and no deed of the office; nothing of these is to be answered for later.
NO_DEED = {
    "access.stay": "lets a session go on",
    "applications.choose_borrower": "looks somebody up; POST keeps what was typed out of addresses",
    "disbursements.choose_borrower": "looks somebody up",
    "home.search": "looks somebody up",
    "merging.choose_other": "looks somebody up",
}
# Where somebody may come to what she herself began.
DECIDING = {
    "applications.recommend", "applications.refuse", "banks.approve_limits", "banks.approve_terms",
    "banks.refuse_limits", "banks.refuse_terms", "changes.approve", "changes.refuse",
    "disbursements.approve", "disbursements.confirm_upload", "disbursements.refuse",
    "indicators.approve_definition", "indicators.approve_lock", "indicators.refuse_definition",
    "indicators.refuse_lock", "merging.approve", "merging.refuse", "privacy.decide_pseudonym",
    "reconciliation.close", "repayments.post_upload",
}  # fmt: skip
# They ask the table of moves, whose moves of theirs ask for no second person.
NOBODYS_OWN = {
    "applications.new_application", "decisions.approve", "decisions.decision", "decisions.decline",
    "proposals.send_proposal",
}  # fmt: skip
# Commands that leave no line.
NO_LINE = {
    "check": "reads, and tells no more than whether the laws of the books hold",
    "key new": "makes a file; nothing is sealed with it and the database is not opened",
    "schedule": "reckons without a database",
    "serve": "starts the pages, which leave their own lines",
    "work": "starts the jobs, which leave their own lines",
}
# Settings and records that are edited: their line tells before → after.
EDITS = {
    "access/settings.py": "access_settings_changed",
    "applications/actions.py": "application",
    "applications/deadlines/actions.py": "deadlines_changed",
    "arrears/actions.py": "arrears_assigned",
    "arrears/reminders/actions.py": "reminder_days_changed",
    "banks/actions.py": "quota_set",
    "banks/terms/actions.py": "terms",
    "borrowers/actions.py": "borrower_changed",
    "changes/rules/actions.py": "document_rule_changed",
    "dashboard/opened/actions.py": "open_figures_switched",
    "indicators/definitions/actions.py": "definition_proposed",
    "indicators/inputs/actions.py": "input_recorded",
    "layouts/actions.py": "layout_taught",
    "letters/actions.py": "office_changed",
    "privacy/actions.py": "retention_set",
    "uploads/actions.py": "file_choice",
}
# Words that the program puts together.
MADE_UP = {
    "terms": "proposed approved refused confirmed",
    "limits": "proposed approved refused",
    "definition": "proposed approved refused",
    "lock": "requested refused",
    "unlock": "requested refused",
    "year": "locked unlocked",
    "merge": "requested approved refused",
    "split": "requested approved refused",
    "change": "requested approved refused",
    "file": "uploaded submitted posted withdrawn downloaded",
    "register": "applied names_confirmed downloaded",
    "pseudonym": "requested approved refused",
    "document": "added replaced withdrawn opened",
    "user": "added enabled disabled",
}


def test_every_page_that_is_sent_something_comes_to_a_line_in_the_trail() -> None:
    app = make_app("sqlite://")
    silent = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and not reaches(app.view_functions[rule.endpoint], RECORDING)
    }
    dispose(app)
    assert silent - NO_DEED.keys() == set(), "a page changes something and leaves no line"
    assert NO_DEED.keys() - silent == set(), "an exception that nobody needs any more"


def test_every_try_to_decide_on_the_own_thing_comes_to_a_line_in_the_trail() -> None:
    app = make_app("sqlite://")
    views = app.view_functions
    refusing = {name for name, view in views.items() if reaches(view, frozenset({by_same_person}))}
    silent = {name for name in refusing if not reaches(views[name], frozenset({note_own_try}))}
    dispose(app)
    assert refusing >= DECIDING
    assert silent - NOBODYS_OWN == set(), "a person's try to decide on the own thing leaves no line"
    assert NOBODYS_OWN - silent == set(), "an exception that nobody needs any more"
    seconds = {action for action, row in MOVES.items() if row.second_to}
    assert seconds == {Action.RECOMMEND, Action.REFUSE}, "another move asks for a second person"


def test_what_is_refused_to_the_person_who_began_it_is_refused_the_one_way() -> None:
    apart = {
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and dotted(node.func) == "Refused" and node.args
            and isinstance(node.args[0], ast.Constant)
            and node.args[0].value in ("same_person", "two_persons"))
        or (isinstance(node, ast.If) and "same_person" in ast.dump(node.test))
    }  # fmt: skip
    apart -= {"wibawa/merging/actions.py"}  # whether two records are of the same person
    assert apart == set()
    calling = {
        name.removeprefix("wibawa/")
        for name, tree in modules().items()
        for _, called in calls(tree)
        if called == "by_same_person"
    }
    assert len(calling) >= 11
    told = {
        name.removeprefix("wibawa/")
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        and re.search(r"harus di(?:ambil|berikan) orang lain|Minta (?:orang|petugas) lain",
                      node.value)
        and name.endswith("actions.py")
    }  # fmt: skip
    assert told - calling == set(), "such a refusal is raised in another way"


def test_every_command_comes_to_a_line_in_the_trail_or_says_why_not() -> None:
    found = dict(_commands(commands.wibawa, ""))
    assert found.keys() >= {"user add", "report portfolio", "key rotate", "demo"}
    made = frozenset({record_made})  # that it found no schema and made one, any command tells
    silent = {name for name, function in found.items() if not reaches(function, RECORDING, made)}
    assert silent - NO_LINE.keys() == set(), "a command leaves no line"
    assert NO_LINE.keys() - silent == set(), "an exception that nobody needs any more"


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, Callable[..., object]]]:
    """Every command with its function; of one that is made by another function, with that one."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        else:
            assert command.callback is not None
            outermost = command.callback.__qualname__.split(".")[0]
            made_by = getattr(commands, outermost)
            yield f"{before}{name}", getattr(made_by, "callback", made_by)


def test_every_edit_tells_before_and_after_the_one_way() -> None:
    telling = {
        name.removeprefix("wibawa/")
        for name, tree in modules().items()
        for _, called in calls(tree)
        if called == "trail.changes"
    }
    assert telling == EDITS.keys()


def test_everything_that_is_recorded_has_words_for_the_reader() -> None:
    recorded = _recorded(3, 2) | {f"application_{action}" for action in Action}
    recorded |= {f"{name}_{deed}" for name, deeds in MADE_UP.items() for deed in deeds.split()}
    assert recorded >= {
        "proposal_sent",
        "schedule_printed",
        "chain_exported",
        "books_moved",
        "nik_revealed",
        "file_downloaded",
    }
    assert recorded - ACTIONS.keys() == set()


def test_every_object_has_a_name_and_its_page_exists() -> None:
    kinds = _recorded(4, 3)
    assert kinds >= {"loan", "borrower", "upload", "year_lock"}
    assert {kind for kind in kinds if kind} - THINGS.keys() == set()
    app = make_app("sqlite://")
    rules = {rule.endpoint: rule.arguments for rule in app.url_map.iter_rules()}
    dispose(app)
    places = [(each.endpoint, each.argument) for each in THINGS.values() if each.endpoint]
    for endpoint, argument in (*places, *UPLOAD_PAGES.values()):
        assert rules[endpoint] == ({argument} if argument else set()), endpoint


def _recorded(in_session: int, apart: int) -> set[str]:
    """The literal arguments at a place of every call that records."""
    place = {
        "trail.record": in_session,
        "record": in_session,
        "trail.record_apart": apart,
        "record_apart": apart,
        "_leave_line": in_session - 2,  # of the command line, whose author is always the same
        "_leave_line_first": in_session - 2,
        "leave_line": in_session - 2,
        "trail.record_export": apart - 1,  # whose deed is always the same
        "record_export": apart - 1,
    }
    return {
        str(node.args[place[called]].value)  # type: ignore[attr-defined]
        for tree in modules().values()
        for node, called in calls(tree)
        if called in place
        and len(node.args) > place[called]
        and isinstance(node.args[place[called]], ast.Constant)
    }


@pytest.mark.parametrize("text", ["3374014804850012", "081234567890"])
def test_numbers_of_people_and_telephones_are_masked_whoever_writes_them(text: str) -> None:
    assert text not in trail.mask_people(f"Alasan: {text}")
    assert re.search(r"\*{8,}\d{2,4}$", trail.mask_people(f"Alasan: {text}"))
