"""A collection with token vectors beside the dense ones: taken in, found, rebuilt, or refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from indexing.compaction import compact
from indexing.corpus import index_corpus
from indexing.reindex import submit_reindex
from indexing.submit import submit_paths
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.core.errors import ConflictError, InvalidInputError
from rag.core.kinds import parse_kinds
from rag.core.settings import IngestionSettings, Part, Settings
from rag.core.types import ParsedDocument

BOTH = ("dense", "late")
NewGrove = Callable[..., Grove]


@pytest.fixture
def opened(database_url: str | None, grove_home: Path) -> NewGrove:
    """Open one installation, with settings that differ as a test wants it."""

    def grove(**changes: object) -> Grove:
        settings = Settings(
            home=grove_home,
            database_url=database_url,
            encoder=Part(kind="hashing"),
            late_encoder=Part(kind="hashing_late"),
            ingestion=IngestionSettings(batch_chunks=2, max_segments=3),
        )
        return Grove(settings.model_copy(update=changes))

    return grove


def ingest(grove: Grove, folder: Path, kinds: tuple[str, ...] | None = None) -> None:
    status = run_job(grove, submit_paths(grove, [folder], collection="c", kinds=kinds))
    assert status is not None
    assert sum(file.state == "done" for file in status.files) == 7


def reindex(grove: Grove, kinds: tuple[str, ...] | None = None) -> None:
    status = run_job(grove, submit_reindex(grove, "c", kinds=kinds))
    assert status is not None
    assert (status.state, status.error) == ("done", None)


def found(grove: Grove, retriever: str = "late") -> list[tuple[str, float]]:
    passages = grove.search("text number note", collection="c", retriever=retriever, k=100).passages
    return sorted((passage.source, round(passage.score, 2)) for passage in passages)


def test_late_interaction_finds_what_was_taken_in_with_it(opened: NewGrove, folder: Path) -> None:
    grove = opened()
    ingest(grove, folder, BOTH)
    best = grove.search("text number 3", collection="c", retriever="late", k=1).passages[0]
    assert Path(best.source).name == "text3.txt"
    assert len(found(grove)) == len(found(grove, "hybrid+late")) == 7
    assert compact(grove, "c") in (True, False)
    assert len(found(opened())) == 7


def test_a_merge_changes_nothing_that_is_found(opened: NewGrove, folder: Path) -> None:
    grove = opened(ingestion=IngestionSettings(batch_chunks=1, max_segments=100))
    ingest(grove, folder, BOTH)
    before = found(grove)
    assert compact(grove, "c")
    assert found(grove) == before


def test_without_token_vectors_the_error_says_what_to_do(opened: NewGrove, folder: Path) -> None:
    grove = opened()
    ingest(grove, folder)
    for retriever in ("late", "hybrid+late"):
        with pytest.raises(ConflictError, match=r"rag reindex --collection c --index dense,late"):
            found(grove, retriever)


def test_rebuilding_adds_and_removes_token_vectors(opened: NewGrove, folder: Path) -> None:
    grove = opened()
    ingest(grove, folder)
    dense = found(grove, "dense")
    reindex(grove, BOTH)
    with_both = found(grove)
    assert len(with_both) == 7
    reindex(grove)  # as it is
    assert found(grove) == with_both
    reindex(grove, ("dense",))
    assert found(grove, "dense") == dense
    with pytest.raises(ConflictError, match="no token vectors"):
        found(grove)


def test_what_comes_while_token_vectors_are_added_has_them_too(opened: NewGrove, folder: Path) -> None:
    grove = opened()
    ingest(grove, folder)
    moments = iter(range(1))

    def disturb(progress: Progress) -> None:
        if progress.step == "published" and next(moments, None) is not None:
            (folder / "late.txt").write_text("A text that came late, number 9. note")
            run_job(opened(), submit_paths(opened(), [folder], collection="c"))

    status = run_job(grove, submit_reindex(grove, "c", kinds=BOTH), on_progress=disturb)
    assert status is not None
    assert status.state == "done"
    assert len(found(grove)) == 8


def test_a_batch_in_hand_while_an_index_of_other_kinds_comes_to_serve_is_taken_in(
    opened: NewGrove, folder: Path
) -> None:
    grove = opened()
    switched: list[str] = []
    told: list[Progress] = []

    def switch(progress: Progress) -> None:
        told.append(progress)
        if progress.step == "encoded" and not switched:
            switched.append(progress.source)
            reindex(opened(), BOTH)

    job_id = submit_paths(grove, [folder], collection="c", kinds=("dense",))
    status = run_job(grove, job_id, on_progress=switch)
    assert status is not None
    assert sum(file.state == "done" for file in status.files) == 7
    assert (told[-1].chunks_read, told[-1].chunks_encoded) == (status.chunks_done, status.chunks_done)
    assert len(found(grove)) == len(found(grove, "lexical")) == 7


def test_another_late_encoder_is_refused_until_the_collection_is_rebuilt(
    opened: NewGrove, folder: Path
) -> None:
    ingest(opened(), folder, BOTH)
    other = opened(late_encoder=Part(kind="hashing_late", options={"dim": 32}))
    with pytest.raises(ConflictError, match=r"hashing-late-64.*hashing-late-32"):
        found(other)
    with pytest.raises(ConflictError, match=r"hashing-late-64.*hashing-late-32"):
        submit_paths(other, [folder], collection="c")
    reindex(other)
    assert len(found(other)) == 7


def test_kinds_asked_for_must_be_those_of_the_collection(opened: NewGrove, folder: Path) -> None:
    grove = opened()
    ingest(grove, folder)
    with pytest.raises(ConflictError, match=r"rag reindex --collection c --index dense,late"):
        submit_paths(grove, [folder], collection="c", kinds=BOTH)
    submit_paths(grove, [folder], collection="c", kinds=("dense",))
    submit_reindex(grove, "c", kinds=BOTH)
    with pytest.raises(ConflictError, match="rag jobs cancel"):
        submit_reindex(grove, "c", kinds=("dense",))


def test_the_settings_name_the_kinds_of_new_collections(opened: NewGrove, folder: Path) -> None:
    ingest(opened(indexes="dense,late"), folder)
    assert len(found(opened())) == 7  # and what there is keeps what it has
    with pytest.raises(ValueError, match="no kind of index is called sparse"):
        Settings(indexes="dense,sparse")
    with pytest.raises(ValueError, match="every collection has a dense index"):
        Settings(indexes="late")


def test_one_pass_and_two_give_the_same_index(opened: NewGrove, tmp_path: Path) -> None:
    texts = [(f"{n}.txt", ParsedDocument(f"note {n} of the river", f"title {n}")) for n in range(5)]
    one, two = opened(), opened(late_encoder=Part(kind="hashing_late", options={"backbone_dim": 8}))
    for name, grove in (("one", one), ("two", two)):
        index_corpus(grove, texts, collection=name, kinds=BOTH)
    for retriever in ("dense", "late"):
        scores = [
            [
                passage.score
                for passage in one.search("river 3", collection=name, retriever=retriever).passages
            ]
            for name in ("one", "two")
        ]
        np.testing.assert_allclose(scores[0], scores[1], rtol=1e-6)


def test_pooled_tokens_are_fewer(opened: NewGrove, folder: Path) -> None:
    sizes = []
    for factor in (1, 2):
        grove = opened(ingestion=IngestionSettings(token_pooling=factor))
        texts = [("a.txt", ParsedDocument("one two three four five six seven eight nine", "a"))]
        index_corpus(grove, texts, collection=f"c{factor}", kinds=BOTH)
        (segment,) = grove.catalog.snapshot(f"c{factor}").segments
        with grove.database.read() as session:
            (row,) = grove.store.rows(segment, session=session)
        sizes.append(len(row.tokens))  # type: ignore[arg-type]
    assert sizes == [10, 5]


def test_a_kind_that_there_is_not_is_refused(opened: NewGrove) -> None:
    with pytest.raises(InvalidInputError, match="there is: dense, late"):
        parse_kinds("dense,nope")
