import numpy as np

from rag.generation.vllm_plugin._answers import Answers, fingerprint

RANDOM = np.random.default_rng(3)


def tokens(number: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
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
