"""What was decided about a loan, as papers in plain data: payoff offer, and minutes of a change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wibawa.changes.effect import effect_of
from wibawa.changes.kinds.kind import Kind
from wibawa.changes.queries import ChangeFacts
from wibawa.letters.documents import Facts, Grid, Heading, Letter, ListColumn, Signatory
from wibawa.loans.settlements import Quote
from wibawa.notices.letter import in_words
from wibawa.papers.queries import LoanView
from wibawa.rules.dates import long_date
from wibawa.rules.money import number, rupiah
from wibawa.web.clock import in_wib

PARTS = (ListColumn("Bagian", 44), ListColumn("Jumlah (Rp)", 16, right=True))
EFFECT = (ListColumn("Hal", 26), ListColumn("Sebelum", 30), ListColumn("Sesudah", 36))
TRUE = "Demikian berita acara ini dibuat dengan sebenarnya untuk dipergunakan sebagaimana mestinya."


@dataclass(frozen=True)
class Decided:
    """An approved request. `on`: the day that its paper speaks of; `roles`: user id → role;
    `quote`: the early settlement that an offer speaks of."""

    change: ChangeFacts
    on: dt.date
    roles: Mapping[int, str]
    kind: Kind[Any]
    quote: Quote | None = None


def offer_letter(heading: Heading, view: LoanView, decided: Decided, quote: Quote) -> Letter:
    """What is paid to end the loan early, what it consists of, what is waived, and how to pay."""
    facts, paid = view.facts, view.position.principal_paid + view.position.interest_paid
    owed, principal = quote.total - paid, facts.principal - view.position.principal_paid
    interest = owed - principal
    due = sum(row.interest for row in quote.plan.rows if row.due_on < decided.on)
    late = min(interest, max(0, due - view.position.interest_paid))
    waived = sum(row.interest for row in view.schedule.rows) - quote.plan.interest
    parts = [("Sisa pokok", number(principal))]
    if late:
        parts.append(("Bunga yang sudah jatuh tempo", number(late)))
    parts.append(("Bunga bulan berjalan", number(interest - late)))
    account = f" ke rekening nomor {facts.account_number}" if facts.account_number else ""
    until = long_date(quote.valid_until)
    return Letter(
        heading=heading,
        subject=f"Penawaran pelunasan pinjaman {facts.number}",
        recipient=(
            "Kepada",
            f"Yth. {facts.borrower}",
            facts.address,
            f"Kel. {facts.kelurahan}, Kec. {facts.kecamatan}",
            "di Semarang",
        ),
        body=(
            "Dengan hormat,",
            "Menjawab permintaan pelunasan dipercepat pinjaman Kredit Wibawa:",
            Facts(
                (
                    ("Nama", facts.borrower),
                    ("Nomor pinjaman", facts.number),
                    ("Nomor perjanjian", facts.agreement_number or "–"),
                    ("Bank dan rekening", f"{facts.bank}, {facts.account_number or '–'}"),
                    ("Dihitung untuk tanggal", long_date(decided.on)),
                    ("Berlaku sampai", until),
                )
            ),
            "pinjaman tersebut lunas dengan membayar:",
            Grid(PARTS, tuple(parts), ("Yang dibayar untuk lunas", number(owed))),
            f"Jumlahnya {in_words(owed)}. Bunga sisa jadwal sebesar {rupiah(waived)} dibebaskan.",
            f"Setorkan sekaligus{account} di {facts.bank} paling lambat {until}, dan simpan bukti "
            "setorannya. Pembayaran yang masuk sesudah tanggal surat ini mengurangi jumlah "
            "tersebut. Lewat tanggal itu penawaran ini gugur dan jumlahnya dihitung lagi.",
            "Atas perhatian Saudara, kami ucapkan terima kasih.",
        ),
    )


def minutes_letter(heading: Heading, view: LoanView, decided: Decided) -> Letter:
    """Who asked for a change of a loan, who approved it and why, and before → after as shown."""
    facts, change = view.facts, decided.change
    effect = effect_of(change.result["effect"])
    asker = decided.roles[change.entered_by_id]
    decider = decided.roles[change.decided_by_id or 0]
    rows = tuple(
        (fact.what, fact.before or "–", fact.after if fact.changed else "tetap")
        for fact in effect.facts
    )
    told = (
        ("Perubahan", decided.kind.label),
        ("Nomor permintaan", str(change.id)),
        ("Nama", facts.borrower),
        ("Nomor pinjaman", f"{facts.number}, perjanjian {facts.agreement_number or '–'}"),
        ("Bank penyalur", facts.bank),
        *decided.kind.said(change.data),
        ("Alasan", change.reason),
        ("Diajukan oleh", f"{change.entered_by}, {asker}, {_day(change.entered_at)}"),
        ("Disetujui oleh", f"{change.decided_by}, {decider}, {_day(change.decided_at)}"),
    )
    return Letter(
        heading=heading,
        subject=f"{decided.kind.label} {facts.number}",
        recipient=(),
        body=(
            "Perubahan pinjaman Kredit Wibawa berikut ini telah diajukan dan disetujui:",
            Facts(told),
            "Keadaan pinjaman sebelum dan sesudah perubahan, seperti saat diputuskan:",
            Grid(EFFECT, rows),
            *effect.notes,
            TRUE,
        ),
        name="Berita Acara",
        signatories=(
            Signatory("Yang mengajukan", change.entered_by, rank=asker),
            Signatory("Yang menyetujui", change.decided_by or "", rank=decider),
            Signatory("Mengetahui", rank=f"Petugas {facts.bank}"),
        ),
    )


def _day(moment: dt.datetime | None) -> str:
    assert moment is not None, "a decided request has its days"
    return long_date(in_wib(moment).date())
