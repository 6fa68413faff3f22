"""A NIK and a telephone's number are typed into every text of every form that any page takes: the
form refuses them in words, and nothing that the database holds afterwards shows them.

The forms are found by sending each page something: whoever adds one adds nothing here, unless its
field asks for such a number, which `TAKING` says by hand.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import has_request_context, request
from wtforms import HiddenField, StringField

from tests import factories
from tests.applications.forms import entry
from tests.house import test_access
from tests.house.test_access import BANKS, PAGES, TRIES, TRYING, Office, _address, allowed
from tests.house.test_hostile_text import gives_files
from wibawa.web.fields import NO_NIK, NO_PHONE, Form, is_free_text

office = test_access.office
__all__ = ["office"]

NIK, PHONE = "3374011205797777", "089570001234"
TYPED = "Menurut KTP 337401 120579-7777, HP 0895-7000-1234"
CALLED = "Dihubungi lewat 0895-7000-1234"
# The texts that ask for a number, or by which something is looked up.
TAKING = """
    account_number agreement_number cooperative_number loan nib nik phone reference
    signatory_nip to
"""
LOOKED_UP = {"applications.choose_borrower", "disbursements.choose_borrower",
             "merging.choose_other"}  # fmt: skip
# A note of who was met: sealed, and a NIK in it masked when it is kept.
MASKED = {("arrears.record_contact", "met"), ("arrears.record_contact", "note")}
CODES = {("access.recovery_codes", "code"), ("access.second_factor", "code")}
# The texts that are sealed: a telephone's number may stand there.
CALLING = "address notes"

# Pages that show the form of another deed again, and do not read it.
UNREAD = {
    "applications.recommend", "applications.submit", "arrears.assign_officer",
    "arrears.strike_contact", "banks.approve_limits", "banks.approve_terms", "changes.approve",
    "disbursements.approve", "merging.approve",
}  # fmt: skip
# Of which the office's application is past it; the same form is read where it is withdrawn.
UNREAD |= {"applications.refuse", "applications.send_back"}


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What each form that a page reads says of each of its texts; of a form that it made out of
    what was sent and never judged, None."""
    told: dict[str, Any] = {}
    make, judge = Form.__init__, Form.validate

    def made(form: Any, *args: Any, **kwargs: Any) -> None:
        make(form, *args, **kwargs)
        if has_request_context() and request.method == "POST" and "formdata" not in kwargs:
            for field in form:
                if is_free_text(field) and field.raw_data:
                    told.setdefault(field.name, None)

    def judged(form: Any, *args: Any, **kwargs: Any) -> bool:
        fine = judge(form, *args, **kwargs)
        told.update({field.name: list(field.errors) for field in form if is_free_text(field)})
        return fine

    with monkeypatch.context() as patch:
        patch.setattr(Form, "__init__", made)
        patch.setattr(Form, "validate", judged)
        yield told


@cache
def _everything(text: str) -> dict[str, str]:
    """A text for each name that any form of the program gives a text, in a form sent once."""
    known = {name for form in _forms(Form) for name in dir(form) if _is_text(getattr(form, name))}
    return dict.fromkeys((*known, "q", "nomor"), text) | {"request_key": "k" * 20}


def _is_text(made: Any) -> bool:
    kind = getattr(made, "field_class", None)
    return kind is not None and issubclass(kind, StringField) and not issubclass(kind, HiddenField)


def _forms(of: type[Any]) -> Iterator[type[Any]]:
    for form in of.__subclasses__():
        if form.__module__.startswith("wibawa."):
            yield form
        yield from _forms(form)


def _shows(content: bytes) -> set[str]:
    plain = re.sub(rb"(?<=\d)[\s.()\-]+(?=\d)", b"", content)
    return {each for each in (NIK, PHONE) if each.encode() in plain}


def _kept(office: Office) -> bytes:
    """The bytes of the database, those too that SQLite has not brought into its file yet."""
    found = sorted(office.live.parent.glob(f"{office.live.name}*"))
    return b"".join(path.read_bytes() for path in found)


def _who(endpoint: str) -> str:
    """Somebody who may send a page something: at a bank, its officer."""
    roles = allowed(PAGES[endpoint])
    return next(name for name in TRYING
                if factories.PEOPLE[name][0] in roles and name != "jateng")  # fmt: skip


def test_what_is_shown_is_found_in_every_form() -> None:
    assert _shows(TYPED.encode()) == {NIK, PHONE}
    assert _shows(b"KTP ************7777, HP **********34") == set()


def test_a_nik_or_a_telephone_in_any_text_of_any_form_is_refused_and_not_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, kept, asked, unread = set(), set(), set(), set()
    for rule, method in (param.values for param in TRIES):
        if method != "POST":
            continue
        who = _who(rule.endpoint)
        for text, sentence in ((TYPED, NO_NIK), (CALLED, NO_PHONE)):
            office.again()
            address = _address(office, rule, BANKS.get(who, factories.PASAR), who)
            with watched(monkeypatch) as told:
                office.client(who).post(address, data=_everything(text))
            if shown := _shows(_kept(office)):
                kept.add((rule.endpoint, *sorted(shown)))
            if not told:  # no form has a text
                break
            for name, errors in told.items():
                taking = name in TAKING.split() or (rule.endpoint, name) in CODES | MASKED
                taking |= rule.endpoint in LOOKED_UP
                taking |= sentence == NO_PHONE and name in CALLING.split()
                if errors is None:
                    unread.add(rule.endpoint)
                    continue
                asked.add((rule.endpoint, name))
                if not taking and sentence not in errors:
                    silent.add((rule.endpoint, name, sentence))
    assert kept == set(), "somebody's number stands readable in the database"
    assert silent == set(), "a text takes somebody's number"
    assert unread == UNREAD, "a form is made of what was sent and never looked at"
    assert len(asked) > 60, asked


def test_a_number_that_a_page_is_asked_for_by_its_address_is_kept_nowhere(office: Office) -> None:
    """Searches and filters leave lines about exports: not what was looked for."""
    asked = urlencode(dict.fromkeys(("q", "cari", "nomor", "teks", "orang", "pelaku"), TYPED))
    office.again()
    for rule, method in (param.values for param in TRIES):
        if method == "GET" and gives_files(rule):
            who = _who(rule.endpoint)
            address = _address(office, rule, BANKS.get(who, factories.PASAR), who)
            assert office.client(who).get(f"{address}?{asked}").status_code < 500, address
    assert _shows(_kept(office)) == set()


def test_an_unfinished_application_and_a_received_file_are_named_without_anybodys_number(
    office: Office,
) -> None:
    """Both are kept whatever they say."""
    office.again()
    staff = office.client("staff")
    sent = entry(name=TYPED, simpan="1")
    assert staff.post("/permohonan/baru?jenis=mikro", data=sent).status_code == 302
    assert "KTP ************7777" in staff.get("/permohonan").get_data(as_text=True)
    file = {"file": (io.BytesIO(b"NIK;NAMA;KELURAHAN\r\n"), f"{TYPED}.csv")}
    staff.post("/peminjam/impor/baru", data=file)
    assert "KTP ************7777" in staff.get("/peminjam/impor").get_data(as_text=True)
    assert _shows(_kept(office)) == set()
