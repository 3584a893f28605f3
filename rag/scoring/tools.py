"""What tools and requests are made of: words of names, parts of a request, what must be called first.

Knows no model: rag/retrieval/_tool_index.py adds vectors, agents/ calls the tools.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rag.core.types import Vector
from rag.scoring.words import analyze, query_words

__all__ = ["Bm25", "Tool", "name_words", "prerequisites", "request_parts"]

_K1, _B = 1.2, 0.75
_LEAST_WORDS = 3  # of a part; shorter ones are greetings and leftovers
_BREAK = re.compile(
    r"(?<=[.!?;])\s+|,?\s+\b(?:and then|then|and also|also|and|after that|finally)\b\s+", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_FINDERS = frozenset({"search", "find", "lookup"})


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a language model is told of it."""

    name: str
    description: str
    parameters: Mapping[str, object] = field(default_factory=dict)  # JSON schema of an object

    @property
    def text(self) -> str:
        """Give all that is known of the tool, as words."""
        lines = [f"{name_words(self.name)}: {self.description}"]
        for name, schema in self.properties.items():
            about = schema.get("description", "") if isinstance(schema, Mapping) else json.dumps(schema)
            lines.append(f"{name_words(name)}: {about}")
        return "\n".join(lines)

    @property
    def properties(self) -> Mapping[str, object]:
        """Give the schema of each parameter, also of one that only a part of the whole schema has."""
        found: dict[str, object] = {}
        parts = [self.parameters.get(key) for key in ("allOf", "anyOf", "oneOf")]
        for schema in (
            self.parameters,
            *(each for part in parts if isinstance(part, list) for each in part),
        ):
            properties = schema.get("properties") if isinstance(schema, Mapping) else None
            found |= properties if isinstance(properties, Mapping) else {}
        return found


def name_words(name: str) -> str:
    """Give the words that an identifier is made of.

    >>> name_words("getWeatherForecast"), name_words("/movie/{movie_id}")
    ('get Weather Forecast', 'movie movie id')
    """
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)))


def request_parts(text: str) -> list[str]:
    """Cut a request into what may each need a tool of its own; empty where it is of one piece.

    >>> request_parts("Book a table for two, and then tell me the weather.")
    ['Book a table for two', 'tell me the weather.']
    """
    parts = [part.strip() for part in _BREAK.split(text)]
    kept = [part for part in parts if len(part.split()) >= _LEAST_WORDS]
    return kept if len(kept) > 1 else []


def prerequisites(tools: Sequence[Tool]) -> list[list[int]]:
    """Give for each tool those to call first: that its description names, or that find the ids it takes.

    A name counts where it is no plain word; `movie_id` is found by a tool with "search", "find" or
    "lookup" and "movie" in its name.

    >>> prerequisites([Tool("get_film", "Details, by the id of find_film."), Tool("find_film", "Films.")])
    [[1], []]
    """
    names = {
        tool.name: number for number, tool in enumerate(tools) if re.search(r"\W|_|[a-z][A-Z]", tool.name)
    }
    finders: dict[str, list[int]] = {}
    for number, tool in enumerate(tools):
        words = name_words(tool.name).lower().split()
        if _FINDERS & set(words):
            for word in set(words) - _FINDERS:
                finders.setdefault(word, []).append(number)
    before = []
    for number, tool in enumerate(tools):
        tokens = {token.strip(".,;:()[]\"'`") for token in tool.description.split()}
        found = {names[token] for token in tokens & names.keys()}
        for identifier in _identifiers(tool):
            candidates = finders.get(identifier, [])
            found |= set(candidates) if len(candidates) == 1 else set()
        before.append(sorted(found - {number}))
    return before


def _identifiers(tool: Tool) -> set[str]:
    """Give what the tool takes the id of: "movie" of `movie_id` or `movieId`."""
    words = [
        name_words(each).lower().split() for each in (*_PLACEHOLDER.findall(tool.name), *tool.properties)
    ]
    return {each[0] for each in words if len(each) == 2 and each[1] == "id"}


class Bm25:
    """BM25 over texts in memory, all scores at once.

    Source: Robertson & Zaragoza, The Probabilistic Relevance Framework, 2009, section 3, Lucene's idf.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        counts = [Counter(analyze(text)) for text in texts]
        lengths = np.array([count.total() for count in counts], dtype=np.float64)
        norms = _K1 * (1 - _B + _B * lengths / max(lengths.mean() if texts else 0.0, 1.0))
        found: dict[str, list[tuple[int, int]]] = {}
        for number, count in enumerate(counts):
            for word, times in count.items():
                found.setdefault(word, []).append((number, times))
        self._postings: dict[str, tuple[np.ndarray, Vector]] = {}
        for word, postings in found.items():
            numbers, times = np.array(postings).T
            idf = math.log(1 + (self._size - len(numbers) + 0.5) / (len(numbers) + 0.5))
            weights = idf * times * (_K1 + 1) / (times + norms[numbers])
            self._postings[word] = (numbers, weights.astype(np.float32))

    def scores(self, text: str) -> Vector:
        """Give (N,) float32, 0 for a text that shares no word."""
        scores = np.zeros(self._size, dtype=np.float32)
        for word in query_words(text):
            if word in self._postings:
                numbers, weights = self._postings[word]
                scores[numbers] += weights
        return scores
