"""Write the fingerprint of the newest schema anew, after a migration was added: `make fingerprint`.

What the files said before is the only witness of a damaged schema, so look at the difference.
"""

from __future__ import annotations

from sqlalchemy import create_engine

from tests.bench.databases import ENGINES, databases
from wibawa import schema


def write(engine: str) -> None:
    with databases(engine) as place:
        made = create_engine(place.fresh())
        with made.connect() as connection:
            lines = schema.describe(connection)
        made.dispose()
    target = schema.MIGRATIONS / f"schema.{engine}.txt"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{target.name}: {len(lines)} objects")


if __name__ == "__main__":
    for name in ENGINES:
        write(name)
