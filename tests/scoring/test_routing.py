import pytest

from rag.core.types import Passage
from rag.scoring.hops import LIKELY, Signals, is_multihop
from rag.scoring.routing import HOP_SIGNALS, hop_probability, hop_signals, num_names


def passage(title: str, text: str, score: float) -> Passage:
    return Passage("c", "d", 1, "s", title, None, 0, len(text), score, text)


LAKE = passage("Lake Mjosa", "Lake Mjosa is the deepest lake. It is 468 metres deep.", 4.0)
FILM = passage("Jump for Glory", "Jump for Glory is a film directed by Raoul Walsh.", 3.0)
PERSON = passage("Raoul Walsh", "His spouse was Miriam Cooper.", 2.9)


def test_a_question_that_one_passage_covers_needs_no_hop() -> None:
    assert hop_probability(hop_signals("how deep is the deepest lake", [LAKE, FILM])) < 0.3


def test_a_question_whose_words_lie_apart_does() -> None:
    question = "Who is the spouse of the director of the film Jump for Glory by Raoul Walsh?"
    assert hop_probability(hop_signals(question, [FILM, PERSON, LAKE])) > 0.7


@pytest.mark.parametrize("found", [[], [LAKE], [LAKE, LAKE]])
def test_signals_stand_for_any_number_of_passages(found: list[Passage]) -> None:
    signals = hop_signals("どこですか", found)
    assert tuple(signals) == HOP_SIGNALS
    assert 0 <= hop_probability(signals) <= 1


def test_a_capital_that_opens_a_sentence_is_no_name() -> None:
    assert num_names("What is soil? Give definitions where possible. How deep is it?") == 0
    assert num_names("Who wrote about the soil of Oslo? Give the year.") == 1


def test_a_long_question_that_names_nothing_needs_no_hop() -> None:
    question = (
        "What is deep water, and how is it measured? Describe methods, costs and errors of each of them."
    )
    assert hop_probability(hop_signals(question, [LAKE, FILM, PERSON])) < 0.5
    assert is_multihop(Signals(gain=0.03, best=0.3, second=0.1, num_names=0)) < LIKELY


def test_a_question_of_two_names_that_a_hop_answers_is_one_of_several_hops() -> None:
    assert is_multihop(Signals(gain=0.5, best=0.5, second=0.3, num_names=2)) > 0.9
