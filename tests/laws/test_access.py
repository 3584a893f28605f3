"""Whoever asks whatever: nothing is found, opened or followed outside of the caller's tenant and list."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from _http import small_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.access import Access
from rag.core.errors import NotFoundError
from rag.core.settings import Part
from rag.core.types import Hit

TENANTS, COLLECTIONS = ("a", "b"), ("hr", "law", "lab")
WORDS = ("kestrel", "harbour", "lantern", "quarry")
lists = st.one_of(st.none(), st.frozensets(st.sampled_from(COLLECTIONS)))


@dataclass(frozen=True)
class Shelf:
    """An installation where every collection of every tenant holds the same words."""

    grove: Grove
    homes: dict[str, tuple[str, str]] = field(default_factory=dict)  # document -> (tenant, collection)
    chunks: dict[str, str] = field(default_factory=dict)  # chunk -> document


@pytest.fixture(scope="module", params=["faiss", pytest.param("pgvector", marks=pytest.mark.postgres)])
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("access")
    url = None
    if request.param == "pgvector":
        url = request.getfixturevalue("_postgres_server").new_database()
    grove = Grove(
        small_settings(
            folder / "home", store=Part(kind=request.param), database_url=url, indexes="dense,late"
        )
    )
    shelf = Shelf(grove)
    for tenant in TENANTS:
        view = grove.within(Access(tenant))
        for collection in COLLECTIONS:
            for number in range(2):
                path = folder / f"{tenant}-{collection}-{number}.txt"
                path.write_text(f"{' '.join(WORDS)} of {tenant} in {collection}, number {number}.")
                run_job(view, submit_paths(view, [path], collection=collection))
            for each in view.catalog.documents(collection):
                assert each.document_id is not None
                shelf.homes[each.document_id] = (tenant, collection)
                for chunk in view.catalog.document(each.document_id).chunks:
                    shelf.chunks[chunk.chunk_id] = each.document_id
    assert len(shelf.homes) == 12
    yield shelf
    grove.database.close()


@given(
    tenant=st.sampled_from(TENANTS),
    readable=lists,
    collection=st.sampled_from(COLLECTIONS),
    words=st.lists(st.sampled_from((*WORDS, *TENANTS, *COLLECTIONS)), min_size=1, max_size=4),
    retriever=st.sampled_from(("default", "lexical", "dense", "hybrid", "late", "treehop")),
    k=st.integers(1, 100),
)
@settings(max_examples=60)
def test_no_hit_is_outside_of_the_callers_tenant_and_list(
    shelf: Shelf,
    tenant: str,
    readable: frozenset[str] | None,
    collection: str,
    words: list[str],
    retriever: str,
    k: int,
) -> None:
    access = Access(tenant, "user:ada", frozenset({"ask"}), readable, readable)
    view = shelf.grove.within(access)
    may_read = readable is None or collection in readable
    if not may_read:
        with pytest.raises(NotFoundError):
            view.search(" ".join(words), collection=collection, retriever=retriever, k=k)
        return
    found = view.search(" ".join(words), collection=collection, retriever=retriever, k=k)
    assert {shelf.homes[passage.document_id] for passage in found.passages} <= {(tenant, collection)}
    if set(words) & set(WORDS) and k > 1:
        assert len(found.passages) == 2  # the search is not just empty


@given(tenant=st.sampled_from(TENANTS), readable=lists)
@settings(max_examples=30)
def test_every_id_that_is_known_opens_only_what_the_caller_may_read(
    shelf: Shelf, tenant: str, readable: frozenset[str] | None
) -> None:
    view = shelf.grove.within(Access(tenant, "user:ada", frozenset({"read"}), readable, readable))
    reach = [(tenant, name) for name in COLLECTIONS if readable is None or name in readable]
    assert [(tenant, each.name) for each in view.catalog.collections()] == sorted(reach)
    passages = view.catalog.passages([Hit(chunk_id, 1.0) for chunk_id in shelf.chunks])
    assert {passage.document_id for passage in passages} == {
        document for document, home in shelf.homes.items() if home in reach
    }
    for document, home in shelf.homes.items():
        if home in reach:
            assert view.catalog.document(document).collection == home[1]
            assert view.originals.of(document).version == 1
            continue
        for read in (view.catalog.document, view.originals.of, view.publisher.delete_document):
            with pytest.raises(NotFoundError):
                read(document)
    jobs = {job.collection for job in view.jobs.jobs(100)}
    assert jobs == {collection for _, collection in reach}


@given(tenant=st.sampled_from(TENANTS), readable=lists, name=st.sampled_from((*COLLECTIONS, "new")))
@settings(max_examples=30)
def test_what_is_not_on_the_list_is_neither_made_nor_written(
    shelf: Shelf, tenant: str, readable: frozenset[str] | None, name: str
) -> None:
    if readable is None or name in readable:
        return
    view = shelf.grove.within(Access(tenant, "user:ada", frozenset({"write"}), readable, readable))
    attempts = (
        lambda: view.publisher.create_collection(name, encoder="e"),
        lambda: view.publisher.delete_documents(name),
        lambda: view.jobs.submit(name, []),
        lambda: view.jobs.submit_reindex(name),
    )
    for attempt in attempts:
        with pytest.raises(NotFoundError, match="no collection"):
            attempt()


def test_callers_share_what_holds_no_rows_and_nothing_else(tmp_path: Path) -> None:
    grove = Grove(small_settings(tmp_path))
    first, second = (grove.within(Access(name)) for name in TENANTS)
    assert first.encoder is second.encoder is grove.encoder
    assert first.store is second.store is grove.store
    assert first.catalog is not second.catalog
    assert first is grove.within(Access("a"))
    assert first.generator() is not second.generator()
    assert first.generator() is grove.within(Access("a", "user:ada")).generator()
