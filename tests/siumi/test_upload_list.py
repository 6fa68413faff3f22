from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests import factories
from tests.siumi.files import JOKO, SITI, csv_of, sent

Enter = Callable[[str], factories.Client]


def test_an_empty_list_offers_the_first_upload(sign_in: Enter) -> None:
    assert "Unggah berkas" in sign_in("staff").get("/peminjam/impor").text
    assert "Unggah berkas" not in sign_in("auditor").get("/peminjam/impor").text


def test_each_file_stands_with_what_it_would_do(
    app: Flask, people: dict[str, int], sign_in: Enter
) -> None:
    factories.saved(app, lambda s: factories.borrower(s, people["staff"]))
    staff = sign_in("staff")
    sent(staff, csv_of(SITI, JOKO), "benar.csv")
    sent(staff, csv_of(JOKO | {"NO HP": "x"}), "salah.csv")
    page = staff.get("/peminjam/impor?urut=berkas").text
    assert page.index("benar.csv") < page.index("salah.csv")
    assert "Siap diterapkan" in page
    assert "Perlu diperbaiki" in page
    only = staff.get("/peminjam/impor?keadaan=faulty").text
    assert "salah.csv" in only
    assert "benar.csv" not in only


def test_a_file_that_waits_is_counted_for_who_can_go_on_with_it(sign_in: Enter) -> None:
    staff = sign_in("staff")
    number = sent(staff, csv_of(SITI))
    assert "berkas SI-UMI belum diterapkan" in staff.get("/").text
    assert "berkas SI-UMI belum diterapkan" not in sign_in("approver").get("/").text
    staff.post(f"/peminjam/impor/{number}/tarik")
    assert "berkas SI-UMI belum diterapkan" not in staff.get("/").text


def test_the_register_and_the_menu_lead_there_for_who_may(sign_in: Enter) -> None:
    page = sign_in("staff").get("/peminjam").text
    assert page.count('href="/peminjam/impor"') == 3  # the menu, wide and narrow, and the list
    assert "/peminjam/impor" not in sign_in("pasar").get("/pinjaman").text
