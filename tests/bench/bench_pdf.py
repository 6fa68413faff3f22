"""How fast schedules are printed, against a canvas that draws the same strings with no layout.

`python -m tests.bench.bench_pdf` prints the ratios. The bare side is given every string ready made,
at places that are already known, and draws as many rules on as many pages; both sides compress and
save. They are timed in turns in one run, so that a busy machine slows them alike.
"""

from __future__ import annotations

import datetime as dt
import gc
import random
import re
import time
from collections.abc import Callable
from io import BytesIO

from pypdf import PageObject, PdfReader
from reportlab.pdfgen.canvas import Canvas

from wibawa.letters.documents import Signatory
from wibawa.printing.documents import Paper, ScheduleDocument, schedule_document
from wibawa.printing.pdf import schedules_pdf
from wibawa.rules.facts import Method, Terms
from wibawa.rules.schedule import schedule

LOANS = 150
ROUNDS = 7
GOAL = 1.3

_SHOWN = re.compile(rb"\(((?:\\.|[^\\)])*)\) Tj")
_RULE = re.compile(rb" l(?: S)?\b")
_OCTAL = re.compile(rb"\\(\d{3})")

Page = tuple[list[str], int]


def portfolio(loans: int = LOANS) -> list[ScheduleDocument]:
    """Loans of two years in fours, with names and amounts that differ."""
    dice = random.Random(20261124)
    documents = []
    for number in range(loans):
        terms = Terms(
            principal=dice.randrange(1_000_000, 50_000_000, 125_000),
            rate=300,
            months=24,
            method=Method.ANNUITY,
            disbursed_on=dt.date(2026, 1, 1) + dt.timedelta(days=dice.randrange(365)),
        )
        documents.append(
            schedule_document(
                terms=terms,
                installments=schedule(terms),
                loan_number=f"KW-2026-{number:06d}",
                agreement_number=f"{number}/PK-KW/2026",
                bank_name=dice.choice(("Bank Jateng", "Bank Pasar")),
                account_number=f"3-012-{number:05d}-8",
                borrower_name=f"Siti Rahayu Wulandari {number}",
                business_name=f"Warung Makan Bu Siti {number}",
                address=f"Jl. Kelud Raya No. {number} RT 03 RW 05",
                kelurahan="Petompon",
                kecamatan="Gajahmungkur",
                printed_on=dt.datetime(2026, 12, 31, 9, 14),  # noqa: DTZ001 - read as WIB
                printed_by="Ani Lestari",
                officer=Signatory("Petugas", "Ani Lestari", "19880417 201402 2 003"),
            )
        )
    return documents


def _decoded(shown: bytes) -> str:
    plain = _OCTAL.sub(lambda code: bytes([int(code[1], 8)]), shown)
    return re.sub(rb"\\(.)", rb"\1", plain).decode("cp1252")


def _page(page: PageObject, *, with_form: bool) -> Page:
    """Every string of a page and the number of its rules, with or without the repeated part."""
    contents = page.get_contents()
    code = contents.get_data() if contents is not None else b""
    if with_form:
        for form in page["/Resources"]["/XObject"].values():  # type: ignore[index]
            code += form.get_object().get_data()
    return [_decoded(shown) for shown in _SHOWN.findall(code)], len(_RULE.findall(code))


def bare_canvas(pages: list[Page]) -> bytes:
    """The same strings and rules, drawn one after the other with no thought of their place."""
    out = BytesIO()
    canvas = Canvas(out, Paper.A4.value, pageCompression=1, invariant=1)
    for strings, rules in pages:
        canvas.setFont("Helvetica", 8)
        for index, text in enumerate(strings):
            canvas.drawString(40 + index % 6 * 90, 800 - index // 6 * 14, text)
        for index in range(rules):
            canvas.line(40, 800 - index * 14, 550, 800 - index * 14)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _printed(documents: list[ScheduleDocument]) -> bytes:
    out = BytesIO()
    schedules_pdf(documents, out, "Jadwal Angsuran")
    return out.getvalue()


def _best(sides: list[Callable[[], object]]) -> list[float]:
    """The shortest time of each side, taken in turns with the collector at rest."""
    best = [float("inf")] * len(sides)
    for _ in range(ROUNDS):
        for index, side in enumerate(sides):
            gc.collect()
            gc.disable()
            started = time.perf_counter()
            side()
            best[index] = min(best[index], time.perf_counter() - started)
            gc.enable()
    return best


def measure() -> tuple[list[float], int, int]:
    """Seconds of our print, of the bare canvas with all strings, and with the changing ones only;
    then pages and bytes of our print."""
    documents = portfolio()
    printed = _printed(documents)
    reader = PdfReader(BytesIO(printed))
    everything = [_page(page, with_form=True) for page in reader.pages]
    changing = [_page(page, with_form=False) for page in reader.pages]
    times = _best(
        [
            lambda: _printed(documents),
            lambda: bare_canvas(everything),
            lambda: bare_canvas(changing),
        ]
    )
    return times, len(reader.pages), len(printed)


def run() -> list[tuple[str, float, str]]:
    """Name, ratio and goal of each comparison."""
    (ours, everything, changing), _, _ = measure()
    goal = f"<= {GOAL}"
    return [
        ("schedule PDF / bare canvas, all strings of the page", ours / everything, goal),
        ("schedule PDF / bare canvas, changing strings only", ours / changing, goal),
    ]


def main() -> None:
    """Print speed, size and ratios."""
    (ours, everything, changing), pages, size = measure()
    print(f"{pages / ours:,.0f} pages/s, {size / pages / 1024:.2f} KB a page")
    print(f"against a bare canvas with all strings: {ours / everything:.2f} (goal ≤ {GOAL})")
    print(f"against a bare canvas, changing strings only: {ours / changing:.2f} (goal ≤ {GOAL})")


if __name__ == "__main__":
    main()
