"""When two references of payments are the same one."""

from __future__ import annotations

import pytest

from wibawa.rules.references import reference_key


@pytest.mark.parametrize(
    ("sent", "known"),
    [("00 ab7", "AB7"), ("ab7", "AB7"), ("A B 7", "ab7"), ("0", "000"), ("0012", "12")],
)
def test_zeros_in_front_case_and_spaces_make_no_other_reference(sent: str, known: str) -> None:
    assert reference_key(sent) == reference_key(known)


@pytest.mark.parametrize(("one", "other"), [("AB70", "AB7"), ("0", "O"), ("A-1", "A1")])
def test_anything_else_makes_another_reference(one: str, other: str) -> None:
    assert reference_key(one) != reference_key(other)


def test_a_reference_never_meets_a_key_that_was_made_without_one() -> None:
    assert reference_key("AB7") == "R|AB7"
    assert reference_key("XO7") == "R|XO7"
    assert reference_key("000") == "R|0"
