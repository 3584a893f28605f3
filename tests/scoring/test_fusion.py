from itertools import permutations
from random import Random

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


WEIGHTED = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(-9, 9)), unique_by=lambda hit: hit[0]),
        st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0, 2.5]),
    ),
    max_size=4,
)


def hits(pairs: list[tuple[str, int]]) -> list[Hit]:
    return sorted((Hit(name, float(score)) for name, score in pairs), key=lambda hit: -hit.score)


@pytest.mark.parametrize("constant", [0.0, 1.0, 60.0])
def test_the_constant_is_added_to_each_rank(constant: float) -> None:
    fused = reciprocal_rank_fusion([ranking("a", "b", "c")], weights=[3], constant=constant)
    assert [hit.score for hit in fused] == pytest.approx([3 / (constant + rank) for rank in (1, 2, 3)])


def test_only_ranks_count_for_ranks_and_only_ratios_of_differences_for_scores() -> None:
    near, far = ([Hit("a", top), Hit("b", 1.0), Hit("c", 0.0)] for top in (2.0, 100.0))
    scaled = [Hit(hit.chunk_id, 7 * hit.score - 3) for hit in near]
    assert reciprocal_rank_fusion([near], weights=[1]) == reciprocal_rank_fusion([far], weights=[1])
    assert score_fusion([near], weights=[1]) == score_fusion([scaled], weights=[1])
    assert [hit.score for hit in score_fusion([far], weights=[1])] == pytest.approx([1, 0.01, 0])


def test_equal_scores_all_count_as_the_best() -> None:
    assert score_fusion([[Hit("b", 0.0), Hit("a", 0.0)]], weights=[0.5]) == [Hit("a", 0.5), Hit("b", 0.5)]


def test_the_last_of_a_ranking_has_no_more_than_what_the_ranking_lacks() -> None:
    fused = score_fusion([[Hit("a", 9.0), Hit("b", 1.0)], [Hit("c", 5.0)]], weights=[1, 0])
    assert fused == [Hit("a", 1.0), Hit("b", 0.0), Hit("c", 0.0)]


@given(WEIGHTED, st.randoms())
def test_the_order_of_the_rankings_does_not_matter(
    weighted: list[tuple[list[tuple[str, int]], float]], random: Random
) -> None:
    shuffled = random.sample(weighted, len(weighted))
    for fuse in (reciprocal_rank_fusion, score_fusion):
        one, other = (
            fuse([hits(pairs) for pairs, _ in each], weights=[weight for _, weight in each])
            for each in (weighted, shuffled)
        )
        assert one == other


@pytest.mark.parametrize("names", list(permutations("abc")))
def test_hits_with_the_same_ranks_in_other_rankings_are_a_tie(names: tuple[str, ...]) -> None:
    # 1/61 + 1/63 + 1/70 depends on the order when each sum is rounded.
    rankings = []
    for turn in range(3):
        at = {place: names[(turn + step) % 3] for step, place in enumerate((0, 2, 9))}
        rankings.append(ranking(*(at.get(place, f"{turn}-{place}") for place in range(10))))
    fused = reciprocal_rank_fusion(rankings, weights=[1, 1, 1])
    assert [hit.chunk_id for hit in fused[:3]] == ["a", "b", "c"]
    assert len({hit.score for hit in fused[:3]}) == 1


@given(WEIGHTED, st.sampled_from("abcdef"), st.sampled_from([0.5, 1.0]))
def test_a_hit_that_one_more_ranking_puts_first_does_not_fall(
    weighted: list[tuple[list[tuple[str, int]], float]], name: str, weight: float
) -> None:
    rankings, weights = [hits(pairs) for pairs, _ in weighted], [each for _, each in weighted]
    more = [Hit(name, 1.0), *(Hit(each, 0.0) for each in "abcdef" if each != name)]
    for fuse in (reciprocal_rank_fusion, score_fusion):
        before = [hit.chunk_id for hit in fuse(rankings, weights=weights)]
        after = [hit.chunk_id for hit in fuse([*rankings, more], weights=[*weights, weight])]
        ahead = set(after[: after.index(name)])
        assert name not in before or ahead <= set(before[: before.index(name)])


def test_a_larger_weight_lets_a_ranking_decide() -> None:
    rankings = [ranking("a", "b"), ranking("b", "a")]
    for fuse in (reciprocal_rank_fusion, score_fusion):
        assert [hit.chunk_id for hit in fuse(rankings, weights=[2, 1])] == ["a", "b"]
        assert [hit.chunk_id for hit in fuse(rankings, weights=[1, 2])] == ["b", "a"]


def test_no_rankings_and_empty_rankings_give_nothing() -> None:
    for fuse in (reciprocal_rank_fusion, score_fusion):
        assert fuse([], weights=[]) == fuse([[], []], weights=[1, 1]) == []
        assert [hit.chunk_id for hit in fuse([[], ranking("a")], weights=[1, 1])] == ["a"]
