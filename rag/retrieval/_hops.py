"""What a hop finds: passages that a passage found leads to, each with the reasons for following it.

Reasons are numbers, the columns of NODE_FEATURES and EDGE_FEATURES; rag/scoring/hops.py weighs them. They
are of names, or, where vectors are alone, of windows: the vectors of a few words of a text at a time.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rag.core.protocols import SearchRequest, Store
from rag.core.queries import Query, TextQuery, VectorQuery
from rag.core.types import Hit, Vector
from rag.retrieval._texts import PassageText
from rag.retrieval._windows import PASSAGE_WORDS, QUESTION_WORDS, left_over, nearest_of
from rag.scoring.hops import EDGE_FEATURES, NODE_FEATURES
from rag.scoring.names import name_words, names, nearest_name
from rag.scoring.words import distinct

__all__ = ["Edges", "Hopper", "Tree"]

_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Tree:
    """What is known so far of one question and of the passages that were found, by chunk id."""

    question: str
    vector: Vector | None  # (D,) of the question; None where vectors take no part
    first: dict[str, tuple[float, int]]  # scaled score and rank, from 1, in the first search
    texts: dict[str, PassageText] = field(default_factory=dict)
    vectors: dict[str, Vector] = field(default_factory=dict)
    arrived: dict[str, Vector] = field(default_factory=dict)  # TreeHop's state that led to a passage
    states: dict[str, Vector] = field(default_factory=dict)  # and the one after it
    asked: Vector | None = None  # (W, D), windows of the question; None where names are the reasons
    led: dict[str, int] = field(default_factory=dict)  # best rank, from 1, for one of them
    said: dict[str, Vector] = field(default_factory=dict)  # (W, D), windows of a passage followed
    found: dict[str, list[Hit]] = field(default_factory=dict)  # by the words that were looked up
    _bridges: dict[str, list[str]] = field(default_factory=dict)

    def nodes(self, chunk_ids: Sequence[str]) -> Vector:
        """Give (N, 5), the columns of NODE_FEATURES."""
        asked, mentioned = name_words(self.question), [name_words(each) for each in names(self.question)]
        rows = []
        for chunk_id in chunk_ids:
            if self.asked is None:
                text = self.texts[chunk_id]
                why = nearest_name(text.subjects, mentioned), _share(asked, text.words)
            else:
                _, near = nearest_of(self.asked, self.vectors[chunk_id])
                why = near, _reciprocal(self.led.get(chunk_id, 0))
            rows.append((*self._scored(chunk_id), self._cosine(self.vector, chunk_id), *why))
        return np.array(rows, dtype=np.float32).reshape(len(rows), len(NODE_FEATURES))

    def missing(self, parent: str) -> list[str]:
        """Give the words of the question, as written, that a passage lacks."""
        has = self.texts[parent].words
        return [word for word in _WORD.findall(self.question) if not name_words(word) <= has]

    def bridges(self, parent: str) -> list[str]:
        """Give the names that a passage has and the question lacks."""
        if parent not in self._bridges:
            asked = distinct(self.question)
            own = self.texts[parent].names
            self._bridges[parent] = [name for name in own if not name_words(name) <= asked]
        return self._bridges[parent]

    def edges(self, parent: str, ranks: dict[str, int]) -> Vector:
        """Give (N, 7), the columns of EDGE_FEATURES, for children with their ranks among mentions."""
        rows = [
            (
                *why,
                self._cosine(self.states.get(parent), child),
                self._cosine(self.vector, child),
                self._scored(child)[0],
            )
            for child, why in (self._named if self.asked is None else self._near)(parent, ranks)
        ]
        return np.array(rows, dtype=np.float32).reshape(len(rows), len(EDGE_FEATURES))

    def _named(self, parent: str, ranks: dict[str, int]) -> Iterator[tuple[str, tuple[float, ...]]]:
        bridges = [name_words(name) for name in self.bridges(parent)]
        missing = name_words(" ".join(self.missing(parent)))
        own = self.texts[parent].subjects
        for child, rank in ranks.items():
            text = self.texts[child]
            back = float(any(words <= text.words for words in own))
            bridge = nearest_name(text.subjects, bridges)
            yield child, (bridge, _reciprocal(rank), _share(missing, text.words), back)

    def _near(self, parent: str, ranks: dict[str, int]) -> Iterator[tuple[str, tuple[float, ...]]]:
        if self.vector is None:
            return
        said, rest = self.said[parent], left_over(self.vector, self.vectors[parent])
        for child, rank in ranks.items():
            vector = self.vectors[child]
            place, bridge = nearest_of(said, vector)
            back = float(said[place] @ self.vector) if place >= 0 else 0.0
            yield child, (bridge, _reciprocal(rank), float(rest @ vector), back)

    def _scored(self, chunk_id: str) -> tuple[float, float]:
        score, rank = self.first.get(chunk_id, (0.0, 0))
        return score, _reciprocal(rank)

    def _cosine(self, state: Vector | None, chunk_id: str) -> float:
        if state is None:
            return 0.0
        return float(self.vectors[chunk_id] @ state / max(float(np.linalg.norm(state)), 1e-6))


@dataclass(frozen=True, slots=True)
class Edges:
    """Where one passage leads."""

    parent: str
    children: tuple[str, ...]
    features: Vector  # (N, 7)


@dataclass(frozen=True, slots=True)
class Hopper:
    """Find where passages lead: by the names in them, and by TreeHop's vectors."""

    store: Store
    read: Callable[[Sequence[str]], Mapping[str, PassageText]]  # by chunk id; what is gone is left out
    step: (
        Callable[[Vector, Vector], Vector] | None
    )  # TreeHop's: states and passages (B, D) -> states; or none
    by_names: bool = True
    windows: Callable[[str, int], Vector] | None = None  # text and words of a window -> (W, D)
    lookups: int = 5  # hits of each search
    max_names: int = 12  # of a passage; more cost time and find nothing more

    @property
    def is_of_vectors(self) -> bool:
        """Tell whether the question's vector takes part."""
        return self.step is not None or self.windows is not None

    def start(self, request: SearchRequest, hits: Sequence[Hit], vector: Vector | None) -> Tree:
        """Give the tree of a question with what the first search found and what its names name."""
        high, low = (hits[0].score, hits[-1].score) if hits else (0.0, 0.0)
        scale = (high - low) or 1.0
        first = {hit.chunk_id: ((hit.score - low) / scale, rank) for rank, hit in enumerate(hits, 1)}
        tree = Tree(request.text, vector, first)
        mentioned = names(request.text) if self.by_names else ()
        named = self._ranks(request, tree, map(TextQuery, mentioned))
        if self.windows is not None:
            tree.asked = self._windows(request, request.text, QUESTION_WORDS)
            tree.led = self._ranks(request, tree, map(VectorQuery, tree.asked))
        self._read(request, tree, [*first, *named, *tree.led])
        return tree

    def hop(self, request: SearchRequest, tree: Tree, parents: Sequence[str]) -> list[Edges]:
        """Give the edges of each parent, which the tree has read; their children are read too."""
        found = {parent: self._mentions(request, tree, parent) for parent in parents}
        for parent, near in self._near(request, tree, parents).items():
            for chunk_id in near:
                found[parent].setdefault(chunk_id, 0)
        self._read(request, tree, [child for ranks in found.values() for child in ranks])
        edges = []
        for parent, ranks in found.items():
            kept = {child: rank for child, rank in ranks.items() if child in tree.texts and child != parent}
            if parent in tree.states:
                for child in kept:
                    tree.arrived.setdefault(child, tree.states[parent])
            edges.append(Edges(parent, tuple(kept), tree.edges(parent, kept)))
        return edges

    def _mentions(self, request: SearchRequest, tree: Tree, parent: str) -> dict[str, int]:
        """Give chunk ids with their best rank for a name and what words are missing, or for a window."""
        if self.windows is not None:
            tree.said[parent] = self._windows(request, tree.texts[parent].text, PASSAGE_WORDS)
            return self._ranks(request, tree, map(VectorQuery, tree.said[parent]))
        if not self.by_names:
            return {}
        missing = " ".join(tree.missing(parent))
        bridges = tree.bridges(parent)[: self.max_names]
        return self._ranks(request, tree, (TextQuery(f"{name} {missing}") for name in bridges))

    def _windows(self, request: SearchRequest, text: str, words: int) -> Vector:
        assert self.windows is not None
        with request.timings.stage("windows"):
            return self.windows(text, words)

    def _ranks(self, request: SearchRequest, tree: Tree, queries: Iterable[Query]) -> dict[str, int]:
        """Give chunk ids with their best rank, from 1; words that were looked up before are not again."""
        ranks: dict[str, int] = {}
        for query in queries:
            if isinstance(query, TextQuery):
                if query.text not in tree.found:
                    tree.found[query.text] = self._lookup(request, query)
                hits = tree.found[query.text]
            else:
                hits = self._lookup(request, query)
            for rank, hit in enumerate(hits, 1):
                ranks[hit.chunk_id] = min(rank, ranks.get(hit.chunk_id, rank))
        return ranks

    def _near(self, request: SearchRequest, tree: Tree, parents: Sequence[str]) -> dict[str, list[str]]:
        """Give the passages nearest to TreeHop's states after the parents; the states are kept."""
        if self.step is None or tree.vector is None or not parents:
            return {}
        before = np.stack([tree.arrived.get(parent, tree.vector) for parent in parents])
        after = self.step(before, np.stack([tree.vectors[parent] for parent in parents]))
        near = {}
        for parent, state in zip(parents, after, strict=True):
            tree.states[parent] = state
            query = VectorQuery(state / np.linalg.norm(state))  # the state itself is carried as it is
            near[parent] = [hit.chunk_id for hit in self._lookup(request, query)]
        return near

    def _lookup(self, request: SearchRequest, query: Query) -> list[Hit]:
        segments = request.snapshot.segments
        return self.store.search(query, segments, filter=request.filter, k=self.lookups)

    def _read(self, request: SearchRequest, tree: Tree, chunk_ids: Iterable[str]) -> None:
        new = [chunk_id for chunk_id in dict.fromkeys(chunk_ids) if chunk_id not in tree.texts]
        if not new:
            return
        tree.texts |= self.read(new)
        if tree.vector is not None:
            vectors = self.store.vectors(new, request.snapshot.segments)
            tree.vectors |= dict(zip(new, vectors, strict=True))


def _reciprocal(rank: int) -> float:
    return 1 / rank if rank else 0.0


def _share(wanted: frozenset[str], words: frozenset[str]) -> float:
    return len(wanted & words) / len(wanted) if wanted else 0.0
