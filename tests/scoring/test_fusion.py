import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.core.types import Hit
from rag.scoring.fusion import reciprocal_rank_fusion, score_fusion

RANKINGS = st.lists(
    st.lists(st.sampled_from("abcdef"), unique=True).map(
        lambda ids: [Hit(name, 10.0 - place) for place, name in enumerate(ids)]
    ),
    max_size=4,
)


def ranking(*ids: str) -> list[Hit]:
    return [Hit(name, float(10 - place)) for place, name in enumerate(ids)]


def test_reciprocal_ranks_add_up() -> None:
    fused = reciprocal_rank_fusion([ranking("a", "b"), ranking("b", "c")], weights=[1, 0.5], constant=60)
    scores = {hit.chunk_id: hit.score for hit in fused}
    expected = {"a": 1 / 61, "b": 1 / 62 + 0.5 / 61, "c": 0.5 / 62}
    assert scores == pytest.approx(expected)
    assert [hit.chunk_id for hit in fused] == ["b", "a", "c"]


def test_scores_are_scaled_by_the_range_of_their_ranking() -> None:
    fused = score_fusion([[Hit("a", 30), Hit("b", 20), Hit("c", 10)], [Hit("c", 0.9)]], weights=[1, 0.4])
    assert {hit.chunk_id: hit.score for hit in fused} == pytest.approx({"a": 1, "b": 0.5, "c": 0.4})


def test_hits_of_one_score_come_in_the_order_of_their_names() -> None:
    assert [
        hit.chunk_id for hit in reciprocal_rank_fusion([ranking("z"), ranking("a")], weights=[1, 1])
    ] == [
        "a",
        "z",
    ]


@given(RANKINGS)
def test_every_hit_comes_once_and_best_first(rankings: list[list[Hit]]) -> None:
    weights = [1.0] * len(rankings)
    for fused in (
        reciprocal_rank_fusion(rankings, weights=weights),
        score_fusion(rankings, weights=weights),
    ):
        ids = [hit.chunk_id for hit in fused]
        assert sorted(ids) == sorted({hit.chunk_id for each in rankings for hit in each})
        assert [hit.score for hit in fused] == sorted((hit.score for hit in fused), reverse=True)


@given(st.lists(st.sampled_from("abcdef"), unique=True))
def test_rankings_that_agree_are_kept(ids: list[str]) -> None:
    one = ranking(*ids)
    assert [hit.chunk_id for hit in reciprocal_rank_fusion([one, one], weights=[1, 1])] == ids


def test_rankings_and_weights_must_pair() -> None:
    with pytest.raises(ValueError, match="shorter"):
        reciprocal_rank_fusion([ranking("a"), ranking("b")], weights=[1])
