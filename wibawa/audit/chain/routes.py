from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Response, abort, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart, record_export
from wibawa.audit.chain import lists
from wibawa.audit.chain.lists import LinkFilter, LinkLine
from wibawa.audit.places import own_address
from wibawa.banks.queries import all_banks
from wibawa.chains.export import exported
from wibawa.chains.office import ALONG, CODE
from wibawa.chains.office import links_with_lines as office_links
from wibawa.chains.proof import DECISIONS
from wibawa.changes.queries import KIND_WORDS
from wibawa.database import db
from wibawa.loans.chain.lines import DISBURSEMENT, REQUEST, UPLOAD
from wibawa.loans.chain.lines import links_with_lines as bank_links
from wibawa.rules.money import number
from wibawa.rules.reconciliation import Month
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import list_file
from wibawa.uploads.pages import download
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

VERIFIER = Path(__file__).parents[3] / "docs" / "verify_chain.py"
MOST_LINES = 200_000  # some 60 MB
LABELS = {UPLOAD: "Berkas", REQUEST: "Permintaan", DISBURSEMENT: "Pencairan"}
KINDS = {  # the word of the address → whether it is of the office's chain, and the kind
    "berkas": (False, UPLOAD),
    "permintaan": (False, REQUEST),
    "pencairan": (False, DISBURSEMENT),
    **{words.replace(" ", "-"): (True, kind) for kind, words in DECISIONS.items()},
}
PAGES = {
    "change": ("changes.change", "change_id"),
    "disbursement": ("disbursements.disbursement", "disbursement_id"),
    "terms": ("banks.terms_version", "terms_id"),
    "limits": ("banks.limits_version", "limits_id"),
    "definition": ("indicators.definition", "definition_id"),
    "merge": ("merging.merge", "merge_id"),
    "retention": ("privacy.retention_list", ""),
    "confirmation": ("banks.terms_list", ""),
    "pseudonym": ("privacy.retention_list", ""),
    **dict.fromkeys(ALONG, ("applications.application", "application_id")),
}  # of the office's chain; closings and years are named otherwise
HEADINGS = (
    "Rantai", "Nomor", "Jenis", "Tentang", "Baris", "Jumlah (Rp)", "Waktu (WIB)", "Sidik",
)  # fmt: skip


def _label(of_office: bool, kind: str) -> str:
    return DECISIONS[kind].capitalize() if of_office else LABELS[kind]


def _asked() -> tuple[LinkFilter, Wanted, dict[str, str]]:
    """The filter and the order of the list, from the address, and what is filtered in words."""
    banks = {bank.code: (bank.id, bank.name) for bank in all_banks(db.session())}
    banks[CODE] = (0, lists.OFFICE_NAME)
    bank_id, name = banks.get(request.args.get("bank", ""), (None, ""))
    of_office, kind = KINDS.get(request.args.get("jenis", ""), (False, ""))
    said = {"bank": name} if name else {}
    if kind:
        said["jenis"] = _label(of_office, kind)
    order = wanted(request.args.to_dict(), lists.SORTS, "-waktu")
    return LinkFilter(bank_id, kind, of_office), order, said


def _about(line: LinkLine) -> str:
    """What a link is about, in words."""
    if line.month is not None:
        return f"{line.of_bank} {Month.from_code(line.month).words}"
    if line.year is not None:
        return f"Tahun {line.year}"
    if line.request_kind is not None:
        return f"{KIND_WORDS[line.request_kind]} (permintaan nomor {line.subject_id})"
    if line.of_office and line.named is None:
        return f"{_label(True, line.kind)} nomor {line.subject_id}"
    return line.filename or line.named or str(line.subject_id)


def _place(line: LinkLine) -> tuple[str, dict[str, Any]] | None:
    """Endpoint and arguments of the page of what a link is about, when there is one."""
    number = line.subject_id
    if line.month is not None:
        text = Month.from_code(line.month).text
        return "reconciliation.month", {"code": line.of_bank, "text": text}
    if line.year is not None:
        return "indicators.lock", {"year": line.year}
    if line.of_office:
        endpoint, argument = PAGES[line.kind]
        return endpoint, {argument: number} if argument else {}
    if line.kind == UPLOAD:
        portfolio = line.file_kind == "portfolio"
        return None if portfolio else (f"{line.file_kind}.check_upload", {"upload_id": number})
    if line.kind == REQUEST:
        return "changes.change", {"change_id": number}
    return "loans.loan", {"loan_id": number}


def _url(line: LinkLine) -> str | None:
    """The page of what a link is about, when there is one and this person may open it."""
    place = _place(line)
    return None if place is None else own_address(*place)


@needs(Permission.SEE_TRAIL)
def chain_list() -> str:
    asked_for, order, said = _asked()
    banks = all_banks(db.session())
    return render_template(
        "audit/chain_list.html",
        heads=lists.heads(db.session()),
        page=lists.link_lines(db.session(), asked_for, order),
        order=order,
        banks=[
            ("", "Semua rantai"),
            *((bank.code, bank.name) for bank in banks),
            (CODE, lists.OFFICE_NAME),
        ],
        kinds=[("", "Semua jenis"), *((word, _label(*kind)) for word, kind in KINDS.items())],
        label=_label,
        about=_about,
        url=_url,
        kept={key: request.args.get(key) for key in ("bank", "jenis")},
        chips=[{"label": label, "remove_url": without(key)} for key, label in said.items()],
        may_export=me().may(Permission.EXPORT_CHAIN),
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
    record_export(clock.now(), me().id, "chain_list", None, kind, notes)
    sees = me().may(Permission.SEE_LOANS)
    rows = [
        (line.bank, line.number, _label(line.of_office, line.kind), _about(line), line.rows,
         line.total if sees else None, moment(line.made_at), line.hash)
        for line in lines
    ]  # fmt: skip
    name = f"rantai-{clock.today().isoformat()}"
    return list_file(kind, name, "Rantai pembukuan dan keputusan", HEADINGS, rows, notes)


@needs(Permission.EXPORT_CHAIN)
def chain_file(code: str) -> AnyResponse:
    """A whole chain with its lines, as `docs/verify_chain.py` reads it."""
    session = db.session()
    last = next((each for each in lists.heads(session) if each.code == code), None)
    if last is None:
        abort(404)
    if last.rows > MOST_LINES:
        raise Refused(
            "chain_too_long",
            f"Rantai ini berisi {number(last.rows)} baris, lebih banyak daripada yang dapat "
            f"diunduh di sini ({number(MOST_LINES)}). Minta berkasnya kepada pengelola peladen: "
            "wibawa chain export.",
        )
    bank = next((each.id for each in all_banks(session) if each.code == code), None)
    said = f"{code}, sampai nomor {last.number}"
    record_apart(clock.now(), me().id, "chain_exported", "chain_list", None, said)
    links = office_links(session) if bank is None else bank_links(session, bank)
    content = "".join(exported(links)).encode()
    return download(
        content, f"rantai-{code}-{clock.today().isoformat()}.jsonl", "application/jsonl"
    )


@needs(Permission.EXPORT_CHAIN)
def verifier() -> AnyResponse:
    """The program that proves it, to be read and run elsewhere."""
    return download(VERIFIER.read_bytes(), VERIFIER.name, "text/x-python; charset=utf-8")


URLS = (
    ("/rantai/<code>.jsonl", chain_file),
    ("/rantai/verify_chain.py", verifier),
    ("/rantai", chain_list),
    ("/rantai/ekspor.<any(xlsx, csv):kind>", export_chain),
)
