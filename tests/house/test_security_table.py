"""The page about security answers every requirement of OWASP ASVS 5.0, level 1 and 2, once, and
names tests that are there."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.house.source import PACKAGE, ROOT

TESTS = ROOT / "tests"
NUMBERS = Path(__file__).with_name("asvs-5.0.0.txt")
HOW_MANY = {1: 70, 2: 183, 3: 92}  # as the standard says of itself
NUMBER = r"\d+\.\d+\.\d+"
NOT_MET = re.compile(r"\*\*(Not met|Met in part)")
OF_TESTS = re.compile(r"`((?:tests/)?[\w/]+(?:\.py|/))(?:::(\w+))?`")


@dataclass(frozen=True)
class Row:
    numbers: tuple[str, ...]
    how: str
    test: str
    of_level_3: bool


@cache
def levels() -> dict[str, int]:
    lines = NUMBERS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if not line.startswith("#")]
    found = {number: int(level) for number, level in pairs}
    assert len(found) == len(pairs), "a number stands twice"
    return found


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def spread(text: str) -> Iterator[str]:
    """Every number of "1.1.1, 6.2.6–6.2.8"."""
    for first, last in re.findall(rf"({NUMBER})(?:–({NUMBER}))?", text):
        chapter, _, start = first.rpartition(".")
        end = last.rpartition(".") if last else (chapter, "", start)
        assert end[0] == chapter, f"{first}–{last} leads out of its section"
        yield from (f"{chapter}.{number}" for number in range(int(start), int(end[2]) + 1))


@cache
def rows() -> tuple[Row, ...]:
    found = []
    for line in page("security.md").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and re.match(NUMBER, cells[0]):
            assert len(cells) == 3, line
            found.append(Row(tuple(spread(cells[0])), cells[1], cells[2], "(L3)" in cells[0]))
    return tuple(found)


@cache
def left_out() -> tuple[str, ...]:
    """What the sentence about things that are not in the program names, whole sections too."""
    sentence = page("security.md").split("Not in the program: ")[1].split("\n")[0]
    found = []
    for first, last in re.findall(r"V(\d+(?:\.\d+)*)(?:–V(\d+\.\d+\.\d+))?", sentence):
        whole = tuple(spread(f"{first}–{last}")) if last else (first,)
        below = [n for n in levels() for each in whole if n == each or n.startswith(f"{each}.")]
        assert below, f"V{first} is no chapter, section or requirement"
        found += [number for number in below if levels()[number] < 3]
    return tuple(found)


def test_the_list_of_numbers_is_the_whole_standard() -> None:
    assert Counter(levels().values()) == HOW_MANY


def test_every_requirement_of_level_1_and_2_is_answered_once() -> None:
    answered = Counter(left_out())
    for row in rows():
        answered.update(row.numbers)
    wanted = {number for number, level in levels().items() if level < 3}
    assert sorted(wanted - set(answered)) == [], "without a row"
    assert [number for number, times in answered.items() if times > 1] == [], "twice"
    assert sorted(set(answered) - set(levels())) == [], "no such requirement"


def test_a_row_says_when_it_is_of_level_3() -> None:
    for row in rows():
        for number in row.numbers:
            assert row.of_level_3 == (levels()[number] == 3), number


def test_every_row_has_a_test_or_says_that_it_has_none() -> None:
    for row in rows():
        named = OF_TESTS.search(row.test) or re.search(r"ruff `S\d{3}`|mypy", row.test)
        assert row.how, row
        assert named or NOT_MET.search(row.how) or row.test.startswith("–"), row


def test_every_test_that_the_pages_name_is_there() -> None:
    for row in rows():
        for path, name in OF_TESTS.findall(row.test):
            _is_there(path, name)
    for text in (page("security.md"), page("privacy.md")):
        for path, name in OF_TESTS.findall(text):
            if path.startswith("tests/") or "test_" in path:
                _is_there(path, name)


def _is_there(path: str, name: str) -> None:
    there = TESTS / path.removeprefix("tests/")
    assert there.is_dir() if path.endswith("/") else there.is_file(), f"{path} is not there"
    if name:
        assert f"def {name}(" in there.read_text(encoding="utf-8"), f"{path} has no {name}"


def test_every_file_of_the_program_that_the_page_names_is_there() -> None:
    text = page("security.md")
    for path in re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|txt|gz|logrotate))`", text):
        assert any((at / path).is_file() for at in (PACKAGE, ROOT, TESTS)) or path.startswith(
            "package/"
        ), path


def test_every_rule_of_ruff_that_the_page_names_is_switched_on() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lint = settings["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    named = set(re.findall(r"`(S\d{3})`", page("security.md")))
    assert named
    assert named & set(lint["ignore"]) == set()
