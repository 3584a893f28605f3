"""Late interaction as a scorer: no passage beats the question's own words."""

import numpy as np

from rag.encoders.hashing_late import HashingLate
from rag.generation.scorers.late import Late

PASSAGES = ["the mast was replaced", "how tall is the tower", "the tower is 300 metres tall", ""]


def test_the_question_itself_scores_one_and_is_best() -> None:
    scores = Late(HashingLate()).scores("how tall is the tower", PASSAGES)
    assert np.isclose(scores[1], 1, atol=1e-5)
    assert scores.argmax() == 1
    assert scores[2] > scores[0]


def test_each_passage_is_scored_by_itself() -> None:
    scorer = Late(HashingLate())
    alone = [scorer.scores("the tower", [passage])[0] for passage in PASSAGES]
    assert np.allclose(alone, scorer.scores("the tower", PASSAGES), atol=1e-6)
    assert scorer.scores("the tower", []).shape == (0,)
