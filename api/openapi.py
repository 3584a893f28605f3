"""Writes the API's description: `python -m api.openapi > api/openapi.json`.

The page's client is made from it.
"""

import json
import sys
import tempfile
from pathlib import Path

from api.main import create_app
from rag.compose import Grove
from rag.core.settings import Settings

__all__ = ["openapi_json"]


def openapi_json() -> str:
    """Give the OpenAPI document as text, always the same for the same code."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Grove(Settings(home=Path(home))))
    return json.dumps(app.openapi(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_json())
