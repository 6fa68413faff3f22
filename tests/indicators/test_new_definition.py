from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import main_form

SignIn = Callable[[str], factories.Client]
NEW = "/indikator/tpb-8-3-1-c/definisi-baru"
TYPED = {
    "since": "2026",
    "rule": "running",
    "counted": "people",
    "kinds": "micro",
    "other_programmes": "y",
    "denominator": "SI-UMI",
    "definition": "Usaha mikro dengan pembiayaan yang berjalan",
    "formula": "Peminjam berjalan dibagi usaha mikro SI-UMI, dikali 100",
    "interpretation": "Makin besar makin baik",
    "source": "Pembukuan dan SIKP",
    "cut_off": "31 Desember",
    "responsible": "Bidang Usaha Mikro",
    "reason": "Menyesuaikan angka terbitan",
}


def proposed(client: factories.Client, address: str = NEW, **typed: str) -> str:
    """The address of a definition that was proposed through the page."""
    data = main_form(client.get(address).get_data(as_text=True)) | TYPED | typed
    answer = client.post(address, data=data)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_form_begins_with_what_counts_now_and_a_second_proposal_waits_its_turn(
    sign_in: SignIn,
) -> None:
    client = sign_in("staff")
    page = client.get(NEW).get_data(as_text=True)
    assert re.search(r'name="since"[^>]*value="2026"', page)
    assert "yang pernah menerima pencairan" in page
    proposed(client)
    data = main_form(client.get(NEW).get_data(as_text=True)) | TYPED
    answer = client.post(NEW, data=data)
    assert answer.status_code == 409
    assert "menunggu keputusan" in answer.get_data(as_text=True)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_percentage_needs_a_denominator_and_a_reason_is_needed_always(sign_in: SignIn) -> None:
    client = sign_in("staff")
    data = main_form(client.get(NEW).get_data(as_text=True)) | TYPED
    page = client.post(NEW, data=data | {"denominator": "", "reason": ""}).get_data(as_text=True)
    assert "Pilihan ini tidak ada dalam daftar." in page
    assert "Isian ini wajib diisi." in page


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_trail_says_a_proposal_in_words(sign_in: SignIn) -> None:
    proposed(sign_in("staff"))
    trail = sign_in("auditor").get("/jejak?kegiatan=definition_proposed").get_data(as_text=True)
    assert "→ Berjalan pada tahun itu" in trail
    assert "→ Usaha mikro" in trail
    assert "→ running" not in trail
    assert "→ micro" not in trail
