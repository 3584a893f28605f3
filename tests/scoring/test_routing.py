from dataclasses import replace

import pytest

from rag.scoring.routing import LIKELY, Signals, brought, is_multihop, num_names, signals_of
from rag.scoring.words import distinct

LAKE = distinct("Lake Mjosa is the deepest lake. It is 468 metres deep.")
FILM = distinct("Jump for Glory is a film directed by Raoul Walsh.")
PERSON = distinct("Raoul Walsh. His spouse was Miriam Cooper.")


def test_a_question_that_one_passage_covers_needs_no_hop() -> None:
    assert is_multihop(signals_of("how deep is the deepest lake", [LAKE, FILM])) < LIKELY


def test_a_question_whose_words_lie_apart_does() -> None:
    question = "Who is the spouse of the director of the film Jump for Glory by Raoul Walsh?"
    assert is_multihop(replace(signals_of(question, [FILM, PERSON, LAKE]), gain=0.5)) > 0.7


@pytest.mark.parametrize("found", [[], [LAKE], [LAKE, LAKE]])
def test_signals_stand_for_any_number_of_passages(found: list[frozenset[str]]) -> None:
    assert 0 <= is_multihop(signals_of("どこですか", found)) <= 1


def test_passages_that_no_answer_reads_say_nothing() -> None:
    question = "Who is the spouse of the director of the film Jump for Glory?"
    assert signals_of(question, [LAKE] * 6) == signals_of(question, [*[LAKE] * 6, FILM, PERSON])
    assert brought([(str(n), 0.1) for n in range(6)] + [("late", 0.9)], before=["0"]) == 0.1


def test_a_capital_that_opens_a_sentence_is_no_name() -> None:
    assert num_names("What is soil? Give definitions where possible. How deep is it?") == 0
    assert num_names("Who wrote about the soil of Oslo? Give the year.") == 1


def test_a_long_question_that_names_nothing_needs_no_hop() -> None:
    question = (
        "What is deep water, and how is it measured? Describe methods, costs and errors of each of them."
    )
    assert is_multihop(replace(signals_of(question, [LAKE, FILM, PERSON]), gain=0.03)) < LIKELY


def test_a_question_of_two_names_that_a_hop_answers_is_one_of_several_hops() -> None:
    assert is_multihop(Signals(gain=0.5, best=0.5, second=0.3, num_names=2)) > 0.9


def test_what_is_unlikely_before_any_hop_stays_so() -> None:
    before = Signals(best=0.6, second=0.3, num_names=1)
    chances = [is_multihop(replace(before, gain=gain)) for gain in (0.0, 0.1, 0.5, 1.0)]
    assert chances == sorted(chances)
    assert chances[-1] == is_multihop(before)
