import pytest

from rag.core.types import Passage
from rag.scoring.routing import HOP_SIGNALS, hop_probability, hop_signals


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
