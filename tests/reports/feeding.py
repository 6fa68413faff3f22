"""The oracle's world put into the books through the program's own actions, day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.reports.oracle import LAST, Borrower, Step, Titipan, World
from wibawa.banks.models import Bank, BankQuota
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.changes import actions as changing
from wibawa.changes.actions import Wish
from wibawa.changes.kinds import KINDS
from wibawa.changes.queries import change_facts
from wibawa.indicators.definitions import actions as defining
from wibawa.indicators.definitions.queries import definition
from wibawa.indicators.inputs.actions import Said, write_down
from wibawa.indicators.inputs.queries import input_now
from wibawa.indicators.queries import indicator_of
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.loans.models import SuspenseEntry
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.rules.facts import BorrowerKind, Method, Terms
from wibawa.rules.indicators import Kinds, Rule, Unit
from wibawa.web.clock import now, today

BANK_IDS = {"JATENG": factories.JATENG, "PASAR": factories.PASAR}
HEADS = {
    "JATENG": "No Rekening;Nama;Tanggal Bayar;Jumlah;Denda;No Referensi",
    "PASAR": "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;Denda;No Bukti",
}


@dataclass
class Feeder:
    """Feeds a world; `loans` says which loan of the books is which of the oracle."""

    session: Session
    people: dict[str, int]
    world: World
    clock: time_machine.Traveller
    loans: dict[int, int] = field(default_factory=dict)
    borrowers: dict[int, int] = field(default_factory=dict)

    def feed(self, at_month_end: Callable[[dt.date], None] = lambda day: None) -> None:
        """All steps in the order of booking; `at_month_end` is called on the last day of each
        month, when nothing of the days after it is booked yet."""
        self._go_to(self.world.steps[0].booked)
        self._register()
        for place, step in enumerate(self.world.steps):
            self._go_to(step.booked)
            self._do(step)
            following = self.world.steps[place + 1 :]
            until = following[0].booked if following else LAST + dt.timedelta(days=1)
            for day in _month_ends(step.booked, until):
                self._go_to(day)
                at_month_end(day)
        self._go_to(LAST)

    def _go_to(self, day: dt.date) -> None:
        """10.00 WIB of a day."""
        self.clock.move_to(dt.datetime.combine(day, dt.time(3), dt.UTC))

    def _register(self) -> None:
        made = add_borrowers(
            self.session,
            [_new(each) for each in self.world.borrowers],
            self.people["staff"],
            now(),
        )
        self.borrowers = {
            each.key: number for each, number in zip(self.world.borrowers, made.ids, strict=True)
        }
        for bank, year, amount in self.world.quotas:
            self.session.add(
                BankQuota(bank_id=BANK_IDS[bank], year=year, sequence=1, amount=amount,
                          source="SK", entered_by=self.people["approver"], entered_at=now())
            )  # fmt: skip

    def _do(self, step: Step) -> None:
        if step.kind == "lend":
            self._lend(step.data["loan"])
        elif step.kind == "file":
            self._file(step.data["bank"], step.data["rows"])
        elif step.kind == "input":
            self._input(**step.data)
        elif step.kind == "define":
            self._define(step.data["since"])
        else:
            self._ask(step.kind, dict(step.data))
        self.session.flush()

    def _lend(self, key: int) -> None:
        loan = self.world.loans[key - 1]
        new = NewLoan(
            bank_id=BANK_IDS[loan.bank],
            borrower_id=self.borrowers[loan.borrower.key],
            account_number=loan.account,
            agreement_number=f"PK/{key:04d}",
            terms=Terms(loan.principal, 300, loan.months, Method(loan.method), loan.lent_on),
            opened_on=loan.opened_on,
            opening=loan.opening,
        )
        author = Author(self.people["staff"], self.people["approver"], now())
        self.loans[key] = open_loans(self.session, [new], author)[0]
        factories.link_loan(self.session, self.loans[key])

    def _file(self, bank: str, rows: list[tuple[Any, ...]]) -> None:
        lines = [
            f"'{account};;{day:%d-%m-%Y};{amount};{penalty};{reference}"
            for _, account, day, amount, penalty, reference in rows
        ]
        content = "\n".join([HEADS[bank], *lines, ""]).encode()
        author = Author(self.people[bank.lower()], self.people["staff"], now())
        outcome, upload = import_at_once(
            self.session, self.session.get_one(Bank, BANK_IDS[bank]), content,
            f"angsuran_{bank.lower()}_{today():%Y-%m-%d}.csv", author,
            Options(suspend_unknown=True),
        )  # fmt: skip
        assert upload is not None, outcome and outcome.checked.problems

    def _input(self, of: str, name: str, year: int, count: int) -> None:
        before = input_now(self.session, of, name, year)
        said = Said(of, name, year, count, None, None, None, None, "Surat dinas", "",
                    "Ekspor ulang" if before else "")  # fmt: skip
        write_down(self.session, said, before.version if before else 0, self.people["staff"], now())

    def _define(self, since: int) -> None:
        """Access to finance, as two persons settle it."""
        one = indicator_of(self.session, "akses-pembiayaan")
        assert one is not None
        wish = defining.Wish(
            since, Rule.RUNNING, Unit.PEOPLE, Kinds.MICRO, True, "SI-UMI", "Usaha mikro berjalan",
            "Makin besar makin baik", "Berjalan dan program lain dibagi SI-UMI", "Pembukuan",
            "31 Desember", "Bidang Usaha Mikro", "Belum ada definisi",
        )  # fmt: skip
        number = defining.propose(self.session, one, wish, self.people["staff"], now())
        version = definition(self.session, number)
        assert version is not None
        seen = defining.shown(self.session, version)
        defining.approve(self.session, number, seen, self.people["approver"], now())

    def _ask(self, code: str, data: dict[str, Any]) -> None:
        subject = self.loans.get(data.pop("loan", 0), 0)
        if "titipan" in data:
            subject = self._titipan(self.world.titipan[data.pop("titipan") - 1])
        if "loan_key" in data:
            data["loan"] = self.world.loans[data.pop("loan_key") - 1].account
        kind = KINDS[code]
        case = kind.find(self.session, subject, today())
        assert kind.why_not(case) is None, (code, kind.why_not(case))
        shown = kind.effect(self.session, case, data).fingerprint
        wish = Wish(data, "Menurut rencana", shown)
        number = changing.ask(self.session, kind, subject, wish, self.people["staff"], now())
        facts = change_facts(self.session, number)
        assert facts is not None
        effect: Any = changing.effect_now(self.session, kind, facts, today())
        changing.approve(self.session, number, effect.fingerprint, self.people["approver"], now())

    def _titipan(self, wanted: Titipan) -> int:
        found = self.session.scalars(
            select(SuspenseEntry.id).where(
                SuspenseEntry.bank_id == BANK_IDS[wanted.bank],
                SuspenseEntry.account_text == wanted.account,
                SuspenseEntry.amount == wanted.amount,
                SuspenseEntry.effective_on == wanted.on,
            )
        ).one()
        return int(found)


def _month_ends(since: dt.date, until: dt.date) -> list[dt.date]:
    """Last days of months from one day to before another."""
    days = (since + dt.timedelta(days=n) for n in range((until - since).days))
    return [day for day in days if (day + dt.timedelta(days=1)).day == 1]


def _new(borrower: Borrower) -> NewBorrower:
    cooperative = borrower.kind == "cooperative"
    name = f"Koperasi Maju {borrower.key}" if cooperative else f"Peminjam {borrower.key}"
    return NewBorrower(
        kind=BorrowerKind(borrower.kind),
        name=name,
        nik=borrower.nik,
        sex=borrower.sex,
        birth_date=borrower.birth,
        kelurahan_code=borrower.place,
        business_name=f"Usaha {borrower.key}",
        sector=borrower.sector,
        business_started_on=dt.date(2015, 1, 1),
        address="Jl. Pemuda No. 1",
        phone=f"0812{borrower.key:08d}",
        cooperative_number=f"3374{borrower.key:06d}" if cooperative else None,
        chair_name=f"Ketua {borrower.key}" if cooperative else "",
        members_male=12 if cooperative else None,
        members_female=20 if cooperative else None,
    )
