"""The lists that a new password is compared with."""

from __future__ import annotations

import pytest
from flask import Flask

from wibawa.access.passwords import check_new, common_words
from wibawa.database import db
from wibawa.rules.refused import Refused


@pytest.mark.parametrize(("least", "many"), [(8, 20_000), (12, 12_000), (16, 3_000)])
def test_more_than_the_three_thousand_most_frequent_of_each_length_are_known(
    least: int, many: int
) -> None:
    assert sum(len(word) >= least for word in common_words()) >= many


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "password", ["needforspeed", "Counterstrike-2026", "leavemealoneleavemealone", "AkuCintaKamu1!"]
)
def test_a_password_that_leaked_elsewhere_is_refused_also_with_figures_or_twice(
    app: Flask, people: dict[str, int], password: str
) -> None:
    with app.app_context(), pytest.raises(Refused, match="mudah ditebak"):
        check_new(db.session(), password, "ani", "Ani Lestari")


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_sentence_of_ones_own_is_taken(app: Flask, people: dict[str, int]) -> None:
    with app.app_context():
        check_new(db.session(), "kereta lumpia biru", "ani", "Ani Lestari")
