"""The retrievers of examples/ for LangChain and LlamaIndex find what Grove finds."""

import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from _http import Filled, client_of, ingested, serving, small_settings

from api.main import create_app
from rag.compose import Grove

EXAMPLES = Path(__file__).parents[2] / "examples"
QUERY = "how tall is the tower"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Ingest one document."""
    grove = Grove(small_settings(tmp_path_factory.mktemp("adapted")))
    client = client_of(grove)
    yield Filled(grove, client, ingested(client, grove))
    grove.database.close()


def test_langchain_finds_passages_over_http(filled: Filled) -> None:
    (hit,) = filled.grove.search(QUERY).passages
    with serving(create_app(filled.grove)) as url:
        retriever = example("langchain_retriever").GroveRetriever(url=url, k=3)
        (document,) = retriever.invoke(QUERY)
        (later,) = asyncio.run(retriever.ainvoke(QUERY))
        nothing = example("langchain_retriever").GroveRetriever(url=url, filter={"source": "other"})
        assert nothing.invoke(QUERY) == []
    assert (document.page_content, document.id) == (hit.text, hit.chunk_id)
    assert document.metadata["score"] == pytest.approx(hit.score)
    assert (document.metadata["start"], document.metadata["end"]) == (hit.start, hit.end)
    assert later == document


def test_llamaindex_finds_passages_in_process(filled: Filled) -> None:
    (hit,) = filled.grove.search(QUERY).passages
    retriever = example("llamaindex_retriever").GroveRetriever(filled.grove, k=3)
    (found,) = retriever.retrieve(QUERY)
    (later,) = asyncio.run(retriever.aretrieve(QUERY))
    assert (found.node.node_id, found.text, found.score) == (hit.chunk_id, hit.text, hit.score)
    assert (found.node.start_char_idx, found.node.end_char_idx) == (hit.start, hit.end)
    assert found.node.ref_doc_id == hit.document_id
    assert later.node.node_id == found.node.node_id
