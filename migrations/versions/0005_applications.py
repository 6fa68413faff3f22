"""Applications with their moves, site visits and unfinished forms; what was written down stays."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = ("application_moves", "site_visits")
KEPT = ("number", "borrower_id", "created_by", "created_at")
OPEN = "state NOT IN ('disbursed','refused_by_office','refused_by_bank','withdrawn')"


def upgrade() -> None:
    _applications()
    _moves()
    _visits()
    _drafts()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _applications() -> None:
    op.create_table('applications',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=20), nullable=False),
    sa.Column('borrower_id', sa.Integer(), nullable=False),
    sa.Column('bank_id', sa.Integer(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('months', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(length=200), nullable=False),
    sa.Column('collateral', sa.String(length=200), nullable=False),
    sa.Column('terms_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('state_since', sa.DateTime(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('submitted_by', sa.Integer(), nullable=True),
    sa.Column('visited_by', sa.Integer(), nullable=True),
    sa.Column('recommended_by', sa.Integer(), nullable=True),
    sa.CheckConstraint("state IN ('draft','submitted','visited','recommended','sent','approved','disbursed','returned','refused_by_office','refused_by_bank','withdrawn')", name=op.f('ck_applications_state_known')),
    sa.CheckConstraint("state NOT IN ('recommended','sent','approved','disbursed') OR recommended_by IS NOT NULL", name=op.f('ck_applications_recommended_by_somebody')),
    sa.CheckConstraint("state NOT IN ('submitted','visited','recommended','sent','approved','disbursed') OR submitted_by IS NOT NULL", name=op.f('ck_applications_submitted_by_somebody')),
    sa.CheckConstraint("state NOT IN ('visited','recommended','sent','approved','disbursed') OR visited_by IS NOT NULL", name=op.f('ck_applications_visited_by_somebody')),
    sa.CheckConstraint('amount >= 1', name=op.f('ck_applications_amount_positive')),
    sa.CheckConstraint('months BETWEEN 1 AND 120', name=op.f('ck_applications_months_sane')),
    sa.CheckConstraint('recommended_by IS NULL OR (recommended_by <> created_by AND recommended_by <> submitted_by AND recommended_by <> visited_by)', name=op.f('ck_applications_two_persons')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_applications_version_positive')),
    sa.ForeignKeyConstraint(['bank_id'], ['banks.id'], name=op.f('fk_applications_bank_id')),
    sa.ForeignKeyConstraint(['borrower_id'], ['borrowers.id'], name=op.f('fk_applications_borrower_id')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_applications_created_by')),
    sa.ForeignKeyConstraint(['recommended_by'], ['users.id'], name=op.f('fk_applications_recommended_by')),
    sa.ForeignKeyConstraint(['submitted_by'], ['users.id'], name=op.f('fk_applications_submitted_by')),
    sa.ForeignKeyConstraint(['terms_id'], ['loan_terms.id'], name=op.f('fk_applications_terms_id')),
    sa.ForeignKeyConstraint(['visited_by'], ['users.id'], name=op.f('fk_applications_visited_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_applications')),
    sa.UniqueConstraint('id', 'bank_id', name=op.f('uq_applications_id_bank_id')),
    sa.UniqueConstraint('number', name=op.f('uq_applications_number'))
    )
    op.create_index('ix_applications_borrower_id', 'applications', ['borrower_id'], unique=False)
    op.create_index('ix_applications_state', 'applications', ['state', 'state_since'], unique=False)
    op.create_index('uq_applications_open_borrower', 'applications', ['borrower_id'], unique=True, sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN))


def _moves() -> None:
    op.create_table('application_moves',
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('sequence', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('action', sa.String(length=12), nullable=False),
    sa.Column('from_state', sa.String(length=20), nullable=True),
    sa.Column('to_state', sa.String(length=20), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('bank_id', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.CheckConstraint("(action = 'record') = (from_state IS NULL)", name=op.f('ck_application_moves_from_somewhere')),
    sa.CheckConstraint("(action = 'record') = (sequence = 1)", name=op.f('ck_application_moves_recorded_first')),
    sa.CheckConstraint("(action IN ('approve','decline')) = (bank_id IS NOT NULL)", name=op.f('ck_application_moves_bank_of_answer')),
    sa.CheckConstraint("action IN ('record','revise','submit','visit','recommend','return','refuse','withdraw','send','approve','decline','disburse')", name=op.f('ck_application_moves_action_known')),
    sa.CheckConstraint("action NOT IN ('return','refuse','withdraw','decline') OR reason <> ''", name=op.f('ck_application_moves_reason_given')),
    sa.ForeignKeyConstraint(['application_id', 'bank_id'], ['applications.id', 'applications.bank_id'], name=op.f('fk_application_moves_bank')),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_application_moves_application_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_application_moves_user_id')),
    sa.PrimaryKeyConstraint('application_id', 'sequence', name=op.f('pk_application_moves'))
    )


def _visits() -> None:
    op.create_table('site_visits',
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('visitor_id', sa.Integer(), nullable=False),
    sa.Column('visited_on', sa.Date(), nullable=False),
    sa.Column('feasible', sa.Boolean(), nullable=False),
    sa.Column('bankable', sa.Boolean(), nullable=False),
    sa.Column('recommended_amount', sa.BigInteger(), nullable=False),
    sa.Column('score_business', sa.Integer(), nullable=False),
    sa.Column('score_character', sa.Integer(), nullable=False),
    sa.Column('score_capacity', sa.Integer(), nullable=False),
    sa.Column('score_market', sa.Integer(), nullable=False),
    sa.Column('notes', sa.String(length=1000), nullable=False),
    sa.Column('recorded_at', sa.DateTime(), nullable=False),
    sa.CheckConstraint('recommended_amount >= 0', name=op.f('ck_site_visits_amount_not_negative')),
    sa.CheckConstraint('score_business BETWEEN 1 AND 4 AND score_character BETWEEN 1 AND 4 AND score_capacity BETWEEN 1 AND 4 AND score_market BETWEEN 1 AND 4', name=op.f('ck_site_visits_scores_known')),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_site_visits_application_id')),
    sa.ForeignKeyConstraint(['visitor_id'], ['users.id'], name=op.f('fk_site_visits_visitor_id')),
    sa.PrimaryKeyConstraint('application_id', 'number', name=op.f('pk_site_visits'))
    )


def _drafts() -> None:
    op.create_table('application_drafts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('form', sa.String(length=30), nullable=False),
    sa.Column('label', sa.String(length=120), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('saved_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_application_drafts_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_application_drafts'))
    )
    op.create_index('ix_application_drafts_user_id', 'application_drafts', ['user_id'], unique=False)


def _sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        f"CREATE TRIGGER applications_kept BEFORE UPDATE OF {', '.join(KEPT)} ON applications "
        "BEGIN SELECT RAISE(ABORT, 'whose application it is never changes'); END"
    )
    op.execute(
        "CREATE TRIGGER applications_no_delete BEFORE DELETE ON applications "
        "BEGIN SELECT RAISE(ABORT, 'an application is never deleted'); END"
    )


def _postgresql() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        f"CREATE TRIGGER applications_kept BEFORE UPDATE OF {', '.join(KEPT)} ON applications "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER applications_no_delete BEFORE DELETE ON applications "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("application_drafts")
    op.drop_table("site_visits")
    op.drop_table("application_moves")
    op.drop_table("applications")
