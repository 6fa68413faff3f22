from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of

SignIn = Callable[[str], factories.Client]


def test_the_office_sees_both_banks_and_an_officer_only_the_own(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    for number, bank in enumerate((factories.PASAR, factories.JATENG, factories.PASAR), 1):
        factories.proposal(session, people, bank_id=bank, number=number)
    session.commit()
    for who in ("staff", "approver", "auditor"):
        page = text_of(sign_in(who), "/usulan")
        for sequence in (1, 2, 3):
            assert f"00{sequence}/USULAN/KW/XI/2026" in page
    own = text_of(sign_in("jateng"), "/usulan")
    assert "002/USULAN/KW/XI/2026" in own
    assert "001/USULAN" not in own
    assert "Bank Pasar" not in own
    only = text_of(sign_in("staff"), "/usulan?bank=JATENG")
    assert "002/USULAN" in only
    assert "001/USULAN" not in only


def test_the_export_is_exactly_what_is_shown_and_to_an_officer_only_the_own(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    for number, bank in enumerate((factories.PASAR, factories.JATENG), 1):
        factories.proposal(session, people, bank_id=bank, number=number)
    session.commit()
    own = "002/USULAN/KW/XI/2026;Bank Jateng;1;5000000;24/11/2026;"
    for who, query, count in (("staff", "", 2), ("staff", "?bank=JATENG", 1), ("jateng", "", 1)):
        text = sign_in(who).get(f"/usulan/ekspor.csv{query}").get_data(as_text=True)
        assert own in text
        assert len(text.splitlines()) == 1 + count
    assert sign_in("jateng").get("/usulan/ekspor.csv?bank=PASAR").get_data(as_text=True) == text


def test_an_empty_list_says_what_comes_here(sign_in: SignIn) -> None:
    assert "Belum ada usulan" in text_of(sign_in("staff"), "/usulan")
    assert "Usulan dari dinas untuk bank Anda" in text_of(sign_in("pasar"), "/usulan")


def test_what_waits_to_be_sent_is_said_to_the_office_only(
    sign_in: SignIn, waiting: dict[int, int]
) -> None:
    assert waiting
    said = "3 permohonan yang direkomendasikan, Rp10.000.000, belum dikirim ke Bank Pasar"
    assert said in text_of(sign_in("staff"), "/usulan")
    assert "belum dikirim" not in text_of(sign_in("pasar"), "/usulan")
