"""From which day a setting may count, and when a form only repeats itself."""

from __future__ import annotations

import datetime as dt

import pytest

from wibawa.rules.dated import is_sent_twice, refuse_past
from wibawa.rules.refused import Refused

TODAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("kept", "end"), [("", "datang."), ("; surat tidak berubah", "datang; surat tidak berubah.")]
)
def test_yesterday_is_refused_with_what_to_choose(kept: str, end: str) -> None:
    refuse_past(TODAY, TODAY, kept)
    refuse_past(TODAY + dt.timedelta(days=1), TODAY, kept)
    with pytest.raises(Refused) as refused:
        refuse_past(TODAY - dt.timedelta(days=1), TODAY, kept)
    assert (refused.value.code, refused.value.sentence) == (
        "starts_in_past",
        f"23 November 2026 sudah lewat. Pilih hari ini atau hari yang akan {end}",
    )


def test_what_keeps_its_value_need_not_be_named() -> None:
    with pytest.raises(Refused) as refused:
        refuse_past(TODAY - dt.timedelta(days=1), TODAY)
    assert refused.value.sentence.endswith("atau hari yang akan datang.")


@pytest.mark.parametrize("same", [True, False])
def test_a_form_that_knew_the_newest_entry_repeats_nothing(same: bool) -> None:
    assert not is_sent_twice(3, 3, same, "Aturan ini")


def test_the_same_again_is_a_repeat_and_anything_else_another_persons_change() -> None:
    assert is_sent_twice(3, 4, True, "Aturan ini")
    with pytest.raises(Refused) as refused:
        is_sent_twice(3, 4, False, "Aturan ini")
    assert (refused.value.code, refused.value.sentence) == (
        "changed",
        "Aturan ini baru saja diubah orang lain. Periksa riwayatnya, lalu simpan sekali lagi bila "
        "masih perlu.",
    )
