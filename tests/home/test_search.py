from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.borrowers.test_borrower_list import cooperative
from tests.conftest import prepared
from wibawa.rules.statuses import State

SignIn = Callable[[str], factories.Client]
ALL = {"KW-000001", "KW-000002", "KW-000003"}


loans = prepared(factories.two_banks)


def found(client: factories.Client, text: str) -> set[str]:
    page = client.post("/cari", data={"q": text}).get_data(as_text=True)
    return set(re.findall(r">(KW-\d{6})</a>", page))


SOUGHT = {
    "siti aminah": {"KW-000001"},
    " RAHAYU  lestari ": {"KW-000003"},
    "roti": ALL,
    "3374014804850002": {"KW-000002"},
    "3374 0148 0485 0002": {"KW-000002"},
    "+62 812-3456-7890": ALL,
    "pk/0003": {"KW-000003"},
    "PK/0002": {"KW-000002"},
    "%": set(),
    "KW-": set(),
    "zzz": set(),
}


@pytest.mark.parametrize("text", SOUGHT)
def test_loans_are_found_by_name_business_nik_phone_and_agreement(
    loans: dict[str, int], sign_in: SignIn, text: str
) -> None:
    assert found(sign_in("staff"), text) == SOUGHT[text]


@pytest.mark.parametrize(
    "text", ["KW-000002", "kw-000002", "2", "0200000000002", "02-0000.0000002"]
)
def test_an_exact_loan_or_account_number_leads_straight_to_the_loan(
    loans: dict[str, int], sign_in: SignIn, text: str
) -> None:
    answer = sign_in("staff").post("/cari", data={"q": text})
    assert answer.headers["Location"] == f"/pinjaman/{loans['pasar']}"


def test_borrowers_are_found_too_by_those_who_may_see_the_register(
    app: Flask, people: dict[str, int], loans: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(app, lambda s: cooperative(s, people["staff"]))
    for who in ("staff", "approver", "auditor"):
        page = sign_in(who).post("/cari", data={"q": "maju bersama"}).get_data(as_text=True)
        assert "Koperasi Maju Bersama" in page
        assert 'href="/peminjam/4"' in page
        assert "ketua Agus Salim" in page
    page = sign_in("pasar").post("/cari", data={"q": "maju bersama"}).get_data(as_text=True)
    assert "Koperasi" not in page[page.index("<main") : page.index("</main>")]


def test_a_bank_officer_finds_loans_of_the_own_bank_only(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("pasar")
    assert found(client, "roti") == {"KW-000002", "KW-000003"}
    other = [client.post("/cari", data={"q": text}) for text in ("KW-000001", "0100000000001")]
    nobody = client.post("/cari", data={"q": "KW-999999"})
    for answer in (*other, nobody):
        assert answer.status_code == 200
        assert "Tidak ada yang cocok" in answer.get_data(as_text=True)
    for text in ("siti aminah", "3374014804850001", "PK/0001"):
        assert found(client, text) == set()


def test_leadership_finds_loan_numbers_only(loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("leader")
    for text in ("siti", "3374014804850001", "081234567890", "0100000000001", "roti"):
        assert found(client, text) == set()
    assert client.post("/cari", data={"q": "KW-000001"}).headers["Location"] == "/pinjaman/1"
    page = client.post("/cari", data={"q": "PK/0001"}).get_data(as_text=True)
    assert "KW-000001" in page
    assert "Siti" not in page
    assert "0100000000001" not in page
    assert "Cari nomor pinjaman" in page


def test_who_sees_numbers_masked_does_not_complete_them_by_searching(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("auditor")
    for text in ("3374014804850001", "3374 0148 0485 0001", "081234567890", "+62 812-3456-7890"):
        page = client.post("/cari", data={"q": text}).get_data(as_text=True)
        assert "NIK dan telepon tidak dicari" in page
        assert not re.search(r'href="/peminjam/\d', page)
        assert found(client, text) == set()
    assert found(client, "roti") == ALL
    assert 'href="/peminjam/1"' in client.post("/cari", data={"q": "siti aminah"}).text
    answer = client.post("/cari", data={"q": "0200000000002"})
    assert answer.headers["Location"] == f"/pinjaman/{loans['pasar']}"


def test_a_nik_never_stands_in_an_address_or_in_the_answer(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    page = client.post("/cari", data={"q": "3374014804850001"}).get_data(as_text=True)
    assert "3374014804850001" not in page
    assert "************0001" in page
    assert '<form class="search" method="post" action="/cari"' in page
    assert found(client, "") == set()
    page = client.get("/cari?q=siti").get_data(as_text=True)  # an address is never searched
    assert "Apa yang dicari?" in page
    assert "Siti" not in page[page.index("<main") :]


def test_only_the_first_ten_of_each_are_shown(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    by, second = people["staff"], people["approver"]
    factories.saved(app, lambda s: [factories.loan(s, by, second, number=n) for n in range(1, 13)])
    client = sign_in("staff")
    with factories.counted_queries(app) as many:
        page = client.post("/cari", data={"q": "aminah"}).get_data(as_text=True)
    assert page.count(">Siti Aminah</a>") == 10
    assert len(set(re.findall(r">(KW-\d{6})</a>", page))) == 10
    assert page.count("Hanya 10 yang pertama tampil") == 2
    with factories.counted_queries(app) as few:
        client.post("/cari", data={"q": "nobody"})
    assert len(many) == len(few)


def test_searching_only_reads(app: Flask, loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("staff")
    with factories.counted_queries(app) as seen:
        client.post("/cari", data={"q": "siti"})
    assert not [line for line in seen if line.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_what_is_typed_is_shown_and_never_run(loans: dict[str, int], sign_in: SignIn) -> None:
    evil = '"><script>alert(1)</script>'
    page = sign_in("staff").post("/cari", data={"q": evil}).get_data(as_text=True)
    assert "<script>alert" not in page


def test_an_administrator_has_no_search_box(sign_in: SignIn) -> None:
    client = sign_in("admin")
    assert 'class="search"' not in client.get("/").get_data(as_text=True)
    assert client.post("/cari", data={"q": "siti"}).status_code == 403


def found_applications(client: factories.Client, text: str) -> set[str]:
    answer = client.post("/cari", data={"q": text})
    if answer.status_code == 302:
        return {answer.headers["Location"]}
    return set(re.findall(r'href="(/permohonan/\d+)"', answer.get_data(as_text=True)))


@pytest.fixture
def applications(app: Flask, people: dict[str, int]) -> dict[str, str]:
    """One application that waits at the office, one sent to each bank; name → address."""

    def make(session: Session) -> dict[str, str]:
        made = {
            "office": factories.application(session, people, number=1, to=State.SUBMITTED),
            "pasar": factories.application(session, people, number=2),
            "jateng": factories.application(session, people, number=3, bank_id=factories.JATENG),
        }
        return {name: f"/permohonan/{number}" for name, number in made.items()}

    return factories.saved(app, make)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("staff", {"office", "pasar", "jateng"}),
        ("approver", {"office", "pasar", "jateng"}),
        ("auditor", {"office", "pasar", "jateng"}),
        ("pasar", {"pasar"}),
        ("jateng", {"jateng"}),
        ("leader", set()),
    ],
)
def test_an_application_is_found_by_name_and_number_by_those_who_may_see_it(
    applications: dict[str, str], sign_in: SignIn, who: str, seen: set[str]
) -> None:
    client = sign_in(who)
    assert found_applications(client, "siti") == {applications[name] for name in seen}
    for name, address in applications.items():
        number = f"pm-{int(address.rsplit('/', 1)[1]):06d}"
        assert found_applications(client, number) == ({address} if name in seen else set())
