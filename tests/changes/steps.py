"""The steps that several tests of requests share, as people take them on the pages."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import Client
from wibawa.banks.queries import thresholds_on
from wibawa.loans.invariants import run_checks
from wibawa.loans.models import LoanRequest, Schedule, ScheduleRow
from wibawa.web.clock import today

REASON = "Toko tutup karena banjir"
HOLIDAY = {"first": "11", "months": "3", "interest": "spread"}


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return unescape(answer.get_data(as_text=True))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"no hidden {name}"
    return found[1]


def preview(client: Client, address: str, wish: dict[str, str], status: int = 200) -> str:
    """The page after "Lihat akibatnya"."""
    return text_of(client.post(address, data=wish | {"lihat": "1"}), status)


def form_for(client: Client, address: str, wish: dict[str, str]) -> dict[str, str]:
    """What the second press sends: the wish with its reason, and what was shown."""
    page = preview(client, address, wish)
    return {
        "reason": REASON,
        **wish,
        "shown": hidden(page, "shown"),
        "request_key": hidden(page, "request_key"),
    }


def ask(client: Client, loan_id: int, word: str, wish: dict[str, str]) -> int:
    """Ask for a change of a loan through its page; the number of the request."""
    address = f"/pinjaman/{loan_id}/ubah/{word}"
    answer = client.post(address, data=form_for(client, address, wish))
    assert answer.status_code == 302, text_of(answer)
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def decision(client: Client, number: int, action: str = "setujui") -> dict[str, str]:
    """The hidden fields of the form that approves ("setujui") or refuses ("tolak")."""
    page = text_of(client.get(f"/permintaan/{number}"))
    form = page[page.index(f'action="/permintaan/{number}/{action}"') :]
    form = form[: form.index("</form>")]
    pairs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in pairs if name != "csrf_token"}


def approve(client: Client, number: int, body: dict[str, str] | None = None) -> Any:
    return client.post(f"/permintaan/{number}/setujui", data=body or decision(client, number))


def approved(client: Client, number: int) -> None:
    answer = approve(client, number)
    assert answer.status_code == 302, text_of(answer, 409)


def versions(session: Session, loan_id: int) -> list[tuple[str, dt.date]]:
    """Kind and first day of each version of a loan's schedule."""
    session.rollback()
    query = select(Schedule.kind, Schedule.starts_on).where(Schedule.loan_id == loan_id)
    return [(kind, day) for kind, day in session.execute(query.order_by(Schedule.version))]


def rows(session: Session, loan_id: int) -> list[tuple[dt.date, int, int]]:
    """Due date, principal and interest of the installments of the last version."""
    last = select(Schedule.id).where(
        Schedule.loan_id == loan_id, Schedule.ends_on == dt.date(9999, 12, 31)
    )
    query = select(ScheduleRow.due_on, ScheduleRow.principal, ScheduleRow.interest)
    found = session.execute(query.where(ScheduleRow.schedule_id.in_(last)).order_by("due_on"))
    return [(day, int(principal), int(interest)) for day, principal, interest in found]


def status(session: Session, number: int) -> str:
    session.rollback()
    return str(session.scalar(select(LoanRequest.status).where(LoanRequest.id == number)))


def broken(session: Session) -> list[str]:
    """What `wibawa check` finds wrong."""
    session.rollback()
    found = run_checks(session, today(), thresholds_on(session, today()))
    return [f"{check.name}: {check.found}" for check in found if not check.ok]
