"""A LlamaIndex retriever over Grove in this process: `python examples/llamaindex_retriever.py QUESTION`.

Needs `llama-index-core`. The nodes have their characters in the document, as LlamaIndex keeps them.
"""

import asyncio
import sys

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from rag.compose import Grove
from rag.core.settings import Settings
from rag.core.types import Passage


class GroveRetriever(BaseRetriever):
    """Find the passages of a Grove collection."""

    def __init__(
        self, grove: Grove, *, collection: str = "default", retriever: str = "default", k: int = 5
    ) -> None:
        super().__init__()
        self._grove = grove
        self._collection = collection
        self._retriever = retriever
        self._k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._grove.search(
            query_bundle.query_str, collection=self._collection, retriever=self._retriever, k=self._k
        )
        return [NodeWithScore(node=_node(passage), score=passage.score) for passage in found.passages]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(passage: Passage) -> TextNode:
    return TextNode(
        id_=passage.chunk_id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={"source": passage.source, "title": passage.title, "page": passage.page},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document_id)},
    )


if __name__ == "__main__":
    for found in GroveRetriever(Grove(Settings())).retrieve(" ".join(sys.argv[1:])):
        print(found.metadata["source"], found.score, found.text[:80])
