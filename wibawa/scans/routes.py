from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found, takes_files, takes_photos
from wibawa.access.permissions import Permission
from wibawa.access.personal_data import WrongKey
from wibawa.access.trail import record_apart
from wibawa.applications.queries import standings, visits_of
from wibawa.borrowers.queries import borrower_facts
from wibawa.changes import queries as changes
from wibawa.database import db
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import OPEN
from wibawa.scans import actions, queries
from wibawa.scans.actions import Keeper
from wibawa.scans.forms import OpenForm, PhotosForm, ScanForm, WithdrawForm, scan_limits
from wibawa.scans.queries import DocumentFacts, KindFacts, Owner, papers_of_application
from wibawa.scans.reader import PDF, Scan, read_scan
from wibawa.web import clock

pages = Blueprint("scans", __name__)

P = Permission
# Chrome 109 shows no PDF in a sandbox; a picture it does. Neither may load or send anything.
PICTURE_POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox; "
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; "
NO_FRAME = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
OVER = "Permohonan {number} sudah selesai; dokumennya tidak dapat ditambah atau ditarik lagi."
DECIDED = (
    "Permintaan nomor {number} sudah diputuskan; dokumennya tidak dapat ditambah atau ditarik lagi."
)
Answer = str | AnyResponse | tuple[str, int]


@dataclass(frozen=True)
class Place:
    """Where a document is kept from: the page of a borrower, of an open application, or of a
    request that waits for its decision. `kinds`: what may be kept there."""

    owner: Owner
    borrower_id: int | None
    borrower_kind: str
    name: str
    label: str
    url: str
    kinds: Sequence[KindFacts]

    def owner_of(self, kind: KindFacts) -> Owner:
        """Whose document of this kind is: a KTP is the borrower's, wherever it is kept from."""
        return Owner(borrower_id=self.borrower_id) if kind.of_borrower else self.owner

    def hold(self) -> None:
        """Stop when the request was decided meanwhile; one that waits is held until the end."""
        waits = changes.hold_waiting
        if self.owner.request_id is not None and not waits(db.session(), self.owner.request_id):
            raise Refused("closed", DECIDED.format(number=self.owner.request_id))


@dataclass(frozen=True)
class Opened:
    """A document that this person may know of, and whose it is: `of` in words, `back` its page.

    `work`: what she works on for it, an open application or a request that waits; without one, what
    shows a NIK is opened for a reason only. `over`: when nothing can be withdrawn any more.
    """

    facts: DocumentFacts
    name: str
    of: str
    back: tuple[str, str]
    work: str | None
    over: bool

    @property
    def is_free(self) -> bool:
        """Whether it is opened without a reason that somebody types."""
        return not self.facts.kind.shows_nik or self.work is not None


def _place(owner: Owner) -> Place:
    if owner.request_id is not None:
        return _place_of_request(owner)
    session, borrower_id, label = db.session(), owner.borrower_id, "Data peminjam"
    if owner.application_id is not None:
        found = next(iter(standings(session, application_id=owner.application_id)), None)
        if found is None:
            not_found("application", owner.application_id)
        if found.state not in OPEN:
            raise Refused("closed", OVER.format(number=found.number))
        borrower_id, label = found.holder.borrower_id, found.number
        url = _application_url(owner.application_id)
    assert borrower_id is not None
    borrower = borrower_facts(session, borrower_id) or not_found("borrower", borrower_id)
    kinds = queries.kinds_on(session, borrower.kind, clock.today())
    if owner.application_id is None:
        owner, url = Owner(borrower_id=borrower.id), _borrower_url(borrower.id)
        kinds = [each for each in kinds if each.of_borrower]
    return Place(owner, borrower.id, borrower.kind, borrower.name, label, url, kinds)


def _place_of_request(owner: Owner) -> Place:
    session, request_id = db.session(), owner.request_id or 0
    facts = changes.change_facts(session, request_id) or not_found("loan_request", request_id)
    if facts.status != "recorded":
        raise Refused("closed", DECIDED.format(number=facts.id))
    kinds = queries.kinds_of_requests(session, clock.today())
    label = f"Permintaan nomor {facts.id}"
    return Place(owner, None, "any", facts.subject, label, _request_url(facts.id), kinds)


def _application_url(application_id: int) -> str:
    return url_for("applications.application", application_id=application_id, _anchor="dokumen")


def _borrower_url(borrower_id: int) -> str:
    return url_for("borrowers.borrower", borrower_id=borrower_id, _anchor="dokumen")


def _request_url(request_id: int) -> str:
    return url_for("changes.change", change_id=request_id, _anchor="dokumen")


def _kind(kind_id: int, place: Place) -> KindFacts:
    """A kind that can be kept from this page today."""
    found = next((kind for kind in place.kinds if kind.id == kind_id), None)
    return found or not_found("document_kind", kind_id)


@takes_files
@needs(P.KEEP_DOCUMENTS)
def upload(kind_id: int, **owner: int) -> Answer:
    """A scan of this kind; `owner` is the id of whose it is, by its name in `Owner`."""
    place, form = _place(Owner(**owner)), ScanForm()
    kind = _kind(kind_id, place)
    sent = form.validate_on_submit() and form.chosen
    if sent:
        try:
            return _receive(place, kind, sent.read())
        except Refused as refused:
            db.session.rollback()
            form.file.errors = [refused.sentence]
    form.request_key.data = once.new_key()
    current = None
    if place.owner.request_id is None:
        earlier = queries.versions(db.session(), place.owner_of(kind), kind.code)
        current = next((each for each in earlier if each.counts), None)
    values = {"place": place, "kind": kind, "current": current, "limits": scan_limits()}
    page = render_template("scans/upload.html", form=form, **values)
    return (page, 422) if form.errors or form.file.errors else page


def _receive(place: Place, kind: KindFacts, content: bytes) -> AnyResponse:
    db.session.rollback()  # no lock while the file is opened
    scan = read_scan(content, scan_limits(), photo=kind.is_photo)

    def deed() -> int:
        place.hold()
        return actions.keep_scan(db.session(), place.owner_of(kind), kind, scan, _keeper())

    _, first = _once("keep_document", deed, hashlib.sha256(content).hexdigest())
    said = f"{kind.name} tersimpan." if first else f"{kind.name} sudah tersimpan sebelumnya."
    flash(said, "success")
    return redirect(place.url)


def _keeper() -> Keeper:
    return Keeper(me().id, clock.now(), current_app.config["SCANS_ROOM_BYTES"])


@takes_photos
@needs(P.KEEP_DOCUMENTS)
def add_photos(application_id: int, number: int) -> Answer:
    """More photos of a visit that is recorded already."""
    place, form = _place(Owner(application_id=application_id)), PhotosForm()
    seen = next((v for v in visits_of(db.session(), application_id) if v.number == number), None)
    if seen is None:
        not_found("site_visit", number)
    if form.validate_on_submit() and _chosen(form):
        db.session.rollback()  # no lock while the photos are opened
        photos = form.read()
        if photos is not None:
            try:
                return _keep_photos(place, Owner(None, application_id, number), form, photos)
            except Refused as refused:
                db.session.rollback()
                form.photos.errors = [refused.sentence]
    form.request_key.data = once.new_key()
    page = render_template("scans/add_photos.html", form=form, place=place, seen=seen)
    return (page, 422) if form.errors or form.photos.errors else page


def _chosen(form: PhotosForm) -> bool:
    if not form.sent:
        form.photos.errors = ["Belum ada foto yang dipilih."]
    return bool(form.sent)


def _keep_photos(place: Place, owner: Owner, form: PhotosForm, photos: list[Scan]) -> AnyResponse:
    def deed() -> int:
        actions.keep_photos(db.session(), owner, place.borrower_kind, photos, _keeper())
        return owner.application_id or 0

    _once("keep_photos", deed, form.digest())
    flash("Foto kunjungan tersimpan.", "success")
    return redirect(place.url)


def _once(action: str, deed: Callable[[], int], file: str = "") -> tuple[int, bool]:
    """Do `deed` once for this form; its number, and whether it was done now or before."""
    sent = request.form.copy()
    sent["file"] = file
    person, now = me().id, clock.now()
    done = once.do_once(db.session(), sent, request.path, person, action, now, deed)
    db.session.commit()
    return done


def _opened(document_id: int) -> Opened:
    """A document, or 404; the office knows every version."""
    found = queries.document(db.session(), document_id) or not_found("document", document_id)
    return _of_application(found) if found.request_id is None else _of_request(found)


def _of_application(found: DocumentFacts) -> Opened:
    """A bank's officer knows what the pages of the applications list that were sent to the own
    bank."""
    session, bank_id = db.session(), me().bank_id
    mine = standings(session, application_id=found.application_id, borrower_id=found.borrower_id)
    seen = [each for each in mine if each.is_seen_by(bank_id)]
    if bank_id is not None:
        today = clock.today()
        shown = [(each, papers_of_application(session, each.holder, today)) for each in seen]
        seen = [each for each, papers in shown if papers.holds(found.id)]
        if not seen:
            not_found("document", found.id)
    borrower_id = found.borrower_id or mine[0].holder.borrower_id
    borrower = borrower_facts(session, borrower_id) or not_found("borrower", borrower_id)
    works = me().may(P.OPEN_DOCUMENT) and found.counts
    work = next((each for each in seen if works and each.state in OPEN), None)
    own = mine[0] if found.application_id else None
    back = (borrower.name, _borrower_url(borrower.id))
    if own or work:
        of = own or work
        assert of is not None
        back = (of.number, _application_url(of.holder.application_id))
    elif not me().may(P.SEE_BORROWERS):
        back = ("Permohonan", url_for("applications.application_list"))
    of_whom, over = own.number if own else borrower.name, bool(own and own.state not in OPEN)
    word = f"permohonan {work.number}" if work else None
    return Opened(found, borrower.name, of_whom, back, word, over)


def _of_request(found: DocumentFacts) -> Opened:
    """A bank's officer knows what the pages of the own bank's requests list."""
    bank_id, request_id = me().bank_id, found.request_id or 0
    facts = changes.change_facts(db.session(), request_id)
    assert facts is not None, "a document of a request has one"
    if bank_id is not None and (facts.bank_id != bank_id or not found.counts):
        not_found("document", found.id)
    waits, number = facts.status == "recorded", f"permintaan nomor {facts.id}"
    works = waits and found.counts and me().may(P.OPEN_DOCUMENT)
    back = (number.capitalize(), _request_url(facts.id))
    return Opened(found, facts.subject, back[0], back, number if works else None, over=not waits)


@needs(P.SEE_DOCUMENTS)
def document(document_id: int) -> str:
    return _page(_opened(document_id))


def _page(found: Opened, reason: OpenForm | None = None, why: WithdrawForm | None = None) -> str:
    session, facts, of_bank = db.session(), found.facts, me().bank_id is not None
    owner = Owner(facts.borrower_id, facts.application_id)
    one = of_bank or facts.visit_number or facts.request_id
    reason, why = reason or OpenForm(formdata=None), why or WithdrawForm(formdata=None)
    reason.request_key.data, why.request_key.data = once.new_key(), once.new_key()
    return render_template(
        "scans/document.html",
        found=found,
        facts=facts,
        versions=[] if one else queries.versions(session, owner, facts.kind.code),
        openings=[] if of_bank else queries.openings(session, facts.id),
        most_openings=queries.SHOWN_OPENINGS,
        reason=reason,
        why=why,
    )


@needs(P.SEE_DOCUMENTS)
def content(document_id: int) -> AnyResponse:
    """The scan itself. Every opening leaves a line in the trail."""
    found = _opened(document_id)
    if not found.is_free:
        return redirect(url_for("scans.document", document_id=document_id, _anchor="buka"))
    plain, name = _plain(queries.content_of, found.facts), found.facts.kind.name
    detail = f"{name}, {found.work}" if found.work else name
    record_apart(clock.now(), me().id, queries.OPENED, "document", document_id, detail)
    return _file(found.facts, plain, saved="unduh" in request.args)


@needs(P.OPEN_DOCUMENT)
def open_document(document_id: int) -> Answer:
    """A scan that shows a NIK, once, for a reason: as the full NIK itself is shown."""
    found, form = _opened(document_id), OpenForm()
    if not form.validate():
        return _page(found, reason=form), 422
    session, why = db.session(), " ".join(form.reason.data.split())
    plain, detail = _plain(queries.content_of, found.facts), f"{found.facts.kind.name}: {why}"

    def deed() -> int:
        trail.record(session, clock.now(), me().id, queries.OPENED, "document", document_id, detail)
        return document_id

    _, first = _once("open_document", deed)
    if not first:
        flash("Dokumen itu sudah dibuka satu kali. Ulangi bila masih perlu.", "info")
        return redirect(url_for("scans.document", document_id=document_id))
    return _file(found.facts, plain, saved=False)


@needs(P.SEE_DOCUMENTS)
def thumbnail(document_id: int) -> AnyResponse:
    found = _opened(document_id).facts
    return _file(found, _plain(queries.thumbnail_of, found), saved=False)


def _plain(read: Callable[..., bytes | None], found: DocumentFacts) -> bytes:
    """The opened bytes, or words when this installation's key does not fit them."""
    try:
        return read(db.session(), found.id) or not_found("document", found.id)
    except WrongKey as error:
        raise Refused("wrong_key", str(error)) from error


def _file(found: DocumentFacts, plain: bytes, *, saved: bool) -> Response:
    """Shown in the browser or saved, under a name without a person; a browser keeps no copy."""
    answer = Response(plain, mimetype=found.media_type)
    ending, policy = ("pdf", PDF_POLICY) if found.media_type == PDF else ("jpg", PICTURE_POLICY)
    how = "attachment" if saved else "inline"
    answer.headers["Content-Security-Policy"] = policy + NO_FRAME
    answer.headers["Content-Disposition"] = f'{how}; filename="dokumen-{found.id:06d}.{ending}"'
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@needs(P.KEEP_DOCUMENTS)
def withdraw(document_id: int) -> Answer:
    found, form = _opened(document_id), WithdrawForm()
    facts = found.facts
    place = _place(Owner(facts.borrower_id, facts.application_id, None, facts.request_id))
    if not form.validate():
        return _page(found, why=form), 422
    why = " ".join(form.withdraw_reason.data.split())

    def deed() -> int:
        place.hold()
        return actions.withdraw(db.session(), document_id, me().id, clock.now(), why)

    _once("withdraw_document", deed)
    flash(f"{facts.kind.name} ditarik; tetap tersimpan bersama alasannya.", "success")
    return redirect(place.url)


OF_BORROWER = "/peminjam/<int:borrower_id>/dokumen/<int:kind_id>"
OF_APPLICATION = "/permohonan/<int:application_id>/dokumen/<int:kind_id>"
OF_REQUEST = "/permintaan/<int:request_id>/dokumen/<int:kind_id>"
ONE = "/dokumen/<int:document_id>"
for _address, _view, _methods in (
    (OF_BORROWER, upload, ["GET", "POST"]),
    (OF_APPLICATION, upload, ["GET", "POST"]),
    (OF_REQUEST, upload, ["GET", "POST"]),
    ("/permohonan/<int:application_id>/kunjungan/<int:number>/foto", add_photos, ["GET", "POST"]),
    (ONE, document, ["GET"]),
    (f"{ONE}/isi", content, ["GET"]),
    (f"{ONE}/kecil", thumbnail, ["GET"]),
    (f"{ONE}/buka", open_document, ["POST"]),
    (f"{ONE}/tarik", withdraw, ["POST"]),
):
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
