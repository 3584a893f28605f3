import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from _timing import least_seconds
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

import rag.db.conversation_tables
import rag.db.migrations
from rag.core.errors import ConflictError, InvalidInputError, UnavailableError
from rag.db.access_tables import SessionRow
from rag.db.http_tables import FileRow, ReplyRow
from rag.db.migrations import HEAD
from rag.db.schedule_tables import ScheduleRow
from rag.db.session import Database, look_at, open_database
from rag.db.tables import Base, RunRow


def run_row(run_id: str) -> RunRow:
    return RunRow(id=run_id, tenant="t", collection="c", question="?", state="running")


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    known = {row.__tablename__ for row in (FileRow, ReplyRow, ScheduleRow, SessionRow)}
    assert known <= set(Base.metadata.tables)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(rag.db.migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_every_table_has_a_tenant() -> None:
    assert [table.name for table in Base.metadata.tables.values() if "tenant" not in table.columns] == []


def test_a_current_database_opens_at_once(database: Database, database_url: str) -> None:
    # 5 ms on SQLite, 40 ms on PostgreSQL; migrating takes longer.
    assert least_seconds(lambda: open_database(database_url).close()) < 0.5


def test_opening_a_current_database_imports_neither_alembic_nor_torch(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'grove.db'}"
    open_database(url).close()
    program = (
        f"import sys; from rag.db.session import open_database; open_database({url!r});"
        "import rag.db.catalog, rag.db.publish, rag.db.jobs, rag.db.runs;"
        "print([name for name in ('alembic', 'torch', 'faiss', 'transformers') if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert finished.stdout.strip() == "[]"


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with contextlib.suppress(RuntimeError), database.write() as session:
        session.add(run_row("a"))
        session.flush()
        raise RuntimeError
    with database.read() as session:
        assert session.get(RunRow, "a") is None


def test_a_reader_sees_one_instant(database: Database) -> None:
    with database.read() as reader:
        assert reader.scalar(text("SELECT count(*) FROM runs")) == 0
        with database.write() as session:
            session.add(run_row("a"))
        assert reader.scalar(text("SELECT count(*) FROM runs")) == 0


def test_an_error_does_not_show_what_was_written(database: Database) -> None:
    secret = run_row("x" * 100 if database.is_postgresql else "a")
    secret.question = "a private question"
    if not database.is_postgresql:
        with database.write() as session:
            session.add(run_row("a"))
    with pytest.raises(DBAPIError) as caught, database.write() as session:
        session.add(secret)
    assert "private" not in str(caught.value)


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    with database.write() as session:
        session.add(run_row("a"))
    with database.read() as session:
        created = session.get_one(RunRow, "a").created_at
    assert created.utcoffset() is not None
    assert abs(time.time() - created.timestamp()) < 60


@pytest.mark.postgres
def test_an_older_installation_loses_what_nothing_reads(postgres_url: str) -> None:
    database = open_database(postgres_url)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0016'"))
        session.execute(text("ALTER TABLE jobs DROP COLUMN num_unchanged"))
        session.execute(text("CREATE TABLE segment_rows (ordinal integer, fde real)"))
        session.execute(text("CREATE INDEX ix_segment_rows_fde_2560 ON segment_rows (fde)"))
    open_database(postgres_url).close()
    found = inspect(database.engine)
    assert [column["name"] for column in found.get_columns("segment_rows")] == ["ordinal"]
    assert found.get_indexes("segment_rows") == []
    database.close()


def test_a_database_of_a_newer_grove_is_refused(database: Database, database_url: str) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConflictError, match="newer Grove"):
        open_database(database_url)


def test_a_database_whose_connections_are_all_in_use_is_unavailable(database_url: str) -> None:
    open_database(database_url).close()
    database = Database(create_engine(database_url, pool_size=1, max_overflow=0, pool_timeout=0))
    with database.read() as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(UnavailableError, match="limit of size 1"), database.read() as another:
            another.execute(text("SELECT 1"))
    database.close()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "nonsense", ""])
def test_other_kinds_of_database_are_refused(url: str) -> None:
    with pytest.raises(InvalidInputError):
        open_database(url)


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"failed: .*; its folder must be there and be writable"):
        open_database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'grove.db'}")


@pytest.mark.parametrize("damage", ["cut", "overwritten", "hit inside"])
def test_a_damaged_database_is_said_to_be(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "grove.db"
    open_database(f"sqlite:///{file}").close()
    whole = file.read_bytes()
    noise = bytes(range(256)) * 200
    damaged = {"cut": whole[:40_000], "overwritten": noise, "hit inside": whole[:100] + noise}
    file.write_bytes(damaged[damage])
    for look in (open_database, look_at):
        with pytest.raises(UnavailableError, match=r"grove\.db is damaged: .*`rag import FILE`"):
            look(f"sqlite:///{file}")


def test_a_file_is_what_its_path_says(tmp_path: Path) -> None:
    file = tmp_path / "a#b?c%20d" / "grove.db"
    file.parent.mkdir()
    open_database(file).close()
    assert [path.name for path in tmp_path.iterdir()] == [file.parent.name]
    assert file.exists()
    assert look_at(file).is_current


def test_sqlite_keeps_what_it_has_committed(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'grove.db'}")
    with database.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
