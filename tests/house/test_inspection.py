"""What the inspection of every opened page finds, and that it finds it in any row of any list."""

from __future__ import annotations

import pytest

from tests import inspection
from tests.inspection import inspect_page, skeleton

ROW = '<tr id="row-{0}"><td><a href="/pinjaman/{0}">KW-{0:06}</a></td><td>Rp{0}.000</td></tr>\n'
FIELD = '<label for="f">Nama</label><input id="f" name="nama" value="Siti &amp; Joko">'
HEADING = '<h1 class="top">Pinjaman</h1>'
FAULTS = {
    "a tag that is never closed": ("<td>Rp30.000</td>", "<td><b>Rp30.000</td>"),
    "a tag that no row holds": ("<td>Rp30.000</td>", "<b>Rp30.000</b>"),
    "a doubled id": ('id="row-30"', 'id="row-29"'),
    "an inline style": ('id="row-30"', 'id="row-30" style="color: red"'),
    "an inline handler": ('href="/pinjaman/30"', 'href="/pinjaman/30" onclick="go()"'),
    "a None": ("Rp30.000", " None "),
    "a doubled attribute": ('href="/pinjaman/30"', 'href="/pinjaman/30" href="/"'),
    "a character that is none": ("Rp30.000", "Rp\x0130.000"),
    "a sign that was not escaped": ("Rp30.000", "Rp30.000 &notthat; <"),
    "an unknown entity in an address": ('href="/pinjaman/30"', 'href="/pinjaman?a=1&copyb;"'),
    "a field without a label": ('for="f"', 'for="g"'),
    "a field with an empty label": (
        'for="f">Nama</label>',
        'for="g"></label><b aria-label=""></b>',
    ),
    "an inline script": (HEADING, f"{HEADING}<script>go()</script>"),
    "two headings": (HEADING, HEADING * 2),
    "no heading": (HEADING, ""),
    "another language": ('lang="id"', 'lang="en"'),
}


def page(rows: int = 40) -> str:
    table = "".join(ROW.format(number) for number in range(1, rows + 1))
    return (
        '<!doctype html>\n<html lang="id"><head><meta charset="utf-8"><title>Wibawa</title></head>'
        f"<body>{HEADING}<form>{FIELD}</form><table><tbody>{table}</tbody></table></body></html>"
    )


def test_a_sound_page_is_sound() -> None:
    inspect_page(page())
    inspection._inspect(skeleton(page()))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_any_row_is_found_though_its_neighbours_are_known(fault: str) -> None:
    inspect_page(page())
    sound, faulty = FAULTS[fault]
    assert sound in page()
    wrong = page().replace(sound, faulty, 1)
    assert skeleton(wrong) != skeleton(page())
    with pytest.raises(AssertionError):
        inspect_page(wrong)


def test_words_figures_and_the_length_of_a_list_change_no_skeleton() -> None:
    plain = ROW.replace(' id="row-{0}"', "")
    short, long = (page(0).replace("<tbody>", f"<tbody>{''.join(map(plain.format, range(n)))}")
                   for n in (3, 300))  # fmt: skip
    assert skeleton(short) == skeleton(long.replace("Siti &amp; Joko", "Hesti"))
    assert len(skeleton(long)) < 600
