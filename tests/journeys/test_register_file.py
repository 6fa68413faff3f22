"""The city's register comes in: its faults, the mended file, a name to confirm, all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.journeys.conftest import Server
from tests.siumi.files import JOKO, SITI, csv_of


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_from_the_faulty_file_to_the_borrowers_history(
    live: Server,
    page: Page,
    enter: Callable[[str], Page],
    accessible: Callable[[], None],
    tmp_path: Path,
) -> None:
    factories.saved(live.app, lambda session: factories.loan(session, 1, 2, number=1))
    renamed = SITI | {"NAMA": "Siti Rahayu", "ALAMAT": "Jl. Baru No. 2"}
    faulty, mended = tmp_path / "salah.csv", tmp_path / "benar.csv"
    faulty.write_bytes(csv_of(renamed, JOKO | {"KELURAHAN": "Menteng"}))
    mended.write_bytes(csv_of(renamed, JOKO))
    enter("staff")
    page.get_by_role("link", name="Impor SI-UMI").first.click()
    page.get_by_role("link", name="Unggah berkas").first.click()
    page.get_by_label("Berkas SI-UMI").set_input_files(faulty)
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_text("2 masalah pada 2 dari 2 baris")).to_be_visible()
    accessible()
    page.get_by_label("Berkas SI-UMI").set_input_files(mended)
    page.get_by_role("button", name="Unggah dan periksa").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("benar.csv")
    page.get_by_role("link", name="Ganti nama").first.click()
    page.get_by_label("Nama pada baris 2 benar").check()
    page.get_by_role("button", name="Simpan centang dan periksa lagi").click()
    expect(page.get_by_text("Berkas siap diterapkan")).to_be_visible()
    expect(page.get_by_text("Jl. Baru No. 2")).to_be_visible()
    accessible()
    page.get_by_role("button", name="Terapkan 2 baris").click()
    expect(page.get_by_text("Berkas sudah diterapkan")).to_be_visible()
    page.get_by_role("link", name="Siti", exact=False).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Siti Rahayu")
    expect(page.get_by_text("Dari berkas SI-UMI nomor 2, baris 2")).to_be_visible()
