"""What no file may say: where it was made, or where packages come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.source import ROOT, tracked_files

LOCKS = ("requirements.lock", "requirements-dev.lock")
OTHERS_WORDS = {"wibawa/printing/fonts/LICENSE-DejaVu.txt"}  # a licence is quoted as it is
# The application's own address, one that is to be filled in, names of XML languages, and the hosts
# of examples that never exist.
OWN_ADDRESS = r"(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\{host\}|\$?NAME\b)"
XML_NAMES = r"(?:www\.w3\.org/|schemas\.openxmlformats\.org/|schemas\.microsoft\.com/)"
EXAMPLE = r"(?:[\w.-]*\.(?:example|invalid|test)\b)"
ADDRESS = re.compile(rf"https?://(?!{OWN_ADDRESS}|{XML_NAMES}|{EXAMPLE})")
MACHINE_PATH = re.compile(r"(?<![\w.$}>)-])/(?:work|root|home/\w+|Users|mnt|workspace)/")
REGISTRY = re.compile("|".join(("py" + "pi", "python" + "hosted", "npm" + "js")))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}"
        for path in tracked_files()
        if path != Path(__file__) and path.relative_to(ROOT).as_posix() not in OTHERS_WORDS
        for number, line in enumerate(_text(path).splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_another_host() -> None:
    assert _lines_with(ADDRESS) == []


def test_no_file_names_a_package_registry() -> None:
    assert _lines_with(REGISTRY) == []


def test_no_file_names_a_path_of_a_machine() -> None:
    assert _lines_with(MACHINE_PATH) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash_and_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    unlocked = [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry]
    unlocked = [line for line in unlocked if not line.startswith("#")]
    assert unlocked == []
    assert all("==" in entry for entry in entries if not entry.startswith("#"))
