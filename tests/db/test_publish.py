import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from _library import Library
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import ConflictError, InvalidInputError, NotFoundError
from rag.core.types import Row, Segment
from rag.db.publish import EncodedDocument, Publisher
from rag.stores.memory import Memory

Make = Callable[..., EncodedDocument]


def test_a_document_is_found_from_its_commit_on(library: Library, encoded: Make) -> None:
    before = library.catalog.snapshot("c")
    with library.database.write() as session:
        library.publisher.publish(session, "c", [encoded("a")], encoder="e")
        assert library.catalog.snapshot("c") == before
    after = library.catalog.snapshot("c")
    assert after.generation > before.generation
    assert [segment.num_rows for segment in after.segments] == [3]


def test_a_publication_that_is_rolled_back_leaves_nothing(library: Library, encoded: Make) -> None:
    with contextlib.suppress(RuntimeError), library.database.write() as session:
        library.publisher.publish(session, "c", [encoded("a")], encoder="e")
        raise RuntimeError
    assert library.findable() == []
    assert library.catalog.documents("c") == []
    assert len(library.publisher.sweep()) == 1


def test_the_same_bytes_are_not_published_twice(library: Library, encoded: Make) -> None:
    (first,) = library.put(encoded("a"))
    (again,) = library.put(encoded("a"))
    assert (first.is_new, again.is_new) == (True, False)
    assert again.document_id == first.document_id
    assert len(library.findable()) == 3


def test_a_new_version_takes_the_place_of_the_old_in_one_commit(library: Library, encoded: Make) -> None:
    library.put(encoded("a"), encoded("b"))
    (published,) = library.put(encoded("a", "other text"))
    found = [chunk_id for chunk_id in library.findable() if chunk_id.startswith(published.document_id)]
    assert found == [f"{published.document_id}.2.0", f"{published.document_id}.2.1"]
    assert len(library.findable()) == 5
    assert [summary.version for summary in library.catalog.documents("c")] == [2, 1]


def test_what_one_worker_publishes_while_another_does_is_not_doubled(
    library: Library, encoded: Make
) -> None:
    with ThreadPoolExecutor(4) as pool:
        published = list(pool.map(lambda _: library.put(encoded("a"), encoded("b")), range(8)))
    assert sum(item.is_new for batch in published for item in batch) == 2
    assert len(library.findable()) == 6
    assert len(library.catalog.documents("c")) == 2


def test_a_collection_made_by_two_at_once_is_one(library: Library) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: library.publisher.create_collection("d", encoder="e"), range(8)))
    assert sum(made) == 1


def test_deleting_a_source_takes_it_out_of_search_at_once(library: Library, encoded: Make) -> None:
    (gone, kept) = library.put(encoded("a"), encoded("b"))
    assert library.publisher.delete_documents("c", source="a") == (1, 3)
    assert {chunk_id.split(".")[0] for chunk_id in library.findable()} == {kept.document_id}
    with pytest.raises(NotFoundError):
        library.catalog.document(gone.document_id)
    with pytest.raises(NotFoundError, match="no document from 'a'"):
        library.publisher.delete_documents("c", source="a")


def test_a_deleted_document_can_come_back(library: Library, encoded: Make) -> None:
    library.put(encoded("a"))
    library.publisher.delete_documents("c", source="a")
    assert [item.is_new for item in library.put(encoded("a"))] == [True]
    assert len(library.findable()) == 3


def test_deleting_by_id_deletes_one_document(library: Library, encoded: Make) -> None:
    (first, _) = library.put(encoded("a"), encoded("b"))
    assert library.publisher.delete_document(first.document_id) == (1, 3)
    assert [summary.source for summary in library.catalog.documents("c")] == ["b"]


def test_deleting_a_collection_leaves_no_row_and_no_vector(library: Library, encoded: Make) -> None:
    library.put(encoded("a"))
    library.put(encoded("a", "again"), encoded("b"))
    assert library.publisher.delete_documents("c") == (2, 4)
    with pytest.raises(NotFoundError):
        library.catalog.snapshot("c")
    with library.database.read() as session:
        assert library.store.drop(None, keep=[], session=session) == []


def test_another_encoder_is_refused(library: Library, encoded: Make) -> None:
    with pytest.raises(ConflictError, match="indexed with e"):
        library.put(encoded("a"), encoder="other")


@pytest.mark.parametrize("name", ["", " ", "a ", "a\nb", "\u202eabc", "x" * 101, ".", ".."])
def test_a_collection_needs_a_name(library: Library, name: str) -> None:
    with pytest.raises(InvalidInputError, match="1 to 100 printable"):
        library.publisher.create_collection(name, encoder="e")


def test_a_merge_keeps_what_lives_and_drops_what_is_dead(library: Library, encoded: Make) -> None:
    library.put(encoded("a"), encoded("b"))
    library.put(encoded("c"))
    library.publisher.delete_documents("c", source="a")
    before = library.findable()
    assert library.publisher.replace_segments("c", library.catalog.snapshot("c").segments)
    assert library.findable() == before
    (load,) = library.publisher.loads("c")
    assert (load.segment.num_rows, load.num_dead_rows) == (6, 0)


def test_loads_count_dead_rows(library: Library, encoded: Make) -> None:
    library.put(encoded("a"), encoded("b", "one two"))
    library.publisher.delete_documents("c", source="b")
    (load,) = library.publisher.loads("c")
    assert (load.segment.num_rows, load.num_dead_rows) == (5, 2)


class Interrupted(Memory):
    """A store in whose merge something else happens."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = None

    def stage(self, rows: Iterable[Row], *, session: Session) -> Segment:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().stage(rows, session=session)


def interrupted(library: Library, encoded: Make) -> tuple[Library, Interrupted]:
    store = Interrupted()
    mine = Library(
        library.database, store, Publisher(library.database, store, Access("default")), library.catalog
    )
    mine.put(encoded("a"))
    mine.put(encoded("b"))
    return mine, store


def test_a_delete_during_a_merge_wins(library: Library, encoded: Make) -> None:
    mine, store = interrupted(library, encoded)
    old = mine.catalog.snapshot("c").segments
    store.meanwhile = lambda: mine.publisher.delete_documents("c", source="a")
    mine.publisher.replace_segments("c", old)
    assert len(mine.findable()) == 3
    assert [summary.source for summary in mine.catalog.documents("c")] == ["b"]


def test_a_publication_during_a_merge_stays(library: Library, encoded: Make) -> None:
    mine, store = interrupted(library, encoded)
    old = mine.catalog.snapshot("c").segments
    store.meanwhile = lambda: mine.put(encoded("d"), encoded("a", "changed"))
    assert mine.publisher.replace_segments("c", old)
    assert len(mine.findable()) == 3 + 3 + 1


def test_of_two_merges_of_the_same_segments_one_wins(library: Library, encoded: Make) -> None:
    mine, store = interrupted(library, encoded)
    old = mine.catalog.snapshot("c").segments
    outcomes: list[bool] = []
    store.meanwhile = lambda: outcomes.append(mine.publisher.replace_segments("c", old))
    outcomes.append(mine.publisher.replace_segments("c", old))
    assert outcomes == [True, False]
    assert len(mine.findable()) == 6
    assert mine.publisher.sweep() == []


def test_tenants_do_not_see_each_other(library_of: Callable[[str], Library], encoded: Make) -> None:
    mine, other = library_of("mine"), library_of("other")
    (published,) = mine.put(encoded("a"))
    assert other.findable() == []
    assert other.catalog.documents("c") == []
    with pytest.raises(NotFoundError):
        other.catalog.document(published.document_id)
    with pytest.raises(NotFoundError):
        other.publisher.delete_document(published.document_id)
    other.publisher.delete_documents("c")
    assert len(mine.findable()) == 3
