"""All 2.416 loans of the programme in one PDF: speed, memory, and every amount."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.bench.bench_pdf import _best, _page, _printed, bare_canvas, portfolio
from wibawa.rules.money import number

LOANS = 2_416  # micro-enterprises with Kredit Wibawa in 2024
MOST_TIMES, MOST_MEGABYTES = 1.3, 200
ROOT = Path(__file__).resolve().parent.parent.parent
ALONE = f"""
import io, resource
from tests.bench.bench_pdf import portfolio
from wibawa.printing.pdf import schedules_pdf
schedules_pdf(portfolio({LOANS}), io.BytesIO(), "Jadwal")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.soak
def test_all_loans_in_one_pdf_cost_no_more_than_a_bare_canvas_with_the_same_strings() -> None:
    documents = portfolio(LOANS)
    reader = PdfReader(io.BytesIO(_printed(documents)))
    assert len(reader.pages) == LOANS
    everything = [_page(page, with_form=True) for page in reader.pages]
    ours, bare = _best([lambda: _printed(documents), lambda: bare_canvas(everything)])
    assert ours / bare <= MOST_TIMES


@pytest.mark.soak
def test_all_loans_in_one_pdf_need_little_memory() -> None:
    told = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(told.stdout) <= MOST_MEGABYTES


@pytest.mark.soak
def test_every_amount_of_every_loan_is_found_in_the_text() -> None:
    documents = portfolio(LOANS)
    reader = PdfReader(io.BytesIO(_printed(documents)))
    assert len(reader.outline) == LOANS
    for page, document in zip(reader.pages, documents, strict=True):
        words = page.extract_text().split()
        for row in document.rows:
            for amount in (row.principal, row.interest, row.total, row.balance):
                assert number(amount) in words, (document.loan_number, row.number)
