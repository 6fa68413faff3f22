"""Saying which kinds of requests need a document: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.changes.kinds import ALL
from wibawa.changes.models import DocumentRule
from wibawa.changes.rules.queries import rule_history, rule_on
from wibawa.rules.dated import is_sent_twice, refuse_past
from wibawa.rules.dates import long_date
from wibawa.web.clock import in_wib


def change_rule(
    session: Session, start: dt.date, kinds: Collection[str], seen: int, by: int, now: dt.datetime
) -> bool:
    """Ask for a document with these kinds from a day on; False when nothing changes.

    `seen` is the newest entry that the form knew. Raises `Refused`: `starts_in_past`, `changed`.
    """
    wanted = frozenset(kinds)
    refuse_past(start, in_wib(now).date())
    newest = rule_history(session)[0]
    if is_sent_twice(
        seen, newest.id, (newest.kinds, newest.valid_from) == (wanted, start), "Aturan ini"
    ):
        return False
    before = rule_on(session, start).kinds
    if before == wanted:
        return False
    rule = DocumentRule(
        valid_from=start, kinds=" ".join(sorted(wanted)), entered_by=by, entered_at=now
    )
    session.add(rule)
    session.flush()
    told = trail.changes([("Wajib berdokumen", words_of(before), words_of(wanted))])
    detail = f"Mulai {long_date(start)}: {told}"
    trail.record(session, now, by, "document_rule_changed", "document_rule", rule.id, detail)
    return True


def words_of(kinds: Collection[str]) -> str:
    """The kinds by their names, in the order in which they are offered."""
    named = [kind.label.lower() for kind in ALL if kind.code in kinds]
    return ", ".join(named) if named else "tidak ada yang wajib"
