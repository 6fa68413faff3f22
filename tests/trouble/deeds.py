"""What the people of one desk do on a day at the office, each deed until it is done.

A deed's buttons are pressed by whoever may: the bank's officer, two clerks, the head, the
administrator. `did` counts what was acknowledged, so that the books can be compared with it.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from tests.applications.forms import MICRO, PERSON, VISIT, WISH
from tests.trouble.office import agreed, asked, file_of, form_at, hidden, sequence_of
from wibawa.web.clock import today

ROWS, MANY_ROWS = 12, 90
PATIENCE = 300.0  # seconds that a worker may take, the lease of one that was killed included
APPROVED = 4_000_000


class Browser(Protocol):
    """Somebody's, which sends a request again until it is answered."""

    def get(self, address: str) -> str: ...
    def post(self, address: str, /, **fields: str) -> str: ...
    def upload(self, address: str, content: bytes, **fields: str) -> str: ...


class Desk:
    def __init__(self, number: int, browser: Callable[[str], Browser], did: Counter[str]) -> None:
        self.number, self.did = number, did
        self.officer, self.admin = browser("pasar"), browser("admin")
        self.clerk, self.second, self.head = (
            browser("staff"),
            browser("staff2"),
            browser("approver"),
        )

    def work(self, turn: int) -> None:
        self.file(turn, ROWS)
        self.by_hand(turn)
        if turn % 3 == 0:
            self.loan(turn)
        if turn % 4 == 1:
            self.file(turn, MANY_ROWS)
        if turn % 8 == 0:
            self.backup()

    def file(self, turn: int, rows: int) -> str:
        """Sent by the bank, handed in, booked; a large one waits for the worker at each step. With
        what the references in it begin."""
        mark = f"D{self.number}R{rows}T{turn:04d}N"
        content, total = file_of(mark, rows)
        form = self.officer.get("/angsuran/berkas/baru")
        sent = self.officer.upload("/angsuran/berkas/baru", content, bank=hidden(form, "bank"))
        address = sent.partition("?")[0]
        if not re.fullmatch(r"/angsuran/berkas/\d+", address):  # it arrived, the answer did not
            found = re.search(r'href="(/angsuran/berkas/\d+)', address)
            assert found, address[:2000]
            address = found[1]
        self._pressed(self.officer, address, "ajukan")
        self._pressed(self.clerk, address, "bukukan")
        self.did["files"] += 1
        self.did["received"] += total
        return mark

    def _pressed(self, who: Browser, address: str, verb: str) -> None:
        """Press the file's button as often as the page offers it, until a worker is through."""
        pressed, end = False, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            page = who.get(address)
            offered = f"{address}/{verb}" in page
            if "data-job=" not in page and offered:
                who.post(f"{address}/{verb}", **form_at(page, f"{address}/{verb}"))
                pressed = True
            elif f"{address}/periksa-lagi" in page:  # a worker was killed three times with it
                who.post(f"{address}/periksa-lagi")
            elif "data-job=" not in page and pressed:
                return
            else:
                time.sleep(0.3)
        raise AssertionError(f"{verb} of {address} was never done: {page[-3000:]}")

    def by_hand(self, turn: int) -> None:
        """A payment reported by phone, for loans of this desk alone; every second one is undone."""
        loan, amount = 1 + self.number * 5 + turn % 5, 10_000 + turn
        reference = f"H{self.number}{turn:04d}"
        change = asked(
            self.clerk, f"/pinjaman/{loan}/ubah/pembayaran", paid_on="10/11/2026",
            amount=str(amount), penalty="0", reference=reference, source="Rina, telepon",
        )  # fmt: skip
        assert change, "nobody else asks about these loans"
        assert agreed(self.head, change), f"request {change}"
        self.did["payments"] += 1
        self.did["received"] += amount
        if turn % 2:
            sequence = sequence_of(self.clerk.get(f"/pinjaman/{loan}"), reference)
            undo = asked(self.clerk, f"/pinjaman/{loan}/ubah/batalkan-entri", entry=sequence, on="")
            assert undo, "nobody else asks about these loans"
            assert agreed(self.head, undo), f"request {undo}"
            self.did["undone"] += 1
            self.did["received"] -= amount

    def loan(self, turn: int) -> None:
        """Somebody comes to the counter, and goes with a loan and its printed schedule."""
        serial = 1000 + 4000 * self.number + turn
        person = PERSON | {"nik": f"337401480485{serial:04d}", "name": f"Peminjam Baru {serial}",
                           "phone": f"0813{serial:08d}"}  # fmt: skip
        now = f"{today():%d/%m/%Y}"
        form = hidden(self.clerk.get(MICRO), "request_key")
        number = _number(self.clerk.post(MICRO, **person, **WISH, request_key=form))
        place = f"/permohonan/{number}"
        visit = hidden(self.second.get(f"{place}/kunjungan"), "request_key")
        shown = hidden(self.second.get(f"{place}/kunjungan"), "shown")
        seen = VISIT | {"visited_on": now, "shown": shown, "request_key": visit}
        _led(self.second.post(f"{place}/kunjungan", **seen), place)
        verb = f"{place}/rekomendasikan"
        _led(self.head.post(verb, **form_at(self.head.get(place), verb)), place)
        ticks = self.clerk.get("/usulan/baru?bank=PASAR")
        tick = re.search(rf'name="pilih" value="({number}-\d+)"', ticks)
        assert tick, ticks[-3000:]
        _number(self.clerk.post("/usulan/kirim", bank_id=WISH["bank_id"], pilih=tick[1],
                                request_key=secrets.token_hex(16)))  # fmt: skip
        verb = f"{place}/keputusan/setujui"
        fields = form_at(self.officer.get(f"{place}/keputusan"), verb)
        _led(self.officer.post(verb, **fields, amount=str(APPROVED), note=""), place)
        form = f"/pencairan/baru?permohonan={number}"
        paid = _number(self.clerk.post(
            form, request_key=hidden(self.clerk.get(form), "request_key"), disbursed_on=now,
            account_number=f"07{serial:011d}", agreement_number=f"PK/{serial}/2026",
            principal=str(APPROVED), collateral="",
        ))  # fmt: skip
        verb = f"/pencairan/{paid}/setujui"
        fields = form_at(self.head.get(f"/pencairan/{paid}"), verb)
        loan = _number(self.head.post(verb, **fields))
        self.did["loans"] += 1
        self.did["lent"] += APPROVED
        page = self.clerk.get(f"/pinjaman/{loan}/cetak")
        verb = f"/pinjaman/{loan}/cetak/jadwal"
        self.clerk.post(verb, **form_at(page, verb))
        self.did["schedules"] += 1

    def backup(self) -> None:
        key = hidden(self.admin.get("/cadangan"), "request_key")
        led = self.admin.post("/cadangan/baru", request_key=key)
        self.did["backups"] += led.startswith("/pekerjaan/")


def _number(led: str) -> int:
    """That of the object to which a button led."""
    found = re.search(r"^/[\w/]+/(\d+)(\?|$)", led)
    assert found, led[-3000:]
    return int(found[1])


def _led(led: str, place: str) -> None:
    assert led.startswith(place), led[-3000:]
