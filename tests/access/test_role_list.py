from __future__ import annotations

import re

import pytest

from tests.access.steps import Enter
from tests.conftest import SOAK_ON_BOTH
from wibawa.access.permissions import PERMISSION_LABELS, ROLE_PERMISSIONS, Permission, Role


def test_every_permission_has_words_of_its_own() -> None:
    assert set(PERMISSION_LABELS) == set(Permission)
    assert len(set(PERMISSION_LABELS.values())) == len(Permission)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_page_shows_the_roles_as_they_are(sign_in: Enter) -> None:
    page = sign_in("admin").get("/pengaturan/peran").get_data(as_text=True)
    row = page[page.index("Menyetujui pencairan") :].split("</tr>")[0]
    assert re.findall(r"<td>(ya|–)</td>", row) == ["–", "ya", "–", "–", "–", "–"]
    assert page.count("<td>ya</td>") == sum(len(ROLE_PERMISSIONS[role]) for role in Role)
