from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, text_of
from tests.conftest import prepared
from tests.scans.steps import FILES, key, stored, told
from wibawa.rules.statuses import State

SignIn = Callable[[str], factories.Client]


def _visited(session: Session, people: dict[str, int]) -> int:
    """An application that was visited once, without photos."""
    return factories.application(session, people, to=State.VISITED)


visited = prepared(_visited)


def _send(
    client: factories.Client, application: int, *names: str, number: int = 1, **more: str
) -> Any:
    photos = [(io.BytesIO((FILES / name).read_bytes()), name) for name in names]
    data: dict[str, Any] = {"request_key": key(), "photos": photos} | more
    address = f"/permohonan/{application}/kunjungan/{number}/foto"
    return client.post(address, data=data, content_type="multipart/form-data")


def test_photos_may_follow_a_visit_later_and_once_only(
    sign_in: SignIn, session: Session, people: dict[str, int], visited: int
) -> None:
    client = sign_in("staff2")
    page = text_of(client, f"/permohonan/{visited}")
    address = f"/permohonan/{visited}/kunjungan/1/foto"
    assert f'href="{address}"' in page
    assert "dikunjungi 24 November 2026 oleh Staff" in text_of(client, address)
    form = {"request_key": key()}
    for _ in range(2):
        answer = _send(client, visited, "good.png", "good_gps.jpg", **form)
        assert answer.headers["Location"] == f"/permohonan/{visited}#dokumen"
    kept = stored(session)
    assert {(each.application_id, each.visit_number) for each in kept} == {(visited, 1)}
    assert told(session, "document_added") == [
        (people["staff2"], each.id, "Foto kunjungan") for each in kept
    ]
    assert _send(client, visited, "good.png").status_code == 302
    assert len(stored(session)) == 2, "what is there already is left out"
    page = text_of(client, f"/permohonan/{visited}")
    assert page.count("/kecil") == 2


def test_nothing_chosen_or_an_unfit_photo_is_told(
    sign_in: SignIn, session: Session, visited: int
) -> None:
    client = sign_in("staff")
    for names, sentence in (((), "Belum ada foto yang dipilih"),
                            (("tiny.jpg",), "Foto ke-1: Gambarnya hanya 80 ×")):  # fmt: skip
        answer = _send(client, visited, *names)
        assert answer.status_code == 422
        assert sentence in answer.get_data(as_text=True)
    assert stored(session) == []


def test_a_visit_that_was_not_made_takes_no_photos(
    sign_in: SignIn, session: Session, visited: int
) -> None:
    assert _send(sign_in("staff"), visited, "good.png", number=2).status_code == 404
    assert _send(sign_in("staff"), 999, "good.png").status_code == 404
    assert act(sign_in("staff"), visited, "batalkan") == 302
    assert _send(sign_in("staff"), visited, "good.png").status_code == 409
    assert stored(session) == []


def test_a_photo_may_be_withdrawn_and_the_others_stay(
    sign_in: SignIn, session: Session, visited: int
) -> None:
    client = sign_in("staff")
    _send(client, visited, "good.png", "good_gps.jpg")
    first, second = (each.id for each in stored(session))
    assert "Foto kunjungan" in text_of(client, f"/dokumen/{first}")
    form = {"withdraw_reason": "Foto orang lain", "request_key": key()}
    assert client.post(f"/dokumen/{first}/tarik", data=form).status_code == 302
    page = text_of(client, f"/permohonan/{visited}")
    assert (f"/dokumen/{first}/kecil" in page, f"/dokumen/{second}/kecil" in page) == (False, True)
    officer = sign_in("pasar")
    assert officer.get(f"/dokumen/{second}").status_code == 404, "not sent yet"


def test_a_bank_sees_the_photos_of_what_was_sent_to_it(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = factories.application(session, people)
    session.commit()
    _send(sign_in("staff"), made, "good.png")
    (photo,) = stored(session)
    own, other = sign_in("pasar"), sign_in("jateng")
    page = text_of(own, f"/permohonan/{made}")
    assert f"/dokumen/{photo.id}/kecil" in page
    assert "Tambah foto" not in page
    for address in ("", "/kecil", "/isi"):
        assert own.get(f"/dokumen/{photo.id}{address}").status_code == 200
        assert other.get(f"/dokumen/{photo.id}{address}").status_code == 404
