"""The automaton knows what a search through the texts would find."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.generation.speculation._automaton import Automaton
from rag.generation.speculation._continuations import continuations
from rag.generation.speculation._drafts import chain

TEXTS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=25), min_size=1, max_size=4)


def built(texts: list[list[int]]) -> Automaton:
    automaton = Automaton()
    for text in texts:
        automaton.start()
        automaton.feed(text)
    return automaton


def followers(texts: list[list[int]], run: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for text in texts:
        for at in range(len(text) - len(run)):
            if text[at : at + len(run)] == run:
                token = text[at + len(run)]
                found[token] = found.get(token, 0) + 1
    return found


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_every_run_is_counted(texts: list[list[int]]) -> None:
    automaton = built(texts)
    for text in texts:
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                run = text[start:end]
                count = sum(other[at : at + len(run)] == run for other in texts for at in range(len(other)))
                assert automaton.count(run) == count
    assert automaton.count([9]) == 0


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_the_longest_run_that_came_before_is_found_with_what_followed(texts: list[list[int]]) -> None:
    automaton = built(texts)
    text = texts[-1]
    expected = [size for size in range(len(text), 0, -1) if automaton.count(text[-size:]) > 1]
    matches = list(automaton.matches())
    assert [length for length, _ in matches][:1] == expected[:1]
    for length, state in matches:
        if not followers(texts, text[-length:]):
            continue  # then a shorter run says it
        found = {token: count for token, count, _ in automaton.followers(state)}
        assert set(found) == set(followers(texts, text[-length:]))
        for token, count in followers(texts, text[-length:]).items():
            # A state's runs are those that came at the same places: what follows one follows all.
            assert found[token] >= count


def test_it_stays_linear_in_size() -> None:
    chooser = random.Random(0)
    text = [chooser.randrange(5) for _ in range(4000)]
    assert len(built([text])) <= 2 * len(text)


def test_a_text_that_goes_round_in_a_circle_takes_no_longer_and_is_drafted_on() -> None:
    started = time.process_time()
    automaton = built([[1, 2, 9], [1, 2, 3] * 7000])
    assert time.process_time() - started < 5  # 0.2; with every run of every token counted 12
    drafted = continuations(automaton, max_nodes=7, min_chance=0.05, max_depth=24)
    assert drafted == chain([1, 2, 3, 1, 2, 3, 1])
    automaton.feed([1, 2])
    drafted = continuations(automaton, max_nodes=1, min_chance=0.05, max_depth=24)
    assert drafted == chain([3])


@pytest.mark.parametrize("texts", [[[1, 2, 3, 1, 2]], [[1, 2, 3], [1, 2]]])
def test_a_text_goes_on_as_it_did(texts: list[list[int]]) -> None:
    automaton = built(texts)
    length, state = next(automaton.matches())
    assert length == 2
    assert [token for token, _, _ in automaton.followers(state)] == [3]
