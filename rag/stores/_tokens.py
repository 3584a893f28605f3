"""Token vectors of many chunks: what stores keep of them, and how that is scored.

Few tokens are kept as 16-bit floats, exactly enough to learn from later; many are compressed with a
codebook of their own, but for the vector of the whole text, which has a byte a dimension. What is
compressed already keeps its codes, for being compressed twice costs 3 points of recall
(docs/experiments/multi-vector.md); few floats among many codes take the codebook that has most of these.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Codebook, Row, TokenCodes, Vector
from rag.scoring.centroids import CentroidLists, near_centroids
from rag.scoring.codebooks import num_centroids_for, train_codebook
from rag.scoring.maxsim import join, spans
from rag.scoring.residual import (
    centroid_similarity,
    code_maxima,
    decode,
    encode,
    fits,
    products_table,
    rough_maxima,
)
from rag.scoring.whole import norms, of_bytes, similarities, to_bytes

__all__ = [
    "CODED_TOKENS",
    "FLOAT",
    "FLOATS",
    "NO_TOKENS",
    "Kept",
    "Overview",
    "Packed",
    "bytes_of_tokens",
    "code_scores",
    "floats_of",
    "num_candidates_for",
    "rough_scores",
    "tokens_of_bytes",
]

FLOATS = -1  # in place of a codebook's number
NO_TOKENS = -2
FLOAT: np.dtype[Any] = np.dtype("<f2")  # Any: what is kept so is a Vector to all others
CODED_TOKENS = (
    65_536  # fewer are kept as floats: looking at each takes 20 ms, and a codebook has its weight
)
_ENCODED_AT_ONCE = 256
_SAMPLE_TOKENS = 131_072
_CANDIDATE_SHARE = 1 / 320  # are scored exactly, 16 times that roughly (docs/experiments/multi-vector.md)

_TOKENS_AT_ONCE = 4096  # what they decode to stays in the cache
_ROUGH_TOKENS = 32  # of a query; their products with a token fill two lines of the cache
_NEAR = 20  # centroids of each token of a query; tokens at others are not scored roughly

Kept = Vector | TokenCodes


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The tokens of rows as stores keep them."""

    codebooks: Sequence[Codebook]
    book_of: NDArray[np.int16]  # (N,) a codebook's number, FLOATS or NO_TOKENS
    has_whole: NDArray[np.bool_]  # (N,) the first token is of the whole, and apart from the codes
    tokens: Sequence[Kept | None]  # (N,) 16-bit floats or codes

    @classmethod
    def of(
        cls, rows: Sequence[Row], *, coded_tokens: int = CODED_TOKENS, known: Sequence[Codebook] = ()
    ) -> Self:
        """Pack; floats are compressed when there are so many tokens in all, or a known codebook fits."""
        given = dict(enumerate(row.tokens for row in rows))
        floats = {index: each for index, each in given.items() if isinstance(each, np.ndarray)}
        of_row = {index: each for index, each in given.items() if isinstance(each, TokenCodes)}
        # What has no token beside the whole is left as it is: no passage is without codes.
        whole = {index: rows[index].has_whole and len(each) > 1 for index, each in floats.items()}
        rest = [each[1:] if whole[index] else each for index, each in floats.items()]
        fresh = _compressed(rest, list(of_row.values()), coded_tokens, known)
        for index, codes in zip(floats, fresh, strict=False):
            of_row[index] = replace(codes, whole=to_bytes(floats[index][0])) if whole[index] else codes
        codebooks = list({id(codes.codebook): codes.codebook for codes in of_row.values()}.values())
        numbers = {id(codebook): number for number, codebook in enumerate(codebooks)}
        book_of = np.full(len(rows), NO_TOKENS, dtype=np.int16)
        book_of[list(floats)] = FLOATS
        book_of[list(of_row)] = [numbers[id(codes.codebook)] for codes in of_row.values()]
        kept: dict[int, Kept] = {index: each.astype(FLOAT, copy=False) for index, each in floats.items()}
        kept |= of_row
        has_whole = [
            of_row[index].whole is not None if index in of_row else row.has_whole
            for index, row in enumerate(rows)
        ]
        tokens = [kept.get(index) for index in range(len(rows))]
        return cls(codebooks, book_of, np.array(has_whole, dtype=np.bool_), tokens)

    @classmethod
    def of_kept(cls, tokens: Sequence[Kept]) -> Self:
        """Pack what a store keeps, as it is."""
        coded = {index: each for index, each in enumerate(tokens) if isinstance(each, TokenCodes)}
        codebooks = list({id(each.codebook): each.codebook for each in coded.values()}.values())
        numbers = {id(codebook): number for number, codebook in enumerate(codebooks)}
        book_of = np.full(len(tokens), FLOATS, dtype=np.int16)
        book_of[list(coded)] = [numbers[id(each.codebook)] for each in coded.values()]
        has_whole = np.zeros(len(tokens), dtype=np.bool_)
        has_whole[list(coded)] = [each.whole is not None for each in coded.values()]
        return cls(codebooks, book_of, has_whole, tokens)


def bytes_of_tokens(tokens: Kept) -> bytes:
    """Give what is kept of a chunk's tokens: 16-bit floats, or the whole and codes."""
    if not isinstance(tokens, TokenCodes):
        return tokens.astype(FLOAT).tobytes()
    return (b"" if tokens.whole is None else tokens.whole.tobytes()) + tokens.codes.tobytes()


def tokens_of_bytes(content: bytes, num_tokens: int, codebook: Codebook | None, *, has_whole: bool) -> Kept:
    """Read what `bytes_of_tokens` gave of so many tokens."""
    part = np.frombuffer(content, dtype=np.uint8)
    if codebook is None:
        return part.view(FLOAT).reshape(num_tokens, -1)
    size = len(codebook.rotation) if has_whole else 0
    codes = part[size:].reshape(num_tokens - has_whole, -1)
    return TokenCodes(codebook, codes, part[:size].view(np.int8) if has_whole else None)


def floats_of(tokens: Kept) -> Vector:
    """Give (T, D) float32, decoded when needed."""
    return decode(tokens) if isinstance(tokens, TokenCodes) else tokens.astype(np.float32)


def code_scores(
    book: Codebook,
    codes: NDArray[np.uint8],
    whole: NDArray[np.int8] | None,
    query: Vector,
    offsets: NDArray[np.int64],
) -> Vector:
    """Give the MaxSim, (N,), of ragged codes and, if there are such, the vectors of the wholes, (N, D)."""
    best = np.empty((len(offsets) - 1, len(query)), dtype=np.float32)
    for first, last in spans(offsets, num_tokens=_TOKENS_AT_ONCE):
        some = codes[offsets[first] : offsets[last]]
        best[first:last] = code_maxima(book, some, query, offsets[first : last + 1] - offsets[first])
    return _with_wholes(best, whole, query)


def rough_scores(
    book: Codebook,
    codes: NDArray[np.uint8],
    nearest: NDArray[np.uint16],
    whole: NDArray[np.int8] | None,
    query: Vector,
    rows: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> Vector:
    """Give about what `code_scores` gives, (N,), in a fraction of the time.

    Of a query the 32 heaviest tokens are taken; of a passage those at centroids that are near to one of
    the query's, and its first.

    Args:
        book: of the codes.
        codes: (M, bytes of a code), of more passages than these.
        nearest: (M,), their centroids.
        whole: if there are such, the vectors of the wholes, (N, D).
        query: (Q, D).
        rows: (T,), which codes are of these passages.
        offsets: (N + 1,), where among `rows` each begins, ascending strictly.
    """
    heaviest = np.argsort(-np.einsum("qd,qd->q", query, query), kind="stable")[:_ROUGH_TOKENS]
    query = query[heaviest]
    table = products_table(book, query)
    near = near_centroids(table[: len(book.centroids), : len(query)].T, count=_NEAR)
    looked_at = near[nearest[rows]]
    looked_at[offsets[:-1]] = True
    counts = np.add.reduceat(looked_at, offsets[:-1], dtype=np.int64)
    codes, offsets = codes[rows[looked_at]], np.concatenate([[0], np.cumsum(counts)])
    best = np.empty((len(offsets) - 1, len(query)), dtype=np.float32)
    for first, last in spans(offsets, num_tokens=_TOKENS_AT_ONCE):
        some = codes[offsets[first] : offsets[last]]
        found = rough_maxima(book, table, some, offsets[first : last + 1] - offsets[first])
        best[first:last] = found[:, : len(query)]
    return _with_wholes(best, whole, query)


def num_candidates_for(num_rows: int, *, least: int, k: int) -> int:
    """Give how many of so many coded passages are worth an exact look in a search for k.

    >>> num_candidates_for(5000, least=160, k=10), num_candidates_for(320_000, least=160, k=10)
    (160, 1000)
    """
    return max(least, 2 * k, int(num_rows * _CANDIDATE_SHARE))


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """What tells of many coded passages which are worth a look."""

    book: Codebook
    nearest: NDArray[np.uint16]  # (T,) centroids of all tokens
    lists: CentroidLists
    whole: NDArray[np.int8] | None  # (N, D)
    norms: Vector | None  # (N,) of the wholes

    @classmethod
    def of(
        cls,
        book: Codebook,
        nearest: NDArray[np.uint16],
        offsets: NDArray[np.int64],
        whole: NDArray[np.int8] | None,
    ) -> Self:
        """Make it of the centroids, (T,), of ragged passages, and the vectors of their wholes."""
        lists = CentroidLists.of(nearest, offsets, num_centroids=len(book.centroids))
        return cls(book, nearest, lists, whole, None if whole is None else norms(whole))

    def estimates(self, query: Vector, *, num_probes: int) -> Vector:
        """Give every passage an estimate of its MaxSim, (N,); a query's whole is compared with wholes."""
        if self.whole is None or self.norms is None:
            return self._by_centroids(query, num_probes)
        return self._by_centroids(query[1:], num_probes) + similarities(self.whole, self.norms, query[0])

    def _by_centroids(self, query: Vector, num_probes: int) -> Vector:
        return self.lists.scores(centroid_similarity(self.book, query), num_probes=num_probes)


def _with_wholes(best: Vector, whole: NDArray[np.int8] | None, query: Vector) -> Vector:
    """Sum what each token of a query finds best, (N, Q), in codes or the vectors of wholes."""
    if whole is not None:
        np.maximum(best, of_bytes(whole) @ query.T, out=best)
    scores: Vector = best.sum(axis=1)
    return scores


def _compressed(
    passages: Sequence[Vector], coded: Sequence[TokenCodes], coded_tokens: int, known: Sequence[Codebook]
) -> list[TokenCodes]:
    """Compress floats, or give nothing when there are too few tokens."""
    fresh = sum(map(len, passages))
    fitting = next((each for each in known if passages and fits(each, _sample(passages, fresh))), None)
    if fitting is not None:
        return _encoded(fitting, passages)
    sizes: Counter[int] = Counter()
    for each in coded:
        sizes[id(each.codebook)] += len(each.codes)
    if not passages or fresh + sizes.total() < coded_tokens:
        return []
    if fresh >= coded_tokens or not coded:
        codebook = train_codebook(_sample(passages, fresh), num_centroids=num_centroids_for(fresh))
    else:
        (largest, _), *_ = sizes.most_common(1)
        codebook = next(each.codebook for each in coded if id(each.codebook) == largest)
    return _encoded(codebook, passages)


def _encoded(codebook: Codebook, passages: Sequence[Vector]) -> list[TokenCodes]:
    codes: list[TokenCodes] = []
    for start in range(0, len(passages), _ENCODED_AT_ONCE):
        some = passages[start : start + _ENCODED_AT_ONCE]
        bounds = np.cumsum([len(each) for each in some])[:-1]
        codes += [TokenCodes(codebook, part) for part in np.split(encode(codebook, join(some)[0]), bounds)]
    return codes


def _sample(passages: Sequence[Vector], num_tokens: int) -> Vector:
    """Give tokens enough to learn from, of whole passages spread over all."""
    step = max(1, num_tokens // _SAMPLE_TOKENS)
    return join([each.astype(np.float32, copy=False) for each in passages[::step]])[0]
