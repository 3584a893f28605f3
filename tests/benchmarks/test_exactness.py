"""Answers are kept by prompt and proposer, and a proposer can be told one as if it had decoded it."""

from pathlib import Path

import pytest

from benchmarks._exact_kept import Done, Kept
from benchmarks._speculation_prompts import Asked
from benchmarks.context import spread_positions
from benchmarks.exactness import in_turn, tell
from rag.core.errors import InvalidInputError
from rag.generation.speculation._drafts import State
from rag.generation.speculation.recycling import Recycling
from rag.generation.speculation.suffix import Suffix


def test_what_is_kept_is_not_measured_again(tmp_path: Path) -> None:
    file, plain = tmp_path / "kept.jsonl", Done([5, 6, 7], 2, [[6, 1], [7, 1]])
    Kept(file, {"max_tokens": 3}).keep("one", "none", plain)
    again = Kept(file, {"max_tokens": 3})
    assert again.get("one", "none") == plain
    assert again.get("one", "lookup") is again.get("two", "none") is None
    with pytest.raises(InvalidInputError, match="name another file"):
        Kept(file, {"max_tokens": 4})


def test_each_category_has_its_turn() -> None:
    asked = [Asked(name, name[0], ()) for name in ("a1", "a2", "a3", "b1", "b2", "c1")]
    assert [each.name for each in in_turn(asked)] == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_proposer_that_was_told_an_answer_drafts_from_it() -> None:
    followers = [[20, 9, 8, 7, 6, 5, 4, 3], [30, 1, 2, 3, 4, 5, 6, 7]]
    plain = Done([10, 20, 30], 2, followers)
    recycling, suffix = Recycling(4), Suffix(4)
    for proposer in (recycling, suffix):
        tell(proposer, [1, 2], plain, 40)
        state = State([3, 4, 10])
        proposer.begin(state)
        assert proposer.propose(state).paths()[:2] == [(20,), (20, 30)]
    assert recycling._adjacency.followers(20) == followers[1]


def test_positions_are_spread_to_both_ends() -> None:
    assert spread_positions(5, 100) == [0, 1, 97, 98, 99]
