import numpy as np
import pytest

from rag.scoring.intents import clusters, fixed, parse_intents, parse_judgement, score_dw, sim_dw

QUERY = np.array([1.0, 0.0, 0.0], dtype=np.float32)
INTENTS = np.array([[0.6, 0.8, 0.0], [0.1, 0.0, 0.995]], dtype=np.float32)


def test_intents_unlike_the_query_leave_its_direction_as_it_is() -> None:
    assert sim_dw(QUERY, INTENTS[1:]).tolist() == pytest.approx([0.7, 0.0, 0.0])
    assert score_dw(QUERY, INTENTS, [59, None]).tolist() == pytest.approx([0.7, 0.0, 0.0])


def test_intents_weigh_as_their_similarity_or_their_judgement_says() -> None:
    assert sim_dw(QUERY, INTENTS).tolist() == pytest.approx([0.7 + 0.36, 0.48, 0.0])
    assert score_dw(QUERY, INTENTS, [60, 100]).tolist() == pytest.approx([0.7 + 0.36 + 0.1, 0.48, 0.995])


def test_fixed_weights_sum_to_one_and_without_intents_the_query_stays() -> None:
    assert fixed(QUERY, np.stack([QUERY, QUERY])).tolist() == pytest.approx(QUERY.tolist())
    assert fixed(QUERY, INTENTS[:0]).tolist() == QUERY.tolist()


def test_groups_are_at_most_as_many_as_allowed_and_hold_each_variant_once() -> None:
    vectors = np.eye(7, dtype=np.float32)
    groups = clusters(vectors)
    assert len(groups) == 3
    assert sorted(number for group in groups for number in group) == list(range(7))


def test_like_variants_are_one_intent_and_unlike_ones_are_not() -> None:
    assert clusters(np.stack([QUERY] * 6)) == [[0, 1, 2, 3, 4, 5]]
    assert clusters(np.eye(3, dtype=np.float32)) == [[0], [1], [2]]
    assert clusters(np.zeros((0, 3), dtype=np.float32)) == []


@pytest.mark.parametrize(
    "text",
    ["", "snow", "1. snow\nand ice", "2. snow", "1. a\n2. b\n3. c\n4. d", "1. a\n1. b", "Here:\n1. a"],
)
def test_what_is_no_list_of_one_to_three_gives_no_intents(text: str) -> None:
    assert parse_intents(text) == []


@pytest.mark.parametrize("text", ["", "101", "0", "-5", "85 because it is clear", "eighty"])
def test_what_is_no_number_from_1_to_100_gives_no_judgement(text: str) -> None:
    assert parse_judgement(text) is None
