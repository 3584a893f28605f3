"""Small installations, each database with the store that belongs to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.compose import Grove
from rag.core.settings import IngestionSettings, Part, Settings


@pytest.fixture
def new_grove(grove_home: Path) -> Callable[..., Grove]:
    """Open the same installation, every time as another process would."""

    def opened(database_url: str | None = None, **ingestion: float) -> Grove:
        return Grove(
            Settings(
                home=grove_home,
                database_url=database_url,
                encoder=Part(kind="hashing"),
                ingestion=IngestionSettings(**{"batch_chunks": 4, "max_segments": 3, **ingestion}),
            )
        )

    return opened


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """Give the address of each kind of database; none is the home's own file."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def grove(new_grove: Callable[..., Grove]) -> Grove:
    return new_grove()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with six short texts, a broken file, and what is to be left alone."""
    path = tmp_path / "folder"
    (path / "deep" / ".git").mkdir(parents=True)
    for number in range(6):
        (path / f"text{number}.txt").write_text(f"Text number {number} is about {'abcdef'[number] * 4}.")
    (path / "deep" / "nested.md").write_text("# Nested\n\nA nested note.")
    (path / "broken.pdf").write_bytes(b"no PDF")
    (path / "picture.raw").write_bytes(b"\0\1")
    (path / ".hidden.txt").write_text("hidden")
    (path / "deep" / ".git" / "config.txt").write_text("hidden too")
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path
