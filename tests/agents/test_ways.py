"""Which way a question goes by rules alone: greeted, to a tool, or read in the documents.

Half of the questions were held back: their count was looked at between rules, no question of them was.
`ways_held.jsonl` is not to be tuned on.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _shop import sqlite_shop

from agents.calling import ToolCaller
from agents.courtesy import reply_to
from agents.followups import stand_alone
from agents.tools import TOOLS, tool_scope
from rag.compose import Grove
from rag.core.protocols import Message
from rag.core.settings import Part, Settings
from rag.core.sql_settings import SqlSettings, SqlSourceSettings

HERE = Path(__file__).parent
HELD_RIGHT = 47  # of 48; always reading the documents is right for 18


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"ways_{name}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolCaller]:
    folder = tmp_path_factory.mktemp("ways")
    shop = SqlSourceSettings(url=sqlite_shop(folder), description="a shop of garden tools")
    sources = SqlSettings(sources={"shop": shop})
    grove = Grove(Settings(home=folder / "home", encoder=Part(kind="hashing"), sql=sources))
    tools = [TOOLS.build(name, {}, lambda part, _: getattr(grove, part, None)) for name in TOOLS.names()]
    yield ToolCaller(tools, tool_scope(grove))
    grove.database.close()


def way(row: dict[str, Any], caller: ToolCaller) -> str:
    if reply_to(row["question"]) is not None:
        return "talk"
    turns = [(Message("user", asked), Message("assistant", answer)) for asked, answer in row["said"]]
    call = caller.direct(stand_alone(row["question"], [message for turn in turns for message in turn]))
    return "plain" if call is None else call.tool


@pytest.mark.parametrize("row", rows("tuned"), ids=lambda row: row["question"])
def test_a_question_goes_the_way_that_it_wants(row: dict[str, Any], caller: ToolCaller) -> None:
    assert way(row, caller) == row["way"]


def test_questions_that_no_rule_was_written_for_mostly_do_too(caller: ToolCaller) -> None:
    held = rows("held")
    assert sum(way(row, caller) == row["way"] for row in held) >= HELD_RIGHT
