from __future__ import annotations

from collections.abc import Callable

from tests import factories
from tests.disbursements.payments import line, text, upload

SignIn = Callable[[str], factories.Client]
PLACE = "/pencairan/berkas"


def test_an_officer_sees_the_own_banks_files_and_the_office_both(sign_in: SignIn) -> None:
    pasar, jateng, staff = sign_in("pasar"), sign_in("jateng"), sign_in("staff")
    upload(pasar, line(), "dari_pasar.csv")
    upload(jateng, line(), "dari_jateng.csv")
    for client, seen, hidden in (
        (pasar, "dari_pasar.csv", "dari_jateng.csv"),
        (jateng, "dari_jateng.csv", "dari_pasar.csv"),
    ):
        page = text(client, f"{PLACE}?bank=1&bank=2")
        assert seen in page
        assert hidden not in page
    page = text(staff, PLACE)
    assert "dari_pasar.csv" in page
    assert "dari_jateng.csv" in page
    assert "dari_pasar.csv" not in text(staff, f"{PLACE}?bank=1")


def test_the_list_is_filtered_by_state_and_says_what_to_do_when_empty(sign_in: SignIn) -> None:
    client = sign_in("pasar")
    assert "Belum ada berkas" in text(client, PLACE)
    assert "Unggah pencairan" in text(client, PLACE)
    assert "Unggah pencairan" not in text(sign_in("auditor"), PLACE)
    upload(client, line(), "cair.csv")
    assert "cair.csv" in text(client, f"{PLACE}?keadaan=faulty")
    assert "Tidak ada berkas yang cocok" in text(client, f"{PLACE}?keadaan=posted")
    assert "berkas pencairan belum diajukan" in text(client, "/")
    assert "berkas pencairan belum diajukan" not in text(sign_in("jateng"), "/")
