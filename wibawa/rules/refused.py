"""How a rule says no: a value with a stable code and an Indonesian sentence.

`Refused` is raised by actions and shown by the web layer as a sentence; `Problem` is returned, many
at once, by readers and checks.
"""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """An action that the rules do not allow; `sentence` is Indonesian, for a clerk's eyes."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


SAME_PERSON = "same_person"


def by_same_person(sentence: str) -> Refused:
    """Somebody tried to decide on the own thing: the one way to say so, for the try is recorded."""
    return Refused(SAME_PERSON, sentence)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong (or worth knowing) at one place of a file.

    `row` is the row number as Excel shows it, 0 when the whole file is meant. `column` is the
    heading as the file writes it, "" for the whole row. `found` is what stands there, as text.
    `message` is one Indonesian sentence: what was found and what is needed. `blocking` is False
    for notices.
    """

    row: int
    column: str
    code: str
    found: str
    message: str
    blocking: bool = True
