"""Which worker runs which tests, when several run side by side (`pytest -n`).

A worker takes a whole module: what its tests need is then filled, compiled and read once, not by
every worker. All journeys go to one worker, from the start: a browser keeps its test waiting, and
the others use the processors meanwhile. Whatever takes long begins early, else the last worker
would run alone at the end.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# They look at the books of tests/reports, which take long to feed, once for each engine.
WITH_BOOKS = {f"reports/test_{name}.py" for name in ("answers", "drill_down", "indicators")}
# What takes long for so few tests.
EARLY = (
    "journeys",
    "books on PostgreSQL",
    "books on SQLite",
    "commands/test_commands.py",
    "house/test_access.py",
    "house/test_hostile_text.py",
    "trouble/test_killed.py",
    "trouble/test_many_writers.py",
    "reports/test_zones.py",
    "changes/test_lives.py",
    "database/test_schema.py",
    "keeping/test_change_of_key.py",
    "keeping/test_while_writing.py",
    "keeping/test_backup.py",
    "jobs/test_killed.py",
    "loans/test_positions.py",
    "loans/test_no_rupiah_is_lost.py",
    "arrears/test_arrears_list.py",
    "arrears/test_reminder_list.py",
    "house/test_no_nik_anywhere.py",
    "house/test_another_bank.py",
    "borrowers/test_no_nik.py",
    "merging/test_moving.py",
    "repayments/test_large_file_crash.py",
    "repayments/test_same_ledger.py",
    "uploads/test_hostile_through_the_web.py",
    "access/test_guessing.py",
    "reports/test_query_count.py",
)


def together(nodeid: str) -> str:
    """The name of those that one worker runs, of which this test is one."""
    module = nodeid.partition("::")[0].removeprefix("tests/")
    if module.startswith("journeys/"):
        return "journeys"
    if module in WITH_BOOKS:
        return "books on PostgreSQL" if "[postgresql" in nodeid else "books on SQLite"
    return module


class Together(LoadScopeScheduling):
    """What stands in EARLY goes first, in its order; then the modules with most tests."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        places = {name: place for place, name in enumerate(EARLY)}
        next_one = min(self.workqueue, key=lambda name: places.get(name, len(EARLY)))
        self.workqueue.move_to_end(next_one, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    return Together(config, log)
