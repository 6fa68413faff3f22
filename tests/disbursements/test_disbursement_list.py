from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests import factories
from tests.disbursements.forms import NIK, approve, recorded

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.usefixtures("direct_allowed")


def names(client: factories.Client, address: str) -> list[str]:
    page = client.get(address).get_data(as_text=True)
    return re.findall(r'<th scope="row"><a href="/pencairan/\d+">([^<]+)</a>', page)


@pytest.fixture
def three(sign_in: SignIn, direct_allowed: None) -> None:
    """Siti (approved, Pasar, 5 juta), Dewi and Budi (waiting, at both banks)."""
    staff = sign_in("staff")
    approve(sign_in("approver"), recorded(staff))
    recorded(staff, key="2", name="Dewi", nik="3374014804850013", account_number="22222",
             bank_id="1", principal="3.000.000")  # fmt: skip
    recorded(staff, key="3", name="Budi", nik="3374010804850014", sex="L", account_number="33333",
             principal="4.000.000")  # fmt: skip


def test_an_empty_list_offers_the_next_step(sign_in: SignIn) -> None:
    page = sign_in("staff").get("/pencairan").get_data(as_text=True)
    assert "Belum ada pencairan yang dicatat" in page
    assert "Catat pencairan" in page
    assert 'href="/pencairan/permohonan"' in page
    assert "Catat pencairan" not in sign_in("approver").get("/pencairan").get_data(as_text=True)


@pytest.mark.usefixtures("three")
def test_what_waits_comes_first_however_it_is_sorted(sign_in: SignIn) -> None:
    client = sign_in("auditor")
    assert names(client, "/pencairan") == ["Budi", "Dewi", "Siti Aminah"]
    assert names(client, "/pencairan?urut=plafon") == ["Dewi", "Budi", "Siti Aminah"]
    assert names(client, "/pencairan?urut=-nama") == ["Dewi", "Budi", "Siti Aminah"]


@pytest.mark.usefixtures("three")
def test_filters_are_in_the_address_with_chips_and_totals(sign_in: SignIn) -> None:
    client = sign_in("staff")
    assert names(client, "/pencairan?keadaan=menunggu&bank=JATENG") == ["Dewi"]
    page = client.get("/pencairan?keadaan=menunggu").get_data(as_text=True)
    assert "Jumlah 2 pencairan, 2 menunggu persetujuan" in page
    assert "Rp7.000.000" in page
    assert "Keadaan: Menunggu persetujuan" in page
    nothing = client.get("/pencairan?keadaan=ditolak").get_data(as_text=True)
    assert "Tidak ada pencairan yang cocok" in nothing
    odd = client.get("/pencairan?keadaan=x&bank=x&urut=x&hal=x").get_data(as_text=True)
    assert "Jumlah 3 pencairan" in odd


@pytest.mark.usefixtures("three")
def test_pages_are_cut_in_the_database(sign_in: SignIn) -> None:
    page = sign_in("staff").get("/pencairan?per_hal=25&hal=2").get_data(as_text=True)
    assert "Halaman ini kosong" in page


@pytest.mark.usefixtures("three")
def test_the_list_shows_no_nik(sign_in: SignIn) -> None:
    assert NIK[:12] not in sign_in("staff").get("/pencairan").get_data(as_text=True)


@pytest.mark.parametrize("who", ["jateng", "pasar", "leader", "admin"])
def test_others_are_kept_out(sign_in: SignIn, who: str) -> None:
    assert sign_in(who).get("/pencairan").status_code == 403
