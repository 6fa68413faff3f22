from __future__ import annotations

import io
from collections.abc import Callable

from tests.factories import Client

Enter = Callable[[str], Client]
HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\n"


def send(client: Client, name: str) -> None:
    content = f"{HEAD}0999;Tidak Dikenal;15-10-2026;215.000;{name}\n".encode()
    client.post("/angsuran/berkas/baru", data={"file": (io.BytesIO(content), name)})


def test_an_officer_sees_the_own_banks_files_and_the_dinas_both(sign_in: Enter) -> None:
    pasar, jateng, staff = sign_in("pasar"), sign_in("jateng"), sign_in("staff")
    send(pasar, "dari_pasar.csv")
    send(jateng, "dari_jateng.csv")
    page = pasar.get("/angsuran/berkas").get_data(as_text=True)
    assert "dari_pasar.csv" in page
    assert "dari_jateng.csv" not in page
    typed = pasar.get("/angsuran/berkas?bank=1").get_data(as_text=True)
    assert "dari_jateng.csv" not in typed
    page = staff.get("/angsuran/berkas").get_data(as_text=True)
    assert "dari_pasar.csv" in page
    assert "dari_jateng.csv" in page
    only = staff.get("/angsuran/berkas?bank=1").get_data(as_text=True)
    assert "dari_pasar.csv" not in only


def test_the_list_is_filtered_by_state_and_says_when_nothing_fits(sign_in: Enter) -> None:
    pasar = sign_in("pasar")
    assert "Belum ada berkas" in pasar.get("/angsuran/berkas").get_data(as_text=True)
    send(pasar, "salah.csv")
    assert "salah.csv" in pasar.get("/angsuran/berkas?keadaan=faulty").get_data(as_text=True)
    page = pasar.get("/angsuran/berkas?keadaan=posted").get_data(as_text=True)
    assert "Tidak ada berkas yang cocok" in page
