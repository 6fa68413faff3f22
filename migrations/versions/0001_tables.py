"""All tables of the first version, with their named CHECKs and composite keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
        op.create_table('banks',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('code', sa.String(length=20), nullable=False),
        sa.Column('name', sa.String(length=120), nullable=False),
        sa.Column('kind', sa.String(length=12), nullable=False),
        sa.Column('method', sa.String(length=12), nullable=False),
        sa.Column('multiple', sa.Integer(), nullable=False),
        sa.Column('holiday_rule', sa.String(length=12), nullable=False),
        sa.Column('posts_clean_files', sa.Boolean(), nullable=False),
        sa.CheckConstraint("holiday_rule IN ('none','following','preceding')", name=op.f('ck_banks_holiday_rule_known')),
        sa.CheckConstraint("kind IN ('commercial','rural')", name=op.f('ck_banks_kind_known')),
        sa.CheckConstraint("method IN ('annuity','flat','declining')", name=op.f('ck_banks_method_known')),
        sa.CheckConstraint('multiple IN (1,100,500,1000)', name=op.f('ck_banks_multiple_known')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_banks')),
        sa.UniqueConstraint('code', name=op.f('uq_banks_code'))
        )
        op.create_table('collectibility_rules',
        sa.Column('bank_kind', sa.String(length=12), nullable=False),
        sa.Column('valid_from', sa.Date(), nullable=False),
        sa.Column('class_1', sa.Integer(), nullable=False),
        sa.Column('class_2', sa.Integer(), nullable=False),
        sa.Column('class_3', sa.Integer(), nullable=False),
        sa.Column('class_4', sa.Integer(), nullable=False),
        sa.CheckConstraint("bank_kind IN ('commercial','rural')", name=op.f('ck_collectibility_rules_kind_known')),
        sa.CheckConstraint('0 <= class_1 AND class_1 < class_2 AND class_2 < class_3 AND class_3 < class_4', name=op.f('ck_collectibility_rules_rising')),
        sa.PrimaryKeyConstraint('bank_kind', 'valid_from', name=op.f('pk_collectibility_rules'))
        )
        op.create_table('denominators',
        sa.Column('name', sa.String(length=20), nullable=False),
        sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('cut_off', sa.Date(), nullable=True),
        sa.Column('source', sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint('name', 'year', name=op.f('pk_denominators'))
        )
        op.create_table('holidays',
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('name', sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint('day', name=op.f('pk_holidays'))
        )
        op.create_table('indicators',
        sa.Column('code', sa.String(length=20), nullable=False),
        sa.Column('name', sa.String(length=300), nullable=False),
        sa.Column('unit', sa.String(length=10), nullable=False),
        sa.Column('unit_label', sa.String(length=40), nullable=False),
        sa.Column('definition', sa.Text(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.CheckConstraint("unit IN ('percent','count')", name=op.f('ck_indicators_unit_known')),
        sa.PrimaryKeyConstraint('code', name=op.f('pk_indicators'))
        )
        op.create_table('kecamatan',
        sa.Column('code', sa.String(length=8), nullable=False),
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint('code', name=op.f('pk_kecamatan'))
        )
        op.create_table('loan_terms',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('valid_from', sa.Date(), nullable=False),
        sa.Column('rate', sa.Integer(), nullable=False),
        sa.Column('months', sa.Integer(), nullable=False),
        sa.Column('ceiling_micro', sa.BigInteger(), nullable=False),
        sa.Column('ceiling_cooperative', sa.BigInteger(), nullable=False),
        sa.Column('collateral_free_limit', sa.BigInteger(), nullable=False),
        sa.Column('minimum_age', sa.Integer(), nullable=False),
        sa.Column('minimum_business_years', sa.Integer(), nullable=False),
        sa.Column('confirmed', sa.Boolean(), nullable=False),
        sa.Column('legal_basis', sa.String(length=200), nullable=False),
        sa.CheckConstraint('months BETWEEN 1 AND 120', name=op.f('ck_loan_terms_months_sane')),
        sa.CheckConstraint('rate BETWEEN 0 AND 10000', name=op.f('ck_loan_terms_rate_sane')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_loan_terms')),
        sa.UniqueConstraint('valid_from', name=op.f('uq_loan_terms_valid_from'))
        )
        op.create_table('bank_layouts',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('bank_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('valid_from', sa.Date(), nullable=False),
        sa.Column('columns', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['bank_id'], ['banks.id'], name=op.f('fk_bank_layouts_bank_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_bank_layouts')),
        sa.UniqueConstraint('bank_id', 'kind', 'valid_from', name=op.f('uq_bank_layouts_bank_id_kind_valid_from'))
        )
        op.create_table('indicator_years',
        sa.Column('code', sa.String(length=20), nullable=False),
        sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('target', sa.Integer(), nullable=True),
        sa.Column('published', sa.Integer(), nullable=True),
        sa.Column('source', sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(['code'], ['indicators.code'], name=op.f('fk_indicator_years_code')),
        sa.PrimaryKeyConstraint('code', 'year', name=op.f('pk_indicator_years'))
        )
        op.create_table('kelurahan',
        sa.Column('code', sa.String(length=13), nullable=False),
        sa.Column('kecamatan_code', sa.String(length=8), nullable=False),
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(['kecamatan_code'], ['kecamatan.code'], name=op.f('fk_kelurahan_kecamatan_code')),
        sa.PrimaryKeyConstraint('code', name=op.f('pk_kelurahan'))
        )
        op.create_table('users',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('username', sa.String(length=64), nullable=False),
        sa.Column('name', sa.String(length=120), nullable=False),
        sa.Column('role', sa.String(length=20), nullable=False),
        sa.Column('bank_id', sa.Integer(), nullable=True),
        sa.Column('password_hash', sa.String(length=200), nullable=False),
        sa.Column('can_sign_in', sa.Boolean(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.CheckConstraint("(role = 'bank_officer') = (bank_id IS NOT NULL)", name=op.f('ck_users_bank_of_officer')),
        sa.CheckConstraint("role IN ('office_staff','approver','bank_officer','leader','auditor','administrator')", name=op.f('ck_users_role_known')),
        sa.ForeignKeyConstraint(['bank_id'], ['banks.id'], name=op.f('fk_users_bank_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
        sa.UniqueConstraint('username', name=op.f('uq_users_username'))
        )
        op.create_table('borrowers',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=12), nullable=False),
        sa.Column('name', sa.String(length=120), nullable=False),
        sa.Column('name_key', sa.String(length=120), nullable=False),
        sa.Column('nik', sa.LargeBinary(), nullable=False),
        sa.Column('nik_index', sa.LargeBinary(length=32), nullable=False),
        sa.Column('nik_tail', sa.String(length=4), nullable=False),
        sa.Column('sex', sa.String(length=1), nullable=False),
        sa.Column('birth_date', sa.Date(), nullable=False),
        sa.Column('business_name', sa.String(length=120), nullable=False),
        sa.Column('sector', sa.String(length=60), nullable=False),
        sa.Column('business_started_on', sa.Date(), nullable=True),
        sa.Column('kelurahan_code', sa.String(length=13), nullable=False),
        sa.Column('address', sa.String(length=200), nullable=False),
        sa.Column('phone', sa.String(length=30), nullable=False),
        sa.Column('nib', sa.String(length=20), nullable=False),
        sa.Column('cooperative_number', sa.String(length=30), nullable=True),
        sa.Column('chair_name', sa.String(length=120), nullable=False),
        sa.Column('members_male', sa.Integer(), nullable=True),
        sa.Column('members_female', sa.Integer(), nullable=True),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.Column('created_by', sa.Integer(), nullable=False),
        sa.CheckConstraint("kind = 'micro' OR cooperative_number IS NOT NULL", name=op.f('ck_borrowers_cooperative_numbered')),
        sa.CheckConstraint("kind IN ('micro','cooperative')", name=op.f('ck_borrowers_kind_known')),
        sa.CheckConstraint("sex IN ('L','P')", name=op.f('ck_borrowers_sex_known')),
        sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_borrowers_created_by')),
        sa.ForeignKeyConstraint(['kelurahan_code'], ['kelurahan.code'], name=op.f('fk_borrowers_kelurahan_code')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_borrowers')),
        sa.UniqueConstraint('cooperative_number', name=op.f('uq_borrowers_cooperative_number'))
        )
        op.create_index('ix_borrowers_name_key', 'borrowers', ['name_key'], unique=False)
        op.create_index('uq_borrowers_nik_index', 'borrowers', ['nik_index'], unique=True, sqlite_where=sa.text("kind = 'micro'"), postgresql_where=sa.text("kind = 'micro'"))
        op.create_table('idempotency_keys',
        sa.Column('key', sa.String(length=64), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('action', sa.String(length=60), nullable=False),
        sa.Column('body_hash', sa.LargeBinary(length=32), nullable=False),
        sa.Column('answer', sa.String(length=200), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_idempotency_keys_user_id')),
        sa.PrimaryKeyConstraint('key', name=op.f('pk_idempotency_keys'))
        )
        op.create_table('trail_entries',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('at', sa.DateTime(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=True),
        sa.Column('action', sa.String(length=40), nullable=False),
        sa.Column('object_kind', sa.String(length=40), nullable=False),
        sa.Column('object_id', sa.Integer(), nullable=True),
        sa.Column('detail', sa.Text(), nullable=False),
        sa.Column('address', sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_trail_entries_user_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_trail_entries'))
        )
        op.create_index('ix_trail_entries_object', 'trail_entries', ['object_kind', 'object_id'], unique=False)
        op.create_table('uploads',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('bank_id', sa.Integer(), nullable=True),
        sa.Column('kind', sa.String(length=12), nullable=False),
        sa.Column('status', sa.String(length=12), nullable=False),
        sa.Column('filename', sa.String(length=200), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('rows_hash', sa.String(length=64), nullable=True),
        sa.Column('content', sa.LargeBinary(), nullable=True),
        sa.Column('uploaded_by', sa.Integer(), nullable=False),
        sa.Column('uploaded_at', sa.DateTime(), nullable=False),
        sa.Column('submitted_by', sa.Integer(), nullable=True),
        sa.Column('submitted_at', sa.DateTime(), nullable=True),
        sa.Column('posted_by', sa.Integer(), nullable=True),
        sa.Column('posted_at', sa.DateTime(), nullable=True),
        sa.Column('skip_problems', sa.Boolean(), nullable=False),
        sa.Column('skip_reason', sa.String(length=300), nullable=False),
        sa.Column('suspend_unknown', sa.Boolean(), nullable=False),
        sa.Column('headings', sa.Text(), nullable=False),
        sa.Column('first_rows', sa.Text(), nullable=False),
        sa.Column('row_count', sa.Integer(), nullable=False),
        sa.Column('problem_count', sa.Integer(), nullable=False),
        sa.Column('notice_count', sa.Integer(), nullable=False),
        sa.Column('total', sa.BigInteger(), nullable=False),
        sa.Column('control_total', sa.BigInteger(), nullable=False),
        sa.Column('control_total_stated', sa.Boolean(), nullable=False),
        sa.Column('posted_rows', sa.Integer(), nullable=False),
        sa.Column('posted_total', sa.BigInteger(), nullable=False),
        sa.Column('suspense_rows', sa.Integer(), nullable=False),
        sa.Column('suspense_total', sa.BigInteger(), nullable=False),
        sa.Column('already_posted_rows', sa.Integer(), nullable=False),
        sa.Column('already_posted_total', sa.BigInteger(), nullable=False),
        sa.Column('skipped_rows', sa.Integer(), nullable=False),
        sa.Column('skipped_total', sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(status = 'posted') = (posted_at IS NOT NULL)", name=op.f('ck_uploads_posted_at')),
        sa.CheckConstraint("kind IN ('repayments','portfolio')", name=op.f('ck_uploads_kind_known')),
        sa.CheckConstraint("status IN ('faulty','clean','submitted','posted','withdrawn')", name=op.f('ck_uploads_status_known')),
        sa.CheckConstraint('posted_by IS NULL OR posted_by <> submitted_by', name=op.f('ck_uploads_two_persons')),
        sa.ForeignKeyConstraint(['bank_id'], ['banks.id'], name=op.f('fk_uploads_bank_id')),
        sa.ForeignKeyConstraint(['posted_by'], ['users.id'], name=op.f('fk_uploads_posted_by')),
        sa.ForeignKeyConstraint(['submitted_by'], ['users.id'], name=op.f('fk_uploads_submitted_by')),
        sa.ForeignKeyConstraint(['uploaded_by'], ['users.id'], name=op.f('fk_uploads_uploaded_by')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_uploads')),
        sa.UniqueConstraint('id', 'bank_id', name=op.f('uq_uploads_id_bank_id'))
        )
        op.create_index('ix_uploads_bank_status', 'uploads', ['bank_id', 'status'], unique=False)
        op.create_index('ix_uploads_rows_hash', 'uploads', ['rows_hash'], unique=False)
        op.create_index('ix_uploads_sha256', 'uploads', ['sha256'], unique=False)
        op.create_table('user_sessions',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.Column('expires_at', sa.DateTime(), nullable=False),
        sa.Column('revoked_at', sa.DateTime(), nullable=True),
        sa.Column('address', sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_sessions_user_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_user_sessions')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_user_sessions_token_hash'))
        )
        op.create_index(op.f('ix_user_sessions_user_id'), 'user_sessions', ['user_id'], unique=False)
        op.create_table('loans',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(length=20), nullable=False),
        sa.Column('bank_id', sa.Integer(), nullable=False),
        sa.Column('borrower_id', sa.Integer(), nullable=False),
        sa.Column('account_number', sa.String(length=40), nullable=False),
        sa.Column('agreement_number', sa.String(length=60), nullable=False),
        sa.Column('disbursed_on', sa.Date(), nullable=False),
        sa.Column('principal', sa.BigInteger(), nullable=False),
        sa.Column('rate', sa.Integer(), nullable=False),
        sa.Column('months', sa.Integer(), nullable=False),
        sa.Column('method', sa.String(length=12), nullable=False),
        sa.Column('multiple', sa.Integer(), nullable=False),
        sa.Column('opened_on', sa.Date(), nullable=True),
        sa.CheckConstraint("method IN ('annuity','flat','declining')", name=op.f('ck_loans_method_known')),
        sa.CheckConstraint('months BETWEEN 1 AND 120', name=op.f('ck_loans_months_sane')),
        sa.CheckConstraint('multiple IN (1,100,500,1000)', name=op.f('ck_loans_multiple_known')),
        sa.CheckConstraint('principal >= 1', name=op.f('ck_loans_principal_positive')),
        sa.CheckConstraint('rate BETWEEN 0 AND 10000', name=op.f('ck_loans_rate_sane')),
        sa.ForeignKeyConstraint(['bank_id'], ['banks.id'], name=op.f('fk_loans_bank_id')),
        sa.ForeignKeyConstraint(['borrower_id'], ['borrowers.id'], name=op.f('fk_loans_borrower_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_loans')),
        sa.UniqueConstraint('bank_id', 'account_number', name=op.f('uq_loans_bank_id_account_number')),
        sa.UniqueConstraint('id', 'bank_id', name=op.f('uq_loans_id_bank_id')),
        sa.UniqueConstraint('number', name=op.f('uq_loans_number'))
        )
        op.create_index('ix_loans_agreement', 'loans', ['agreement_number'], unique=False)
        op.create_index('ix_loans_borrower', 'loans', ['borrower_id'], unique=False)
        op.create_table('upload_problems',
        sa.Column('upload_id', sa.Integer(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('row', sa.Integer(), nullable=False),
        sa.Column('column', sa.String(length=120), nullable=False),
        sa.Column('code', sa.String(length=40), nullable=False),
        sa.Column('found', sa.Text(), nullable=False),
        sa.Column('message', sa.Text(), nullable=False),
        sa.Column('blocking', sa.Boolean(), nullable=False),
        sa.Column('cells', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['upload_id'], ['uploads.id'], name=op.f('fk_upload_problems_upload_id')),
        sa.PrimaryKeyConstraint('upload_id', 'number', name=op.f('pk_upload_problems'))
        )
        op.create_index('ix_upload_problems_code', 'upload_problems', ['upload_id', 'code'], unique=False)
        op.create_table('disbursements',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('status', sa.String(length=12), nullable=False),
        sa.Column('borrower_id', sa.Integer(), nullable=False),
        sa.Column('bank_id', sa.Integer(), nullable=False),
        sa.Column('account_number', sa.String(length=40), nullable=False),
        sa.Column('agreement_number', sa.String(length=60), nullable=False),
        sa.Column('disbursed_on', sa.Date(), nullable=False),
        sa.Column('principal', sa.BigInteger(), nullable=False),
        sa.Column('rate', sa.Integer(), nullable=False),
        sa.Column('months', sa.Integer(), nullable=False),
        sa.Column('method', sa.String(length=12), nullable=False),
        sa.Column('multiple', sa.Integer(), nullable=False),
        sa.Column('collateral', sa.String(length=200), nullable=False),
        sa.Column('entered_by', sa.Integer(), nullable=False),
        sa.Column('entered_at', sa.DateTime(), nullable=False),
        sa.Column('decided_by', sa.Integer(), nullable=True),
        sa.Column('decided_at', sa.DateTime(), nullable=True),
        sa.Column('decision_reason', sa.String(length=300), nullable=False),
        sa.Column('loan_id', sa.Integer(), nullable=True),
        sa.CheckConstraint("(status = 'approved') = (loan_id IS NOT NULL)", name=op.f('ck_disbursements_loan_of_approved')),
        sa.CheckConstraint("(status = 'recorded') = (decided_by IS NULL)", name=op.f('ck_disbursements_decided')),
        sa.CheckConstraint("method IN ('annuity','flat','declining')", name=op.f('ck_disbursements_method_known')),
        sa.CheckConstraint("status IN ('recorded','approved','refused')", name=op.f('ck_disbursements_status_known')),
        sa.CheckConstraint('decided_by IS NULL OR decided_by <> entered_by', name=op.f('ck_disbursements_two_persons')),
        sa.CheckConstraint('principal >= 1', name=op.f('ck_disbursements_principal_positive')),
        sa.ForeignKeyConstraint(['bank_id'], ['banks.id'], name=op.f('fk_disbursements_bank_id')),
        sa.ForeignKeyConstraint(['borrower_id'], ['borrowers.id'], name=op.f('fk_disbursements_borrower_id')),
        sa.ForeignKeyConstraint(['decided_by'], ['users.id'], name=op.f('fk_disbursements_decided_by')),
        sa.ForeignKeyConstraint(['entered_by'], ['users.id'], name=op.f('fk_disbursements_entered_by')),
        sa.ForeignKeyConstraint(['loan_id'], ['loans.id'], name=op.f('fk_disbursements_loan_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_disbursements')),
        sa.UniqueConstraint('loan_id', name=op.f('uq_disbursements_loan_id'))
        )
        op.create_index('ix_disbursements_status', 'disbursements', ['status', 'bank_id'], unique=False)
        op.create_index('uq_disbursements_account', 'disbursements', ['bank_id', 'account_number'], unique=True, sqlite_where=sa.text("status <> 'refused'"), postgresql_where=sa.text("status <> 'refused'"))
        op.create_table('ledger_entries',
        sa.Column('loan_id', sa.Integer(), nullable=False),
        sa.Column('sequence', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('bank_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=12), nullable=False),
        sa.Column('amount', sa.BigInteger(), nullable=False),
        sa.Column('penalty', sa.BigInteger(), nullable=False),
        sa.Column('applied', sa.BigInteger(), nullable=False),
        sa.Column('effective_on', sa.Date(), nullable=False),
        sa.Column('booked_on', sa.Date(), nullable=False),
        sa.Column('booked_at', sa.DateTime(), nullable=False),
        sa.Column('entered_by', sa.Integer(), nullable=False),
        sa.Column('approved_by', sa.Integer(), nullable=True),
        sa.Column('bank_reference', sa.String(length=64), nullable=True),
        sa.Column('row_key', sa.String(length=120), nullable=True),
        sa.Column('upload_id', sa.Integer(), nullable=True),
        sa.Column('row_number', sa.Integer(), nullable=True),
        sa.Column('reverses', sa.Integer(), nullable=True),
        sa.Column('bank_principal', sa.BigInteger(), nullable=True),
        sa.Column('bank_interest', sa.BigInteger(), nullable=True),
        sa.Column('bank_outstanding', sa.BigInteger(), nullable=True),
        sa.Column('bank_collectibility', sa.Integer(), nullable=True),
        sa.Column('note', sa.String(length=300), nullable=False),
        sa.CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL) AND reverses < sequence", name=op.f('ck_ledger_entries_reversal_points_back')),
        sa.CheckConstraint("(kind IN ('opening','repayment','settlement','recovery') AND applied = amount - penalty) OR (kind IN ('disbursement','write_off') AND applied = 0) OR (kind = 'reversal' AND applied <= 0 AND applied >= -amount)", name=op.f('ck_ledger_entries_sign')),
        sa.CheckConstraint("amount > 0 OR (kind = 'opening' AND amount = 0)", name=op.f('ck_ledger_entries_amount_positive')),
        sa.CheckConstraint("kind IN ('disbursement','opening','repayment','settlement','write_off','recovery','reversal')", name=op.f('ck_ledger_entries_kind_known')),
        sa.CheckConstraint('(upload_id IS NULL) = (row_number IS NULL)', name=op.f('ck_ledger_entries_row_of_upload')),
        sa.CheckConstraint('approved_by IS NULL OR approved_by <> entered_by', name=op.f('ck_ledger_entries_two_persons')),
        sa.CheckConstraint('effective_on <= booked_on', name=op.f('ck_ledger_entries_effective_before_booked')),
        sa.CheckConstraint('penalty >= 0 AND penalty <= amount', name=op.f('ck_ledger_entries_penalty_within')),
        sa.CheckConstraint('upload_id IS NOT NULL OR approved_by IS NOT NULL', name=op.f('ck_ledger_entries_has_source')),
        sa.ForeignKeyConstraint(['approved_by'], ['users.id'], name=op.f('fk_ledger_entries_approved_by')),
        sa.ForeignKeyConstraint(['entered_by'], ['users.id'], name=op.f('fk_ledger_entries_entered_by')),
        sa.ForeignKeyConstraint(['loan_id', 'bank_id'], ['loans.id', 'loans.bank_id'], name='fk_ledger_entries_loan'),
        sa.ForeignKeyConstraint(['loan_id', 'reverses'], ['ledger_entries.loan_id', 'ledger_entries.sequence'], name='fk_ledger_entries_reverses'),
        sa.ForeignKeyConstraint(['upload_id', 'bank_id'], ['uploads.id', 'uploads.bank_id'], name='fk_ledger_entries_upload'),
        sa.PrimaryKeyConstraint('loan_id', 'sequence', name=op.f('pk_ledger_entries')),
        sqlite_with_rowid=False
        )
        op.create_index('uq_ledger_entries_reference', 'ledger_entries', ['bank_id', 'bank_reference'], unique=True)
        op.create_index('uq_ledger_entries_reverses', 'ledger_entries', ['loan_id', 'reverses'], unique=True)
        op.create_index('uq_ledger_entries_row_key', 'ledger_entries', ['bank_id', 'row_key'], unique=True)
        op.create_index('uq_ledger_entries_upload_row', 'ledger_entries', ['upload_id', 'row_number', 'kind'], unique=True)
        op.create_table('schedules',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('loan_id', sa.Integer(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('starts_on', sa.Date(), nullable=False),
        sa.Column('ends_on', sa.Date(), nullable=False),
        sa.Column('total', sa.BigInteger(), nullable=False),
        sa.Column('reason', sa.String(length=300), nullable=False),
        sa.Column('made_by', sa.Integer(), nullable=False),
        sa.Column('approved_by', sa.Integer(), nullable=True),
        sa.Column('made_at', sa.DateTime(), nullable=False),
        sa.CheckConstraint('starts_on < ends_on', name=op.f('ck_schedules_in_force')),
        sa.ForeignKeyConstraint(['approved_by'], ['users.id'], name=op.f('fk_schedules_approved_by')),
        sa.ForeignKeyConstraint(['loan_id'], ['loans.id'], name=op.f('fk_schedules_loan_id')),
        sa.ForeignKeyConstraint(['made_by'], ['users.id'], name=op.f('fk_schedules_made_by')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_schedules')),
        sa.UniqueConstraint('loan_id', 'version', name=op.f('uq_schedules_loan_id_version'))
        )
        op.create_index('ix_schedules_in_force', 'schedules', ['loan_id', 'starts_on', 'ends_on'], unique=False)
        op.create_table('suspense_entries',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('bank_id', sa.Integer(), nullable=False),
        sa.Column('loan_id', sa.Integer(), nullable=True),
        sa.Column('account_text', sa.String(length=80), nullable=False),
        sa.Column('name', sa.String(length=120), nullable=False),
        sa.Column('amount', sa.BigInteger(), nullable=False),
        sa.Column('effective_on', sa.Date(), nullable=False),
        sa.Column('booked_on', sa.Date(), nullable=False),
        sa.Column('booked_at', sa.DateTime(), nullable=False),
        sa.Column('reason', sa.String(length=24), nullable=False),
        sa.Column('bank_reference', sa.String(length=64), nullable=True),
        sa.Column('row_key', sa.String(length=120), nullable=True),
        sa.Column('upload_id', sa.Integer(), nullable=False),
        sa.Column('row_number', sa.Integer(), nullable=False),
        sa.Column('entered_by', sa.Integer(), nullable=False),
        sa.Column('approved_by', sa.Integer(), nullable=True),
        sa.CheckConstraint("reason IN ('account_unknown','loan_closed','exceeds_outstanding')", name=op.f('ck_suspense_entries_reason_known')),
        sa.CheckConstraint('amount > 0', name=op.f('ck_suspense_entries_amount_positive')),
        sa.CheckConstraint('effective_on <= booked_on', name=op.f('ck_suspense_entries_effective_before_booked')),
        sa.ForeignKeyConstraint(['approved_by'], ['users.id'], name=op.f('fk_suspense_entries_approved_by')),
        sa.ForeignKeyConstraint(['bank_id'], ['banks.id'], name=op.f('fk_suspense_entries_bank_id')),
        sa.ForeignKeyConstraint(['entered_by'], ['users.id'], name=op.f('fk_suspense_entries_entered_by')),
        sa.ForeignKeyConstraint(['loan_id', 'bank_id'], ['loans.id', 'loans.bank_id'], name='fk_suspense_entries_loan'),
        sa.ForeignKeyConstraint(['upload_id', 'bank_id'], ['uploads.id', 'uploads.bank_id'], name='fk_suspense_entries_upload'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_suspense_entries')),
        sa.UniqueConstraint('upload_id', 'row_number', name=op.f('uq_suspense_entries_upload_id_row_number'))
        )
        op.create_index('uq_suspense_entries_reference', 'suspense_entries', ['bank_id', 'bank_reference'], unique=True)
        op.create_index('uq_suspense_entries_row_key', 'suspense_entries', ['bank_id', 'row_key'], unique=True)
        op.create_table('schedule_rows',
        sa.Column('schedule_id', sa.Integer(), nullable=False),
        sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('next_due_on', sa.Date(), nullable=False),
        sa.Column('principal', sa.BigInteger(), nullable=False),
        sa.Column('interest', sa.BigInteger(), nullable=False),
        sa.Column('balance', sa.BigInteger(), nullable=False),
        sa.Column('total_before', sa.BigInteger(), nullable=False),
        sa.Column('total_through', sa.BigInteger(), nullable=False),
        sa.CheckConstraint('due_on < next_due_on', name=op.f('ck_schedule_rows_in_order')),
        sa.CheckConstraint('principal >= 0 AND interest >= 0 AND balance >= 0', name=op.f('ck_schedule_rows_not_negative')),
        sa.CheckConstraint('total_through = total_before + principal + interest', name=op.f('ck_schedule_rows_foots')),
        sa.ForeignKeyConstraint(['schedule_id'], ['schedules.id'], name=op.f('fk_schedule_rows_schedule_id')),
        sa.PrimaryKeyConstraint('schedule_id', 'number', name=op.f('pk_schedule_rows')),
        sqlite_with_rowid=False
        )


def downgrade() -> None:
        op.drop_table('schedule_rows')
        op.drop_index('uq_suspense_entries_row_key', table_name='suspense_entries')
        op.drop_index('uq_suspense_entries_reference', table_name='suspense_entries')
        op.drop_table('suspense_entries')
        op.drop_index('ix_schedules_in_force', table_name='schedules')
        op.drop_table('schedules')
        op.drop_index('uq_ledger_entries_upload_row', table_name='ledger_entries')
        op.drop_index('uq_ledger_entries_row_key', table_name='ledger_entries')
        op.drop_index('uq_ledger_entries_reverses', table_name='ledger_entries')
        op.drop_index('uq_ledger_entries_reference', table_name='ledger_entries')
        op.drop_table('ledger_entries')
        op.drop_index('uq_disbursements_account', table_name='disbursements', sqlite_where=sa.text("status <> 'refused'"), postgresql_where=sa.text("status <> 'refused'"))
        op.drop_index('ix_disbursements_status', table_name='disbursements')
        op.drop_table('disbursements')
        op.drop_index('ix_upload_problems_code', table_name='upload_problems')
        op.drop_table('upload_problems')
        op.drop_index('ix_loans_borrower', table_name='loans')
        op.drop_index('ix_loans_agreement', table_name='loans')
        op.drop_table('loans')
        op.drop_index(op.f('ix_user_sessions_user_id'), table_name='user_sessions')
        op.drop_table('user_sessions')
        op.drop_index('ix_uploads_sha256', table_name='uploads')
        op.drop_index('ix_uploads_rows_hash', table_name='uploads')
        op.drop_index('ix_uploads_bank_status', table_name='uploads')
        op.drop_table('uploads')
        op.drop_index('ix_trail_entries_object', table_name='trail_entries')
        op.drop_table('trail_entries')
        op.drop_table('idempotency_keys')
        op.drop_index('uq_borrowers_nik_index', table_name='borrowers', sqlite_where=sa.text("kind = 'micro'"), postgresql_where=sa.text("kind = 'micro'"))
        op.drop_index('ix_borrowers_name_key', table_name='borrowers')
        op.drop_table('borrowers')
        op.drop_table('users')
        op.drop_table('kelurahan')
        op.drop_table('indicator_years')
        op.drop_table('bank_layouts')
        op.drop_table('loan_terms')
        op.drop_table('kecamatan')
        op.drop_table('indicators')
        op.drop_table('holidays')
        op.drop_table('denominators')
        op.drop_table('collectibility_rules')
        op.drop_table('banks')
