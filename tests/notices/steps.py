"""Applications at the points where an applicant is told something, and what is pressed there."""

from __future__ import annotations

import html
import io
import re
import secrets

from pypdf import PdfReader
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.permissions import Role
from wibawa.applications import actions as applying
from wibawa.applications.moves import Author
from wibawa.applications.queries import case
from wibawa.decisions import actions as deciding
from wibawa.decisions.queries import reasons_on
from wibawa.notices import actions
from wibawa.rules.statuses import Action, State
from wibawa.web.clock import now, today

WHY = "Fotokopi KTP belum dilampirkan"


def shown_of(session: Session, number: int) -> str:
    found = case(session, number)
    assert found is not None
    return found.shown


def told(
    session: Session,
    people: dict[str, int],
    state: State,
    *,
    number: int = 1,
    reason: str = "slik",
    note: str = "",
    name: str = "Siti Aminah",
    amount: int = 4_000_000,
) -> int:
    """An application in `state`, by the people who bring it there; its id."""
    inside = state in (State.RETURNED, State.REFUSED_BY_OFFICE)
    before = State.VISITED if inside else State.SENT
    made = factories.application(session, people, to=before, number=number, name=name)
    bring(session, people, made, state, reason=reason, note=note, amount=amount)
    return made


def bring(
    session: Session,
    people: dict[str, int],
    made: int,
    state: State,
    *,
    reason: str = "slik",
    note: str = "",
    amount: int = 4_000_000,
) -> None:
    head = Author(people["approver"], Role.APPROVER, now())
    officer = Author(people["pasar"], Role.BANK_OFFICER, now())
    shown = shown_of(session, made)
    seen = {"bank_id": factories.PASAR, "shown": shown, "author": officer}
    if state is State.APPROVED:
        deciding.approve(session, made, amount=amount, note=note, **seen)  # type: ignore[arg-type]
    elif state is State.REFUSED_BY_BANK:
        why = next(each for each in reasons_on(session, today()) if each.code == reason)
        deciding.decline(session, made, reason=why, explanation=note, **seen)  # type: ignore[arg-type]
    else:
        action = Action.RETURN if state is State.RETURNED else Action.REFUSE
        applying.end(session, made, shown=shown, author=head, action=action, reason=WHY,
                     elsewhere=lambda *_: [])  # fmt: skip


def issued(session: Session, people: dict[str, int], made: int) -> int:
    clerk = Author(people["staff"], Role.OFFICE_STAFF, now())
    return actions.issue(session, made, shown=shown_of(session, made), author=clerk)


def page_of(client: factories.Client, number: int) -> str:
    answer = client.get(f"/permohonan/{number}/surat")
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def press(client: factories.Client, number: int, *, key: str = "", shown: str | None = None) -> int:
    """Press "Terbitkan surat" on the page as it is now; the status of the answer."""
    found = re.search(r'name="shown" value="(\w+)"', page_of(client, number))
    seen = shown if shown is not None else found[1] if found else ""
    body = {"shown": seen, "request_key": key or secrets.token_hex(16)}
    return int(client.post(f"/permohonan/{number}/surat/terbitkan", data=body).status_code)


def flat(pdf: bytes) -> str:
    """All that a PDF says, on one line."""
    reader = PdfReader(io.BytesIO(pdf), strict=True)
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())
