"""Recording, changing and moving applications: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import seal
from wibawa.access.sealed import Placed, place_of
from wibawa.applications.checks import Wish, stops_draft
from wibawa.applications.deadlines.queries import deadlines_on
from wibawa.applications.models import Application, ApplicationDraft, SiteVisit
from wibawa.applications.moves import (
    Author,
    Known,
    Step,
    advance_all,
    one_at_a_time,
    write_down,
)
from wibawa.applications.queries import (
    ApplicationFacts,
    Case,
    Elsewhere,
    MoveFacts,
    application_facts,
    case,
    examine,
    same_borrower,
)
from wibawa.banks.models import Bank
from wibawa.banks.queries import terms_on
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.borrowers.models import Borrower
from wibawa.database import allocate_ids
from wibawa.rules.eligibility import Verdict, WaitingDisbursement
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import ACTION_WORDS, REASON_LENGTH, STATE_WORDS, Action, State, move
from wibawa.scans.actions import Keeper, keep_photos
from wibawa.scans.queries import Owner
from wibawa.scans.reader import Scan
from wibawa.web.formats import moment

MOST_TOLD = 10
DRAFT_PLACE = "application_drafts.body"


class NotEligible(Refused):
    """The rules of eligibility stand in the way; `verdict` says which and at which field."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("not_eligible", " ".join(each.message for each in verdict.blocks))
        self.verdict = verdict


@dataclass(frozen=True)
class NewVisit:
    visited_on: dt.date
    feasible: bool
    bankable: bool
    recommended_amount: int
    score_business: int
    score_character: int
    score_capacity: int
    score_market: int
    notes: str


def record(
    session: Session,
    wish: Wish,
    borrower: NewBorrower | None,
    author: Author,
    elsewhere: Elsewhere,
    *,
    submitted: bool,
) -> int:
    """Keep an application as a draft, or submit it at once; its id.

    A draft may have obstacles, unless they keep the borrower out of the register. Raises
    `NotEligible` with every obstacle, `Refused` when the borrower has an open application.
    """
    one_at_a_time(session)
    verdict = examine(session, wish, author.today, elsewhere)
    if verdict.blocks and (submitted or stops_draft(wish, verdict)):
        raise NotEligible(verdict)
    borrower_id = wish.registered_id
    if borrower_id is None:
        same = same_borrower(session, wish)
        assert borrower is not None
        borrower_id = (
            same.id if same else add_borrowers(session, [borrower], author.id, author.now).ids[0]
        )
    number = _insert(session, wish, borrower_id, author)
    facts = application_facts(session, number)
    assert facts is not None
    write_down(session, [Step(facts, Action.RECORD, State.DRAFT)], author)
    _trail(session, facts, Action.RECORD, author)
    if submitted:
        to = move(facts.state, Action.SUBMIT, author.role, person=author.id, authors={})
        advance(session, facts, Action.SUBMIT, to, author, submitted_by=author.id)
    return number


def _insert(session: Session, wish: Wish, borrower_id: int, author: Author) -> int:
    number = allocate_ids(session, "applications", 1)[0]
    try:
        session.execute(
            insert(Application).values(
                id=number,
                number=f"PM-{number:06d}",
                borrower_id=borrower_id,
                terms_id=terms_on(session, author.today).id,
                state=State.DRAFT.value,
                state_since=author.now,
                due_on=deadlines_on(session, author.today).due_on(State.DRAFT, author.today),
                version=1,
                created_by=author.id,
                created_at=author.now,
                **_wished(wish),
            )
        )
    except IntegrityError as error:
        raise Refused(
            "application_open",
            "Peminjam ini baru saja mendapat permohonan lain yang masih terbuka. Cari lewat daftar "
            "permohonan.",
        ) from error
    return number


def _wished(wish: Wish) -> dict[str, Any]:
    return {
        "bank_id": wish.bank_id,
        "amount": wish.amount,
        "months": wish.months,
        "purpose": wish.purpose,
        "collateral": wish.collateral,
    }


def revise(
    session: Session, application_id: int, *, shown: str, author: Author, wish: Wish
) -> None:
    """Change a draft or a returned application; what changed stays in its history."""
    found, to = to_move(session, application_id, Action.REVISE, shown, author)
    pairs = _changes(session, found.facts, wish)
    reason, most = trail.changes(pairs), REASON_LENGTH[1]
    if reason:
        reason = reason if len(reason) <= most else reason[: most - 1] + "…"
        columns = _wished(wish) | {"terms_id": terms_on(session, author.today).id}
        told = trail.changes(pairs, private=("Tujuan", "Agunan"))
        advance(session, found.facts, Action.REVISE, to, author, reason, told=told, **columns)


def _changes(session: Session, facts: ApplicationFacts, wish: Wish) -> list[tuple[str, str, str]]:
    bank = session.get(Bank, wish.bank_id)
    assert bank is not None
    assert wish.amount is not None
    return [
        ("Bank", facts.bank, bank.name),
        ("Jumlah", rupiah(facts.amount), rupiah(wish.amount)),
        ("Jangka waktu", f"{facts.months} bulan", f"{wish.months} bulan"),
        ("Tujuan", facts.purpose, wish.purpose),
        ("Agunan", facts.collateral, wish.collateral),
    ]


def submit(
    session: Session, application_id: int, *, shown: str, author: Author, elsewhere: Elsewhere
) -> None:
    """Submit a draft or a completed one. Raises `NotEligible` with every obstacle of today."""
    found, to = to_move(session, application_id, Action.SUBMIT, shown, author)
    _stop_when_blocked(session, found, author, elsewhere)
    terms_id = terms_on(session, author.today).id
    columns: dict[str, Any] = {"submitted_by": author.id, "terms_id": terms_id}
    advance(session, found.facts, Action.SUBMIT, to, author, **columns)


def visit(
    session: Session,
    application_id: int,
    *,
    shown: str,
    author: Author,
    seen: NewVisit,
    photos: Sequence[Scan] = (),
    room: int = 0,
) -> None:
    """Keep what was seen and photographed at the business; the application waits for the
    recommendation then. `room`: how many bytes of scans one application may hold."""
    found, to = to_move(session, application_id, Action.VISIT, shown, author)
    advance(session, found.facts, Action.VISIT, to, author, visited_by=author.id)
    number = len(found.visits) + 1
    session.add(
        SiteVisit(
            application_id=application_id,
            number=number,
            visitor_id=author.id,
            recorded_at=author.now,
            **vars(seen) | {"notes": Placed(seen.notes, application_id, number)},
        )
    )
    session.flush()
    owner = Owner(None, application_id, number)
    keep_photos(session, owner, found.borrower.kind, photos, Keeper(author.id, author.now, room))


def recommend(
    session: Session, application_id: int, *, shown: str, author: Author, elsewhere: Elsewhere
) -> None:
    """Recommend to the bank, as a second person, what was visited and found feasible."""
    found, to = to_move(session, application_id, Action.RECOMMEND, shown, author)
    if not found.is_feasible:
        raise Refused(
            "not_feasible",
            "Kunjungan terakhir menyatakan usaha ini tidak layak; permohonan ini hanya dapat "
            "dikembalikan atau ditolak.",
        )
    _stop_when_blocked(session, found, author, elsewhere)
    advance(session, found.facts, Action.RECOMMEND, to, author, recommended_by=author.id)


def end(
    session: Session,
    application_id: int,
    *,
    shown: str,
    author: Author,
    action: Action,
    reason: str,
    elsewhere: Elsewhere,
) -> None:
    """Return, refuse or withdraw an application with a reason.

    Raises `Refused` as `to_move` does, and `disbursement_waiting`.
    """
    found, to = to_move(session, application_id, action, shown, author, reason)
    for _, other in elsewhere(session, [found.facts.borrower_id]):
        if isinstance(other, WaitingDisbursement) and other.application_id == application_id:
            raise Refused(
                "disbursement_waiting",
                f"Pencairan {rupiah(other.principal)} atas permohonan ini menunggu persetujuan. "
                "Mintalah kepala bidang menolak pencairan itu dahulu, lalu batalkan permohonannya.",
            )
    advance(session, found.facts, action, to, author, reason)


def to_move(
    session: Session,
    application_id: int,
    action: Action,
    shown: str,
    author: Author,
    reason: str = "",
) -> tuple[Case, State]:
    """The application as it is now and the state that this person may move it to, on what was
    shown."""
    one_at_a_time(session)
    found = case(session, application_id)
    if found is None:
        raise Refused("not_there", "Permohonan ini tidak ada. Cari lewat daftar permohonan.")
    try:
        to = move(
            found.facts.state,
            action,
            author.role,
            person=author.id,
            authors=found.authors,
            reason=reason,
        )
    except Refused as refused:
        if refused.code != "wrong_state":
            raise
        raise Refused(refused.code, f"{refused.sentence} {_last_said(found.moves)}") from refused
    if found.shown != shown:
        raise Refused(
            "changed",
            "Data permohonan ini berubah sejak ditampilkan. Periksa data yang sekarang tampil, "
            "lalu putuskan lagi.",
        )
    return found, to


def _last_said(moves: list[MoveFacts]) -> str:
    last = moves[-1]
    return f"Terakhir {ACTION_WORDS[last.action]} oleh {last.by} pada {moment(last.at)}."


def _stop_when_blocked(session: Session, found: Case, author: Author, elsewhere: Elsewhere) -> None:
    verdict = examine(session, found.wish, author.today, elsewhere, apart_from=found.facts.id)
    if verdict.blocks:
        raise NotEligible(verdict)


def advance(
    session: Session,
    facts: ApplicationFacts,
    action: Action,
    to: State,
    author: Author,
    reason: str = "",
    *,
    told: str = "",
    **columns: Any,
) -> None:
    """Make one move that `to_move` allowed: `advance_all` for one, with its line in the trail,
    which tells what else is another now.

    Whoever moves an application from a folder above goes through `to_move` and this.
    """
    advance_all(session, [Step(facts, action, to, reason, columns)], author)
    state = ("Keadaan", STATE_WORDS[facts.state], STATE_WORDS[to])
    _trail(session, facts, action, author, "; ".join(filter(None, (trail.changes([state]), told))))


def _trail(
    session: Session, facts: ApplicationFacts, action: Action, author: Author, told: str = ""
) -> None:
    detail = f"{facts.number}, {rupiah(facts.amount)}" + (f": {told}" if told else "")
    said = f"application_{action.value}"
    trail.record(session, author.now, author.id, said, "application", facts.id, detail)


def send_all(session: Session, bank_id: int, chosen: Mapping[int, int], author: Author) -> None:
    """Send recommended applications (id → version that was seen) to their bank, with a fixed
    number of queries.

    All or nothing. Raises `Refused` `not_recommended` that names each one that cannot go, or
    `wrong_role`.
    """
    one_at_a_time(session)
    found = session.execute(
        select(
            Application.id, Application.number, Borrower.name, Application.state,
            Application.version, Application.bank_id,
        )
        .join(Borrower, Borrower.id == Application.borrower_id)
        .where(Application.id.in_(chosen))
        .order_by(Application.id)
    ).all()  # fmt: skip
    lost = len(chosen) - len(found)
    against = [f"{lost} pilihan bukan permohonan yang terdaftar."] if lost else []
    steps = []
    for number, application, name, state, version, bank in found:
        if bank != bank_id:
            against.append(f"{application} ({name}): diajukan untuk bank lain.")
            continue
        try:
            to = move(State(state), Action.SEND, author.role, person=author.id, authors={})
        except Refused as refused:
            if refused.code != "wrong_state":
                raise
            against.append(f"{application} ({name}): {STATE_WORDS[State(state)].lower()}.")
        else:
            seen = Known(number, bank_id, State(state), chosen[number])
            steps.append(Step(seen, Action.SEND, to))
            if version != chosen[number]:
                against.append(f"{application} ({name}): datanya berubah sejak ditampilkan.")
    if against:
        rest = len(against) - MOST_TOLD
        told = " ".join(against[:MOST_TOLD]) + (f" Masih ada {rest} lagi." if rest > 0 else "")
        raise Refused("not_recommended", f"Belum ada yang dikirim, karena: {told} Pilih lagi.")
    advance_all(session, steps, author)


def keep_draft(
    session: Session,
    draft_id: int | None,
    form: str,
    label: str,
    body: str,
    user_id: int,
    now: dt.datetime,
) -> int:
    """Keep an unfinished form, over what the same person kept under `draft_id`; its id. Of whom it
    tells, the trail does not say."""
    if draft_id is None:
        (number,) = allocate_ids(session, "application_drafts", 1)
        sealed = seal(body, place_of(DRAFT_PLACE, number))
        kept = ApplicationDraft(
            id=number, user_id=user_id, form=form, label=label, body=sealed, saved_at=now
        )
        session.add(kept)
        session.flush()
    else:
        number = draft_id
        sealed = seal(body, place_of(DRAFT_PLACE, number))
        session.execute(
            update(ApplicationDraft)
            .where(ApplicationDraft.id == number, ApplicationDraft.user_id == user_id)
            .values(label=label, body=sealed, saved_at=now)
        )
    trail.record(session, now, user_id, "draft_kept", "application_draft", number)
    return number


def drop_draft(
    session: Session, draft_id: int, user_id: int, now: dt.datetime, told: str = ""
) -> bool:
    """Throw an unfinished form of this person away; whether there was one. `told` says why, where
    it was not the person's own wish."""
    gone = session.execute(
        delete(ApplicationDraft).where(
            ApplicationDraft.id == draft_id, ApplicationDraft.user_id == user_id
        )
    )
    found = bool(gone.rowcount)  # type: ignore[attr-defined]
    if found:
        trail.record(session, now, user_id, "draft_dropped", "application_draft", draft_id, told)
    return found
