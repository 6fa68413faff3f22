"""Which changed lines of `wibawa/rules` no test notices, and why each of them may stay.

`make mutants` tries some 3.500 changes with mutmut; `python -m tests.mutants` then reads what it
left in `mutants/` and fails when a change passed that `mutants.txt` does not list below a reason,
when the list names one that is noticed by now or that nobody makes any more, and when too few are
noticed. A change is known by its function and its lines, for mutmut's numbers move with the code.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LISTED = Path(__file__).with_name("mutants.txt")
RESULTS = ROOT / "mutants" / "wibawa" / "rules"
LEAST_SCORE = 0.9
# Between the lines of a change that spans several.
BREAK = " ⏎ "
_MANGLED = re.compile(r"x(?:_|ǁ(\w+)ǁ)(\w+)__mutmut_\w+")


class End(Enum):
    """How the tests ended that ran over a change."""

    NOTICED = "noticed"
    ENDLESS = "never ended"
    PASSED = "passed"
    UNTRIED = "not tried"


# As mutmut writes it down: pytest's exit code, or the signal that ended it. All else has passed.
ENDS = {
    None: End.UNTRIED,
    2: End.UNTRIED,
    1: End.NOTICED,
    3: End.NOTICED,
    **dict.fromkeys((24, -24, 152, 36, 255, -9), End.ENDLESS),
}


class Change(NamedTuple):
    """A changed line: where (`module.function` or `module.Class.method`), and what became of it."""

    function: str
    before: str
    after: str


class Tried(NamedTuple):
    change: Change
    end: End


def tried(folder: Path) -> Iterator[Tried]:
    """Every change that mutmut made of the modules in `folder`, and how it ended."""
    for results in sorted(folder.glob("*.py.meta")):
        source = results.with_suffix("").read_text()
        lines = source.splitlines()
        copies = {
            node.name: lines[node.lineno - 1 : node.end_lineno]
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef)
        }
        for key, code in json.loads(results.read_text())["exit_code_by_key"].items():
            name = key.rpartition(".")[2]
            plain = copies[name.partition("__mutmut_")[0] + "__mutmut_orig"]
            module = results.name.removesuffix(".py.meta")
            change = _change(module, name, plain, copies[name])
            yield Tried(change, ENDS.get(code, End.PASSED))


def _change(module: str, name: str, plain: list[str], changed: list[str]) -> Change:
    found = _MANGLED.fullmatch(name)
    assert found, name
    function = ".".join(filter(None, (module, *found.groups())))
    sides = [[_MANGLED.sub(r"\2", line).strip() for line in each] for each in (plain, changed)]
    lines = [line for line in difflib.ndiff(*sides) if line[0] in "-+"]
    before, after = (BREAK.join(line[2:] for line in lines if line[0] == sign) for sign in "-+")
    return Change(function, before, after)


def listed(text: str) -> list[Change]:
    """The changes of a list: a reason at the margin, below it functions and their lines."""
    found: list[Change] = []
    reason = function = before = ""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            reason, function, before = line, "", ""
        elif not line.startswith("    "):
            function, before = line.strip(), ""
        elif line.startswith("    - "):
            before = line[6:]
        elif line.startswith("    +") and reason and function and before:
            found.append(Change(function, before, line[6:]))
        else:
            raise ValueError(f"Not a reason, a function, a line before or a line after: {line}")
    return found


def written(changes: Iterable[Change]) -> str:
    """Changes as the list has them, to be put below a reason."""
    lines: list[str] = []
    function = before = ""
    for change in sorted(changes):
        if change.function != function:
            lines.append(f"  {change.function}")
        if change[:2] != (function, before):
            lines.append(f"    - {change.before}")
        lines.append(f"    + {change.after}".rstrip())
        function, before = change[:2]
    return "\n".join(lines)


def score(ends: Counter[End]) -> float:
    """The share that a test notices; what never ended is none of it."""
    return ends[End.NOTICED] / max(ends.total(), 1)


def faults(results: list[Tried], on_list: list[Change]) -> list[str]:
    """What is wrong with a run and the list, each as a text to read."""
    ends = Counter(each.end for each in results)
    passed = Counter(each.change for each in results if each.end is End.PASSED)
    untried = Counter(each.change for each in results if each.end is End.UNTRIED)
    stale = Counter(on_list) - passed - untried
    ended = Counter(each.change for each in results) - passed
    found = {
        "These passed and are not on the list: write a test, or list them below a reason.":
            passed - Counter(on_list),
        "These are on the list and do not pass any more: take them out.": stale & ended,
        "These are on the list, and no such change was tried: take them out.": stale - ended,
    }  # fmt: skip
    texts = [f"{text}\n{written(changes.elements())}" for text, changes in found.items() if changes]
    if ends[End.UNTRIED] or not results:
        texts.append("The run did not come to its end: run it again.")
    if score(ends) < LEAST_SCORE:
        texts.append(f"The score is below {_percent(LEAST_SCORE)}.")
    return texts


def told(results: list[Tried]) -> str:
    """The figures of a run, and what never ended."""
    ends = Counter(each.end for each in results)
    noticed, endless = ends[End.NOTICED], ends[End.ENDLESS]
    lines = [
        f"{len(results)} changes tried: {noticed} noticed, {endless} never ended, "
        f"{ends[End.PASSED]} passed.",
        f"Score {_percent(score(ends))}; with those that never ended "
        f"{_percent((noticed + endless) / max(len(results), 1))}.",
    ]
    if endless:
        without = written(each.change for each in results if each.end is End.ENDLESS)
        lines += ["Never ended:", without]
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{share:.1%}".replace(".", ",").replace("%", " %")


def main() -> None:
    results = list(tried(RESULTS))
    print(told(results))
    wrong = faults(results, listed(LISTED.read_text()))
    if wrong:
        sys.exit("\n\n".join(["", *wrong]))


if __name__ == "__main__":
    main()
