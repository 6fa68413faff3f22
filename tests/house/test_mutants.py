"""What `make mutants` makes of mutmut's results, by made-up ones, and that its list is true."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import mutants
from tests.house.source import ROOT
from tests.mutants import BREAK, LISTED, Change, End, Tried, faults, listed, told, tried, written

# As mutmut 3 leaves a module: each function as it was, and each of its changed copies.
MODULE = '''
def x_smaller__mutmut_orig(one: int, other: int) -> int:
    """The smaller one."""
    return one if one < other else other


def x_smaller__mutmut_1(one: int, other: int) -> int:
    """The smaller one."""
    return one if one <= other else other


def x_smaller__mutmut_2(one: int, other: int) -> int:
    """The smaller one."""
    return one if one > other else other


class Pair:
    def xǁPairǁboth__mutmut_orig(
        self, names: list[str] = []
    ) -> zip:
        return zip(
            self.one, self.other, strict=True
        )

    def xǁPairǁboth__mutmut_1(
        self, names: list[str] = []
    ) -> zip:
        return zip(
            self.one, self.other, )
'''
ORDER = Change("pairs.smaller", "return one if one < other else other",
               "return one if one <= other else other")  # fmt: skip
TURNED = ORDER._replace(after="return one if one > other else other")
STRICT = Change("pairs.Pair.both", f"self.one, self.other, strict=True{BREAK})",
                "self.one, self.other, )")  # fmt: skip
LIST = f"""# What this is.

Equal: the smaller of two equal figures is either of them.
  pairs.smaller
    - {ORDER.before}
    + {ORDER.after}

Both have the same length.
  pairs.Pair.both
    - {STRICT.before}
    + {STRICT.after}
"""


def left_by_mutmut(folder: Path, *codes: int | None) -> Path:
    names = ("x_smaller__mutmut_1", "x_smaller__mutmut_2", "xǁPairǁboth__mutmut_1")
    keys = [f"wibawa.rules.pairs.{name}" for name in names]
    (folder / "pairs.py").write_text(MODULE)
    results = {"exit_code_by_key": dict(zip(keys, codes, strict=True)), "durations_by_key": {}}
    (folder / "pairs.py.meta").write_text(json.dumps(results))
    return folder


def run(*, noticed: int = 18, **ends: End) -> list[Tried]:
    named = {"order": ORDER, "turned": TURNED, "strict": STRICT}
    others = [Tried(TURNED, End.NOTICED)] * noticed
    return others + [Tried(named[name], end) for name, end in ends.items()]


def test_a_change_is_known_by_its_function_and_its_lines(tmp_path: Path) -> None:
    found = list(tried(left_by_mutmut(tmp_path, 0, 1, 0)))
    assert found == [
        Tried(ORDER, End.PASSED),
        Tried(TURNED, End.NOTICED),
        Tried(STRICT, End.PASSED),
    ]


@pytest.mark.parametrize(
    ("code", "end"),
    [(0, End.PASSED), (1, End.NOTICED), (3, End.NOTICED), (-24, End.ENDLESS), (36, End.ENDLESS),
     (-9, End.ENDLESS), (None, End.UNTRIED), (2, End.UNTRIED), (33, End.PASSED), (-11, End.PASSED)],
)  # fmt: skip
def test_only_a_failed_test_notices_a_change(tmp_path: Path, code: int | None, end: End) -> None:
    assert next(tried(left_by_mutmut(tmp_path, code, 1, 1))).end is end


def test_a_list_is_read_as_it_is_written() -> None:
    assert listed(LIST) == [ORDER, STRICT]
    twice = [STRICT, ORDER, TURNED, ORDER, ORDER._replace(after="")]
    assert listed(f"Why.\n{written(twice)}") == sorted(twice)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_change_without_a_reason_a_function_or_a_line_before_is_no_entry(missing: int) -> None:
    lines = LIST.splitlines()[2:6]
    assert listed("\n".join(lines)) == [ORDER]
    with pytest.raises(ValueError, match="Not a reason"):
        listed("\n".join(lines[:missing] + lines[missing + 1 :]))


def test_a_run_that_leaves_what_is_listed_is_right() -> None:
    results = run(order=End.PASSED, strict=End.PASSED)
    assert faults(results, listed(LIST)) == []
    assert told(results) == (
        "20 changes tried: 18 noticed, 0 never ended, 2 passed.\n"
        "Score 90,0 %; with those that never ended 90,0 %."
    )


@pytest.mark.parametrize(
    ("results", "said", "named"),
    [
        (run(order=End.PASSED, strict=End.PASSED, turned=End.PASSED), "not on the list", [TURNED]),
        (run(order=End.NOTICED, strict=End.PASSED), "do not pass any more", [ORDER]),
        (run(order=End.ENDLESS, strict=End.PASSED), "do not pass any more", [ORDER]),
        (run(order=End.PASSED), "no such change was tried", [STRICT]),
        (run(order=End.PASSED, strict=End.UNTRIED), "did not come to its end", []),
        (run(noticed=17, order=End.PASSED, strict=End.PASSED), "below 90,0 %", []),
        ([], "did not come to its end", []),
    ],
)
def test_a_run_that_differs_from_the_list_is_told_with_what_differs(
    results: list[Tried], said: str, named: list[Change]
) -> None:
    (found,) = [text for text in faults(results, listed(LIST)) if said in text]
    assert found.partition("\n")[2] == written(named)


def test_what_was_not_tried_is_not_said_to_be_noticed() -> None:
    (said,) = faults(run(order=End.PASSED, strict=End.UNTRIED), listed(LIST))
    assert said.startswith("The run did not come to its end")


def test_of_two_equal_lines_each_is_listed() -> None:
    both = [*run(), Tried(ORDER, End.PASSED), Tried(ORDER, End.PASSED)]
    assert faults(both, [ORDER, ORDER]) == []
    assert "not on the list" in faults(both, [ORDER])[0]
    one = [*run(), Tried(ORDER, End.PASSED), Tried(ORDER, End.NOTICED)]
    assert faults(one, [ORDER]) == []
    assert "do not pass any more" in faults(one, [ORDER, ORDER])[0]


def test_what_never_ended_is_counted_apart_and_named() -> None:
    results = run(noticed=19, strict=End.ENDLESS)
    assert told(results) == (
        "20 changes tried: 19 noticed, 1 never ended, 0 passed.\n"
        "Score 95,0 %; with those that never ended 100,0 %.\n"
        f"Never ended:\n{written([STRICT])}"
    )


def test_the_run_fails_for_what_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutants, "RESULTS", left_by_mutmut(tmp_path, 0, 1, 1))
    monkeypatch.setattr(mutants, "LISTED", tmp_path / "mutants.txt")
    (tmp_path / "mutants.txt").write_text("")
    with pytest.raises(SystemExit, match="not on the list"):
        mutants.main()
    assert capsys.readouterr().out.startswith("3 changes tried: 2 noticed")


def test_every_listed_line_still_stands_in_its_function() -> None:
    stands: dict[str, list[str]] = {}
    for path in (ROOT / "wibawa" / "rules").glob("*.py"):
        source = path.read_text()
        lines = source.splitlines()
        for function, node in named_functions(ast.parse(source), path.stem):
            assert node.end_lineno
            stands[function] = [each.strip() for each in lines[node.lineno - 1 : node.end_lineno]]
    changes = listed(LISTED.read_text())
    assert changes
    assert {each.function for each in changes} <= set(stands)
    gone = [e for e in changes if not set(e.before.split(BREAK)) <= set(stands[e.function])]
    assert gone == [], "a listed line was changed: run `make mutants`, then mend tests/mutants.txt"


def named_functions(tree: ast.AST, above: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield f"{above}.{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from named_functions(node, f"{above}.{node.name}")
