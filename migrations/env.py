"""Alembic's environment: online only, on the application's own engine."""

from alembic import context
from flask import current_app

from wibawa.keeping.upgrading import back_up_first

config = context.config


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    metadata = current_app.extensions["migrate"].db.metadata
    given = config.attributes.get("connection")
    if given is not None:
        context.configure(connection=given, target_metadata=metadata, compare_type=True, transactional_ddl=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    deed = context._proxy.context_opts["fn"].__name__
    if deed in ("upgrade", "downgrade"):
        back_up_first(engine, deed)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_type=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run online only: they read reference data.")
run()
