"""Applications of the demo office, at every point of their way, by the program's own doors.

Each one is recorded, visited, recommended, sent and answered by the person whose step it is, on
the day on which it would have happened; some wait too long.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

from sqlalchemy.orm import Session

from wibawa.access.permissions import Role
from wibawa.applications import actions as applying
from wibawa.applications.actions import NewVisit
from wibawa.applications.checks import Wish, applicant_of
from wibawa.applications.moves import Author
from wibawa.applications.queries import Case, case
from wibawa.banks.models import Bank
from wibawa.banks.queries import bank_by_code, terms_on
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.borrowers.queries import borrower_facts
from wibawa.decisions import actions as answering
from wibawa.decisions.queries import reasons_on
from wibawa.demo_documents import ROOM, keep_papers, photos
from wibawa.home.queries import elsewhere
from wibawa.proposals.actions import send
from wibawa.rules.statuses import Action, State
from wibawa.web.clock import WIB

S = State
# State that is reached, and how many days ago each application of that state was recorded.
ROADS: tuple[tuple[State, tuple[int, ...]], ...] = (
    (S.APPROVED, (49, 47, 46, 45, 44)),
    (S.REFUSED_BY_BANK, (48, 43)),
    (S.REFUSED_BY_OFFICE, (30,)),
    (S.WITHDRAWN, (28,)),
    (S.SENT, (27, 26, 25, 24, 23, 22)),
    (S.RETURNED, (21, 15)),
    (S.RECOMMENDED, (19, 17, 16, 13)),
    (S.VISITED, (14, 12, 9)),
    (S.SUBMITTED, (20, 11, 4, 1)),
    (S.DRAFT, (18, 8, 2)),
)
SENT_AGO = {S.APPROVED: 28, S.REFUSED_BY_BANK: 28, S.SENT: 8}  # two batches for each bank
ANSWERED_AGO = 10
VISITED = frozenset(S) - {S.DRAFT, S.SUBMITTED, S.WITHDRAWN, S.RETURNED}
RECOMMENDED = frozenset({S.RECOMMENDED, *SENT_AGO})
COOPERATIVES = {1: 9058, 12: 9086}  # the how-manieth application → a number that makes one
PURPOSES = (
    "Menambah stok barang dagangan",
    "Membeli mesin jahit kedua",
    "Membeli oven dan bahan baku",
    "Memperbaiki tempat usaha",
    "Membeli etalase dan lemari pendingin",
    "Modal kerja menjelang hari raya",
)
NOTES = (
    "Usaha berjalan baik dan ramai; pembukuan sederhana tetapi lengkap.",
    "Tempat usaha milik sendiri, pelanggan tetap, persediaan cukup.",
    "Baru pindah tempat; penjualan mulai naik, catatan harian ada.",
)
WHY = {
    S.RETURNED: "Fotokopi kartu keluarga dan foto tempat usaha belum dilampirkan.",
    S.REFUSED_BY_OFFICE: "Pada kunjungan usahanya ternyata sudah tidak berjalan.",
    S.WITHDRAWN: "Pemohon sudah memperoleh modal dari keluarganya.",
}
LEFT_OUT = {S.RETURNED: ("family_card", "business_photo")}  # as its reason says
Maker = Callable[[int, dt.date], NewBorrower]


@dataclass(frozen=True)
class _Road:
    """One application: where it ends, the day it began, at which bank."""

    to: State
    began: dt.date
    bank: Bank


def add_applications(
    session: Session, random: Random, today: dt.date, people: Mapping[str, int], maker: Maker
) -> int:
    """Fill an office with applications, as of `today`; how many.

    `people` are user ids by name, `maker` gives the nth borrower.
    """
    banks = [bank_by_code(session, code) for code in ("JATENG", "PASAR")]
    ended: dict[int, _Road] = {}
    count = 0
    for state, ages in ROADS:
        for age in ages:
            bank = banks[count % 2]
            assert bank is not None
            road = _Road(state, _working(today - dt.timedelta(days=age)), bank)
            number = COOPERATIVES.get(count, 9101 + count + count // 13)
            ended[_prepare(session, random, road, people, maker(number, road.began))] = road
            count += 1
    for state in (S.APPROVED, S.SENT):
        _send_batches(session, ended, state, today, people)
    _answer(session, ended, today, people)
    return count


def _working(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def _author(people: Mapping[str, int], who: str, role: Role, day: dt.date, hour: int) -> Author:
    moment = dt.datetime(day.year, day.month, day.day, hour, 12, tzinfo=WIB)
    return Author(people[who], role, moment)


def _seen(session: Session, number: int) -> Case:
    found = case(session, number)
    assert found is not None
    return found


def _prepare(
    session: Session, random: Random, road: _Road, people: Mapping[str, int], new: NewBorrower
) -> int:
    """Everything that the office does before a bank is asked; the application's id."""
    clerk = partial(_author, people, "ani", Role.OFFICE_STAFF)
    begun = clerk(road.began, 9)
    borrower_id = add_borrowers(session, [new], begun.id, begun.now).ids[0]
    number = _record(session, random, road, begun, borrower_id)
    left_out = None if road.to is S.DRAFT else LEFT_OUT.get(road.to, ())
    keep_papers(session, _seen(session, number), begun, left_out)
    if road.to in VISITED:
        _visit(
            session, random, number, road, clerk(_working(road.began + dt.timedelta(days=5)), 14)
        )
    head = _author(people, "budi", Role.APPROVER, _working(road.began + dt.timedelta(days=8)), 10)
    if road.to in RECOMMENDED:
        shown = _seen(session, number).shown
        applying.recommend(session, number, shown=shown, author=head, elsewhere=elsewhere)
    elif road.to in WHY:
        actions = {S.RETURNED: Action.RETURN, S.REFUSED_BY_OFFICE: Action.REFUSE}
        by = clerk(_working(road.began + dt.timedelta(days=3)), 11)
        applying.end(
            session,
            number,
            shown=_seen(session, number).shown,
            author=head if road.to is S.REFUSED_BY_OFFICE else by,
            action=actions.get(road.to, Action.WITHDRAW),
            reason=WHY[road.to],
            elsewhere=elsewhere,
        )
    return number


def _record(session: Session, random: Random, road: _Road, author: Author, borrower_id: int) -> int:
    facts = borrower_facts(session, borrower_id)
    assert facts is not None
    amount = random.choice((3, 4, 5, 5, 5, 8, 10, 15)) * 1_000_000
    terms = terms_on(session, road.began)
    wish = Wish(
        applicant_of(facts),
        road.bank.id,
        amount,
        random.choice((12, 18, terms.months)),
        random.choice(PURPOSES),
        "BPKB sepeda motor tahun 2021" if amount > terms.collateral_free_limit else "",
        registered_id=borrower_id,
    )
    submitted = road.to is not S.DRAFT
    return applying.record(session, wish, None, author, elsewhere, submitted=submitted)


def _visit(session: Session, random: Random, number: int, road: _Road, author: Author) -> None:
    found = _seen(session, number)
    feasible = road.to is not S.REFUSED_BY_OFFICE
    first, second, third, fourth = (random.choice((2, 3, 3, 4)) if feasible else 1 for _ in "abcd")
    asked = found.facts.amount
    advised = (asked if random.random() < 0.6 else asked * 4 // 5) if feasible else 0
    notes = random.choice(NOTES) if feasible else "Tempat usaha kosong; tetangga membenarkan."
    seen = NewVisit(author.today, feasible, feasible, advised, first, second, third, fourth, notes)
    applying.visit(
        session, number, shown=found.shown, author=author, seen=seen,
        photos=photos(found) if feasible else (), room=ROOM,
    )  # fmt: skip


def _send_batches(
    session: Session,
    ended: Mapping[int, _Road],
    state: State,
    today: dt.date,
    people: Mapping[str, int],
) -> None:
    """One batch for each bank, of those that were sent on the same day as those of `state`."""
    ago = SENT_AGO[state]
    by = _author(people, "ani", Role.OFFICE_STAFF, _working(today - dt.timedelta(days=ago)), 15)
    ready = [number for number, road in ended.items() if SENT_AGO.get(road.to) == ago]
    for bank in {ended[number].bank.id: ended[number].bank for number in ready}.values():
        mine = [number for number in ready if ended[number].bank.id == bank.id]
        chosen = {number: _seen(session, number).facts.version for number in mine}
        send(session, bank, chosen, by)


def _answer(
    session: Session, ended: Mapping[int, _Road], today: dt.date, people: Mapping[str, int]
) -> None:
    """What the banks said; every third approval is for less."""
    officers = {"JATENG": "citra", "PASAR": "dewi"}
    day = _working(today - dt.timedelta(days=ANSWERED_AGO))
    reasons = [each for each in reasons_on(session, day) if not each.needs_text]
    for count, (number, road) in enumerate(ended.items()):
        if road.to not in (S.APPROVED, S.REFUSED_BY_BANK):
            continue
        by = _author(people, officers[road.bank.code], Role.BANK_OFFICER, day, 13)
        found = _seen(session, number)
        if road.to is S.APPROVED:
            less, asked = count % 3 == 1, found.facts.amount
            amount = asked // 4 * 3 if less else asked
            note = "Disesuaikan dengan omzet." if less else ""
            answering.approve(
                session, number, bank_id=road.bank.id, shown=found.shown, author=by,
                amount=amount, note=note,
            )  # fmt: skip
        else:
            answering.decline(
                session, number, bank_id=road.bank.id, shown=found.shown, author=by,
                reason=reasons[count % len(reasons)], explanation="",
            )  # fmt: skip
