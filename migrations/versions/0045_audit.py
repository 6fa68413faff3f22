"""A chain of the office over what second persons decided beside the journal; what is decided
already gets its links here, in the order of deciding. And indexes to search the trail with."""

import datetime as dt
import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

TABLE = "office_links"
SAID = "a link follows the last one of the office"
BEGINNING = "0" * 64
NOT_NEXT = f"""NOT ((NEW.number = 1 AND NEW.previous_hash = '{BEGINNING}') OR EXISTS (
    SELECT 1 FROM {TABLE} c WHERE c.number = NEW.number - 1 AND c.hash = NEW.previous_hash))"""
SEARCHED = {
    "ix_trail_entries_user": ["user_id", "id"],
    "ix_trail_entries_action": ["action", "id"],
    "ix_trail_entries_at": ["at"],
    "ix_trail_entries_address": ["address", "id"],
}

# The format of docs/chain.md as it was when the first links were made: (line, kind of link,
# columns, texts, FROM and WHERE, what says of which link a row is, how many columns order lines).
PROPOSED = "proposed_by proposed_at decided_by decided_at"
ENTERED = "entered_by entered_at decided_by decided_at"
MOMENTS = ("entered_at", "decided_at", "proposed_at", "requested_at", "confirmed_at", "locked_at",
           "closed_at")  # fmt: skip
FLAGS = ("approved", "other_programmes", "same_person")
PARTS = (
    ("change", "change",
     f"id kind bank_id loan_id suspense_id upload_id valid_until {ENTERED}",
     "data reason decision_reason result", "loan_requests r WHERE r.status = 'refused'", "r.id", 1),
    ("disbursement", "disbursement",
     "id bank_id application_id disbursed_on principal rate months method multiple upload_id "
     f"row_number {ENTERED}",
     "account_number agreement_number direct_reason decision_reason",
     "disbursements r WHERE r.status = 'refused'", "r.id", 1),
    ("terms", "terms",
     f"id status valid_from {PROPOSED} rate months ceiling_micro ceiling_cooperative "
     "collateral_free_limit minimum_age minimum_business_years", "legal_basis decision_reason",
     "loan_terms r WHERE r.decided_by IS NOT NULL", "r.id", 1),
    ("confirmation", "confirmation", "id terms_id confirmed_by confirmed_at", "legal_basis",
     "terms_confirmations r WHERE r.id > 0", "r.id", 1),
    ("limits", "limits",
     f"id status bank_kind valid_from {PROPOSED} class_1 class_2 class_3 class_4",
     "decision_reason", "collectibility_rules r WHERE r.decided_by IS NOT NULL", "r.id", 1),
    ("definition", "definition",
     f"id status code version valid_from {PROPOSED} rule counted kinds other_programmes",
     "denominator definition interpretation formula source cut_off responsible reason "
     "decision_reason", "indicator_definitions r WHERE r.decided_by IS NOT NULL", "r.id", 1),
    ("year", "year",
     "id kind year lock_id shown requested_by requested_at approved decided_by decided_at",
     "request_reason reason",
     "(SELECT d.request_id AS id, q.kind, q.year, q.lock_id, q.shown, q.requested_by, "
     "q.requested_at, d.approved, d.decided_by, d.decided_at, q.reason AS request_reason, "
     "d.reason FROM lock_decisions d JOIN lock_requests q ON q.id = d.request_id) r "
     "WHERE r.id > 0", "r.id", 1),
    ("locked", "year", "id year version after data_hash locked_at", "",
     "year_locks r WHERE r.id > 0", "r.request_id", 1),
    ("merge", "merge", f"id kind status kept_id gone_id undoes_id same_person {ENTERED}",
     "chosen reason decision_reason", "borrower_merges r WHERE r.decided_by IS NOT NULL", "r.id",
     1),
    ("moved", "merge", "object_kind object_id from_id to_id", "",
     "borrower_moves r WHERE r.id > 0", "r.merge_id", 2),
    ("pseudonym", "pseudonym", f"id status borrower_id kind due_on {ENTERED}",
     "reason decision_reason", "pseudonymisations r WHERE r.decided_by IS NOT NULL", "r.id", 1),
    ("retention", "retention", "id kind valid_from years entered_by entered_at", "reason",
     "retention_settings r WHERE r.entered_by IS NOT NULL", "r.id", 1),
    ("closing", "closing",
     "id bank_id month previous proposal_id shown data_hash chain_number chain_hash opening "
     "closing suspense differences proposed_by closed_by closed_at", "",
     "closed_months r WHERE r.id > 0", "r.id", 1),
    ("return", "return",
     "id bank_id month shown proposed_by proposed_at entered_by entered_at", "note reason",
     "(SELECT b.proposal_id AS id, p.bank_id, p.month, p.shown, p.proposed_by, p.proposed_at, "
     "b.entered_by, b.entered_at, p.note, b.reason FROM proposal_returns b "
     "JOIN closing_proposals p ON p.id = b.proposal_id) r WHERE r.id > 0", "r.id", 1),
)  # fmt: skip
DECIDED = {
    "confirmation": "confirmed_at",
    "retention": "entered_at",
    "closing": "closed_at",
    "return": "entered_at",
}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    kinds = ",".join(f"'{kind}'" for name, kind, *_ in PARTS if name == kind)
    op.create_table(
        TABLE,
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f(f"ck_{TABLE}_kind_known")),
        sa.CheckConstraint("number >= 1 AND rows >= 0", name=op.f(f"ck_{TABLE}_counted")),
        sa.CheckConstraint(
            "length(content_hash) = 64 AND length(previous_hash) = 64 AND length(hash) = 64",
            name=op.f(f"ck_{TABLE}_hashes_whole"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f(f"uq_{TABLE}_kind_subject_id")),
    )
    (_sqlite if sqlite else _postgresql)()
    _first_links(sqlite)
    for name, columns in SEARCHED.items():
        op.create_index(name, "trail_entries", columns)


def _sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
        )
    op.execute(
        f"CREATE TRIGGER {TABLE}_follows BEFORE INSERT ON {TABLE} WHEN {NOT_NEXT} "
        f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
    )


def _postgresql() -> None:
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
            f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        f"CREATE FUNCTION {TABLE}_follows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {NOT_NEXT} THEN RAISE EXCEPTION '{SAID}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_follows BEFORE INSERT ON {TABLE} FOR EACH ROW "
        f"EXECUTE FUNCTION {TABLE}_follows()"
    )


def _first_links(sqlite: bool) -> None:
    bind = op.get_bind()
    deeds = " UNION ALL ".join(
        f"SELECT r.{DECIDED.get(kind, 'decided_at')} AS at, '{kind}' AS kind, {of} AS subject "
        f"FROM {source}"
        for name, kind, _, _, source, of, _ in PARTS
        if name == kind
    )
    number, previous = 0, BEGINNING
    for at, kind, subject in bind.execute(sa.text(f"{deeds} ORDER BY 1, 2, 3")).all():
        number += 1
        content = _content(sqlite, kind, subject)
        moment = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
        said = ("DINAS", number, kind, subject, 0, 0,
                moment.isoformat(timespec="microseconds") + "Z", content, previous)  # fmt: skip
        own = hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()
        bind.execute(
            sa.text(
                f"INSERT INTO {TABLE} VALUES (:number, :kind, :subject, 0, 0, :at, :content, "
                ":previous, :own)"
            ),
            {"number": number, "kind": kind, "subject": subject, "at": at, "content": content,
             "previous": previous, "own": own},
        )  # fmt: skip
        previous = own


def _content(sqlite: bool, kind: str, subject: int) -> str:
    hashed = hashlib.sha256()
    for name, of_kind, columns, texts, source, of, ordered in PARTS:
        if of_kind != kind:
            continue
        shown, hidden = columns.split(), texts.split()
        selected = ", ".join(_column(sqlite, each) for each in (*shown, *hidden))
        query = f"SELECT {selected} FROM {source} AND {of} = :subject ORDER BY " + ", ".join(
            str(place + 1) for place in range(ordered)
        )
        for row in op.get_bind().execute(sa.text(query), {"subject": subject}):
            fields = [name, *("" if v is None else str(v) for v in row[: len(shown)])]
            if hidden:
                kept = "|".join(_escaped(v) for v in row[len(shown) :])
                fields.append(hashlib.sha256(kept.encode()).hexdigest())
            hashed.update(("|".join(fields) + "\n").encode())
    return hashed.hexdigest()


def _column(sqlite: bool, name: str) -> str:
    if name in FLAGS:
        return f"CASE WHEN r.{name} THEN 1 ELSE 0 END"
    if name not in MOMENTS:
        return f"r.{name}"
    if sqlite:
        return f"replace(r.{name}, ' ', 'T') || 'Z'"
    return f'to_char(r.{name}, \'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"\')'


def _escaped(value: str | None) -> str:
    return (value or "").replace("\\", "\\\\").replace("|", "\\p")


def downgrade() -> None:
    for name in SEARCHED:
        op.drop_index(name, table_name="trail_entries")
    op.drop_table(TABLE)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"DROP FUNCTION {TABLE}_follows()")
