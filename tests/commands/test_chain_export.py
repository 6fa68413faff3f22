"""A bank's chain as a file, and the small program with which an auditor checks it alone."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.commands.conftest import PASAR_FILE, CommandLine
from wibawa.borrowers.models import Borrower
from wibawa.database import db
from wibawa.loans.models import Loan

VERIFIER = Path(__file__).resolve().parents[2] / "docs" / "verify_chain.py"
Links = list[list[str]]


def verify(*words: object) -> tuple[int, str]:
    """Run as an auditor does, without this program's folder on the path."""
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *map(str, words)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def chain(loaded: CommandLine, tmp_path: Path) -> Path:
    """The chain of Bank Pasar: its opening portfolio, then its file of October."""
    loaded("import", "repayments", PASAR_FILE, "--bank", "PASAR")
    out = tmp_path / "rantai.jsonl"
    said = loaded("chain", "export", "--bank", "PASAR", "--out", out).stdout
    assert said.startswith("2 mata rantai")
    assert "Simpan berkas ini seperti daftar nomor rekening" in said
    return out


def links_of(path: Path) -> Links:
    """The text of each link: its own line, then the lines that it covers."""
    found: Links = []
    for line in path.read_text().splitlines():
        if line.startswith("{"):
            found.append([])
        found[-1].append(line)
    return found


def hash_of(link: list[str]) -> str:
    return str(json.loads(link[0])["hash"])


def test_whoever_tries_account_numbers_finds_them_in_the_file_as_its_page_says(
    chain: Path, app: Flask
) -> None:
    with app.app_context():
        tried = {
            hashlib.sha256(number.encode()).hexdigest()
            for number in db.session.scalars(select(Loan.account_number))
        }
    lines = [line for link in links_of(chain) for line in link if line.startswith('"loan|')]
    found = {str(json.loads(line)).rsplit("|", 1)[1] for line in lines}
    assert found
    assert found <= tried
    page = VERIFIER.with_name("chain.md").read_text()
    assert "Keep an exported chain as you keep a list of account numbers" in page


def test_the_verifier_names_the_head_of_a_whole_chain_and_finds_a_printed_one(
    chain: Path, app: Flask
) -> None:
    first, last = links_of(chain)
    code, said = verify(chain)
    assert code == 0
    assert "Rantai PASAR utuh: 2 mata rantai." in said
    assert hash_of(last) in said
    printed = " ".join(hash_of(first)[at : at + 4] for at in range(0, 16, 4))
    code, said = verify(chain, *printed.upper().split())
    assert code == 0
    assert f"Sidik {hash_of(first)[:16]} ada: mata rantai nomor 1." in said
    assert verify(chain, "0" * 64) == (
        1, f"sidik {'0' * 64} tidak ada dalam rantai ini\nRANTAI TIDAK UTUH: 1 masalah.\n"
    )  # fmt: skip
    with app.app_context():
        names = list(db.session.scalars(select(Borrower.name)))
        accounts = list(db.session.scalars(select(Loan.account_number)))
        db.session.remove()
    text = re.sub(r"[0-9a-f]{64}", "", chain.read_text())
    assert [each for each in (*names, *accounts) if each in text] == []
    assert re.search(r"\d{16}", text) is None


def _changed_amount(links: Links) -> Links:
    place = next(at for at, line in enumerate(links[1]) if line.startswith('"entry|'))
    fields = links[1][place].split("|")
    fields[4] = str(int(fields[4]) + 1)
    links[1][place] = "|".join(fields)
    return links


def _removed_row(links: Links) -> Links:
    return [links[0], links[1][:-1]]


def _changed_total(links: Links) -> Links:
    said = json.loads(links[1][0])
    links[1][0] = json.dumps(said | {"total": said["total"] + 1})
    return links


TAMPERED: dict[str, tuple[Callable[[Links], Links], str]] = {
    "an amount": (_changed_amount, "isinya bukan yang dibukukan"),
    "a row taken out": (_removed_row, "isinya bukan yang dibukukan"),
    "a sum": (_changed_total, "baris berjumlah"),
    "a link taken out": (lambda links: links[1:], "seharusnya nomor 1"),
    "two links swapped": (lambda links: links[::-1], "tidak menyambung ke mata rantai sebelumnya"),
}


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_verifier_says_what_was_tampered_with(chain: Path) -> None:
    whole = chain.read_text()
    for name, (change, said) in TAMPERED.items():
        chain.write_text(whole)
        changed = change(links_of(chain))
        chain.write_text("\n".join(line for link in changed for line in link) + "\n")
        code, answer = verify(chain)
        assert code == 1, name
        assert said in answer, name
        assert "RANTAI TIDAK UTUH" in answer, name


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_chain_whose_end_is_missing_lacks_the_printed_head(chain: Path) -> None:
    first, last = links_of(chain)
    chain.write_text("\n".join(first) + "\n")
    assert verify(chain)[0] == 0
    assert verify(chain, hash_of(last))[0] == 1


def test_what_is_no_chain_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "rantai.jsonl"
    path.write_text("bukan rantai\n")
    assert verify(path)[1].startswith("Berkas tidak dapat dibaca sebagai rantai")
    assert verify()[0] == 2
    assert verify(path, "1a2b")[0] == 2


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_chain_of_the_office_is_exported_and_verified_the_same_way(
    run: CommandLine, app: Flask, people: dict[str, int], tmp_path: Path
) -> None:
    out = tmp_path / "rantai.jsonl"
    said = run("chain", "export", "--office", "--out", out, code=1).stderr
    assert "Belum ada keputusan dalam rantai dinas" in said
    factories.saved(app, lambda session: factories.lock_year(session, people, 2024))
    run("chain", "export", "--office", "--out", out)
    assert "Rantai DINAS utuh: 1 mata rantai." in verify(out)[1]
    run("check")
    for words in ((), ("--office", "--bank", "PASAR")):
        said = run("chain", "export", *words, "--out", out, code=2).stderr
        assert "Sebutkan salah satu" in said


def test_a_bank_without_postings_has_no_chain_to_export(run: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "rantai.jsonl"
    said = run("chain", "export", "--bank", "PASAR", "--out", out, code=1).stderr
    assert "Belum ada yang dibukukan" in said
    assert not out.exists()
