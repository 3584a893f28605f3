"""A LangChain retriever over a Grove server: `python examples/langchain_retriever.py QUESTION`.

Needs `langchain-core` and `httpx`. Each document's metadata has where the passage stands, so that a chain
can cite it.
"""

import sys
from typing import Any

import httpx
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever


class GroveRetriever(BaseRetriever):
    """Find the passages of a Grove collection."""

    url: str = "http://127.0.0.1:8080"
    collection: str = "default"
    retriever: str = "default"
    k: int = 5
    filter: dict[str, Any] | None = None
    api_key: str | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        body = {"query": query, "collection": self.collection, "retriever": self.retriever, "k": self.k}
        headers = {} if self.api_key is None else {"authorization": f"Bearer {self.api_key}"}
        reply = httpx.post(
            f"{self.url}/api/v1/search", json={**body, "filter": self.filter}, headers=headers, timeout=60
        )
        reply.raise_for_status()
        return [Document(hit.pop("text"), id=hit["chunk_id"], metadata=hit) for hit in reply.json()["hits"]]


if __name__ == "__main__":
    for document in GroveRetriever().invoke(" ".join(sys.argv[1:])):
        print(document.metadata["source"], document.metadata["score"], document.page_content[:80])
