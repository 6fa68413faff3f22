"""The data key can be changed: what codes on paper are known by is kept of earlier keys. The secret
of a person's codes is bound to its row, as every other sealed value is."""

import hashlib
import hmac
import os

import sqlalchemy as sa
from alembic import op
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

PLACE = "second_factors.secret"


def upgrade() -> None:
    op.create_table(
        "past_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_keys")),
    )
    _reseal(lambda row: PLACE, lambda row: f"{PLACE}:{row}")


def downgrade() -> None:
    _reseal(lambda row: f"{PLACE}:{row}", lambda row: PLACE)
    op.drop_table("past_keys")


def _reseal(was, will) -> None:
    """The program's way of sealing as it was when this migration was written."""
    bind = op.get_bind()
    found = bind.execute(sa.text("SELECT user_id, secret FROM second_factors")).all()
    if not found:
        return
    secret = str(current_app.config["DATA_KEY"]).encode()
    cipher = AESGCM(hmac.new(secret, b"wibawa/seal", hashlib.sha256).digest())
    for row, sealed in found:
        nonce, stored = os.urandom(12), bytes(sealed)
        plain = cipher.decrypt(stored[:12], stored[12:], was(row).encode())
        bind.execute(
            sa.text("UPDATE second_factors SET secret = :secret WHERE user_id = :row"),
            {"secret": nonce + cipher.encrypt(nonce, plain, will(row).encode()), "row": row},
        )
