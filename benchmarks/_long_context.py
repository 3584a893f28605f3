"""Passkey and needle retrieval: one sentence matters in a long text, and each question has its own text.

A token counts as 0.75 of a word. The documents without a question of their own only distract.

Source: Zhu et al., LongEmbed, 2024, https://arxiv.org/abs/2404.12096, section 3.2.
"""

import random
from collections.abc import Callable, Sequence
from itertools import cycle, islice

from rag.evaluation.datasets import Dataset, Entry, Question

__all__ = ["LENGTHS", "needles", "passkeys"]

LENGTHS = (256, 512, 1024, 2048, 4096, 8192)
DOCUMENTS = 100
QUESTIONS = 50
_WORDS_A_TOKEN = 0.75
_FILLER = (
    "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
).split()
_FIRST = """Ada Boris Chiara Dmitri Elin Farid Greta Hugo Ines Jonas Karin Lars Mira Nils Olga Pavel Rosa
Stefan Tamar Ulrich""".split()
_LAST = """Ahlgren Bianchi Castillo Dahlberg Eriksen Fontaine Grau Halvorsen Ivanov Jensen Kovacs Lindgren
Moreau Novak Okafor Petrov Quist Rossi Sandoval Tanaka""".split()


def passkeys(
    length: int, *, documents: int = DOCUMENTS, questions: int = QUESTIONS, seed: int = 0
) -> Dataset:
    """Hide a person's pass key in text that repeats itself, `length` tokens a document."""
    generator = random.Random(seed + length)  # noqa: S311 -- no secret
    names = generator.sample([f"{first} {last}" for first in _FIRST for last in _LAST], documents)
    keys = [generator.randrange(10_000, 100_000) for _ in names]
    facts = [
        (
            f"{name}'s pass key is {key}. Remember it. {key} is the pass key for {name}.",
            f"What is the pass key for {name}?",
        )
        for name, key in zip(names, keys, strict=True)
    ]
    return _hidden(f"passkey-{length}", facts, length, questions, generator, lambda _: _FILLER)


def needles(
    length: int,
    haystack: Sequence[str],
    facts: Sequence[tuple[str, str]],
    *,
    questions: int = QUESTIONS,
    seed: int = 0,
) -> Dataset:
    """Hide each fact, a sentence with its question, in a part of a real text about something else."""
    generator = random.Random(seed + length)  # noqa: S311 -- no secret

    def part(size: int) -> Sequence[str]:
        words = generator.choice(haystack).split(" ")
        return words[generator.randrange(max(1, len(words) - size)) :]

    return _hidden(f"needle-{length}", facts, length, questions, generator, part)


def _hidden(
    name: str,
    facts: Sequence[tuple[str, str]],
    length: int,
    questions: int,
    generator: random.Random,
    words: Callable[[int], Sequence[str]],
) -> Dataset:
    corpus = []
    for number, (sentence, _) in enumerate(facts):
        size = max(0, round(length * _WORDS_A_TOKEN) - len(sentence.split()))
        around = list(islice(cycle(words(size)), size))
        place = generator.randint(0, size)
        parts = (" ".join(around[:place]), sentence, " ".join(around[place:]))
        corpus.append(Entry(str(number), "", "\n\n".join(filter(None, parts))))
    asked = [Question(str(number), question) for number, (_, question) in enumerate(facts[:questions])]
    return Dataset(name, corpus, asked, {question.id: {question.id: 1.0} for question in asked})
