"""What a deed costs, so that a test holds on a busy machine too."""

from __future__ import annotations

import os


def processor_seconds() -> float:
    """Processor time of this process and of its children that have ended, user and system."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
