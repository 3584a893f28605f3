import numpy as np
from numpy.typing import NDArray

from rag.generation.vllm_plugin._answers import Answers, fingerprint

RANDOM = np.random.default_rng(3)
Tokens = NDArray[np.int32]


def tokens(number: int) -> Tokens:
    return RANDOM.integers(0, 1000, number).astype(np.int32)


def test_a_fingerprint_holds_about_a_sixteenth_of_the_runs() -> None:
    assert 100 < len(fingerprint(tokens(3200))) < 300


def test_texts_that_share_nothing_share_no_hash() -> None:
    assert not fingerprint(tokens(2000)) & fingerprint(tokens(2000))


def test_a_short_text_has_none() -> None:
    assert fingerprint(tokens(7)) == frozenset()


def test_the_oldest_answers_are_forgotten_first() -> None:
    answers = Answers(25, 0.5)
    prompts = [fingerprint(tokens(400)) for _ in range(3)]
    for number, prompt in enumerate(prompts):
        answers.add(prompt, [number], [number] * 9)
    assert [len(answers.related(prompt)) for prompt in prompts] == [0, 1, 1]


def test_the_same_prompts_answer_takes_the_place_of_the_one_before() -> None:
    answers = Answers(100, 0.5)
    prompt = fingerprint(tokens(400))
    for last in (1, 2):
        answers.add(prompt, [0], [last] * 9)
    assert answers.related(prompt) == [(0, *[2] * 9)]


def test_the_closest_answer_is_the_newest_text() -> None:
    answers = Answers(1000, 0.3)
    passages = tokens(1200)
    whole, half = fingerprint(passages), fingerprint(passages[:700])
    answers.add(whole, [1], [1])
    answers.add(half, [2], [2])
    assert [answer[0] for answer in answers.related(whole)] == [2, 1]


def test_instructions_alone_make_no_prompts_related() -> None:
    answers = Answers(1000, 0.5)
    instructions = tokens(120)
    first, second = (fingerprint(np.concatenate((instructions, tokens(60)))) for _ in range(2))
    assert len(first & second) > 0.5 * len(second)
    answers.add(first, [1], [1])
    assert answers.related(second) == []


def test_what_many_prompts_have_is_not_what_makes_two_related() -> None:
    answers = Answers(1000, 0.5)
    instructions, passages = tokens(1000), tokens(500)

    def asked(about: Tokens) -> frozenset[int]:
        return fingerprint(np.concatenate((instructions, about, tokens(30))))

    answers.add(asked(passages), [0], [7])
    for number in range(1, 9):
        answers.add(asked(tokens(500)), [number], [number])
    assert answers.related(asked(tokens(500))) == []
    assert answers.related(asked(passages)) == [(0, 7)]


def test_what_is_forgotten_counts_no_more() -> None:
    answers = Answers(20, 0.5)
    passages = tokens(1000)
    for number in range(40):
        answers.add(fingerprint(np.concatenate((passages, tokens(30)))), [number], [number])
    assert answers.related(fingerprint(passages)) == []
    for number in range(5):
        answers.add(fingerprint(tokens(400)), [number], [number])
    assert len(answers.related(fingerprint(passages))) == 5
