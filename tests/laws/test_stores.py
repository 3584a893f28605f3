"""Every store keeps these laws; `memory` is the oracle. A new file of rag/stores is tested as it is."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from _kept import Kept
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.compose import Grove
from rag.core.errors import SegmentGoneError
from rag.core.filters import matches, parse_filter
from rag.core.queries import TextQuery, VectorQuery
from rag.core.registry import Family
from rag.core.settings import Part, Settings
from rag.core.types import Attribute, Row, Segment, Vector
from rag.stores.memory import Memory

STORES = Family("rag.stores")
DIM = 16
WORDS = "river gauge sensor warranty month price snow lake antenna battery archive depot team fault".split()


@pytest.fixture(params=STORES.names())
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    url = request.getfixturevalue("postgres_url") if request.param == "pgvector" else None
    return Kept(Grove(Settings(home=tmp_path / "home", database_url=url, store=Part(kind=request.param))))


def unit(seed: int) -> Vector:
    vector = np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
    # 16-bit floats keep these exactly enough that no ranking of these tests changes.
    return (vector / np.linalg.norm(vector)).astype(np.float16).astype(np.float32)


def make_rows(count: int, *, version: str = "d1.1", first: int = 0, **attributes: Attribute) -> list[Row]:
    rng = np.random.default_rng(first)
    return [
        Row(
            f"{version}.{number}",
            version,
            " ".join(rng.choice(WORDS, size=int(rng.integers(4, 12)))),
            unit(number),
            {"number": number, **attributes},
        )
        for number in range(first, first + count)
    ]


def test_a_vector_finds_itself(kept: Kept) -> None:
    rows = make_rows(20)
    segment = kept.stage(rows)
    assert [kept.nearest(row.vector, [segment], k=1) for row in rows] == [[row.chunk_id] for row in rows]


def test_a_score_is_the_cosine(kept: Kept) -> None:
    rows = make_rows(5)
    hits = kept.store.search(VectorQuery(unit(99)), [kept.stage(rows)], filter=None, k=5)
    expected = {row.chunk_id: float(row.vector @ unit(99)) for row in rows}
    assert {hit.chunk_id: pytest.approx(hit.score, abs=2e-3) for hit in hits} == expected


@pytest.mark.parametrize("k", [1, 7, 50])
def test_vectors_rank_as_in_memory(kept: Kept, k: int) -> None:
    rows = make_rows(40)
    oracle = Kept(Grove(kept.grove.settings.model_copy(update={"store": Part(kind="memory")})))
    expected = oracle.nearest(unit(99), [oracle.stage(rows)], k=k)
    assert kept.nearest(unit(99), [kept.stage(rows)], k=k) == expected


@pytest.mark.parametrize("text", ["river sensor", "warranty of the gauge", "snow", "depot team fault lake"])
def test_words_score_as_in_memory(kept: Kept, text: str) -> None:
    rows = make_rows(60)
    memory = Memory()
    with kept.grove.database.write() as session:
        oracle = memory.search(TextQuery(text), [memory.stage(rows, session=session)], filter=None, k=100)
    hits = kept.store.search(TextQuery(text), [kept.stage(rows)], filter=None, k=100)
    found = {hit.chunk_id: hit.score for hit in hits}
    assert found == {hit.chunk_id: pytest.approx(hit.score, rel=0.03) for hit in oracle}
    assert [hit.score for hit in hits] == sorted(found.values(), reverse=True)


def test_a_rare_word_is_found_beside_many_rows_of_common_ones(kept: Kept) -> None:
    rows = [Row(f"d1.1.{n:04}", "d1.1", "pump pump pump valve", unit(n % 5)) for n in range(1100)]
    rows.append(Row("d2.1.0", "d2.1", "made of zirconium", unit(0)))
    found = kept.words("pump valve of zirconium", [kept.stage(rows)], k=3)
    assert found == ["d2.1.0", "d1.1.0000", "d1.1.0001"]


def test_many_segments_are_searched_as_one(kept: Kept) -> None:
    rows = make_rows(60)
    whole = [kept.stage(rows)]
    parts = [kept.stage(rows[start : start + 20]) for start in (0, 20, 40)]
    assert kept.nearest(unit(7), parts) == kept.nearest(unit(7), whole)
    one = kept.store.search(TextQuery("river price"), whole, filter=None, k=60)
    many = kept.store.search(TextQuery("river price"), parts, filter=None, k=60)
    # Only the mean length of a row, by which BM25 divides, may be a segment's own.
    scores = {hit.chunk_id: pytest.approx(hit.score, rel=0.05) for hit in one}
    assert {hit.chunk_id: hit.score for hit in many} == scores


def test_only_the_given_segments_are_searched(kept: Kept) -> None:
    mine, other = kept.stage(make_rows(5)), kept.stage(make_rows(5, version="d2.1"))
    assert all(chunk_id.startswith("d1") for chunk_id in kept.nearest(unit(0), [mine]))
    assert all(chunk_id.startswith("d2") for chunk_id in kept.words("river sensor gauge lake", [other]))


def test_no_segment_and_no_match_give_nothing(kept: Kept) -> None:
    segment = kept.stage(make_rows(3))
    assert kept.nearest(unit(0), []) == kept.words("river", []) == []
    assert kept.words("zebra", [segment]) == kept.words("?!", [segment]) == kept.words("", [segment]) == []
    assert kept.nearest(unit(0), [segment], where={"number": 99}) == []


def test_vectors_of_chunks_come_back_in_the_order_they_are_asked_for(kept: Kept) -> None:
    rows = make_rows(12)
    segments = [kept.stage(rows[:5]), kept.stage(rows[5:])]
    wanted = [rows[number].chunk_id for number in (7, 0, 11, 4)]
    found = kept.store.vectors(wanted, segments)
    assert found.dtype == np.float32
    assert found == pytest.approx(np.stack([rows[number].vector for number in (7, 0, 11, 4)]), abs=2e-3)
    assert len(kept.store.vectors([], segments)) == 0
    with pytest.raises(SegmentGoneError, match="search again"):
        kept.store.vectors(wanted, segments[:1])


def test_a_rare_filter_is_inside_the_search(kept: Kept) -> None:
    rows = make_rows(990, kind="common") + make_rows(10, first=990, kind="rare")
    segment = kept.stage(rows)
    expected = {row.chunk_id for row in rows[990:]}
    assert set(kept.nearest(unit(5), [segment], where={"kind": "rare"})) == expected
    found = kept.words(" ".join(WORDS), [segment], where={"kind": "rare"})
    assert set(found) == expected


def test_dead_versions_are_never_found(kept: Kept) -> None:
    staged = kept.stage(make_rows(10) + make_rows(10, version="d2.1", first=10))
    alive = Segment(staged.segment_id, staged.num_rows, frozenset({"d1.1"}))
    assert {chunk_id[:2] for chunk_id in kept.nearest(unit(3), [alive], k=20)} == {"d2"}
    assert {chunk_id[:2] for chunk_id in kept.words(" ".join(WORDS), [alive], k=20)} == {"d2"}
    assert [row.version_id for row in kept.rows(alive)] == ["d2.1"] * 10


def test_rows_come_back_as_they_were_staged(kept: Kept) -> None:
    rows = make_rows(5, tags=("a", "b"), is_final=True, share=0.5, name='O\'Neil "x" \\')
    back = kept.rows(kept.stage(rows))
    assert [(row.chunk_id, row.version_id, row.text, row.attributes) for row in back] == [
        (row.chunk_id, row.version_id, row.text, row.attributes) for row in rows
    ]
    np.testing.assert_allclose([row.vector for row in back], [row.vector for row in rows], atol=1e-3)


def test_a_dropped_segment_is_gone_and_the_kept_one_is_not(kept: Kept) -> None:
    gone, stays = kept.stage(make_rows(3)), kept.stage(make_rows(3, version="d2.1"))
    assert kept.drop([gone.segment_id, stays.segment_id], keep=[stays.segment_id]) == [gone.segment_id]
    assert len(kept.nearest(unit(0), [stays])) == 3
    assert kept.drop([gone.segment_id], keep=[]) == []
    with pytest.raises(SegmentGoneError, match=gone.segment_id):  # and not fewer hits
        kept.nearest(unit(0), [stays, gone])
    with pytest.raises(SegmentGoneError, match=gone.segment_id):
        kept.words("river", [stays, gone])


@pytest.mark.parametrize(
    "text",
    [
        "sensor AND gauge",
        'title:sensor "gauge',
        "sensor* OR (gauge",
        "-sensor +gauge",
        "sensor' | 'x",
        "sensor\\ & !",
    ],
)
def test_what_looks_like_query_syntax_is_words(kept: Kept, text: str) -> None:
    rows = [Row("d.1.0", "d.1", "a sensor here", unit(0)), Row("d.1.1", "d.1", "nothing", unit(1))]
    assert kept.words(text, [kept.stage(rows)]) == ["d.1.0"]


def test_the_order_of_rows_does_not_matter(kept: Kept) -> None:
    rows = make_rows(30)
    forward, backward = kept.stage(rows), kept.stage(rows[::-1])
    assert kept.nearest(unit(4), [forward]) == kept.nearest(unit(4), [backward])
    assert kept.words("river lake", [forward]) == kept.words("river lake", [backward])


def test_a_durable_store_finds_the_same_when_it_is_opened_again(kept: Kept) -> None:
    if not kept.store.capabilities.is_durable:
        pytest.skip("the store keeps nothing beyond its process, by its own word")
    segment = kept.stage(make_rows(30))
    again = Kept(Grove(kept.grove.settings))
    assert again.nearest(unit(4), [segment]) == kept.nearest(unit(4), [segment])
    assert again.words("river lake", [segment]) == kept.words("river lake", [segment])


def test_a_rolled_back_segment_is_not_there(kept: Kept) -> None:
    if not kept.store.capabilities.is_transactional:
        pytest.skip("what this store stages is named by the database alone, by its own word")
    with kept.grove.database.write() as session:
        staged = kept.store.stage(make_rows(3), session=session)
        session.rollback()
    with pytest.raises(SegmentGoneError):
        kept.nearest(unit(0), [staged])


SCALARS = st.one_of(st.text(max_size=3), st.integers(-3, 3), st.floats(-2, 2, width=16), st.booleans())
FIELDS = st.sampled_from(["a", "b", "it's"])
COMPARISONS: st.SearchStrategy[object] = st.one_of(
    st.dictionaries(FIELDS, SCALARS, max_size=2),
    st.dictionaries(FIELDS, st.lists(SCALARS, max_size=3), max_size=2),
    st.builds(
        lambda field, op, value: {field: {op: value}},
        FIELDS,
        st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]),
        SCALARS,
    ),
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, max_size=2)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, max_size=2)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=4,
)
ATTRIBUTES = st.dictionaries(
    FIELDS, st.one_of(SCALARS, st.lists(st.text(max_size=3), min_size=1, max_size=2).map(tuple)), max_size=3
)


def _has_nul(value: object) -> bool:
    return "\\u0000" in repr(value).replace("\\x00", "\\u0000")


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(ATTRIBUTES, min_size=1, max_size=6), FILTERS)
def test_a_filter_means_the_same_in_every_store(
    kept: Kept, attributes: list[Mapping[str, Attribute]], raw: object
) -> None:
    if _has_nul(attributes) or _has_nul(raw):
        return  # no loader lets NUL through, and PostgreSQL cannot hold it
    rows = [Row(f"d.1.{n}", "d.1", "word", unit(n), each) for n, each in enumerate(attributes)]
    expected = {row.chunk_id for row in rows if matches(parse_filter(raw), row.attributes)}
    assert set(kept.nearest(unit(50), [kept.stage(rows)], where=raw)) == expected
