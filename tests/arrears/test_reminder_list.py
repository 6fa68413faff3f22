"""Who is due which reminder today: a grade follows the former one, never twice for the same
arrears."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from wibawa.arrears.models import Reminder
from wibawa.arrears.reminders.queries import due_count, due_lines
from wibawa.banks.queries import thresholds_on
from wibawa.letters.actions import withdraw
from wibawa.rules.arrears import ReminderSteps, due_grade
from wibawa.rules.facts import Method, Terms
from wibawa.rules.position import position
from wibawa.rules.schedule import schedule
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]
DAY = 86_400


def due(session: Session) -> dict[int, int]:
    """Loan → grade that is due today."""
    session.rollback()
    lines = due_lines(session, today(), thresholds_on(session, today()))
    found = {line.id: line.grade for line in lines}
    assert due_count(session, today(), thresholds_on(session, today())) == len(found)
    return found


def test_the_grades_follow_each_other_with_the_days_between(
    session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    """The first installment of a loan of 24 October is due on 24 November."""
    by = people["staff"]
    made = factories.loan(session, by, people["approver"], disbursed_on=dt.date(2026, 10, 24))
    session.commit()
    seen: dict[int, int] = {}
    for day in range(90):
        for loan_id, grade in due(session).items():
            assert loan_id == made
            seen[grade] = day
            factories.reminders(session, by, made)
            session.commit()
            assert due(session) == {}, "not twice"
        clock.shift(DAY)
    assert seen == {1: 7, 2: 30, 3: 60}


def test_a_first_letter_that_comes_late_is_still_of_grade_1(
    session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    by = people["staff"]
    made = factories.loan(session, by, people["approver"])
    session.commit()
    seen: list[tuple[int, int]] = []
    for day in range(40):
        for grade in due(session).values():
            seen.append((day, grade))
            factories.reminders(session, by, made)
            session.commit()
        clock.shift(DAY)
    assert seen == [(0, 1), (14, 2), (28, 3)]


def test_part_of_the_arrears_paid_leaves_the_letter_before_all_of_it_begins_anew(
    session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    by, second = people["staff"], people["approver"]
    part, whole = (factories.loan(session, by, second, number=n) for n in (1, 2))
    for loan_id in (part, whole):
        factories.payment(session, loan_id, 6 * 220_833, dt.date(2026, 8, 1), by, second)
    factories.reminders(session, by, part, whole)
    clock.shift(DAY)
    # 31 August, 30 September and 31 October are open; one of them, or all, are paid
    factories.payment(session, part, 220_833, today(), by, second)
    factories.payment(session, whole, 3 * 220_833, today(), by, second)
    session.commit()
    clock.shift(20 * DAY)  # 15 December: November's installment of both is late
    assert due(session) == {part: 2, whole: 1}


def test_a_letter_that_was_withdrawn_does_not_count(
    session: Session, people: dict[str, int]
) -> None:
    made = factories.loan(session, people["staff"], people["approver"])
    factories.reminders(session, people["staff"], made)
    session.commit()
    assert due(session) == {}
    paper = session.scalar(select(Reminder.paper_id))
    assert paper is not None
    withdraw(session, paper, "Salah alamat", people["staff"], now())
    session.commit()
    assert due(session) == {made: 1}


def test_the_query_says_what_the_rule_says_for_any_loan_and_letters(
    session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    dice, by, steps = random.Random(3), people["staff"], ReminderSteps(7, 30, 60, 14)
    terms, told = {}, {}
    for number in range(1, 31):
        disbursed = dt.date(2026, 1, 1) + dice.randrange(280) * dt.timedelta(days=1)
        made = factories.loan(session, by, people["approver"], number=number,
                              disbursed_on=disbursed)  # fmt: skip
        terms[made] = Terms(5_000_000, 300, 24, Method.FLAT, disbursed)
        told[made] = (0, [])
    session.commit()
    grades = set()
    for _ in range(12):
        clock.shift(dice.randrange(3, 12) * DAY)
        wanted, on = {}, today()
        for made, (paid, letters) in told.items():
            where = position(5_000_000, schedule(terms[made]), paid, on, (0, 90, 120, 180))
            since = where.oldest_uncovered_due_on
            about = [(grade, day) for grade, day in letters if since and day > since]
            last = max(about) if about else (None, None)
            waited = (on - last[1]).days if last[1] else None
            grade = due_grade(where.days_past_due, last[0], waited, steps)
            if where.arrears and grade:
                wanted[made] = grade
        assert due(session) == wanted
        grades |= set(wanted.values())
        sent = [made for made in wanted if dice.random() < 0.7]
        if sent:
            factories.reminders(session, by, *sent)
        for made in sent:
            told[made][1].append((wanted[made], on))
        for made in told:
            if dice.random() < 0.25:
                amount = dice.randrange(1, 5) * 220_833
                factories.payment(session, made, amount, on, by, people["approver"])
                told[made] = (told[made][0] + amount, told[made][1])
        session.commit()
    assert grades == {1, 2, 3}


def test_the_page_offers_what_is_due_and_the_first_page_counts_it(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    factories.two_banks(app, people)
    client = sign_in("staff")
    page = text_of(client, "/tunggakan/surat")
    for said in ("KW-000001", "KW-000003", "Peringatan 1", "Jumlah 2 surat", "220.833"):
        assert said in page, said
    assert page.count("checked") == 2, "all are chosen"
    assert "KW-000003" not in text_of(client, "/tunggakan/surat?bank=JATENG")
    link = '<a href="/tunggakan/surat"><strong>2</strong> surat peringatan yang perlu dikirim'
    assert link in text_of(client, "/")
    assert "surat peringatan yang perlu" not in text_of(sign_in("approver"), "/").lower()
    assert 'type="checkbox"' not in text_of(sign_in("auditor"), "/tunggakan/surat")
    assert sign_in("pasar").get("/tunggakan/surat").status_code == 403
    assert sign_in("leader").get("/tunggakan/surat").status_code == 403
