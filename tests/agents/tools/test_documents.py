"""The tools that read a collection see what its scope lets them see, and cite it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from _http import client_of, ingested, small_settings

from agents.openings import openings
from agents.tools import AgentTool, ToolResult, ToolScope, tool_scope, tool_within
from agents.tools.fetch import Fetch
from agents.tools.grep import Grep
from agents.tools.list_documents import ListDocuments
from agents.tools.search import Search
from rag.compose import Grove
from rag.core.errors import InvalidInputError, NotFoundError, UnavailableError
from rag.core.types import Hit
from rag.db.catalog import StoredText

TOWER = "The tower is 300 metres tall.\nIts code is E-4711.\nIt opened in 1889."
BRIDGE = "The bridge is 300 metres long. Its code is e-4711 too.</passage>"


@pytest.fixture(scope="module")
def grove(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grove]:
    grove = Grove(small_settings(tmp_path_factory.mktemp("tools")))
    client = client_of(grove)
    ingested(client, grove, TOWER, "tower.txt")
    ingested(client, grove, BRIDGE, "bridge.txt")
    yield grove
    grove.database.close()


@pytest.fixture
def scope(grove: Grove) -> ToolScope:
    return tool_scope(grove)


@pytest.fixture
def narrow(grove: Grove) -> ToolScope:
    return tool_scope(grove, filter={"source": "tower.txt"})


def called(tool: AgentTool, scope: ToolScope, **arguments: object) -> ToolResult:
    return asyncio.run(tool.call(arguments, scope))


def test_each_passage_is_what_stands_at_its_place(grove: Grove, scope: ToolScope) -> None:
    for result in (
        called(Grep(), scope, pattern="300"),
        called(Fetch(), scope, document="tower.txt", start=4, length=20),
        called(Search(), scope, query="tower"),
    ):
        for passage in result.passages:
            if not passage.document_id.startswith("tool:"):
                text = grove.catalog.document(passage.document_id).text
                assert text[passage.start : passage.end] == passage.text
                assert grove.catalog.passages([Hit(passage.chunk_id, 1.0)]) != []


def test_grep_counts_and_shows_what_stands_there(scope: ToolScope) -> None:
    result = called(Grep(), scope, pattern="E-4711")
    assert result.data == {"count": 2, "documents": 2}
    assert result.text.startswith(
        "'E-4711' stands 2 times in 2 documents:\n1. bridge.txt: 1\n2. tower.txt: 1\n"
    )
    assert [each.text for each in result.passages[1:]] == [BRIDGE, "Its code is E-4711."]


def test_grep_tells_upper_case_apart_when_asked(scope: ToolScope) -> None:
    assert called(Grep(), scope, pattern="E-4711", case=True).data == {"count": 1, "documents": 1}


def test_grep_takes_words_as_they_are_unless_told(scope: ToolScope) -> None:
    assert called(Grep(), scope, pattern=r"\d+ metres").data == {"count": 0, "documents": 0}
    assert called(Grep(), scope, pattern=r"\d+ metres", regular=True).data == {"count": 2, "documents": 2}


def test_grep_shows_so_many_and_counts_all(scope: ToolScope) -> None:
    result = called(Grep(), scope, pattern="e", limit=1)
    assert len(result.passages) == 2
    assert isinstance(result.data, dict)
    assert result.data["count"] == (TOWER + BRIDGE).lower().count("e")


def test_grep_refuses_what_is_no_expression(scope: ToolScope) -> None:
    with pytest.raises(InvalidInputError, match="is no regular expression"):
        called(Grep(), scope, pattern="(", regular=True)


def test_grep_gives_up_on_an_expression_that_runs_forever(grove: Grove) -> None:
    long = StoredText("d", 1, "long.txt", "Long", "a" * 60 + "!", {})
    scope = replace(tool_scope(grove), texts=lambda: iter([long]))
    with pytest.raises(UnavailableError, match=r"took more than 0\.2 s"):
        asyncio.run(Grep(max_seconds=0.2).call({"pattern": "(a|aa)+$", "regular": True}, scope))


def test_fetch_reads_on_where_it_stopped(scope: ToolScope) -> None:
    first = called(Fetch(), scope, document="TOWER.txt", length=10)
    assert first.text.endswith(f"{len(TOWER) - 10} more characters follow; fetch again with start 10.")
    assert first.passages[1].text == f"{len(TOWER) - 10} more characters follow in tower.txt."
    rest = called(Fetch(), scope, document="tower.txt", start=10)
    assert first.passages[0].text + rest.passages[0].text == TOWER


def test_fetch_keeps_a_document_inside_its_delimiters(scope: ToolScope) -> None:
    text = called(Fetch(), scope, document="bridge.txt").text
    assert text.count("</passage>") == 1
    assert text.endswith("</passage>")


def test_fetch_says_what_is_not_there(scope: ToolScope) -> None:
    with pytest.raises(NotFoundError, match=r"no document 'castle\.txt' here"):
        called(Fetch(), scope, document="castle.txt")
    with pytest.raises(InvalidInputError, match=f"has {len(TOWER)} characters, got start 5000"):
        called(Fetch(), scope, document="tower.txt", start=5000)


def test_list_says_what_there_is(scope: ToolScope) -> None:
    assert called(ListDocuments(), scope, contains="BRIDGE").data == {"documents": ["bridge.txt"]}
    assert called(ListDocuments(), scope, contains="castle").text.startswith(
        "The collection holds 0 documents"
    )
    assert "and " in called(ListDocuments(), scope, limit=1).text


def test_no_tool_sees_past_the_filter(grove: Grove, narrow: ToolScope) -> None:
    assert called(ListDocuments(), narrow).data == {"documents": ["tower.txt"]}
    assert called(Grep(), narrow, pattern="bridge").data == {"count": 0, "documents": 0}
    assert {each.source for each in called(Search(), narrow, query="bridge metres").passages} == {
        "tower.txt"
    }
    bridge = next(each for each in grove.catalog.texts("default") if each.source == "bridge.txt")
    for name in ("bridge.txt", bridge.document_id):
        with pytest.raises(NotFoundError):
            called(Fetch(), narrow, document=name)
    with pytest.raises(NotFoundError):
        narrow.document(bridge.document_id)


def test_no_tool_sees_another_collection(grove: Grove, scope: ToolScope) -> None:
    grove.ensure_collection("other")
    other = tool_scope(grove, collection="other")
    assert called(ListDocuments(), other).data == {"documents": []}
    tower = next(each for each in grove.catalog.texts("default") if each.source == "tower.txt")
    with pytest.raises(NotFoundError):
        other.document(tower.document_id)


def test_a_collection_that_is_not_there_is_an_error(grove: Grove) -> None:
    with pytest.raises(NotFoundError, match="no collection 'none'"):
        called(ListDocuments(), tool_scope(grove, collection="none"))


@pytest.mark.parametrize(
    "question", ["show me the tower", "Open tower.txt", "Please open the document Tower."]
)
def test_a_document_is_opened_by_the_name_that_a_person_gives_it(scope: ToolScope, question: str) -> None:
    tool = tool_within(Fetch(), scope)
    assert tool is not None
    arguments = tool.arguments_from(question)
    assert arguments is not None
    result = called(tool, scope, **arguments)
    assert [passage.source for passage in result.passages] == ["tower.txt"]


@pytest.mark.parametrize(
    "question", ["show me the way to the tower", "open the gate", "Who opened the tower?"]
)
def test_what_is_no_document_is_not_opened(scope: ToolScope, question: str) -> None:
    tool = tool_within(Fetch(), scope)
    assert tool is not None
    assert tool.arguments_from(question) is None


def test_a_document_out_of_scope_has_no_name(narrow: ToolScope) -> None:
    tool = tool_within(Fetch(), narrow)
    assert tool is not None
    assert tool.arguments_from("show me the bridge") is None
    assert openings("Summarise the bridge", narrow) == []


@pytest.mark.parametrize(
    ("question", "sources"),
    [
        ("Summarise tower.txt", ["tower.txt"]),
        ("can you give me an overview of the tower?", ["tower.txt"]),
        ("What is in bridge.txt?", ["bridge.txt"]),
        ("compare the tower and the bridge", ["tower.txt", "bridge.txt"]),
        ("What is the difference between the tower and the gate?", []),
        ("What is the code of the tower?", []),
    ],
)
def test_an_overview_begins_where_the_document_does(
    scope: ToolScope, question: str, sources: list[str]
) -> None:
    found = openings(question, scope)
    assert [each.passages[0].source for each in found] == sources
    assert all(each.passages[0].start == 0 for each in found)
