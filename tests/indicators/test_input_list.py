from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from wibawa.indicators.inputs.actions import Said, write_down
from wibawa.indicators.inputs.queries import latest_inputs
from wibawa.indicators.models import IndicatorInput
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def said(count: int | None = 40_000, **changes: object) -> Said:
    facts = {
        "kind": "denominator", "name": "SI-UMI", "year": 2025, "count": count, "male": None,
        "female": None, "principal": None, "cut_off": None, "source": "Ekspor SI-UMI",
        "document": "", "reason": "",
    }  # fmt: skip
    return Said(**facts | changes)  # type: ignore[arg-type]


def test_what_came_with_the_renstra_is_there_from_the_beginning(session: Session) -> None:
    found = latest_inputs(session)
    assert found.count("denominator", "SI-UMI", 2020) == 21_509
    assert found.count("denominator", "SI-UMI", 2024) == 36_613
    assert found.count("denominator", "KOPERASI-AKTIF", 2024) == 571
    assert found.by["denominator", "SI-UMI", 2024].source.startswith("Renstra 2025–2029")


def test_a_correction_is_a_new_version_with_a_reason_and_the_old_one_stays(
    session: Session, people: dict[str, int]
) -> None:
    by = people["staff"]
    write_down(session, said(male=16_000, female=23_000), 0, by, now())
    with pytest.raises(Refused) as caught:
        write_down(session, said(41_000), 1, by, now())
    assert caught.value.code == "reason_missing"
    write_down(session, said(41_000, reason="Ekspor ulang"), 1, by, now())
    assert latest_inputs(session).count("denominator", "SI-UMI", 2025) == 41_000
    kept = session.query(IndicatorInput.count).filter_by(name="SI-UMI", year=2025).all()
    assert sorted(count for (count,) in kept) == [40_000, 41_000]
    with pytest.raises(Refused) as caught:
        write_down(session, said(42_000, reason="Terlambat"), 1, by, now())
    assert caught.value.code == "changed"
    write_down(session, said(None, reason="Salah tahun"), 2, by, now())
    assert latest_inputs(session).count("denominator", "SI-UMI", 2025) is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"male": 30_000, "female": 20_000}, "sexes_differ"),
        ({"count": None}, "nothing_to_withdraw"),
        ({"kind": "opening", "name": "Kredit Wibawa"}, "principal_missing"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    wrong: dict[str, object], code: str, session: Session, people: dict[str, int]
) -> None:
    with pytest.raises(Refused) as caught:
        write_down(session, said(**{"count": 40_000} | wrong), 0, people["staff"], now())  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    "statement", ["UPDATE indicator_inputs SET count = 1", "DELETE FROM indicator_inputs"]
)
def test_no_input_can_be_altered_or_deleted(statement: str, session: Session) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))


def test_the_database_itself_refuses_a_correction_without_a_reason(session: Session) -> None:
    session.add(
        IndicatorInput(kind="denominator", name="SI-UMI", year=2024, version=2, count=1,
                       source="x", document="", reason="")
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="corrected"):
        session.flush()


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_list_is_filtered_and_exported_as_shown(sign_in: SignIn) -> None:
    client = sign_in("leader")
    page = client.get("/indikator/masukan?tahun=2024").get_data(as_text=True)
    assert "36.613" in page
    assert "21.509" not in page
    assert "Catat angka" not in page
    content = client.get("/indikator/masukan/ekspor.xlsx?tahun=2024").data
    rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))
    assert [(row[1], row[4]) for row in rows if row[2] == 2024] == [
        ("KOPERASI-AKTIF", 571),
        ("SI-UMI", 36_613),
    ]
