from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import Client
from tests.loans.steps import post
from wibawa.loans.chain.queries import head
from wibawa.rules.statuses import State

Enter = Callable[[str], Client]
ACCOUNT = "0201112223334"


@pytest.fixture
def upload(app: Flask, people: dict[str, int]) -> int:
    """A loan, a file of its bank, and an undone entry: three links; the file's number."""
    by, second = people["staff"], people["approver"]

    def make(session: Session) -> int:
        loan = factories.loan(session, by, second, account=ACCOUNT)
        _, number = post(session, f"{ACCOUNT};Siti Aminah;05-10-2026;44000;B1")
        factories.reversal(session, loan, 2, factories.today(), by, second)
        return number

    return factories.saved(app, make)


def test_the_auditor_sees_each_banks_head_and_what_every_link_is_about(
    sign_in: Enter, app: Flask, upload: int
) -> None:
    page = sign_in("auditor").get("/rantai").get_data(as_text=True)
    with app.app_context():
        last = factories.saved(app, lambda session: head(session, factories.PASAR))
    assert last is not None
    assert last.number == 3
    assert last.short in page
    assert re.fullmatch(r"[0-9a-f]{8} [0-9a-f]{8}", last.short), "in eights, as on the Berita Acara"
    assert "verify_chain.py" in page
    for target, said in (
        (f"/angsuran/berkas/{upload}", "a.csv"),
        ("/permintaan/1", "Batalkan entri (permintaan nomor 1)"),
        ("/pinjaman/1", "KW-000001"),
    ):
        assert f'<a href="{target}">{said}</a>' in page
    assert "5.000.000" in page


def test_links_are_filtered_by_kind_and_paged(sign_in: Enter, upload: int) -> None:
    auditor = sign_in("auditor")
    page = auditor.get("/rantai?jenis=berkas").get_data(as_text=True)
    assert "a.csv" in page
    assert "KW-000001" not in page
    assert "Tidak ada mata rantai yang cocok" in auditor.get("/rantai?bank=JATENG").text
    assert "Halaman ini kosong" in auditor.get("/rantai?hal=9").text


def test_the_administrator_sees_links_without_money(sign_in: Enter, upload: int) -> None:
    page = sign_in("admin").get("/rantai").get_data(as_text=True)
    assert "KW-000001" in page
    assert "5.000.000" not in page
    assert "44.000" not in page


def test_the_list_is_exported_with_whole_hashes(sign_in: Enter, app: Flask, upload: int) -> None:
    answer = sign_in("auditor").get("/rantai/ekspor.csv?urut=nomor")
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Rantai;Nomor;Jenis;Tentang;Baris;Jumlah (Rp)")
    assert [line.split(";")[1:6] for line in lines[1:]] == [
        ["1", "Pencairan", "KW-000001", "1", "5000000"],
        ["2", "Berkas", "a.csv", "1", "44000"],
        ["3", "Permintaan", "Batalkan entri (permintaan nomor 1)", "1", "44000"],
    ]
    assert all(len(line.split(";")[7]) == 64 for line in lines[1:])


def test_the_page_of_a_posted_file_says_its_link(sign_in: Enter, upload: int) -> None:
    page = sign_in("staff").get(f"/angsuran/berkas/{upload}").get_data(as_text=True)
    assert "Mata rantai pembukuan nomor 2, sidik " in page


def test_an_office_without_postings_is_told_what_will_be_here(sign_in: Enter) -> None:
    assert "Belum ada mata rantai" in sign_in("auditor").get("/rantai").text


def test_what_a_bank_answered_names_its_application(
    sign_in: Enter, app: Flask, people: dict[str, int]
) -> None:
    factories.saved(app, lambda s: factories.application(s, people, to=State.APPROVED))
    auditor = sign_in("auditor")
    page = auditor.get("/rantai?jenis=persetujuan-bank-atas-permohonan").get_data(as_text=True)
    assert '<a href="/permohonan/1">PM-000001</a>' in page
    assert "Persetujuan bank atas permohonan" in page
    assert page.count("PM-000001") == 1


def test_an_auditor_downloads_each_chain_and_proves_it_without_this_program(
    app: Flask, people: dict[str, int], sign_in: Enter, upload: int, tmp_path: Path
) -> None:
    recommended = State.RECOMMENDED  # the head's word stands in the office's chain
    factories.saved(app, lambda s: factories.application(s, people, number=2, to=recommended))
    auditor = sign_in("auditor")
    page = auditor.get("/rantai").get_data(as_text=True)
    files = re.findall(r'href="(/rantai/(\w+)\.jsonl)"', page)
    assert [code for _, code in files] == ["PASAR", "DINAS"]
    program = tmp_path / "verify_chain.py"
    program.write_bytes(auditor.get("/rantai/verify_chain.py").data)
    heads = re.findall(r"(?:[0-9a-f]{8} ){7}[0-9a-f]{8}", page)
    for (address, code), head_ in zip(files, heads, strict=True):
        answer = auditor.get(address)
        assert f"rantai-{code}-" in answer.headers["Content-Disposition"]
        kept = tmp_path / f"{code}.jsonl"
        kept.write_bytes(answer.data)
        words = [sys.executable, str(program), str(kept), head_.replace(" ", "")]
        run = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "ada: mata rantai nomor" in run.stdout
        kept.write_bytes(answer.data.replace(b"2026", b"2025", 1))
        run = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)
        assert run.returncode == 1
    assert auditor.get("/rantai/JATENG.jsonl").status_code == 404, "nothing is booked there"
    assert "PASAR, sampai nomor 3" in auditor.get("/jejak").get_data(as_text=True)


def test_a_chain_that_is_too_long_for_a_page_is_refused_in_words(
    sign_in: Enter, upload: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wibawa.audit.chain.routes.MOST_LINES", 2)
    answer = sign_in("auditor").get("/rantai/PASAR.jsonl")
    assert answer.status_code == 409
    assert "wibawa chain export" in answer.text
    assert "sampai nomor" not in sign_in("auditor").get("/jejak").text, "nothing was exported"


def test_who_keeps_the_server_downloads_no_chain(sign_in: Enter, upload: int) -> None:
    admin = sign_in("admin")
    assert ".jsonl" not in re.sub("rantai.jsonl", "", admin.get("/rantai").text)
    assert admin.get("/rantai/PASAR.jsonl").status_code == 403
