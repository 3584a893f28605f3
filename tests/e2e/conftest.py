"""What every journey needs: Node, with what the journeys import."""

import os
import shutil
from pathlib import Path

import pytest

UI = Path(__file__).parents[2] / "ui"


@pytest.fixture
def node(chromium: Path) -> str:
    """Give Node's executable, with what the journey imports installed."""
    found = shutil.which("node")
    if found and (UI / "node_modules" / "playwright-core").is_dir():
        return found
    reason = "there is no Node with ui/node_modules; install Node 20 and run `make ui`"
    if "browser" in os.environ.get("GROVE_REQUIRE", "").split(","):
        pytest.fail(f"GROVE_REQUIRE names browser, but {reason}")
    pytest.skip(reason)
