"""Haystack: a converter, a word splitter, and the store in memory, which also counts words for BM25."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from haystack import Document, Pipeline, component
from haystack.components.converters import TextFileToDocument
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore

WORDS = 150  # about the 200 tokens of Grove's default


def pipeline(embed: Callable[[Sequence[str]], list[list[float]]]) -> Callable[[Sequence[str], str], int]:
    """Give a function of files and a folder to save to; it tells the number of passages."""

    @component
    class Embedder:
        @component.output_types(documents=list[Document])
        def run(self, documents: list[Document]) -> dict[str, list[Document]]:
            vectors = embed([document.content or "" for document in documents])
            pairs = zip(documents, vectors, strict=True)
            return {"documents": [replace(document, embedding=vector) for document, vector in pairs]}

    def ingest(files: Sequence[str], folder: str) -> int:
        store = InMemoryDocumentStore()
        steps = Pipeline()
        steps.add_component("read", TextFileToDocument())
        steps.add_component("split", DocumentSplitter(split_by="word", split_length=WORDS))
        steps.add_component("embed", Embedder())
        steps.add_component("write", DocumentWriter(store))
        for one, other in (("read", "split"), ("split", "embed"), ("embed", "write")):
            steps.connect(one, other)
        steps.run({"read": {"sources": list(files)}})
        store.save_to_disk(str(Path(folder) / "store.json"))
        return store.count_documents()

    return ingest
