"""The word index of one segment: tantivy over words that `analyze` has already found.

Queries are built as data from words; tantivy's query language is never used, so that a person may
write AND, quotes or colons. Scores are BM25 (k1 1.2, b 0.75; tantivy rounds a row's length to 8 bits).
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tantivy import (
    Document,
    Index,
    Occur,
    Query,
    Schema,
    SchemaBuilder,
    TextAnalyzerBuilder,
    Tokenizer,
)

from rag.scoring.words import analyze, query_words

_HEAP_BYTES = 64_000_000
_ANALYZER = "words"


def write_words(directory: Path, texts: Sequence[str]) -> None:
    """Index texts, numbered from 0."""
    directory.mkdir()
    index = _with_analyzer(Index(_schema(), path=str(directory)))
    writer = index.writer(_HEAP_BYTES, 1)
    for row, text in enumerate(texts):
        document = Document(words=" ".join(analyze(text)))
        document.add_unsigned("row", row)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class WordIndex:
    """A read-only word index."""

    def __init__(self, directory: Path) -> None:
        self._schema = _schema()
        self._searcher = _with_analyzer(Index(self._schema, path=str(directory), reuse=True)).searcher()
        self._frequency = lru_cache(maxsize=10_000)(partial(self._searcher.doc_freq, "words"))
        self._term = lru_cache(maxsize=10_000)(partial(Query.term_query, self._schema, "words"))

    def frequencies(self, words: Sequence[str]) -> dict[str, int]:
        """Give the number of rows that have each word."""
        return {word: self._frequency(word) for word in words}

    def search(
        self, boosts: Mapping[str, float], allowed: NDArray[np.bool_] | None, k: int
    ) -> list[tuple[int, float]]:
        """Give (row, score) of the k best allowed rows that have any of the words, and some more.

        Args:
            boosts: word -> factor of its weight.
            allowed: (N,) which rows may be found; None for all.
            k: how many.
        """
        terms = [
            (self._term(word) if boost == 1 else Query.boost_query(self._term(word), boost))
            for word, boost in boosts.items()
        ]
        query = Query.boolean_query([(Occur.Should, term) for term in terms])
        limit = k + 1
        while True:  # tantivy knows no row masks and breaks ties by row: look until what follows is worse
            found = self._searcher.search(query, limit, count=False).hits
            rows = self._searcher.fast_field_values("row", [address for _, address in found])
            scores = [score for score, _ in found]
            hits = list(zip(rows, scores, strict=True))
            if allowed is not None:
                hits = [hit for hit in hits if allowed[hit[0]]]
            if len(found) < limit or (len(hits) > k and hits[-1][1] < hits[k - 1][1]):
                return hits
            limit *= 4


def best_words(
    text: str, indexes: Sequence[tuple[WordIndex, int]], masks: Sequence[NDArray[np.bool_] | None], k: int
) -> list[list[tuple[int, float]]]:
    """Give (row, score) of each segment's best, and some more, by the weights of all segments together.

    tantivy weighs a word by its own index; a boost turns that weight into the one over all of them.

    Args:
        text: words to search for.
        indexes: of each segment its words and how many rows it has.
        masks: of each segment which rows may be found, (N,); None for all.
        k: how many.
    """
    words = query_words(text)
    local = [index.frequencies(words) for index, _ in indexes]
    if len(indexes) == 1:  # its weights are those over all
        boosts = [{word: 1.0 for word in words if local[0][word]}]
    else:
        total = sum(num_rows for _, num_rows in indexes)
        overall = {word: _idf(total, sum(counts[word] for counts in local)) for word in words}
        boosts = [
            {word: overall[word] / _idf(num_rows, counts[word]) for word in words if counts[word]}
            for (_, num_rows), counts in zip(indexes, local, strict=True)
        ]
    return [
        index.search(weights, mask, k) if weights else []
        for (index, _), weights, mask in zip(indexes, boosts, masks, strict=True)
    ]


def _idf(num_rows: int, frequency: int) -> float:
    return math.log(1 + (num_rows - frequency + 0.5) / (frequency + 0.5))


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_text_field("words", tokenizer_name=_ANALYZER, index_option="freq")
    builder.add_unsigned_field("row", fast=True)
    return builder.build()


def _with_analyzer(index: Index) -> Index:
    index.register_tokenizer(_ANALYZER, TextAnalyzerBuilder(Tokenizer.whitespace()).build())
    return index
