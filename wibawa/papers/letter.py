"""The papers of a loan as plain data: card, receipt, payoff statement. No NIK stands in them."""

from __future__ import annotations

from dataclasses import replace

from wibawa.letters.documents import Facts, Grid, Heading, Letter, ListColumn, Signatory
from wibawa.loans.queries import EntryLine
from wibawa.loans.statement import ENTRY_LABELS
from wibawa.notices.letter import in_words
from wibawa.papers.queries import LoanView
from wibawa.printing.documents import METHOD_LABELS
from wibawa.rules.dates import long_date, short_date
from wibawa.rules.facts import Method
from wibawa.rules.money import number, percent, rupiah
from wibawa.rules.pouring import Share

CARD = (
    ListColumn("No", 4, right=True),
    ListColumn("Tanggal", 10),
    ListColumn("Jatuh tempo", 10),
    ListColumn("Pokok (Rp)", 11, right=True),
    ListColumn("Bunga (Rp)", 9, right=True),
    ListColumn("Denda (Rp)", 9, right=True),
    ListColumn("Jumlah (Rp)", 11, right=True),
    ListColumn("Baki debet (Rp)", 12, right=True),
    ListColumn("Paraf", 9),
)
SPREAD = (
    ListColumn("Angsuran ke-", 9, right=True),
    ListColumn("Jatuh tempo", 16),
    ListColumn("Pokok (Rp)", 14, right=True),
    ListColumn("Bunga (Rp)", 12, right=True),
    ListColumn("Denda (Rp)", 12, right=True),
    ListColumn("Jumlah (Rp)", 14, right=True),
)
THANKS = "Demikian surat keterangan ini dibuat untuk dipergunakan sebagaimana mestinya."


def _by_clerk(heading: Heading, clerk: str) -> Heading:
    """A paper of every day is signed by who issued it."""
    return replace(heading, signatory=Signatory("Petugas", clerk))


def _amount(value: int) -> str:
    return number(value) if value else ""


def _paid(share: Share) -> tuple[str, ...]:
    due = short_date(share.due_on) if share.due_on else ""
    amounts = (share.principal, share.interest, share.penalty)
    shown = tuple(_amount(amount) for amount in amounts)
    no = str(share.number or "–")
    return (no, short_date(share.on), due, *shown, number(share.total), number(share.balance), "")


def card_letter(heading: Heading, view: LoanView, clerk: str) -> Letter:
    """A row for each part of each payment, then one for each installment that waits for money; an
    installment that is paid in part has its parts and waits too. The rest is written in by hand."""
    waiting = [row for row in view.schedule.rows if row.total]
    covered = view.position.principal_paid + view.position.interest_paid
    for row in list(waiting):
        if covered < row.total:
            break
        covered -= row.total
        waiting.remove(row)
    rows = [
        *(_paid(share) for share in view.shares),
        *((str(row.number), "", short_date(row.due_on), *[""] * 6) for row in waiting),
    ]
    sums = (
        sum(share.principal for share in view.shares),
        sum(share.interest for share in view.shares),
        sum(share.penalty for share in view.shares),
        sum(share.total for share in view.shares),
    )
    where = view.position
    late = f", lewat jatuh tempo {number(where.days_past_due)} hari" if where.days_past_due else ""
    said = (
        f"Sampai {long_date(view.on)}: baki debet {rupiah(where.outstanding_principal)}, tunggakan "
        f"{rupiah(where.arrears)}{late}. Baris tanpa jumlah diisi dan diparaf saat dibayar."
    )
    totals = ("", "Jumlah", "", *map(number, sums), number(where.outstanding_principal), "")
    return Letter(
        heading=_by_clerk(heading, clerk),
        subject=f"Kartu angsuran {view.facts.number}",
        recipient=(),
        body=(_loan(view), Grid(CARD, tuple(rows), totals), said),
        name="Kartu Angsuran",
    )


def _loan(view: LoanView) -> Facts:
    facts = view.facts
    place = f"{facts.address}, Kel. {facts.kelurahan}, Kec. {facts.kecamatan}"
    price = f"{percent(facts.rate)} per tahun, {METHOD_LABELS[Method(facts.method)]}"
    items = (
        ("Nama", facts.borrower),
        ("Nama usaha", facts.business_name or "–"),
        ("Alamat", place),
        ("Bank penyalur", facts.bank),
        ("Nomor rekening", facts.account_number or "–"),
        ("Nomor pinjaman", facts.number),
        ("Nomor perjanjian", facts.agreement_number or "–"),
        ("Plafon", rupiah(facts.principal)),
        ("Suku bunga", price),
        ("Jangka waktu", f"{facts.months} bulan sejak {long_date(facts.disbursed_on)}"),
    )
    return Facts(items, columns=2)


def receipt_letter(heading: Heading, view: LoanView, entry: EntryLine, clerk: str) -> Letter:
    """One entry of the journal: how much, where from, what it paid, and what was left."""
    shares = [share for share in view.shares if share.sequence == entry.sequence]
    rows = [(*_paid(share)[:1], *_spread(share)) for share in shares]
    source = "Dicatat langsung oleh dinas"
    if entry.filename:
        source = f"Berkas {entry.filename}, baris {number(entry.row_number or 0)}"
    paid = (
        ("Peminjam", view.facts.borrower),
        ("Pinjaman", f"{view.facts.number}, perjanjian {view.facts.agreement_number or '–'}"),
        ("Bank dan rekening", f"{view.facts.bank}, {view.facts.account_number or '–'}"),
        ("Jenis", ENTRY_LABELS[entry.kind]),
        ("Tanggal pembayaran", long_date(entry.effective_on)),
        ("Jumlah", in_words(entry.amount)),
        ("Nomor bukti bank", entry.bank_reference or "–"),
        ("Sumber", source),
        ("Dicatat", f"{long_date(entry.booked_on)}, entri nomor {entry.sequence}"),
    )
    sums = (
        sum(share.principal for share in shares),
        sum(share.interest for share in shares),
        sum(share.penalty for share in shares),
        sum(share.total for share in shares),
    )
    excess = sum(share.excess for share in shares)
    left = f"Baki debet sesudah pembayaran ini: {in_words(shares[-1].balance)}."
    if excess:
        left += f" Yang melebihi seluruh angsuran: {rupiah(excess)}."
    return Letter(
        heading=_by_clerk(heading, clerk),
        subject=f"Bukti pencatatan pembayaran {view.facts.number}",
        recipient=(),
        body=(
            "Pembayaran berikut telah dicatat dalam buku pinjaman Kredit Wibawa:",
            Facts(paid),
            "Pembayaran tersebut menutup:",
            Grid(SPREAD, tuple(rows), ("", "Jumlah", *map(number, sums))),
            left,
        ),
        name="Bukti Pencatatan Pembayaran",
    )


def _spread(share: Share) -> tuple[str, ...]:
    due = long_date(share.due_on) if share.due_on else "di luar angsuran"
    parts = (share.principal, share.interest, share.penalty)
    return (due, *(_amount(part) for part in parts), number(share.total))


def payoff_letter(heading: Heading, view: LoanView) -> Letter:
    """That nothing is owed any more; the head of the office signs it."""
    facts, where = view.facts, view.position
    return Letter(
        heading=heading,
        subject=f"Keterangan lunas {facts.number}",
        recipient=(),
        body=(
            f"{heading.signatory.role} menerangkan bahwa pinjaman Kredit Wibawa berikut ini:",
            Facts(
                (
                    ("Nama", facts.borrower),
                    ("Nama usaha", facts.business_name or "–"),
                    ("Alamat", f"{facts.address}, Kel. {facts.kelurahan}, Kec. {facts.kecamatan}"),
                    ("Nomor pinjaman", facts.number),
                    ("Nomor perjanjian", facts.agreement_number or "–"),
                    ("Bank penyalur", facts.bank),
                    ("Plafon", in_words(facts.principal)),
                    ("Tanggal pencairan", long_date(facts.disbursed_on)),
                    ("Pokok yang dibayar", rupiah(where.principal_paid)),
                    ("Bunga yang dibayar", rupiah(where.interest_paid)),
                )
            ),
            f"telah dibayar lunas pada {long_date(view.last_paid_on)}. Menurut buku kami tidak ada "
            "lagi pokok maupun bunga yang harus dibayar. Bila ada agunan, pengambilannya diurus di "
            f"{facts.bank} dengan menunjukkan surat ini.",
            THANKS,
        ),
        name="Surat Keterangan Lunas",
    )
