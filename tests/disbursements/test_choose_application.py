from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from wibawa.rules.statuses import State

SignIn = Callable[[str], factories.Client]
PLACE = "/pencairan/permohonan"


def text_of(client: factories.Client, address: str) -> str:
    return html.unescape(client.get(address).get_data(as_text=True))


def _approved(session: Session, people: dict[str, int]) -> dict[str, int]:
    """Two approved at Pasar, of which one waits for the approver, one at Jateng, one only sent."""

    def made(number: int, name: str, bank_id: int, to: State, amount: int) -> int:
        return factories.application(
            session, people, number=number, name=name, bank_id=bank_id, to=to,
            amount=amount, approved=amount - 500_000,
        )  # fmt: skip

    pasar, jateng = factories.PASAR, factories.JATENG
    found = {
        "siti": made(1, "Siti Aminah", pasar, State.APPROVED, 4_000_000),
        "dewi": made(2, "Dewi Lestari", pasar, State.APPROVED, 3_000_000),
        "endah": made(3, "Endah Murni", jateng, State.APPROVED, 5_000_000),
        "fitri": made(4, "Fitri Handayani", pasar, State.SENT, 2_000_000),
    }
    factories.recorded_payment(session, people, found["dewi"])
    return found


approved = prepared(_approved)


def test_what_the_bank_approved_and_nobody_recorded_waits_here(
    sign_in: SignIn, approved: dict[str, int]
) -> None:
    page = text_of(sign_in("staff"), PLACE)
    assert "Siti Aminah" in page
    assert "Endah Murni" in page
    assert "Dewi Lestari" not in page, "its disbursement waits for the approver"
    assert "Fitri Handayani" not in page, "the bank has not answered"
    assert "Jumlah 2 permohonan" in page
    assert "Rp8.000.000" in page
    assert f"/pencairan/baru?permohonan={approved['siti']}" in page
    page = text_of(sign_in("staff"), f"{PLACE}?bank=PASAR")
    assert "Endah Murni" not in page
    assert "Jumlah 1 permohonan" in page


def test_the_first_page_and_the_list_of_disbursements_say_how_many_wait(
    sign_in: SignIn, approved: dict[str, int]
) -> None:
    client = sign_in("staff")
    said = "<strong>2</strong> permohonan disetujui bank, menunggu pencairan"
    assert said in text_of(client, "/")
    assert "2 permohonan sudah disetujui bank dan menunggu" in text_of(client, "/pencairan")
    assert "menunggu pencairan" not in text_of(sign_in("approver"), "/")


def test_who_only_reads_is_offered_no_form(sign_in: SignIn, approved: dict[str, int]) -> None:
    for who in ("approver", "auditor"):
        page = text_of(sign_in(who), PLACE)
        assert "Siti Aminah" in page
        assert "/pencairan/baru" not in page


@pytest.mark.parametrize("who", ["pasar", "leader", "admin"])
def test_nobody_else_sees_it(sign_in: SignIn, who: str) -> None:
    assert sign_in(who).get(PLACE).status_code == 403


def test_the_export_holds_exactly_what_is_shown(sign_in: SignIn, approved: dict[str, int]) -> None:
    client = sign_in("staff")
    answer = client.get(f"{PLACE}/ekspor.csv?bank=PASAR")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert [row[:6] for row in rows[1:]] == [
        [f"PM-{approved['siti']:06d}", "Siti Aminah", "Roti Siti", "Bank Pasar", "3500000", "24"]
    ]
    assert client.get(f"{PLACE}/ekspor.xlsx").data.startswith(b"PK")


def test_an_empty_list_says_where_to_look(sign_in: SignIn) -> None:
    page = text_of(sign_in("staff"), PLACE)
    assert "Tidak ada yang menunggu pencairan" in page
    assert "/permohonan?keadaan=dikirim" in page


def test_without_permission_of_any_bank_there_is_no_way_around_the_applications(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("staff")
    assert "tanpa permohonan" not in text_of(client, PLACE)
    number = factories.borrower(session, people["staff"])
    session.commit()
    for address in ("/pencairan/baru/peminjam", "/pencairan/baru?jenis=mikro",
                    f"/pencairan/baru?peminjam={number}"):  # fmt: skip
        answer = client.get(address)
        assert answer.headers["Location"] == PLACE, address
    assert "Pilih permohonannya" in text_of(client, PLACE)
    factories.allow_direct(session, people, factories.JATENG)
    session.commit()
    assert "Pencairan tanpa permohonan" in text_of(client, PLACE)
    page = text_of(client, "/pencairan/baru?jenis=mikro")
    assert "Bank Jateng" in page
    assert '<option value="2">' not in page, "Bank Pasar does not allow it"


def test_the_number_of_queries_does_not_grow_with_the_list(
    app: Flask, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("staff")

    def asked() -> int:
        with factories.counted_queries(app) as seen:
            client.get(PLACE)
        return len(seen)

    counts = []
    for number in range(1, 6):
        factories.application(session, people, number=number, to=State.APPROVED)
        session.commit()
        counts.append(asked())
    assert counts[0] == counts[-1]
