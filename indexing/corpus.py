"""Indexing texts that are not files: the corpora of evaluations."""

import hashlib
from collections.abc import Callable, Iterable, Sequence

from indexing.compaction import compact
from indexing.pipeline import Pipeline, ReadDocument
from rag.compose import Grove
from rag.core.types import ParsedDocument

__all__ = ["index_corpus"]


def index_corpus(
    grove: Grove,
    documents: Iterable[tuple[str, ParsedDocument]],
    *,
    collection: str,
    kinds: Sequence[str] | None = None,
    on_chunks: Callable[[int], None] = lambda _: None,
) -> None:
    """Index (source, document) pairs as the worker does files, in one segment; what is there is skipped."""
    grove.ensure_collection(collection, kinds=kinds)
    pipeline = Pipeline.from_grove(grove)
    batch: list[ReadDocument] = []
    for source, document in documents:
        digest = hashlib.sha256(f"{document.title}\0{document.text}".encode()).hexdigest()
        known = grove.publisher.known(collection, [source]).get(source)
        if known is not None and known.is_of(digest, pipeline.version):
            continue
        batch.append(pipeline.cut(source, digest, document))
        if sum(len(read.chunks) for read in batch) >= grove.settings.ingestion.batch_chunks:
            _publish(grove, pipeline, batch, collection, on_chunks)
            batch = []
    _publish(grove, pipeline, batch, collection, on_chunks)
    compact(grove, collection)


def _publish(
    grove: Grove,
    pipeline: Pipeline,
    batch: list[ReadDocument],
    collection: str,
    on_chunks: Callable[[int], None],
) -> None:
    kinds = tuple(grove.catalog.snapshot(collection).kinds)
    encoded = pipeline.encode(batch, kinds=kinds, on_chunks=on_chunks)
    encoder, others = grove.encoder.fingerprint, grove.others(kinds)
    with grove.database.write() as session:
        grove.publisher.publish(session, collection, encoded, encoder=encoder, others=others)
