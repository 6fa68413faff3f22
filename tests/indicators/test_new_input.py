from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import main_form

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)


def entered(client: factories.Client, address: str, **typed: str) -> str:
    data = main_form(client.get(address).get_data(as_text=True)) | typed
    answer = client.post(address, data=data, follow_redirects=True)
    return str(answer.get_data(as_text=True))


def test_the_programmes_history_is_entered_and_stands_in_the_trend(sign_in: SignIn) -> None:
    client = sign_in("staff")
    address = "/indikator/masukan/baru?jenis=riwayat"
    for year, count, principal in (
        ("2020", "1.899", "13.338.500.000"),
        ("2024", "2416", "Rp17.591.500.000"),
    ):
        page = entered(client, address, name="Kredit Wibawa", year=year, count=count,
                       principal=principal, source="Renstra 2025–2029, bab 2")  # fmt: skip
        assert f"Kredit Wibawa {year} disimpan" in page
    page = sign_in("leader").get("/indikator/perkembangan").get_data(as_text=True)
    for words in ("1.899", "13.338.500.000", "2.416", "17.591.500.000"):
        assert words in page
    assert "belum ada data" in page


def test_a_count_of_another_programme_stands_beside_the_variants(sign_in: SignIn) -> None:
    client = sign_in("staff")
    page = entered(client, "/indikator/masukan/baru?jenis=program-lain", name="KUR", year="2024",
                   count="491", male="200", female="280", source="SIKP",
                   document="Surat 518/12")  # fmt: skip
    assert "KUR 2024 disimpan" in page
    page = sign_in("leader").get("/indikator/angka/2024").get_data(as_text=True)
    assert "491" in page
    assert "Surat 518/12" in page


def test_a_known_input_is_corrected_with_a_reason_only(sign_in: SignIn) -> None:
    client = sign_in("staff")
    address = "/indikator/masukan/baru?jenis=penyebut&nama=SI-UMI&tahun=2024"
    page = client.get(address).get_data(as_text=True)
    assert 'value="36.613"' in page
    typed = {"name": "SI-UMI", "year": "2024", "count": "36.600", "source": "Ekspor ulang"}
    assert "Tulis alasan koreksi" in entered(client, address, **typed)
    assert "SI-UMI 2024 disimpan" in entered(client, address, **typed, reason="Ganda dibuang")
    page = client.get("/indikator/masukan?versi=semua&tahun=2024").get_data(as_text=True)
    assert "36.600" in page
    assert "<s>36.613</s>" in page


def test_odd_numbers_are_refused_at_their_field(sign_in: SignIn) -> None:
    client = sign_in("staff")
    page = entered(client, "/indikator/masukan/baru?jenis=penyebut", name="SI-UMI", year="2025",
                   count="1.5", source="Ekspor")  # fmt: skip
    assert "jumlah tidak terbaca" in page
    page = entered(client, "/indikator/masukan/baru?jenis=penyebut", name="SI-UMI", year="2025",
                   source="Ekspor")  # fmt: skip
    assert "Isian ini wajib diisi." in page
