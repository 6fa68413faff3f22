"""What a bank's officer sees of the applications: those that were sent to the own bank."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import REASON, act, text_of
from tests.conftest import prepared, unnumbered
from wibawa.access.models import TrailEntry
from wibawa.rules.statuses import State

SignIn = Callable[[str], factories.Client]
NAMES = ("Lastri", "Joko", "Dewi", "Rahayu")


def _four(session: Session, people: dict[str, int]) -> dict[str, int]:
    """Lastri's and Joko's were sent to Bank Pasar and Bank Jateng; Dewi's is only recommended and
    Rahayu's only submitted, both for Bank Pasar."""
    return {
        "Lastri": factories.application(session, people, number=1, name="Lastri"),
        "Joko": factories.application(
            session, people, number=2, name="Joko", bank_id=factories.JATENG
        ),
        "Dewi": factories.application(session, people, number=3, name="Dewi", to=State.RECOMMENDED),
        "Rahayu": factories.application(
            session, people, number=4, name="Rahayu", to=State.SUBMITTED
        ),
    }


four = prepared(_four)


def _listed(client: factories.Client, query: str = "") -> set[str]:
    page = text_of(client, f"/permohonan{query}")
    return {each for each in NAMES if each in page}


@pytest.mark.usefixtures("four")
def test_each_bank_sees_only_what_was_sent_to_it(sign_in: SignIn) -> None:
    assert _listed(sign_in("pasar")) == {"Lastri"}
    assert _listed(sign_in("jateng")) == {"Joko"}
    assert _listed(sign_in("staff")) == set(NAMES)
    assert _listed(sign_in("pasar"), "?bank=JATENG") == {"Lastri"}, "another bank is no filter"
    assert _listed(sign_in("pasar"), "?keadaan=direkomendasikan") == {"Lastri"}
    page = text_of(sign_in("pasar"), "/permohonan")
    assert "Direkomendasikan" not in page, "states inside the office are no filter"
    assert "Bank Jateng" not in page


@pytest.mark.parametrize("name", ["Joko", "Dewi", "Rahayu"])
def test_another_banks_or_an_unsent_application_is_not_found_and_the_try_is_recorded(
    sign_in: SignIn, session: Session, four: dict[str, int], name: str
) -> None:
    client = sign_in("pasar")
    answer = client.get(f"/permohonan/{four[name]}")
    nobody = client.get("/permohonan/999999")
    assert (answer.status_code, nobody.status_code) == (404, 404)
    assert unnumbered(answer) == unnumbered(nobody)
    session.rollback()
    tried = select(func.count()).where(
        TrailEntry.action == "denied",
        TrailEntry.object_kind == "application",
        TrailEntry.object_id == four[name],
    )
    assert session.scalar(tried) == 1


@pytest.mark.usefixtures("four")
def test_what_waits_for_the_bank_stands_first_and_in_the_menu(sign_in: SignIn) -> None:
    page = text_of(sign_in("pasar"), "/permohonan")
    waiting = page[page.index('id="menunggu"') : page.index('class="filter-bar"')]
    assert "Lastri" in waiting
    assert "Setujui atau tolak" in waiting
    home = text_of(sign_in("pasar"), "/")
    item = home[home.index('href="/permohonan"') :]
    assert 'menu-count">1' in item[: item.index("</a>")]
    assert "permohonan menunggu langkah Anda" in home
    assert _listed(sign_in("pasar"), "?keadaan=menunggu") == {"Lastri"}


def test_the_bank_reads_facts_and_visit_but_not_what_the_office_said_to_itself(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    clerk, head = sign_in("staff"), sign_in("approver")
    number = factories.application(session, people, to=State.SUBMITTED)
    session.commit()
    assert act(head, number, "kembalikan") == 302
    assert act(clerk, number, "ajukan") == 302
    session.rollback()
    _to_bank(session, people, number)
    page = text_of(sign_in("pasar"), f"/permohonan/{number}")
    for words in ("Rp5.000.000", "Membeli oven", "Toko ramai", "Rp4.500.000", "Dikirim ke bank"):
        assert words in page
    assert "Direkomendasikan" in page
    assert REASON not in page
    assert "Dikembalikan" not in page
    assert f"/peminjam/{number}" not in page
    assert re.search(r"\*{12}\d{4}", page)
    assert not re.search(r"\b\d{16}\b", page)
    assert REASON in text_of(clerk, f"/permohonan/{number}")


def _to_bank(session: Session, people: dict[str, int], number: int) -> None:
    factories.forward(session, people, number, State.SENT)
    session.commit()


def test_one_withdrawn_after_it_was_sent_stays_visible_one_withdrawn_before_never_was(
    sign_in: SignIn, session: Session, four: dict[str, int]
) -> None:
    clerk, officer = sign_in("staff"), sign_in("pasar")
    assert act(clerk, four["Lastri"], "batalkan") == 302
    assert act(clerk, four["Dewi"], "batalkan") == 302
    assert _listed(officer) == {"Lastri"}
    assert _listed(officer, "?keadaan=dibatalkan") == {"Lastri"}
    assert REASON in text_of(officer, f"/permohonan/{four['Lastri']}")
    assert officer.get(f"/permohonan/{four['Dewi']}").status_code == 404
    assert "Tidak ada permohonan yang menunggu Anda" in text_of(officer, "/permohonan")


def test_a_bank_officer_has_no_page_of_the_office(sign_in: SignIn, four: dict[str, int]) -> None:
    client, number = sign_in("pasar"), four["Lastri"]
    assert client.get("/permohonan/baru?jenis=mikro").status_code == 403
    for action in ("ubah", "kunjungan", "ajukan", "rekomendasikan", "kembalikan", "batalkan"):
        assert client.post(f"/permohonan/{number}/{action}").status_code == 403
