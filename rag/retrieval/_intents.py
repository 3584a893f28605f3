"""Where the intents behind a question come from: a language model, or the passages of a first search.

Both give queries in words, at most three; a later round asks anew. Neither weighs them.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.core.protocols import Encoder, SearchRequest, Store
from rag.core.queries import VectorQuery
from rag.db.catalog import Catalog
from rag.retrieval._nearest import nearest, query_vectors
from rag.scoring.intents import clusters, parse_intents
from rag.scoring.words import content_words

__all__ = ["FoundIntents", "Writer", "WrittenIntents"]

_PROMPTS = ("rewrite_context", "rewrite_detail", "rewrite_aspect")
_A_PROMPT = 2  # N
_VARIANTS = len(_PROMPTS) * _A_PROMPT
_WORDS = 8  # that a passage adds to the question
_MIN_CHARS = 3
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class Writer(Protocol):
    """A writing task -> short texts of a language model."""

    def write(self, task: str, values: Mapping[str, str], *, seeds: Sequence[int]) -> list[str]:
        """Fill the prompt of that name and give one text a seed, each from one call of the model."""
        ...


@dataclass(frozen=True, slots=True)
class WrittenIntents:
    """Six variants by three prompts, and one call that groups them and writes a query a group: 7 calls.

    Where the list that it should write is none, variants are grouped by their vectors, and the shortest of
    each group stands for it; `ungrouped` in the counts of the reply says how often.
    """

    writer: Writer
    encoder: Encoder

    def queries(self, request: SearchRequest, *, round: int) -> list[str]:
        """Give one to three queries."""
        seeds = range(_A_PROMPT * round, _A_PROMPT * (round + 1))
        variants = [
            " ".join(text.split())
            for prompt in _PROMPTS
            for text in self.writer.write(prompt, {"question": request.text}, seeds=seeds)
        ]
        listed = "\n".join(f"- {variant}" for variant in variants)
        values = {"question": request.text, "variants": listed}
        (written,) = self.writer.write("rewrite_intents", values, seeds=[round])
        request.timings.count("model_calls", _VARIANTS + 1)
        if found := parse_intents(written):
            return found
        request.timings.count("ungrouped")
        variants = list(dict.fromkeys(variant for variant in variants if variant)) or [request.text]
        groups = clusters(query_vectors(self.encoder, variants))
        return [min((variants[number] for number in group), key=len) for group in groups]


@dataclass(frozen=True, slots=True)
class FoundIntents:
    """Without a model: each of six first answers adds words to the question; like ones are one intent."""

    store: Store
    encoder: Encoder
    catalog: Catalog

    def queries(self, request: SearchRequest, *, round: int) -> list[str]:
        """Give one to three queries; none where the first search has no more answers."""
        query = VectorQuery(query_vectors(self.encoder, [request.text])[0])
        hits = nearest(request, self.store, query, k=_VARIANTS * (round + 1))[_VARIANTS * round :]
        texts = [passage.text for passage in self.catalog.passages(hits)]
        if not texts:
            return []
        added = [_words(request.text, text) for text in texts]
        groups = clusters(query_vectors(self.encoder, [_joined(request.text, words) for words in added]))
        return [_joined(request.text, _most([added[number] for number in group])) for group in groups]


def _words(question: str, text: str) -> list[str]:
    """Give the words that a passage has most often and the question lacks."""
    known = set(content_words(question))
    found = Counter(word.lower() for word in _WORD.findall(text) if len(word) >= _MIN_CHARS)
    new = [word for word in found if (stems := content_words(word)) and not known & set(stems)]
    return sorted(new, key=lambda word: -found[word])[:_WORDS]


def _most(lists: Sequence[Sequence[str]]) -> list[str]:
    """Give the words that most of the lists have."""
    found = Counter(word for words in lists for word in words)
    return [word for word, _ in found.most_common(_WORDS)]


def _joined(question: str, words: Sequence[str]) -> str:
    return " ".join([question, *words])
