"""Where a run that waits for a person is kept: LangGraph's checkpoints, opened only for such a run.

They hold the state of the graph and nothing else; what happened is in the event table.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agents.calling import Call
from rag.compose import Grove
from rag.core.protocols import Message
from rag.core.types import Passage, Usage

__all__ = ["checkpoints"]

_FILE = "waiting.db"
_TYPES = [(each.__module__, each.__name__) for each in (Call, Message, Passage, Usage)]


@asynccontextmanager
async def checkpoints(grove: Grove) -> AsyncGenerator[BaseCheckpointSaver[Any], None]:
    """Open the checkpoints: beside the database of the home, or in the PostgreSQL of the installation."""
    # Only these types are made anew from what is stored, whatever it names.
    serializer = JsonPlusSerializer(allowed_msgpack_modules=_TYPES)
    if grove.database.is_postgresql:
        # Its drivers take a tenth of a second to import, and most installations have none to talk to.
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver  # noqa: PLC0415

        url = grove.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with AsyncPostgresSaver.from_conn_string(url, serde=serializer) as shared:
            await shared.setup()
            yield shared
    else:
        path: Path = grove.settings.home_dir / _FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        async with aiosqlite.connect(path) as connection:
            saver = AsyncSqliteSaver(connection, serde=serializer)
            await saver.setup()
            yield saver
