"""What clerks type, and the steps that several tests share."""

from __future__ import annotations

import html
import re
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.applications.models import Application, ApplicationMove
from wibawa.web.clock import now

NIK = "3374014804850012"
MICRO = "/permohonan/baru?jenis=mikro"
PERSON = {
    "name": "Siti Aminah",
    "nik": NIK,
    "sex": "P",
    "birth_date": "08/04/1985",
    "business_name": "Roti Siti",
    "sector": "Kuliner",
    "business_started_on": "01/01/2018",
    "kelurahan_code": "33.74.01.1001",
    "address": "Jl. Pekunden No. 1",
    "phone": "0812-3456 7890",
    "nib": "",
}
WISH = {
    "bank_id": str(factories.PASAR),
    "amount": "5.000.000",
    "months": "24",
    "purpose": "Membeli oven dan bahan baku",
    "collateral": "",
}
VISIT = {
    "visited_on": "24/11/2026",
    "score_business": "3",
    "score_character": "4",
    "score_capacity": "3",
    "score_market": "2",
    "feasible": "ya",
    "bankable": "ya",
    "recommended_amount": "4.500.000",
    "notes": "Toko ramai, pembukuan sederhana tetapi lengkap.",
}
REASON = "Fotokopi KTP belum dilampirkan"
ENDED = ("kembalikan", "tolak", "batalkan")


def key() -> str:
    return secrets.token_hex(16)


def entry(**changes: str) -> dict[str, str]:
    """A complete form for a new micro-enterprise."""
    return PERSON | WISH | {"request_key": key()} | changes


def recorded(client: factories.Client, form: str = MICRO, **changes: str) -> int:
    """The id of an application that the page submitted, or kept as a draft with `simpan`."""
    answer = client.post(form, data=entry(**changes))
    assert answer.status_code == 302, answer.get_data(as_text=True)
    place = re.fullmatch(r"/permohonan/(\d+)", answer.headers["Location"])
    assert place, answer.headers["Location"]
    return int(place[1])


def text_of(client: factories.Client, address: str, data: dict[str, str] | None = None) -> str:
    answer = client.get(address) if data is None else client.post(address, data=data)
    return html.unescape(answer.get_data(as_text=True))


def shown(client: factories.Client, number: int) -> str:
    """The fingerprint of what this person sees now; one of nothing when no form is offered."""
    page = client.get(f"/permohonan/{number}").get_data(as_text=True)
    found = re.search(r'name="shown" value="(\w+)"', page)
    return found[1] if found else "0" * 64


def body(client: factories.Client, number: int, **more: str) -> dict[str, str]:
    return {"shown": shown(client, number), "request_key": key()} | more


def act(client: factories.Client, number: int, action: str, **more: str) -> int:
    """The status of the answer to a move sent from the page as it is now."""
    data = body(client, number, **({"reason": REASON} if action in ENDED else {}) | more)
    return int(client.post(f"/permohonan/{number}/{action}", data=data).status_code)


def visited(client: factories.Client, number: int, **changes: str) -> None:
    answer = client.post(
        f"/permohonan/{number}/kunjungan", data=body(client, number) | VISIT | changes
    )
    assert answer.status_code == 302, answer.get_data(as_text=True)


def state(session: Session, number: int) -> str:
    session.rollback()
    return str(session.scalar(select(Application.state).where(Application.id == number)))


def moves(session: Session, number: int) -> list[str]:
    session.rollback()
    return list(
        session.scalars(
            select(ApplicationMove.action)
            .where(ApplicationMove.application_id == number)
            .order_by(ApplicationMove.sequence)
        )
    )


def second_approver(session: Session) -> int:
    made = add_user(session, username="kabid2", name="Kabid Dua", role=Role.APPROVER,
                    password=factories.PASSWORD, bank_id=None, now=now())  # fmt: skip
    session.commit()
    return made.id
