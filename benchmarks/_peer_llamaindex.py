"""LlamaIndex: a reader of folders, a sentence splitter, the simple stores."""

from collections.abc import Callable, Sequence

from llama_index.core import SimpleDirectoryReader, StorageContext
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore

TOKENS = 200  # Grove's default
AT_ONCE = 2048  # the most that it allows; the model makes its own batches of them


def pipeline(embed: Callable[[Sequence[str]], list[list[float]]]) -> Callable[[Sequence[str], str], int]:
    """Give a function of files and a folder to save to; it tells the number of passages."""

    class Embedding(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return embed([text])[0]

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return embed(texts)

        _get_query_embedding = _get_text_embedding

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return embed([query])[0]

    splitter = SentenceSplitter(chunk_size=TOKENS, chunk_overlap=0)
    embedding = Embedding(embed_batch_size=AT_ONCE)

    def ingest(files: Sequence[str], folder: str) -> int:
        vectors, documents = SimpleVectorStore(), SimpleDocumentStore()
        steps = IngestionPipeline(transformations=[splitter, embedding], vector_store=vectors)
        nodes = steps.run(documents=SimpleDirectoryReader(input_files=list(files)).load_data())
        documents.add_documents(nodes)
        StorageContext.from_defaults(docstore=documents, vector_store=vectors).persist(persist_dir=folder)
        return len(nodes)

    return ingest
