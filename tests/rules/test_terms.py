from __future__ import annotations

from dataclasses import replace

import pytest

from wibawa.rules.collectibility import COMMERCIAL_DEFAULT, RURAL_DEFAULT
from wibawa.rules.terms import (
    ProductTerms,
    class_spans,
    limit_changes,
    limits_rise,
    product_changes,
)

PRODUCT = ProductTerms(300, 24, 50_000_000, 50_000_000, 5_000_000, 17, 2)


@pytest.mark.parametrize("name", list(PRODUCT.__dict__))
def test_every_setting_of_the_product_is_compared(name: str) -> None:
    changed = replace(PRODUCT, **{name: getattr(PRODUCT, name) + 1})
    assert sum(change.changed for change in product_changes(PRODUCT, changed)) == 1
    assert not any(change.changed for change in product_changes(PRODUCT, PRODUCT))


def test_the_classes_are_written_as_in_the_rules() -> None:
    assert class_spans(COMMERCIAL_DEFAULT)[0] == "0 hari"
    assert class_spans(RURAL_DEFAULT)[:3] == ("0–30 hari", "31–90 hari", "91–180 hari")
    assert [change.changed for change in limit_changes(COMMERCIAL_DEFAULT, RURAL_DEFAULT)] == [
        True, True, True, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [(0, 0, 1, 2), (-1, 0, 1, 2), (0, 1, 3, 2), (0, 2, 2, 3)])
def test_limits_that_do_not_rise_are_told(wrong: tuple[int, int, int, int]) -> None:
    assert not limits_rise(wrong)
    assert limits_rise(COMMERCIAL_DEFAULT)
    assert limits_rise(RURAL_DEFAULT)


def test_each_class_is_named_with_its_span_before_and_after() -> None:
    told = limit_changes(COMMERCIAL_DEFAULT, RURAL_DEFAULT)
    assert [(each.label, each.before, each.after) for each in told] == [
        ("1 Lancar", "0 hari", "0–30 hari"),
        ("2 Dalam Perhatian Khusus", "1–90 hari", "31–90 hari"),
        ("3 Kurang Lancar", "91–120 hari", "91–180 hari"),
        ("4 Diragukan", "121–180 hari", "181–360 hari"),
        ("5 Macet", "lebih dari 180 hari", "lebih dari 360 hari"),
    ]
