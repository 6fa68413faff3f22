"""The proof before an approval about money: the password again, and a code where there is one.

`@proven` stands under `@needs` and says what is about to be done. When the last proof (signing in
is one) is too old, the approval's own address answers with a question that names the deed and
carries the form that was sent, hidden; the answer comes back to the same address and the approval
goes on, once. The proof then holds for all approvals until its time is over.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import render_template, request

from wibawa.access import sessions, settings, trail, tries, users
from wibawa.access.forms import PROOF_FIELDS, ProofForm
from wibawa.access.guard import me
from wibawa.access.models import User
from wibawa.database import db
from wibawa.rules.refused import Refused
from wibawa.web import clock
from wibawa.web.pages import back_path


@dataclass(frozen=True)
class Deed:
    """What the password is asked for: what will be done, and what it is about."""

    title: str
    facts: Sequence[tuple[str, Any]] = ()


View = TypeVar("View", bound=Callable[..., Any])
Answer = tuple[str, int]
WRONG = "Kata sandi tidak cocok. Periksa huruf besar-kecil, lalu coba lagi."
WRONG_CODE = "Kode tidak cocok atau sudah dipakai. Tunggu kode berikutnya, lalu coba lagi."


def proven(deed: Deed | Callable[..., Deed]) -> Callable[[View], View]:
    """Let a form through that was sent within the time of the last proof; ask for one before.
    `deed` is what the question names, or finds it by the same words as the view."""

    def around(view: View) -> View:
        @functools.wraps(view)
        def asked_first(*args: Any, **kwargs: Any) -> Any:
            if request.method == "POST" and clock.now() >= me().proved_until:
                named = deed if isinstance(deed, Deed) else deed(*args, **kwargs)
                question = _prove(named)
                if question is not None:
                    return question
            return view(*args, **kwargs)

        asked_first.wibawa_proven = True  # type: ignore[attr-defined]
        return cast(View, asked_first)

    return around


def _prove(deed: Deed) -> Answer | None:
    """The page with the question, or None when it has been answered rightly."""
    form = ProofForm()
    if "proof_password" not in request.form:
        form.proof_password.errors = form.proof_code.errors = ()
        return _page(deed, form, 200)
    person = me()
    try:
        number = tries.count(person.username)
    except Refused as refused:
        form.proof_password.errors = (refused.sentence,)
        return _page(deed, form, 429)
    if not tries.look(lambda: _knows_password(form)):
        form.proof_password.errors = (WRONG,)
        return _failed(deed, form)
    code = form.proof_code.data or ""
    if person.has_second_factor and not tries.take_code(person.id, code):
        form.proof_code.errors = (WRONG_CODE,)
        return _failed(deed, form)
    now = clock.now()
    tries.was_right(number)
    tries.all_right(person.username)
    sessions.mark_proved(db.session(), person.session_id, now)
    trail.record(db.session(), now, person.id, "proof_given", "user", person.id)
    db.session.commit()
    return None


def _knows_password(form: ProofForm) -> bool:
    found: User | None = users.verify(db.session(), me().username, form.proof_password.data or "")
    return found is not None


def _failed(deed: Deed, form: ProofForm) -> Answer:
    trail.record(db.session(), clock.now(), me().id, "proof_failed", "user", me().id)
    db.session.commit()
    return _page(deed, form, 200)


def _page(deed: Deed, form: ProofForm, status: int) -> Answer:
    left_out = {"csrf_token", *PROOF_FIELDS}
    sent = [pair for pair in request.form.items(multi=True) if pair[0] not in left_out]
    back = request.form.get("proof_back") or back_path()
    own = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
    minutes = settings.current(db.session()).proof_minutes
    page = render_template(
        "access/proof.html", deed=deed, form=form, sent=sent, back=own, minutes=minutes
    )
    return page, status
