"""Every built-in tool keeps these laws; a new file of agents/tools is tested as it is."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import date

import pytest
from _http import Filled, client_of, ingested, small_settings
from _shop import sqlite_shop
from jsonschema import Draft202012Validator

from agents._arguments import check_arguments
from agents.tools import TOOLS, AgentTool, ToolScope, tool_scope
from agents.toolset import Toolset
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.sql_settings import SqlSettings, SqlSourceSettings
from rag.generation.constrained.schema import check_schema
from rag.generation.context import neutralise

DELIMITER = re.compile(r"</?passage[^>]*>")
QUESTIONS = [
    "What is 12 * 7?",
    "How many days are there between 2024-01-01 and 5 March 2024?",
    'Where does "300 metres" stand?',
    "Which documents are there?",
    "Open tower.txt",
    "How many products are there in each category?",
    "Who built the tower?",
    "",
    "?" * 3000,
    '"' * 3000,
    "1" * 3000,
    "(" * 3000,
    "how many days " * 300,
]


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolScope]:
    grove = Grove(small_settings(tmp_path_factory.mktemp("tools")))
    client = client_of(grove)
    filled = Filled(grove, client, ingested(client, grove))
    yield tool_scope(filled.grove, today=lambda: date(2026, 3, 1))
    grove.database.close()


@pytest.fixture(params=TOOLS.names())
def tool(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AgentTool:
    folder = tmp_path_factory.mktemp("home")
    shop = SqlSourceSettings(url=sqlite_shop(folder), description="a shop")
    toolset = Toolset(Grove(small_settings(folder, sql=SqlSettings(sources={"shop": shop}))))
    return next(each for each in asyncio.run(toolset.tools()) if each.spec.name == request.param)


def test_it_is_called_as_its_file(tool: AgentTool) -> None:
    assert type(tool).__module__ == f"agents.tools.{tool.spec.name}"


def test_its_schema_is_one_that_arguments_and_answers_can_be_held_to(tool: AgentTool) -> None:
    Draft202012Validator.check_schema(tool.spec.parameters)
    check_schema(tool.spec.parameters)
    assert tool.spec.parameters["additionalProperties"] is False
    with pytest.raises(InvalidInputError, match="no_such_argument"):
        check_arguments(tool.spec, {"no_such_argument": 1})


def test_its_description_is_a_line_or_two(tool: AgentTool) -> None:
    assert 20 < len(tool.spec.description) < 400
    assert "\n" not in tool.spec.description


def test_what_writes_asks(tool: AgentTool) -> None:
    assert tool.needs_permission or tool.effects != "writes"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[:20])
def test_what_it_reads_off_a_question_it_can_be_called_with(
    tool: AgentTool, scope: ToolScope, question: str
) -> None:
    arguments = tool.arguments_from(question)
    if arguments is None:
        return
    check_arguments(tool.spec, arguments)
    result = asyncio.run(tool.call(arguments, scope))
    bare = DELIMITER.sub("", result.text)
    assert bare == neutralise(bare)
    assert result.passages
    json.dumps(result.data)


def test_a_plain_question_is_left_to_search(tool: AgentTool) -> None:
    assert tool.arguments_from("Who built the tower, and when was it opened?") is None
