from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.access.steps import Enter
from tests.conftest import SOAK_ON_BOTH

BODY = {
    "profile": "bssn", "minimum_length": "15", "one_time_days": "3", "idle_minutes": "60",
    "absolute_hours": "10", "proof_minutes": "20", "reason": "Edaran Diskominfo",
    "second_factor_roles": ["approver", "administrator"], "seen": "1",
}  # fmt: skip


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_change_is_an_entry_in_force_at_once_and_the_trail_says_before_and_after(
    sign_in: Enter,
) -> None:
    admin = sign_in("admin")
    first = admin.get("/pengaturan/masuk").get_data(as_text=True)
    assert "OWASP, 12 karakter; sekali pakai 7 hari; diam 240 menit; masuk 12 jam" in first
    body = BODY | {"second_factor_roles": ["approver"]}
    assert admin.post("/pengaturan/masuk", data=body).status_code == 302
    page = admin.get("/pengaturan/masuk").get_data(as_text=True)
    assert "BSSN, 15 karakter; sekali pakai 3 hari; diam 60 menit" in page
    assert "wajib kode: Kepala bidang" in page
    trail = admin.get("/jejak").get_data(as_text=True)
    assert "kebijakan: owasp → bssn; panjang paling sedikit: 12 → 15" in trail
    stale = admin.post("/pengaturan/masuk", data=BODY)
    assert stale.status_code == 409
    assert "baru saja diubah orang lain" in stale.get_data(as_text=True)
    same = admin.post("/pengaturan/masuk", data=body, follow_redirects=True)
    assert "Tidak ada perubahan" in same.get_data(as_text=True)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"minimum_length": "7"}, "Tulis angka 8 sampai 64."),
        ({"idle_minutes": "abc"}, "Tulis angka bulat."),
        ({"proof_minutes": "0"}, "Tulis angka 1 sampai 480."),
        ({"profile": "bebas"}, "Pilihan ini tidak ada dalam daftar."),
        ({"second_factor_roles": ["raja"]}, "Pilihan ini tidak ada dalam daftar."),
        ({"reason": " "}, "Isian ini wajib diisi."),
    ],
)
def test_each_mistake_gets_a_sentence(
    sign_in: Enter, body: dict[str, object], sentence: str
) -> None:
    answer = sign_in("admin").post("/pengaturan/masuk", data=BODY | body)
    assert answer.status_code == 200
    assert sentence in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_settings SET minimum_length = 8",
        "DELETE FROM access_settings",
        "INSERT INTO access_settings (profile, minimum_length, one_time_days, idle_minutes, "
        "absolute_hours, proof_minutes, second_factor_roles, reason) "
        "VALUES ('owasp', 7, 7, 240, 12, 30, '', 'x')",
    ],
)
def test_the_database_keeps_the_history_and_refuses_what_no_form_takes(
    session: Session, statement: str
) -> None:
    with pytest.raises(DBAPIError):
        session.execute(text(statement))
    session.rollback()
