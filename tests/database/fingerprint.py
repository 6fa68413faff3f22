"""Write the fingerprint of the newest schema anew, after a migration was added: `make fingerprint`.

What the files said before is the only witness of a damaged schema, so look at the difference.
"""

from __future__ import annotations

from flask_migrate import upgrade

from tests.bench.databases import ENGINES, databases
from tests.conftest import dispose, make_app
from wibawa import schema
from wibawa.database import db, writing


def write(engine: str) -> None:
    with databases(engine) as place:
        app = make_app(place.empty())
        with app.app_context(), writing():
            upgrade()
            with db.engine.connect() as connection:
                lines = schema.describe(connection)
        dispose(app)
    target = schema.MIGRATIONS / f"schema.{engine}.txt"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{target.name}: {len(lines)} objects")


if __name__ == "__main__":
    for name in ENGINES:
        write(name)
