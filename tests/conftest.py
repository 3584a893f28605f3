"""Fixtures that bring the real outside world to tests, or skip with a counted reason.

`GROVE_REQUIRE=browser,vllm,postgres,data,ray` turns the skip of what is named into a failure.
"""

import os
import random
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from _kept_work import keep_routes, keep_tables
from _postgres import PostgresServer, start_postgres
from _readers import ReaderPool
from hypothesis import HealthCheck, settings

# A busy machine is no fault of the code. Where everything is required nothing may depend on luck; elsewhere
# every run looks for new examples.
settings.register_profile(
    "grove",
    deadline=None,
    derandomize="GROVE_REQUIRE" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("grove")

REPOSITORY = Path(__file__).parents[1]
CHROMIUM = Path("/usr/bin/chromium")
LONGEST = (  # the longest first
    "vllm_plugin/test_engine.py",
    "test_docs.py",
    "test_page.py",
    "test_ray.py",
    "vllm_plugin/test_drafts_in_vllm.py",
    "test_llm_served.py",
    "golden/test_retrieval.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes: at the end one process would wait for the other."""
    items.sort(key=lambda item: _place(item.path.as_posix()))


def _place(path: str) -> int:
    return next((place for place, name in enumerate(LONGEST) if path.endswith(name)), len(LONGEST))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files by their parameter: bytes of archives hold the time, and two processes count the tests."""
    return argname if isinstance(val, bytes) and len(val) > 32 else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let models of random weights that a test makes be the same in each run, whatever ran before."""
    random.seed(0)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(0)


def _absent(what: str, reason: str) -> None:
    if what in os.environ.get("GROVE_REQUIRE", "").split(","):
        pytest.fail(f"GROVE_REQUIRE names {what}, but {reason}")
    pytest.skip(reason)


def _shared_data_dir() -> Path:
    return Path(os.environ.get("GROVE_SHARED", REPOSITORY.parent / "shared")) / "data"


def _vllm_environment() -> Path:
    return Path(f"{sys.prefix}-vllm")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("GROVE_") and name not in ("GROVE_REQUIRE", "GROVE_SHARED"):
            monkeypatch.delenv(name)
    # A test that forgets to name a home must not write into the user's own.
    monkeypatch.setenv("GROVE_HOME", str(tmp_path / "grove-home"))


@pytest.fixture(scope="session", autouse=True)
def _shared_readers() -> Iterator[None]:
    pool = ReaderPool()
    with pytest.MonkeyPatch.context() as patch:
        pool.install(patch)
        yield
    pool.stop()


@pytest.fixture(scope="session", autouse=True)
def _kept_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        keep_routes(patch)
        keep_tables(patch, tmp_path_factory.mktemp("tables"))
        yield


@pytest.fixture
def grove_home(tmp_path: Path) -> Path:
    """Give a home of the test's own, not yet made."""
    return tmp_path / "grove-home"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of the shared data sets."""
    path = _shared_data_dir()
    if not path.is_dir():
        _absent("data", f"the shared data sets are not at {path}; set GROVE_SHARED")
    return path


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Give the browser's executable."""
    if not CHROMIUM.exists():
        _absent("browser", f"there is no {CHROMIUM}; apt-get install chromium")
    return CHROMIUM


@pytest.fixture(scope="session")
def vllm_environment() -> Path:
    """Give the environment of the generation server."""
    path = _vllm_environment()
    if not (path / "bin" / "python").exists():
        _absent("vllm", f"there is no {path}; run `rag llm install`")
    return path


@pytest.fixture(scope="session")
def ray() -> None:
    """Make sure that Ray is there."""
    if find_spec("ray") is None:
        _absent("ray", "Ray is not installed; make setup-ray")


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[PostgresServer]:
    try:
        server = start_postgres()
    except (ImportError, OSError, RuntimeError) as error:
        _absent("postgres", f"no PostgreSQL could be started: {error}")
        raise
    yield server
    server.stop()


@pytest.fixture
def new_database(_postgres_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """Make databases, each when it is called, and give their addresses."""
    made: list[str] = []

    def new() -> str:
        made.append(_postgres_server.new_database())
        return made[-1]

    yield new
    for url in made:
        _postgres_server.drop(url)


@pytest.fixture
def postgres_url(new_database: Callable[[], str]) -> str:
    """Give the address of a fresh database with pgvector available."""
    return new_database()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def each_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run twice, and all processes with it: on SQLite and FAISS in the home, on PostgreSQL and pgvector."""
    if request.param == "postgres":
        monkeypatch.setenv("GROVE_DATABASE_URL", request.getfixturevalue("postgres_url"))
    name: str = request.param
    return name
