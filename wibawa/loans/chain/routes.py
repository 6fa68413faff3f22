from __future__ import annotations

from flask import Response, render_template, request, url_for

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.banks.queries import all_banks
from wibawa.changes.queries import KIND_WORDS
from wibawa.database import db
from wibawa.loans.chain import lists
from wibawa.loans.chain.lines import DISBURSEMENT, REQUEST, UPLOAD
from wibawa.loans.chain.lists import LinkFilter, LinkLine
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

KINDS = {"berkas": UPLOAD, "permintaan": REQUEST, "pencairan": DISBURSEMENT}
LABELS = {UPLOAD: "Berkas", REQUEST: "Permintaan", DISBURSEMENT: "Pencairan"}
HEADINGS = (
    "Bank", "Nomor", "Jenis", "Tentang", "Baris", "Jumlah (Rp)", "Waktu (WIB)", "Sidik",
)  # fmt: skip


def _asked() -> tuple[LinkFilter, Wanted, dict[str, str]]:
    """The filter and the order of the list, from the address, and what is filtered in words."""
    banks = {bank.code: bank for bank in all_banks(db.session())}
    bank = banks.get(request.args.get("bank", ""))
    kind = KINDS.get(request.args.get("jenis", ""), "")
    said = {"bank": bank.name} if bank else {}
    if kind:
        said["jenis"] = LABELS[kind]
    order = wanted(request.args.to_dict(), lists.SORTS, "-waktu")
    return LinkFilter(bank.id if bank else None, kind), order, said


def _about(line: LinkLine) -> str:
    """What a link is about, in words."""
    if line.request_kind is not None:
        return f"{KIND_WORDS[line.request_kind]} (permintaan nomor {line.subject_id})"
    return line.filename or line.loan or str(line.subject_id)


def _url(line: LinkLine) -> str | None:
    """The page of what a link is about, when there is one and this person may open it."""
    number, sees = line.subject_id, me().may
    if line.kind == UPLOAD:
        if line.file_kind == "portfolio" or not sees(Permission.SEE_UPLOADS):
            return None
        return url_for(f"{line.file_kind}.check_upload", upload_id=number)
    if not sees(Permission.SEE_LOANS):
        return None
    if line.kind == REQUEST:
        return url_for("changes.change", change_id=number)
    return url_for("loans.loan", loan_id=number)


@needs(Permission.SEE_TRAIL)
def chain_list() -> str:
    asked_for, order, said = _asked()
    banks = all_banks(db.session())
    return render_template(
        "loans/chain_list.html",
        heads=lists.heads(db.session()),
        page=lists.link_lines(db.session(), asked_for, order),
        order=order,
        banks=[("", "Semua bank"), *((bank.code, bank.name) for bank in banks)],
        kinds=[("", "Semua jenis"), *((word, LABELS[kind]) for word, kind in KINDS.items())],
        labels=LABELS,
        about=_about,
        url=_url,
        kept={key: request.args.get(key) for key in ("bank", "jenis")},
        chips=[{"label": label, "remove_url": without(key)} for key, label in said.items()],
        sees_money=me().may(Permission.SEE_LOANS),
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_TRAIL)
def export_chain(kind: str) -> Response:
    asked_for, order, said = _asked()
    lines = lists.all_link_lines(db.session(), asked_for, order)
    notes = [
        "Saringan: " + (", ".join(said.values()) or "semua mata rantai"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_apart(clock.now(), me().id, "list_exported", "chain_list", None)
    sees = me().may(Permission.SEE_LOANS)
    rows = [
        (line.bank, line.number, LABELS[line.kind], _about(line), line.rows,
         line.total if sees else None, moment(line.made_at), line.hash)
        for line in lines
    ]  # fmt: skip
    name = f"rantai-{clock.today().isoformat()}"
    return list_file(kind, name, "Rantai pembukuan", HEADINGS, rows, notes)


URLS = (
    ("/rantai", chain_list),
    ("/rantai/ekspor.<any(xlsx, csv):kind>", export_chain),
)
