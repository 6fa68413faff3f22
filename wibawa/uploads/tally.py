"""Problems counted as they are found; a wholly wrong file must not fill the memory with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from wibawa.rules.money import number
from wibawa.rules.refused import Problem

MOST_ALIKE = 20_000
"""Problems of one kind in one column that are told one by one; more are told in one sentence."""


@dataclass
class Tally:
    """Problems as they are found. Of one kind in one column at most `most` are kept.

    A file whose every row is wrong would otherwise fill the memory with sentences. `bad_rows` is
    complete in any case.
    """

    problems: list[Problem] = field(default_factory=list)
    bad_rows: set[int] = field(default_factory=set)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_more: dict[tuple[str, str], Problem] = field(default_factory=dict)
    most: int = field(default_factory=lambda: MOST_ALIKE)

    def add(
        self,
        row: int,
        column: str,
        code: str,
        found: str,
        message: str,
        blocking: bool = True,
    ) -> None:
        """One more problem or notice; row 0 for the whole file."""
        kind = column, code
        self.counts[kind] += 1
        if blocking and row:
            self.bad_rows.add(row)
        if self.counts[kind] <= self.most:
            self.problems.append(Problem(row, column, code, found, message, blocking))
        elif kind not in self.first_more:
            self.first_more[kind] = Problem(row, column, code, found, message, blocking)

    def closed(self) -> list[Problem]:
        """All problems, with one sentence for each kind that was too frequent."""
        for kind, problem in self.first_more.items():
            more = self.counts[kind] - self.most - 1
            if more:
                sentence = f"{problem.message} Masalah yang sama ada di {number(more)} baris lagi."
                problem = replace(problem, message=sentence)
            self.problems.append(problem)
        self.first_more = {}
        return self.problems
