from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found
from wibawa.access.permissions import Permission
from wibawa.arrears.reminders import actions, queries
from wibawa.arrears.reminders.forms import ReminderDaysForm, chosen_from
from wibawa.arrears.reminders.letter import GRADES, reminder_letter
from wibawa.arrears.reminders.queries import DueLine
from wibawa.banks.queries import all_banks, thresholds_on
from wibawa.database import db
from wibawa.letters.documents import Heading, Letter
from wibawa.letters.queries import profile_on
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.web import clock
from wibawa.web.asked import asked_number

P = Permission
Answer = str | Response | tuple[str, int]


@needs(P.SEE_LETTERS)
def reminder_list() -> str:
    session, today = db.session(), clock.today()
    banks, classes = all_banks(session), thresholds_on(session, today)
    bank = next((each for each in banks if each.code == request.args.get("bank")), None)
    return render_template(
        "arrears/reminder_list.html",
        lines=queries.due_lines(session, today, classes, bank_id=bank.id if bank else None),
        count=queries.due_count(session, today, classes),
        chosen=chosen_from(request.args.getlist("pilih")),
        batches=queries.last_batches(session),
        steps=queries.steps_on(session, today),
        most=queries.MOST_AT_ONCE,
        most_batches=queries.MOST_BATCHES,
        today=today,
        bank=bank,
        banks=banks,
        grades=GRADES,
    )


@needs(P.ISSUE_LETTER)
def review_reminders() -> Answer:
    chosen = request.args.getlist("pilih")
    if not chosen_from(chosen):
        flash("Belum ada surat yang dipilih. Centang dahulu.", "warning")
        return redirect(url_for("arrears.reminder_list"))
    return _review(chosen)


def _review(chosen: list[str], said: str = "") -> str:
    """What would be issued today, with one of the letters in full."""
    session, today = db.session(), clock.today()
    wanted = chosen_from(chosen)
    lines = queries.due_lines(session, today, thresholds_on(session, today), only=wanted)
    shown = asked_number(request.args.get("lihat"), 1, 999_999)
    line = next((each for each in lines if each.id == shown), lines[0] if lines else None)
    return render_template(
        "arrears/review_reminders.html",
        lines=lines,
        line=line,
        letter=_draft(line) if line else None,
        missing=len(wanted) - len(lines),
        total=sum(each.arrears for each in lines),
        keys=[each.key for each in lines],
        today=today,
        grades=GRADES,
        loose=[(said, None)] if said else [],
        key=once.new_key(),
    )


def _draft(line: DueLine) -> Letter:
    """The letter as it would be issued today, without a number."""
    session, today = db.session(), clock.today()
    profile = profile_on(session, today)
    heading = Heading("", today, profile.place, profile.letterhead, profile.signatory)
    return reminder_letter(queries.reminded(session, [line], today)[line.id], heading)


@needs(P.ISSUE_LETTER)
def issue_reminders() -> Answer:
    session, now, chosen = db.session(), clock.now(), request.form.getlist("pilih")
    by = me().id

    def deed() -> int:
        return actions.issue_reminders(session, chosen_from(chosen), by, now)

    try:
        number, first = once.do_once(
            session, request.form, request.full_path, by, "issue_reminders", now, deed
        )
        session.commit()
    except Refused as refused:
        session.rollback()
        return _review(chosen, refused.sentence), 409
    said = "Surat diterbitkan dengan nomornya. Cetak, lalu minta tanda tangan."
    flash(said if first else "Surat ini sudah terbit sebelumnya.", "success")
    return redirect(url_for("arrears.reminder_batch", batch_id=number))


@needs(P.SEE_LETTERS)
def reminder_batch(batch_id: int) -> str:
    found = queries.batch(db.session(), batch_id) or not_found("reminder_batch", batch_id)
    return render_template(
        "arrears/reminder_batch.html",
        batch=found,
        rows=queries.reminders_of_batch(db.session(), batch_id),
        grades=GRADES,
    )


@needs(P.MANAGE_OFFICE)
def reminder_days() -> Answer:
    session, today = db.session(), clock.today()
    newest = queries.step_history(session)[0]
    start = max(today, newest.valid_from)
    given = newest.days | {"valid_from": start, "shown": str(newest.id)}
    form = ReminderDaysForm(data=given)
    if not form.validate_on_submit():
        return _days_page(form)
    start, seen = form.start, asked_number(form.shown.data, 0, 999_999) or 0
    try:
        changed = actions.change_steps(session, start, form.days, seen, me().id, clock.now())
    except Refused as refused:
        session.rollback()
        return _days_page(form, refused.sentence), 409
    session.commit()
    said = f"Hari surat peringatan disimpan, berlaku mulai {long_date(start)}."
    flash(said if changed else "Tidak ada yang berubah.", "success")
    return redirect(url_for("arrears.reminder_days"))


def _days_page(form: ReminderDaysForm, said: str | None = None) -> str:
    history = queries.step_history(db.session())
    form.shown.data, form.shown.raw_data = str(history[0].id), None
    return render_template(
        "arrears/reminder_days.html",
        form=form,
        loose=[(said, None)] if said else [],
        history=history,
        current=queries.steps_on(db.session(), clock.today()),
    )


URLS = (
    ("/tunggakan/surat", reminder_list, ["GET"]),
    ("/tunggakan/surat/periksa", review_reminders, ["GET"]),
    ("/tunggakan/surat/terbitkan", issue_reminders, ["POST"]),
    ("/tunggakan/surat/<int:batch_id>", reminder_batch, ["GET"]),
    ("/pengaturan/surat-peringatan", reminder_days, ["GET", "POST"]),
)
