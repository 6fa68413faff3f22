from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_export
from wibawa.audit import lists
from wibawa.audit.chain.routes import URLS as CHAIN_URLS
from wibawa.audit.forms import TrailAsked, read_trail
from wibawa.audit.lists import TrailLine
from wibawa.audit.places import own_address
from wibawa.audit.words import ACTIONS, THINGS
from wibawa.database import db
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("audit", __name__)
HEADINGS = ("Waktu (WIB)", "Siapa", "Nama masuk", "Kegiatan", "Tentang", "Keterangan", "Alamat IP")


def _asked() -> tuple[TrailAsked, Wanted, list[tuple[int, str]]]:
    """The filter and the order of the list, from the address, and everybody to choose from."""
    people = lists.people(db.session())
    asked = read_trail(request.args, people)
    return asked, wanted(request.args.to_dict(), lists.SORTS, "-waktu"), people


def _url(line: TrailLine) -> str | None:
    """The page of what an entry is about, when there is one and this person may open it."""
    return None if line.place is None else own_address(*line.place)


@needs(Permission.SEE_TRAIL)
def trail_list() -> str:
    asked, order, people = _asked()
    return render_template(
        "audit/trail_list.html",
        asked=asked,
        page=lists.trail_lines(db.session(), asked.wanted, order),
        order=order,
        people=[("", "Semua orang"), *people, (lists.NOBODY, "Tanpa nama (gagal masuk)")],
        actions=[("", "Semua kegiatan"), *sorted(ACTIONS.items(), key=lambda each: each[1])],
        things=[("", "Semua"), *sorted((kind, each.label) for kind, each in THINGS.items())],
        url=_url,
        chips=[{"label": says, "remove_url": without(*keys)} for keys, says in asked.chips],
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_TRAIL)
def export_trail(kind: str) -> Response:
    asked, order, _ = _asked()
    lines = lists.all_trail_lines(db.session(), asked.wanted, order)
    notes = [
        "Saringan: " + (", ".join(says for _, says in asked.chips) or "semua kegiatan"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "trail_list", None, kind, notes)
    rows = [
        (moment(line.at), line.user, line.username, line.action, line.about, line.detail,
         line.address)
        for line in lines
    ]  # fmt: skip
    name = f"jejak-{clock.today().isoformat()}"
    return list_file(kind, name, "Jejak kegiatan Kredit Wibawa", HEADINGS, rows, notes)


pages.add_url_rule("/jejak", view_func=trail_list)
pages.add_url_rule("/jejak/ekspor.<any(xlsx, csv):kind>", view_func=export_trail)
for _address, _view in CHAIN_URLS:
    pages.add_url_rule(_address, view_func=_view)
