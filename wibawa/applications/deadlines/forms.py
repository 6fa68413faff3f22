from __future__ import annotations

import datetime as dt

from wtforms import HiddenField, IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from wibawa.applications.deadlines.queries import LIMITED, Deadlines
from wibawa.rules.statuses import STATE_WORDS, State
from wibawa.web.fields import DayField, Form

MOST_DAYS = 365
NEXT = {
    State.DRAFT: "Petugas dinas melengkapi, lalu mengajukan.",
    State.SUBMITTED: "Petugas dinas mengunjungi usahanya.",
    State.VISITED: "Kepala bidang merekomendasikan, mengembalikan, atau menolak.",
    State.RECOMMENDED: "Petugas dinas mengirim usulan ke bank.",
    State.SENT: "Bank menjawab.",
    State.APPROVED: "Bank mencairkan.",
    State.RETURNED: "Pemohon melengkapi, petugas dinas mengajukan lagi.",
}


def _days(state: State) -> IntegerField:
    rules = [Optional(), NumberRange(1, MOST_DAYS, f"Antara 1 dan {MOST_DAYS} hari.")]
    return IntegerField(STATE_WORDS[state], rules, description=NEXT[state])


class DeadlinesForm(Form):
    """Days for each state; an empty field means that there is no deadline."""

    shown = HiddenField()
    valid_from = DayField(
        "Berlaku mulai",
        [InputRequired()],
        description="Hari ini atau sesudahnya. Batas waktu yang sudah diberikan tidak berubah.",
    )
    draft = _days(State.DRAFT)
    submitted = _days(State.SUBMITTED)
    visited = _days(State.VISITED)
    recommended = _days(State.RECOMMENDED)
    sent = _days(State.SENT)
    approved = _days(State.APPROVED)
    returned = _days(State.RETURNED)

    @property
    def start(self) -> dt.date:
        """The first day, from a form without faults."""
        day = self.valid_from.data
        assert isinstance(day, dt.date)
        return day

    @property
    def days(self) -> dict[State, int | None]:
        """What was typed, from a form without faults."""
        return {state: self[state.value].data for state in LIMITED}


def form_data(newest: Deadlines) -> dict[str, object]:
    """What the form begins with."""
    return {state.value: days for state, days in newest.days.items()} | {"shown": str(newest.id)}
