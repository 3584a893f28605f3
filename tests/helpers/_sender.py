"""A tool with side effects that a test can count: it writes a line to a file, in whatever process."""

import asyncio
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from agents.tools import Effects, ToolResult, ToolScope
from agents.toolset import toolset_of
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.errors import UnavailableError
from rag.core.settings import Part, Settings
from rag.core.types import ParsedDocument
from rag.scoring.tools import Tool

TEXT = "The depot opens at nine. The warranty of the outdoor sensor runs for sixty months."
SEND = "Send the report to Ada."


class Sender:
    """Write whom something was sent to."""

    spec = Tool(
        "send",
        "Sends a thing to a person.",
        {
            "type": "object",
            "properties": {"what": {"type": "string"}, "to": {"type": "string"}},
            "required": ["what", "to"],
            "additionalProperties": False,
        },
    )
    effects: Effects = "writes"
    needs_permission = True

    def __init__(self, outbox: Path, *, is_down: bool = False, seconds: float = 0) -> None:
        self._outbox, self._is_down, self._seconds = outbox, is_down, seconds

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        match = re.fullmatch(r"Send (?P<what>.+) to (?P<to>\w+)\.", question)
        return None if match is None else match.groupdict()

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        if self._is_down:
            raise UnavailableError("the post office is closed")
        await asyncio.sleep(self._seconds)
        with self._outbox.open("a") as file:
            file.write(f"{arguments['what']} -> {arguments['to']}\n")
        return ToolResult.of("send", f"Sent {arguments['what']} to {arguments['to']}.")


def sent(grove: Grove) -> list[str]:
    """Give what the tool has done, by whichever process."""
    outbox = _outbox(grove)
    return outbox.read_text().splitlines() if outbox.exists() else []


def with_sender(settings: Settings, *, is_down: bool = False, seconds: float = 0) -> Grove:
    """Open an installation that has the tool besides those built in."""
    grove = Grove(settings)
    toolset_of(grove)._built_in.append(Sender(_outbox(grove), is_down=is_down, seconds=seconds))
    return grove


def small(home: Path, database_url: str | None = None) -> Settings:
    """Give settings without a model."""
    return Settings(
        home=home, database_url=database_url, encoder=Part(kind="hashing"), store=Part(kind="faiss")
    )


def fill(grove: Grove) -> None:
    """Take in the one document."""
    index_corpus(grove, [("handbook.txt", ParsedDocument(TEXT, "Handbook"))], collection="default")


def _outbox(grove: Grove) -> Path:
    return grove.settings.home_dir / "outbox.txt"


if __name__ == "__main__":  # a process that asks, says which run waits, and is killed
    import time

    from agents.runs import ask

    async def _main() -> None:
        grove = with_sender(small(Path(sys.argv[1])))
        events = [event async for event in ask(grove, SEND)]
        sys.stdout.write(f"{events[0].run_id} {events[-1].type}\n")  # type: ignore[union-attr]
        sys.stdout.flush()
        time.sleep(600)

    asyncio.run(_main())
