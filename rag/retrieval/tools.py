"""Tools as documents of a collection: candidates of another retriever, in the order of their use."""

from dataclasses import dataclass, replace

import numpy as np

from rag.core.protocols import Encoder, Retriever, SearchRequest
from rag.core.types import Hit
from rag.db.catalog import Catalog
from rag.retrieval._tool_index import ToolIndex
from rag.scoring.tools import Tool, request_parts

__all__ = ["Tools"]


@dataclass(frozen=True, slots=True)
class Tools:
    """Find passages that describe tools: `depth` candidates for the request and for each of its parts."""

    retriever: Retriever
    encoder: Encoder
    catalog: Catalog
    depth: int = 50

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ValueError(f"depth is 1 or more, got {self.depth}")

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first."""
        hits: dict[str, Hit] = {}
        for text in (request.text, *request_parts(request.text)):
            for hit in self.retriever.retrieve(replace(request, text=text), k=max(k, self.depth)):
                hits.setdefault(hit.chunk_id, hit)
        with request.timings.stage("tools"):
            passages = self.catalog.passages(list(hits.values()))
            tools = [Tool(passage.title, passage.text) for passage in passages]
            scores = ToolIndex.aligned(tools, self.encoder).scores(request.text)
            order = np.argsort(-scores, kind="stable")[:k]
        return [Hit(passages[number].chunk_id, float(scores[number])) for number in order]
