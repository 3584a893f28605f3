"""Multi-hop search without a language model: what was found leads on, by its names and by its vector.

1. A first search; the names in the question are looked up too.
2. The passages that are likeliest needed are followed: each name in them that the question lacks is looked
   up together with the words of the question that the passage lacks, and TreeHop turns question and passage
   into the vector of the next question. Where vectors are alone, windows of the passage, a few words each,
   stand for its names: what is nearest to each of their vectors is found too.
3. A passage is needed for its own sake, or because a needed one leads to it (rag/scoring/hops.py); all
   are put into one order. Hops go on while there is something likely enough to follow.

Source: Li et al., TreeHop, 2025, https://arxiv.org/abs/2504.20114, for the vectors, and for pruning what
was followed before and what is not among the best of its layer. Names, words, windows and the order are
ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Literal

from rag.core.errors import ConflictError
from rag.core.minilm import MINILM, is_minilm
from rag.core.protocols import Encoder, Retriever, SearchRequest, Store, needs_of
from rag.core.types import Hit, Vector
from rag.db.catalog import Catalog
from rag.retrieval._hops import Hopper
from rag.retrieval._nearest import query_of
from rag.retrieval._texts import PassageTexts
from rag.retrieval._walk import Limits, ranked, walk
from rag.retrieval._windows import window_vectors
from rag.scoring.hops import MODELS
from rag.scoring.routing import LIKELY, NUM_READ, brought, is_multihop, signals_of

__all__ = ["Treehop"]


@dataclass(frozen=True, slots=True)
class Treehop:
    """Follow the passages that the `retriever` finds.

    `parts` are `names`, `vectors`, or both; vectors take part where the encoder is the one that TreeHop was
    trained for, and alone they look at no word: what leads on, and why, are vectors. `when` is `always`, or
    `multihop`: the first search stands for questions that need one hop.
    """

    store: Store
    encoder: Encoder
    catalog: Catalog
    retriever: Retriever
    parts: Sequence[str] = ("names",)
    when: Literal["always", "multihop"] = "always"
    hops: int = 2
    branches: int = 5  # passages followed in each hop
    stop: float = 0.05  # passages less likely than this are not followed
    depth: int = 50  # passages of the first search that are judged; what comes after them stays after them
    _texts: PassageTexts = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.parts or not set(self.parts) <= {"names", "vectors"}:
            raise ValueError(f"parts are names, vectors or both, got {self.parts!r}")
        if self.when not in ("always", "multihop"):
            raise ValueError(f"when is always or multihop, got {self.when!r}")
        if min(self.branches, self.depth) < 1 or self.hops < 0:
            raise ValueError("branches and depth are 1 or more, hops 0 or more")
        object.__setattr__(self, "_texts", PassageTexts(self.catalog.passages))

    @property
    def needs(self) -> tuple[str, ...]:
        """Name the kinds of index that the collection must have."""
        return needs_of(self.retriever)

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first; scores are probabilities where hops were followed.

        Raises:
            ConflictError: the collection was indexed by another encoder, or vectors alone are followed
                and are not those that TreeHop was trained for.
        """
        first = self.retriever.retrieve(request, k=max(k, self.depth))
        if self.when == "always":
            return self._follow(request, first)[:k]
        ids = [hit.chunk_id for hit in first]
        signals = signals_of(request.text, [text.words for text in self._texts(ids[:NUM_READ]).values()])
        if is_multihop(signals) < LIKELY:
            return first[:k]
        hits = self._follow(request, first)
        gain = brought([(hit.chunk_id, hit.score) for hit in hits], before=ids)
        return (hits if is_multihop(replace(signals, gain=gain)) >= LIKELY else first)[:k]

    def _follow(self, request: SearchRequest, first: Sequence[Hit]) -> list[Hit]:
        """Give what a first search's hits lead to, in one order."""
        uses_vectors = "vectors" in self.parts and is_minilm(self.encoder.fingerprint)
        vector = query_of(request, self.encoder).vector if uses_vectors else None
        by_names = "names" in self.parts
        if not by_names and not uses_vectors:
            raise ConflictError(
                f"treehop's vectors are of {MINILM}, the settings say {self.encoder.fingerprint};"
                ' take "names" into its parts, or set GROVE_ENCODER__KIND back'
            )
        hopper = Hopper(
            self.store,
            self._texts,
            _network() if uses_vectors else None,
            by_names=by_names,
            windows=None if by_names else partial(window_vectors, self.encoder.encode),
        )
        with request.timings.stage("hops"):
            tree = hopper.start(request, first[: self.depth], vector)
            limits = Limits(self.hops, self.branches, self.stop)
            chances = walk(hopper, request, tree, MODELS[by_names, uses_vectors], limits)
            hits = ranked(chances)
            rest = [hit for hit in first[self.depth :] if hit.chunk_id not in chances]
            lowest = hits[-1].score if hits else 0.0
        return [*hits, *(Hit(hit.chunk_id, lowest) for hit in rest)]


@cache
def _network() -> Callable[[Vector, Vector], Vector]:
    from rag.networks.treehop import TreeHop  # noqa: PLC0415 -- loads torch

    return TreeHop.shipped().hop
