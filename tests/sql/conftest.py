"""The same shop in both kinds of database."""

from pathlib import Path
from tempfile import mkdtemp

import pytest
from _shop import Shop, postgresql_shop, source, sqlite_shop

from rag.sql.source import SqlSource


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    """Make the shop, each time anew, with more statements run after its own, and under more settings."""

    def made(more: str = "", **settings: object) -> SqlSource:
        if request.param == "sqlite":
            return source(sqlite_shop(Path(mkdtemp(dir=tmp_path)), more), **settings)
        new_database = request.getfixturevalue("new_database")
        return source(postgresql_shop(new_database(), more), **settings)

    return made
