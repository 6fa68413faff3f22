"""Decisions along the way of an application are links of the office's chain: the office's
recommendation and refusal, the bank's answer. Those of before follow its last link, in the order of
deciding: what stands before them, also on paper, stays as it is."""

import datetime as dt
import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

TABLE = "office_links"
ALONG = "'recommend','refuse','approve','decline'"
BEFORE = (
    "kind IN ('change','disbursement','terms','confirmation','limits','definition','year','merge',"
    "'pseudonym','retention','closing','return')"
)
AFTER = f"{BEFORE[:-1]},{ALONG})"
BEGINNING = "0" * 64

# The format of docs/chain.md as it was when these links were made. Each application has at most one
# decision of each kind; a line of the move, and of the answer where the bank gave one.
DECISIONS = f"""
SELECT m.at, m.action, m.application_id,
    m.sequence, m.from_state, m.to_state, m.user_id, a.bank_id, a.amount, a.months, m.reason,
    b.outcome, b.amount, b.reason_code, b.user_id, b.decided_at, b.upload_id, b.row_number, b.note,
    b.bank_id
FROM application_moves m JOIN applications a ON a.id = m.application_id
LEFT JOIN bank_decisions b ON b.application_id = m.application_id
    AND b.outcome = CASE m.action WHEN 'approve' THEN 'approved' WHEN 'decline' THEN 'refused' END
WHERE m.action IN ({ALONG}) ORDER BY 1, 3, 2"""


def upgrade() -> None:
    _kinds(BEFORE, AFTER)
    bind = op.get_bind()
    last = bind.execute(
        sa.text(f"SELECT number, hash FROM {TABLE} ORDER BY number DESC LIMIT 1")
    ).first()
    number, previous = last or (0, BEGINNING)
    links = []
    for at, kind, subject, *rest in bind.execute(sa.text(DECISIONS)).all():
        number += 1
        content = _content(at, kind, subject, rest)
        links.append(_link(number, kind, subject, at, content, previous))
        previous = links[-1]["own"]
    _insert(links)


def _content(at, kind, subject, rest) -> str:
    sequence, from_state, to_state, by, bank, asked, months, reason, outcome, *answer = rest
    move = ("move", subject, sequence, kind, from_state, to_state, by, _moment(at), bank, asked,
            months, _digest(reason))  # fmt: skip
    lines = [move]
    if outcome is not None:
        granted, code, answerer, decided_at, upload, row, note, of_bank = answer
        lines.append(("answer", subject, of_bank, outcome, granted, code, answerer,
                      _moment(decided_at), upload, row, _digest(note)))  # fmt: skip
    text = "".join("|".join("" if v is None else str(v) for v in line) + "\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(words) -> str:
    escaped = (words or "").replace("\\", "\\\\").replace("|", "\\p")
    return hashlib.sha256(escaped.encode()).hexdigest()


def _moment(at) -> str:
    moment = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.isoformat(timespec="microseconds") + "Z"


def _link(number, kind, subject, at, content, previous) -> dict[str, object]:
    said = ("DINAS", number, kind, subject, 0, 0, _moment(at), content, previous)
    own = hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()
    return {"number": number, "kind": kind, "subject": subject, "at": at, "content": content,
            "previous": previous, "own": own}  # fmt: skip


def _insert(links) -> None:
    if links:
        op.get_bind().execute(
            sa.text(
                f"INSERT INTO {TABLE} VALUES (:number, :kind, :subject, 0, 0, :at, :content, "
                ":previous, :own)"
            ),
            links,
        )


def _kinds(before: str, after: str) -> None:
    """Another list of kinds in the CHECK; on SQLite in the table's own SQL, as its documentation of
    ALTER TABLE describes it."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        op.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT ck_{TABLE}_kind_known")
        op.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT ck_{TABLE}_kind_known CHECK ({after})")
        return
    found = f"SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = '{TABLE}'"
    wanted = str(bind.exec_driver_sql(found).scalar())
    if wanted.count(f"CHECK ({before})") != 1:
        raise RuntimeError(f"{TABLE} does not say {before!r} once: {wanted}")
    wanted = wanted.replace(f"CHECK ({before})", f"CHECK ({after})")
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", (wanted, TABLE)
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if str(bind.exec_driver_sql(found).scalar()) != wanted:
        raise RuntimeError(f"SQLite did not take the new CHECK of {TABLE}")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        said = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if said != whole:
            raise RuntimeError(f"{question} after the change of {TABLE}: {said[:5]}")


def downgrade() -> None:
    """From the first link on that an older version has no word for, the chain is made anew without
    them: heads that were printed since then do not come out again."""
    bind = op.get_bind()
    first = bind.execute(
        sa.text(f"SELECT MIN(number) FROM {TABLE} WHERE kind IN ({ALONG})")
    ).scalar()
    if first is not None:
        _without_moves(first)
    _kinds(AFTER, BEFORE)


def _without_moves(first: int) -> None:
    bind = op.get_bind()
    head = bind.execute(
        sa.text(f"SELECT number, hash FROM {TABLE} WHERE number = :number"), {"number": first - 1}
    ).first()
    number, previous = head or (0, BEGINNING)
    kept = bind.execute(
        sa.text(
            f"SELECT kind, subject_id, made_at, content_hash FROM {TABLE} "
            f"WHERE number > :first AND kind NOT IN ({ALONG}) ORDER BY number"
        ),
        {"first": first},
    ).all()
    links = []
    for kind, subject, at, content in kept:
        number += 1
        links.append(_link(number, kind, subject, at, content, previous))
        previous = links[-1]["own"]
    sqlite = bind.dialect.name == "sqlite"
    op.execute(f"DROP TRIGGER {TABLE}_no_delete" + ("" if sqlite else f" ON {TABLE}"))
    bind.execute(sa.text(f"DELETE FROM {TABLE} WHERE number >= :first"), {"first": first})
    refused = (
        f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
        if sqlite
        else "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {refused}")
    _insert(links)
