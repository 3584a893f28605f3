"""A collection whose sections have vectors of their own: taken in, found, rebuilt, or refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from indexing.compaction import compact
from indexing.corpus import index_corpus
from indexing.parse import parse_document
from indexing.reindex import submit_reindex
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import ConflictError
from rag.core.settings import IngestionSettings, Part, Settings
from rag.core.types import ParsedDocument

BOTH = ("dense", "long")
NewGrove = Callable[..., Grove]
SECTIONS = {
    "Snow": "The snow lies on the lake. In the morning the snow is deep and the lake is cold.",
    "Depot": "The depot opens at nine. The key of the depot hangs at the gate, and the snow is cleared.",
}


@pytest.fixture
def opened(database_url: str | None, grove_home: Path) -> NewGrove:
    """Open one installation, with settings that differ as a test wants it."""

    def grove(unit: str = "section", **changes: object) -> Grove:
        settings = Settings(
            home=grove_home,
            database_url=database_url,
            encoder=Part(kind="hashing", options={"dim": 1024}),
            long_encoder=Part(kind="hashing_long", options={"dim": 512}),
            chunker=Part(kind="structure", options={"max_tokens": 12, "min_tokens": 0}),
            ingestion=IngestionSettings(long_unit=unit),
        )
        return Grove(settings.model_copy(update=changes))

    return grove


def filled(grove: Grove, kinds: tuple[str, ...] = BOTH) -> Grove:
    text = "# Manual\n\n" + "\n\n".join(f"## {title}\n\n{content}" for title, content in SECTIONS.items())
    documents = [(f"{n}.md", parse_document(text.encode(), name=f"{n}.md")) for n in range(3)]
    index_corpus(grove, documents, collection="c", kinds=kinds)
    return grove


def titles(grove: Grove, question: str, *, sections: int) -> set[str]:
    options = {"long": Part(kind="long", options={"sections": sections})}
    asked = Grove(grove.settings.model_copy(update={"retrievers": options}))
    passages = asked.search(question, collection="c", retriever="long", k=50).passages
    texts = "".join(passage.text for passage in passages)
    return {title for title, content in SECTIONS.items() if content.split()[-1] in texts}


def test_only_passages_of_the_best_sections_are_found(opened: NewGrove) -> None:
    grove = filled(opened())
    assert titles(grove, "when does the depot open", sections=3) == {"Depot"}
    assert titles(grove, "snow on the lake", sections=3) == {"Snow"}
    assert titles(grove, "snow on the lake", sections=6) == {"Snow", "Depot"}


@pytest.mark.parametrize("unit", ["section", "document", "chunk"])
def test_a_merge_and_a_rebuilding_change_nothing_that_is_found(opened: NewGrove, unit: str) -> None:
    grove = filled(opened(unit))
    more = [("more.txt", ParsedDocument("A letter about snow and the key of the depot.", "more"))]
    index_corpus(grove, more, collection="c")

    def found() -> list[tuple[str, float]]:
        passages = grove.search("snow of the depot", collection="c", retriever="long", k=50).passages
        return sorted((passage.text, round(passage.score, 2)) for passage in passages)

    before = found()
    compact(grove, "c")
    assert found() == before
    status = run_job(grove, submit_reindex(grove, "c"))
    assert status is not None
    assert (status.state, status.error) == ("done", None)
    assert found() == before


def test_without_section_vectors_the_error_says_what_to_do(opened: NewGrove) -> None:
    grove = filled(opened(), kinds=("dense",))
    with pytest.raises(ConflictError, match="rag reindex --collection c --index dense,long"):
        grove.search("snow", collection="c", retriever="long")
    status = run_job(grove, submit_reindex(grove, "c", kinds=BOTH))
    assert status is not None
    assert status.state == "done"
    assert grove.search("snow", collection="c", retriever="long").passages


def test_sections_of_another_encoder_are_refused(opened: NewGrove) -> None:
    filled(opened())
    other = opened(long_encoder=Part(kind="hashing_long", options={"dim": 64}))
    with pytest.raises(ConflictError, match="hashing-long-512"):
        other.search("snow", collection="c", retriever="long")


def test_the_real_long_encoder_shares_the_space_of_chunks(grove_home: Path) -> None:
    grove = Grove(Settings(home=grove_home))
    assert grove.long_encoder.backbone == grove.encoder.fingerprint
    texts = ["How long is the warranty?", "The depot opens at nine."]
    np.testing.assert_allclose(grove.long_encoder.encode(texts), grove.encoder.encode(texts), atol=1e-5)
