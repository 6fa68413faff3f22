"""The list of late loans: its figures, its filters, and promises that passed unkept on top."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from wibawa.arrears.actions import assign_officer, strike_contact
from wibawa.arrears.lists import ArrearsFilter, late_lines
from wibawa.arrears.queries import unkept_count
from wibawa.banks.queries import thresholds_on
from wibawa.database import db
from wibawa.loans.queries import ledger, loan_facts, schedule_on
from wibawa.rules.arrears import PromiseState, promise_state
from wibawa.rules.facts import BankKind
from wibawa.rules.position import position
from wibawa.web.clock import now, today
from wibawa.web.pages import Wanted

SignIn = Callable[[str], factories.Client]
MONTH = 220_833  # of Rp5.000.000, flat, 3 % a year, 24 months: 208.333 + 12.500
ONE_DAY = dt.timedelta(days=1)


loans = prepared(factories.two_banks)


def _promise(
    app: Flask, people: dict[str, int], loan: int, amount: int, on: dt.date, until: dt.date
) -> int:
    bank = factories.PASAR if loan != 1 else factories.JATENG
    return factories.saved(
        app,
        lambda s: factories.contact(
            s, loan, bank, people["staff"], on=on, amount=amount, until=until
        ),
    )


def _order(client: factories.Client, asked: str = "") -> list[int]:
    text = client.get(f"/tunggakan/ekspor.csv{asked}").get_data(as_text=True)
    return [int(line.split(";")[0].removeprefix("KW-")) for line in text.splitlines()[1:]]


def test_only_late_loans_stand_in_the_list_with_their_sums(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get("/tunggakan").get_data(as_text=True)
    assert "Siti Aminah" in page
    assert "Rahayu Lestari" in page
    assert "Joko Susilo" not in page
    assert "Jumlah 2 pinjaman dari 2 peminjam" in page
    assert ">24<" in page  # days from 31 October to 24 November
    assert ">220.833<" in page


def test_figures_are_those_of_the_rule_of_positions(
    app: Flask, loans: dict[str, int], people: dict[str, int]
) -> None:
    with app.app_context():
        session, day = db.session(), today()
        classes = thresholds_on(session, day)
        page, totals = late_lines(
            session, day, classes, ArrearsFilter(), Wanted(1, 50, "janji", False)
        )
        assert [line.id for line in page.rows] == [loans["jateng"], loans["pasar_late"]]
        for line in page.rows:
            facts, plan = loan_facts(session, line.id), schedule_on(session, line.id, day)
            assert facts is not None
            assert plan is not None
            applied = sum(entry.applied for entry in ledger(session, line.id))
            kind = BankKind(facts.bank_kind)
            told = position(facts.principal, plan.rows, applied, day, classes[kind])
            assert line.arrears == told.arrears
            assert line.outstanding == told.outstanding_principal
            assert line.days_past_due == told.days_past_due
            assert line.collectibility == told.collectibility
        assert totals.arrears == sum(line.arrears for line in page.rows)
        assert totals.outstanding == sum(line.outstanding for line in page.rows)


def test_a_promise_that_passed_unkept_comes_to_the_top_and_leaves_it_when_kept(
    app: Flask,
    loans: dict[str, int],
    people: dict[str, int],
    sign_in: SignIn,
    clock: time_machine.Traveller,
) -> None:
    """Promised on 10 November until the 24th: on that day there is still time, on the 25th not."""
    late = loans["pasar_late"]
    _promise(app, people, late, MONTH, dt.date(2026, 11, 10), dt.date(2026, 11, 24))
    client = sign_in("staff")
    assert _order(client) == [loans["jateng"], late]
    assert "Ditunggu" in client.get("/tunggakan").get_data(as_text=True)
    clock.move_to(dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC))
    client = sign_in("staff")
    assert _order(client) == [late, loans["jateng"]]
    assert _order(client, "?janji=lewat") == [late]
    assert "janji pembayaran yang lewat" in client.get("/").get_data(as_text=True)
    by, second = people["staff"], people["approver"]
    paid = dt.date(2026, 11, 24)
    short = MONTH - 1
    factories.saved(app, lambda s: factories.payment(s, late, short, paid, by, second))
    assert _order(client, "?janji=lewat") == [late]
    factories.saved(app, lambda s: factories.payment(s, late, 1, paid, by, second))
    assert _order(client, "?janji=lewat") == []


def test_money_that_was_reversed_keeps_no_promise(
    app: Flask, loans: dict[str, int], people: dict[str, int], sign_in: SignIn
) -> None:
    late, by, second = loans["pasar_late"], people["staff"], people["approver"]
    day = dt.date(2026, 11, 12)
    _promise(app, people, late, 100_000, dt.date(2026, 11, 10), dt.date(2026, 11, 15))
    paid = factories.saved(app, lambda s: factories.payment(s, late, 100_000, day, by, second))
    client = sign_in("staff")
    assert _order(client, "?janji=lewat") == []
    factories.saved(app, lambda s: factories.reversal(s, late, paid, today(), by, second))
    assert _order(client, "?janji=lewat") == [late]


def test_a_loan_that_was_written_off_is_followed_here_no_more(
    app: Flask, loans: dict[str, int], people: dict[str, int], sign_in: SignIn
) -> None:
    given_up, by, second = loans["jateng"], people["staff"], people["approver"]
    _promise(app, people, given_up, 100_000, dt.date(2026, 11, 1), dt.date(2026, 11, 5))
    client = sign_in("staff")
    assert _order(client) == [given_up, loans["pasar_late"]]
    assert "<strong>1</strong> janji pembayaran" in client.get("/").get_data(as_text=True)
    undo = factories.saved(
        app, lambda s: factories.write_off(s, given_up, 5_000_000, today(), by, second)
    )
    assert _order(client) == [loans["pasar_late"]]
    assert "janji pembayaran yang lewat" not in client.get("/").get_data(as_text=True)
    factories.saved(app, lambda s: factories.reversal(s, given_up, undo, today(), by, second))
    assert _order(client) == [given_up, loans["pasar_late"]]


def test_a_struck_promise_no_longer_counts(
    app: Flask, loans: dict[str, int], people: dict[str, int], sign_in: SignIn
) -> None:
    late = loans["pasar_late"]
    note = _promise(app, people, late, 100_000, dt.date(2026, 11, 10), dt.date(2026, 11, 15))
    client = sign_in("staff")
    assert _order(client, "?janji=lewat") == [late]
    factories.saved(
        app, lambda s: strike_contact(s, late, note, "Salah pinjaman", people["staff"], now())
    )
    assert _order(client, "?janji=lewat") == []
    assert "Belum ada" in client.get("/tunggakan").get_data(as_text=True)


FILTERS: dict[str, set[int]] = {
    "": {1, 3},
    "bank=PASAR": {3},
    "bank=JATENG": {1},
    "dari=24": {1, 3},
    "dari=25": {1},
    "sampai=24": {3},
    "sampai=23": set(),
    "dari=24&sampai=24": {3},
    "kol=5": {1},
    "kol=2": set(),
    "petugas=tanpa": {1},
    "janji=lewat": set(),
    "janji=ditunggu": {1},
    "kecamatan=0": {1, 3},
    "bank=ADA&kol=9&janji=x&dari=-1&hal=99&urut=drop&petugas=x": {1, 3},
}


def test_each_filter_keeps_the_right_loans_on_screen_and_in_the_export(
    app: Flask, loans: dict[str, int], people: dict[str, int], sign_in: SignIn
) -> None:
    by = people["staff"]
    _promise(app, people, loans["jateng"], 1_000, dt.date(2026, 11, 20), dt.date(2026, 12, 1))
    factories.saved(
        app, lambda s: assign_officer(s, loans["pasar_late"], factories.PASAR, by, 0, by, now())
    )
    client = sign_in("staff")
    for filters, numbers in {**FILTERS, f"petugas={by}": {3}}.items():
        assert set(_order(client, f"?{filters}")) == numbers, filters
        page = client.get(f"/tunggakan?{filters}").get_data(as_text=True)
        assert {n for n in (1, 2, 3) if f">KW-{n:06d}</a>" in page} == numbers, filters


def test_every_order_has_all_late_loans_once(loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("staff")
    for sort in ("janji", "nomor", "nama", "bank", "kecamatan", "tunggakan", "hari", "kontak"):
        there, back = _order(client, f"?urut={sort}"), _order(client, f"?urut=-{sort}")
        assert sorted(there) == sorted(back) == [1, 3], sort
    assert _order(client, "?urut=hari") == [3, 1]
    assert _order(client, "?urut=-hari") == [1, 3]
    assert _order(client, "?urut=-tunggakan") == [1, 3]


def test_a_bank_officer_sees_the_own_bank_and_leadership_no_names(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    assert _order(sign_in("pasar"), "?bank=JATENG") == [loans["pasar_late"]]
    assert "Siti" not in sign_in("pasar").get("/tunggakan?bank=JATENG").get_data(as_text=True)
    client = sign_in("leader")
    for address in ("/tunggakan", "/tunggakan/ekspor.csv"):
        text = client.get(address).get_data(as_text=True)
        assert "Disamarkan" in text
        assert "Siti" not in text
        assert "Rahayu" not in text


@dataclass
class Told:
    """A loan's last promise and its money, as the test knows them apart from the database."""

    made: dt.date
    until: dt.date
    amount: int
    money: list[tuple[dt.date, int, bool]] = field(default_factory=list)  # day, amount, reversed

    def state(self, day: dt.date) -> PromiseState:
        got = sum(a for on, a, undone in self.money if self.made <= on <= self.until and not undone)
        return promise_state(self.amount, self.until, got, day)


def _drawn(session: Session, dice: random.Random, people: dict[str, int]) -> dict[int, Told]:
    by, second = people["staff"], people["approver"]
    drawn = {}
    for number in range(10, 60):
        loan = factories.loan(session, by, second, number=number, name=f"Peminjam {number}")
        made = today() - ONE_DAY * dice.randrange(0, 12)
        until = made + ONE_DAY * dice.randrange(0, 12)
        told = Told(made, until, dice.choice((1, 5_000, 10_000)))
        before = made - ONE_DAY * dice.randrange(3)  # an earlier promise no longer counts
        factories.contact(session, loan, 2, by, on=before, amount=900_000, until=made)
        factories.contact(session, loan, 2, by, on=made, amount=told.amount, until=until)
        factories.contact(session, loan, 2, by, on=today())
        for _ in range(dice.randrange(4)):
            on = min(made + ONE_DAY * dice.randrange(-2, 14), today())
            amount, undone = dice.choice((1, 4_999, 5_000, 10_000)), dice.random() < 0.3
            paid = factories.payment(session, loan, amount, on, by, second)
            if undone:
                factories.reversal(session, loan, paid, today(), by, second)
            told.money.append((on, amount, undone))
        drawn[loan] = told
    return drawn


def test_unkept_is_exactly_its_definition_for_any_promises_and_money(
    app: Flask, people: dict[str, int]
) -> None:
    known = factories.saved(app, lambda s: _drawn(s, random.Random(1), people))
    with app.app_context():
        session = db.session()
        for day in (today(), today() + ONE_DAY, today() + 9 * ONE_DAY):
            classes, asked = thresholds_on(session, day), Wanted(1, 500, "janji", False)
            page, totals = late_lines(session, day, classes, ArrearsFilter(), asked)
            assert {line.id for line in page.rows} == set(known)  # nobody paid all that is due
            for line in page.rows:
                assert line.promise is not None
                assert line.promise.state(day) == known[line.id].state(day), line.id
            unkept = {loan for loan in known if known[loan].state(day) is PromiseState.UNKEPT}
            assert {line.id for line in page.rows[: len(unkept)]} == unkept
            assert totals.unkept == len(unkept)
            assert session.scalar(select(unkept_count(day))) == len(unkept)


def test_the_number_of_queries_does_not_grow_with_the_list(
    app: Flask, loans: dict[str, int], people: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    client.get("/tunggakan")
    with factories.counted_queries(app) as few:
        client.get("/tunggakan")
    factories.saved(app, lambda s: _drawn(s, random.Random(7), people))
    with factories.counted_queries(app) as many:
        client.get("/tunggakan")
    assert len(many) == len(few)


def test_an_export_stands_in_the_trail(loans: dict[str, int], sign_in: SignIn) -> None:
    sign_in("staff").get("/tunggakan/ekspor.xlsx")
    assert "Mengekspor daftar" in sign_in("auditor").get("/jejak").get_data(as_text=True)
