"""Many people write at once: `python -m tests.trouble.writers URL WRITERS ROUNDS [REST UNTIL]`.

Each writer is a process with an application, a bank's officer, a clerk and an approver of its own;
between two deeds they rest REST seconds on average, and when the file UNTIL is there they go home.
Prints one JSON object: what everybody was answered, and what they believe to have done.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from tests.trouble.office import (
    Answer,
    Person,
    agreed,
    app_of,
    asked,
    at_noon,
    booked,
    file_of,
    in_processes,
    say,
    sent,
    sequence_of,
)

ROWS = 36
SAME, SAME_TOTAL = file_of("SAMA", ROWS)


@dataclass(frozen=True)
class Pace:
    rounds: int
    rest: float = 0.0
    until: Path | None = None

    def goes_on(self, dice: random.Random) -> bool:
        """Rest, and look whether it is time to go home."""
        time.sleep(dice.uniform(0, 2 * self.rest))
        return self.until is None or not self.until.exists()


class Writer:
    def __init__(self, number: int, pace: Pace, app: Flask, answers: list[Answer]) -> None:
        self.number, self.pace = number, pace
        self.officer = Person(app, "pasar", answers)
        self.clerk = Person(app, "staff" if number % 2 else "staff2", answers)
        self.head = Person(app, "approver", answers)
        self.did = dict.fromkeys(("files", "received", "failed", "payments", "undone", "back"), 0)

    def work(self) -> dict[str, int]:
        dice = random.Random(self.number)
        deeds: tuple[Callable[[int], None], ...] = (self.other_file, self.same_file, self.by_hand)
        for turn in range(self.pace.rounds):
            for deed in deeds:
                if not self.pace.goes_on(dice):
                    return self.did
                deed(turn)
        return self.did

    def other_file(self, turn: int) -> None:
        """A file for the loans that everybody pays into, with references of its own; every third
        one is undone again as a whole."""
        content, total = file_of(f"W{self.number:02d}R{turn:02d}N", ROWS)
        address = sent(self.officer, content)
        if not (address and booked(self.clerk, address)):
            self.did["failed"] += 1
            return
        self.did["files"] += 1
        self.did["received"] += total
        if (self.number + turn) % 3 == 2:
            change = asked(self.clerk, f"{address}/batalkan-berkas")
            if change and agreed(self.head, change):
                self.did["back"] += 1
                self.did["received"] -= total
            else:
                self.did["failed"] += 1

    def same_file(self, turn: int) -> None:
        address = sent(self.officer, SAME)
        if not (address and booked(self.clerk, address)):
            self.did["failed"] += 1

    def by_hand(self, turn: int) -> None:
        """A payment reported by phone for one of three loans; every second one is undone again.

        Only one request about a loan can wait: a page says so, and the writer goes on."""
        loan, amount = turn % 3 + 1, 10_000 + 100 * self.number + turn
        change = asked(
            self.clerk, f"/pinjaman/{loan}/ubah/pembayaran", paid_on="10/11/2026",
            amount=str(amount), penalty="0", reference=f"H{self.number:02d}{turn:02d}",
            source="Rina, telepon",
        )  # fmt: skip
        if not (change and agreed(self.head, change)):
            return
        self.did["payments"] += 1
        self.did["received"] += amount
        if (self.number + turn) % 2:
            page = self.clerk.get(f"/pinjaman/{loan}")
            sequence = sequence_of(page, f"H{self.number:02d}{turn:02d}")
            undo = asked(self.clerk, f"/pinjaman/{loan}/ubah/batalkan-entri", entry=sequence, on="")
            if undo and agreed(self.head, undo):
                self.did["undone"] += 1
                self.did["received"] -= amount


def main(url: str, writers: int, pace: Pace) -> None:
    """The first one writes alone: what he compiled, the others need not."""
    app, answers = app_of(url), list[Answer]()
    with at_noon():
        did = Counter(Writer(0, Pace(1), app, answers).work())
        others, sums = in_processes(
            app, writers, lambda number, app, kept: Writer(number + 1, pace, app, kept).work()
        )
    did.update(sums)
    counted = [[*answer, count] for answer, count in Counter(answers + others).items()]
    say({"answers": counted, "did": did, "same": SAME_TOTAL})


if __name__ == "__main__":
    rounds, *rest = sys.argv[3:]
    more = (float(rest[0]), Path(rest[1])) if rest else ()
    main(sys.argv[1], int(sys.argv[2]), Pace(int(rounds), *more))
