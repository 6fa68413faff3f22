"""What was issued, drawn again from its kept document alone."""

from __future__ import annotations

from typing import Any

from wibawa.letters.documents import letter_from
from wibawa.printing.documents import schedule_from
from wibawa.printing.letterhead import Logos, no_logo
from wibawa.printing.letters import letter_pdf
from wibawa.printing.pdf import schedule_pdf


def paper_pdf(data: dict[str, Any], site: str, logos: Logos = no_logo) -> bytes:
    """The paper whose document is `data`, with the code that leads to its page at `site`.

    `logos` gives the picture that the document names. The same document and site always give the
    same bytes.
    """
    if "schedule" in data:
        return schedule_pdf(schedule_from(data["schedule"]), site, logos)
    return letter_pdf(letter_from(data["letter"]), site, logos)
