"""Tools as documents of a collection: candidates of another retriever, in the order of their use."""

from dataclasses import replace

import numpy as np

from rag.core.protocols import Encoder, Retriever, SearchRequest, needs_of
from rag.core.types import Hit
from rag.db.catalog import Catalog
from rag.retrieval._remembered import RememberedVectors
from rag.retrieval._tool_index import ToolIndex
from rag.scoring.tools import Tool, request_parts

__all__ = ["Tools"]


_REMEMBERED = 8192  # texts, two a tool; about 16 MB of MiniLM's vectors


class Tools:
    """Find passages that describe tools: `depth` candidates for the request and for each of its parts."""

    def __init__(
        self, retriever: Retriever, encoder: Encoder, catalog: Catalog, *, depth: int = 50
    ) -> None:
        if depth < 1:
            raise ValueError(f"depth is 1 or more, got {depth}")
        self._retriever, self._encoder, self._catalog, self._depth = retriever, encoder, catalog, depth
        self._known = RememberedVectors(encoder, size=_REMEMBERED)

    @property
    def needs(self) -> tuple[str, ...]:
        """Name the kinds of index that the collection must have."""
        return needs_of(self._retriever)

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first."""
        hits: dict[str, Hit] = {}
        for text in (request.text, *request_parts(request.text)):
            for hit in self._retriever.retrieve(replace(request, text=text), k=max(k, self._depth)):
                hits.setdefault(hit.chunk_id, hit)
        with request.timings.stage("tools"):
            passages = self._catalog.passages(list(hits.values()))
            tools = [Tool(passage.title, passage.text) for passage in passages]
            index = ToolIndex.aligned(tools, self._encoder, known=self._known)
            scores = index.scores(request.text)
            order = np.argsort(-scores, kind="stable")[:k]
        return [Hit(passages[number].chunk_id, float(scores[number])) for number in order]
