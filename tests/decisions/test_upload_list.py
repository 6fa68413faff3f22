from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from tests import factories
from tests.decisions.files import text, upload

SignIn = Callable[[str], factories.Client]


def test_an_officer_sees_the_own_banks_files_and_the_dinas_both(sign_in: SignIn) -> None:
    pasar, jateng, staff = sign_in("pasar"), sign_in("jateng"), sign_in("staff")
    upload(pasar, "PM-000001;A;SETUJU;1;\n", "dari_pasar.csv")
    upload(jateng, "PM-000001;A;SETUJU;1;\n", "dari_jateng.csv")
    for client, seen, hidden in (
        (pasar, "dari_pasar.csv", "dari_jateng.csv"),
        (jateng, "dari_jateng.csv", "dari_pasar.csv"),
    ):
        page = text(client, "/keputusan/berkas?bank=1&bank=2")
        assert seen in page
        assert hidden not in page
    page = text(staff, "/keputusan/berkas")
    assert "dari_pasar.csv" in page
    assert "dari_jateng.csv" in page
    assert "dari_pasar.csv" not in text(staff, "/keputusan/berkas?bank=1")
    assert "Unggah keputusan" not in page


def test_the_list_tells_what_each_file_answers_and_is_filtered_by_state(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.application(session, people)
    session.commit()
    client = sign_in("pasar")
    assert "Belum ada berkas" in text(client, "/keputusan/berkas")
    upload(client, "PM-000001;Siti Aminah;SETUJU;4.000.000;\n", "baik.csv")
    page = text(client, "/keputusan/berkas?keadaan=clean")
    assert "baik.csv" in page
    assert "Rp4.000.000" in page
    assert "Tidak ada berkas yang cocok" in text(client, "/keputusan/berkas?keadaan=posted")
    assert "berkas keputusan belum dikirim" in text(client, "/")
    assert "berkas keputusan belum dikirim" not in text(sign_in("jateng"), "/")
