"""How large a file may be, and how a file that cannot be read is refused."""

from __future__ import annotations

from dataclasses import dataclass

from wibawa.rules.refused import Problem, Refused


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a file may hold (files.md §1); `seconds` of the processor and `memory`
    bound the XLSX child.

    `content` and `unpacked` are bytes, `rows` counts rows below the headings, `cells` all cells of
    a sheet (it keeps 60 columns of 100.000 rows from filling the memory), `spare_rows` is the room
    for titles, headings and signatures around the table.
    """

    content: int = 10 * 1024 * 1024
    unpacked: int = 50 * 1024 * 1024
    rows: int = 100_000
    columns: int = 60
    cells: int = 2_500_000
    spare_rows: int = 1_000
    text: int = 131_072
    members: int = 1_000
    seconds: int = 20
    memory: int = 290 * 1024 * 1024


DEFAULT_LIMITS = Limits()


class Unreadable(Refused):
    """The whole file is refused; `problem` says why in a sentence a bank officer can act on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code, problem.message)
        self.problem = problem


def unreadable(sentence: str, found: str = "") -> Unreadable:
    """The refusal of a file whose content cannot be understood (`file_unreadable`)."""
    return Unreadable(Problem(0, "", "file_unreadable", found, sentence))


def too_large(sentence: str, found: str = "") -> Unreadable:
    """The refusal of a file beyond the limits (`file_too_large`)."""
    return Unreadable(Problem(0, "", "file_too_large", found, sentence))


def dotted(number: int) -> str:
    """A count as it is written in Indonesian: `dotted(100000) == "100.000"`."""
    return f"{number:,}".replace(",", ".")
