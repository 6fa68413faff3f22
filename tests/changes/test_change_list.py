"""The list of requests: what waits on top, filtered, and exported as it is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.changes.steps import HOLIDAY, REASON, approved, ask, text_of
from tests.factories import Client

SignIn = Callable[[str], Client]


@pytest.fixture
def asked(loans: dict[str, int], sign_in: SignIn) -> dict[str, int]:
    """One request at each bank; that of Bank Pasar is approved, the older one."""
    client = sign_in("staff")
    made = {"pasar": ask(client, loans["pasar"], "jeda", HOLIDAY)}
    approved(sign_in("approver"), made["pasar"])
    made["jateng"] = ask(client, loans["jateng"], "jeda", HOLIDAY)
    return made


def test_what_waits_is_on_top_and_the_sum_counts_it(asked: dict[str, int], sign_in: SignIn) -> None:
    page = text_of(sign_in("approver").get("/permintaan?urut=nomor"))
    assert page.index(f"Nomor {asked['jateng']}<") < page.index(f"Nomor {asked['pasar']}<")
    assert "Jumlah 2 permintaan, 1 menunggu keputusan" in page
    assert REASON in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("keadaan=menunggu", "KW-000001", "KW-000002"),
        ("keadaan=disetujui", "KW-000002", "KW-000001"),
        ("bank=PASAR", "KW-000002", "KW-000001"),
    ],
)
def test_the_filters_leave_only_what_they_say(
    asked: dict[str, int], sign_in: SignIn, query: str, shown: str, hidden: str
) -> None:
    page = text_of(sign_in("auditor").get(f"/permintaan?{query}"))
    assert shown in page
    assert hidden not in page
    assert "Lepas semua" in page


def test_the_kind_is_a_filter(asked: dict[str, int], sign_in: SignIn) -> None:
    page = text_of(sign_in("auditor").get("/permintaan?jenis=jeda&keadaan=ditolak"))
    assert "Tidak ada permintaan yang cocok" in page
    assert "KW-000001" in text_of(sign_in("auditor").get("/permintaan?jenis=jeda"))


def test_a_bank_officer_sees_the_own_banks_only_whatever_the_address_says(
    asked: dict[str, int], sign_in: SignIn
) -> None:
    for query in ("", "?bank=JATENG"):
        page = text_of(sign_in("pasar").get(f"/permintaan{query}"))
        assert "KW-000002" in page
        assert "KW-000001" not in page
    file = sign_in("pasar").get("/permintaan/ekspor.csv?bank=JATENG").get_data(as_text=True)
    assert "KW-000002" in file
    assert "KW-000001" not in file


def test_the_export_holds_exactly_what_is_shown(asked: dict[str, int], sign_in: SignIn) -> None:
    file = sign_in("staff").get("/permintaan/ekspor.csv?keadaan=menunggu").get_data(as_text=True)
    assert "KW-000001" in file
    assert "Siti Aminah" in file
    assert "Jeda angsuran" in file
    assert "KW-000002" not in file
    answer = sign_in("staff").get("/permintaan/ekspor.xlsx")
    assert answer.data[:2] == b"PK"


def test_leadership_sees_no_name_and_no_reason(asked: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("leader")
    pages = (
        text_of(client.get("/permintaan")),
        client.get("/permintaan/ekspor.csv").get_data(as_text=True),
    )
    for page in pages:
        assert "KW-000001" in page
        for personal in ("Siti", "Joko", REASON):
            assert personal not in page


def test_an_empty_list_says_where_requests_come_from(app: Flask, sign_in: SignIn) -> None:
    assert "Belum ada permintaan" in text_of(sign_in("staff").get("/permintaan"))


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    app: Flask, loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("staff")
    with factories.counted_queries(app) as short:
        client.get("/permintaan")
    for _ in range(5):
        factories.request(
            session, "reversal", people["staff"], people["approver"], loan_id=loans["pasar"]
        )
    session.commit()
    with factories.counted_queries(app) as long:
        client.get("/permintaan?jenis=jeda")
    assert len(long) == len(short)
