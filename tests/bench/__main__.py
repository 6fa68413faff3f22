"""`python -m tests.bench [WORD …]` runs every bench_*.py and prints each ratio beside its goal.

With words, only the files whose name holds one of them. Ends with 1 when a goal was missed.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

Measured = tuple[str, float, str]


def modules(words: list[str]) -> list[str]:
    names = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    return [name for name in names if not words or any(word in name for word in words)]


def met(ratio: float, goal: str) -> bool | None:
    """Whether a goal such as `<= 1.5` or `>= 2` is met; None when it only reports."""
    sign, _, limit = goal.partition(" ")
    if sign == "<=":
        return ratio <= float(limit)
    return ratio >= float(limit) if sign == ">=" else None


def main(words: list[str]) -> int:
    missed = 0
    for name in modules(words):
        print(name, flush=True)
        found: list[Measured] = importlib.import_module(f"tests.bench.{name}").run()
        for what, ratio, goal in found:
            good = met(ratio, goal)
            missed += good is False
            mark = {True: "met", False: "MISSED", None: ""}[good]
            print(f"  {ratio:10.3f}  {goal:<12} {mark:<7} {what}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
