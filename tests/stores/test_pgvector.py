"""What the PostgreSQL store alone has: indexes for many rows, of vectors, of their bits."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _kept import Kept
from sqlalchemy import create_engine, event, text

from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.queries import TokenQuery
from rag.core.settings import Part, Settings
from rag.core.types import Row, Segment, Vector
from rag.db.session import Database
from rag.stores._tokens import Packed
from rag.stores.pgvector import Pgvector

pytestmark = pytest.mark.postgres
DIM = 64
COUNT = 600


def unit_rows(count: int, dim: int, seed: int) -> Vector:
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


VECTORS = unit_rows(COUNT, DIM, 0)
TOKENS = unit_rows(COUNT * 8, 32, 1).reshape(COUNT, 8, 32)


def rows() -> list[Row]:
    return [
        Row(
            f"{number:04}",
            "d.1",
            f"word{number}",
            VECTORS[number],
            {"even": number % 2 == 0},
            TOKENS[number],
        )
        for number in range(COUNT)
    ]


def kept_of(url: str, home: Path, **options: object) -> Kept:
    part = Part(kind="pgvector", options={"exact_rows": 0, **options})
    return Kept(Grove(Settings(home=home, database_url=url, store=part)))


@pytest.mark.parametrize("quantization", ["none", "binary"])
def test_indexed_search_finds_nearly_what_is_nearest(
    postgres_url: str, tmp_path: Path, quantization: str
) -> None:
    kept = kept_of(postgres_url, tmp_path, quantization=quantization)
    segment = kept.stage(rows())
    recalls = []
    for query in unit_rows(20, DIM, 2):
        best = {f"{number:04}" for number in np.argsort(-VECTORS @ query)[:10]}
        recalls.append(len(best & set(kept.nearest(query, [segment]))) / 10)
    assert np.mean(recalls) >= 0.9


@pytest.mark.parametrize("quantization", ["none", "binary"])
def test_what_is_found_by_bits_is_ranked_by_the_vectors(
    postgres_url: str, tmp_path: Path, quantization: str
) -> None:
    kept = kept_of(postgres_url, tmp_path, quantization=quantization)
    segment = kept.stage(rows())
    assert [kept.nearest(VECTORS[number], [segment], k=1) for number in range(0, COUNT, 50)] == [
        [f"{number:04}"] for number in range(0, COUNT, 50)
    ]
    found = kept.nearest(VECTORS[7], [segment], where={"even": True}, k=20)
    expected = [f"{n:04}" for n in np.argsort(-VECTORS @ VECTORS[7]) if n % 2 == 0][:20]
    assert len(set(found) & set(expected)) >= 18


def test_every_chunk_that_has_floats_is_looked_at(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path, num_candidates=10)
    segments = [kept.stage(rows()[:400]), kept.stage(rows()[400:])]
    query = unit_rows(4, 32, 3)
    scores = (TOKENS @ query.T).max(axis=1).sum(axis=1)
    assert kept.tokens(query, segments, k=5) == [f"{n:04}" for n in np.argsort(-scores)[:5]]
    even = [f"{n:04}" for n in np.argsort(-scores) if n % 2 == 0][:5]
    assert kept.tokens(query, segments, where={"even": True}, k=5) == even


def test_codes_are_found_through_their_centroids(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path, num_candidates=60, num_probes=4)
    packed = Packed.of(rows(), coded_tokens=1)
    coded = [replace(row, tokens=tokens) for row, tokens in zip(rows(), packed.tokens, strict=True)]
    segment = kept.stage(coded)
    for number in range(0, COUNT, 50):
        assert kept.tokens(TOKENS[number], [segment], k=1) == [f"{number:04}"]
    odd = kept.tokens(TOKENS[8], [segment], where={"even": False}, k=20)
    assert len(odd) == 20
    assert all(int(chunk_id) % 2 for chunk_id in odd)


def test_many_short_rows_share_a_codebook(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path)
    vector, tokens = np.ones(4, dtype=np.float32), unit_rows(11, 16, 4)
    kept.stage([Row(f"{n:04}", "d.1", "", vector, tokens=tokens) for n in range(3 * 2048)])
    with kept.grove.database.read() as session:
        assert session.scalar(text("SELECT count(book) FROM segment_rows")) == 3 * 2048


def test_a_search_by_tokens_needs_one_connection(postgres_url: str, tmp_path: Path) -> None:
    segment = kept_of(postgres_url, tmp_path).stage(rows())
    engine = create_engine(postgres_url, pool_size=1, max_overflow=0, pool_timeout=0)
    found = Pgvector(Database(engine)).search(TokenQuery(TOKENS[7]), [segment], filter=None, k=1)
    assert [hit.chunk_id for hit in found] == ["0007"]


def test_searches_at_the_same_time_share_a_copy(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path)
    segment = kept.stage(rows())
    copied: list[str] = []

    def watch(*call: Any) -> None:  # Any: what SQLAlchemy tells of a statement
        if "num_tokens" in call[2]:
            copied.append(call[2])
            time.sleep(0.2)  # the others come meanwhile

    event.listen(kept.grove.database.engine, "before_cursor_execute", watch)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda number: kept.tokens(TOKENS[number], [segment], k=1), range(4))
        assert list(found) == [["0000"], ["0001"], ["0002"], ["0003"]]
    assert len(copied) == 1


def test_each_kind_of_search_has_its_index(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path, quantization="binary")
    kept.stage(rows())
    with kept.grove.database.read() as session:
        names = set(
            session.scalars(text("SELECT indexname FROM pg_indexes WHERE tablename = 'segment_rows'"))
        )
    assert {"ix_segment_rows_bits_64", "ix_segment_rows_words"} <= names
    assert "ix_segment_rows_vector_64" not in names


def test_a_few_rows_are_looked_at_whole(postgres_url: str, tmp_path: Path) -> None:
    same = [Row(f"{n:02}", "d.1", "word", VECTORS[0]) for n in range(60)]  # a graph would not reach each
    kept = kept_of(postgres_url, tmp_path, exact_rows=100)
    segments: list[Segment] = [kept.stage(same)]
    assert len(kept.nearest(VECTORS[0], segments, k=100)) == 60


def test_a_search_by_words_reads_the_rows_that_have_them(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path)
    segments = [kept.stage(rows()[:9]), kept.stage(rows()[9:18])]
    assert kept.words("word7", segments) == ["0007"]
    statements: list[str] = []
    engine = kept.grove.database.engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert kept.words("word9", segments) == ["0009"]
    reads = [each for each in statements if "FROM segment_rows" in each and "words @@" not in each]
    assert len(reads) == 1  # that all segments are there


def test_a_transaction_takes_in_rows_of_several_dimensions(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path)
    with kept.grove.database.write() as session:
        one = kept.store.stage([Row("a", "d.1", "word", VECTORS[0])], session=session)
        two = kept.store.stage([Row("b", "d.1", "word", unit_rows(1, 16, 3)[0])], session=session)
    assert kept.nearest(VECTORS[0], [one, two]) == ["a"]
    assert kept.nearest(unit_rows(1, 16, 3)[0], [one, two]) == ["b"]


def test_an_unknown_quantization_is_refused(postgres_url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="quantization is none or binary"):
        kept_of(postgres_url, tmp_path, quantization="ternary")


def test_vectors_too_long_for_an_index_are_refused(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path)
    with pytest.raises(InvalidInputError, match=r"at most 4000 numbers, got 4001.*binary"):
        kept.stage([Row("a", "d.1", "word", unit_rows(1, 4001, 0)[0])])


def test_bits_index_longer_vectors(postgres_url: str, tmp_path: Path) -> None:
    kept = kept_of(postgres_url, tmp_path, quantization="binary")
    vectors = unit_rows(2, 4001, 0)
    segment = kept.stage([Row(name, "d.1", "word", vectors[n]) for n, name in enumerate("ab")])
    assert kept.nearest(vectors[1], [segment], k=1) == ["b"]
