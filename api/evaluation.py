"""The product as evaluations see it: a data set indexed once, then searched and asked by document id."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import file_digest, sha256
from pathlib import Path

import numpy as np

from agents.runs import ask
from indexing.corpus import index_corpus
from indexing.listing import files_below, list_places
from indexing.submit import submit_listing
from indexing.worker import run_job
from rag.compose import DEFAULT, Grove
from rag.core.errors import UnavailableError
from rag.core.events import AnswerFinished, Event, RunFailed
from rag.core.settings import Settings
from rag.core.types import Answer, ParsedDocument
from rag.evaluation.datasets import Dataset
from rag.scoring.tools import Tool

__all__ = ["IndexedDataset"]

_CHUNKS_PER_DOCUMENT = (
    4  # hits asked for each wanted document, so that long documents do not crowd out others
)


class IndexedDataset:
    """A data set in a home of its own, one for each way of indexing; what is indexed is used again.

    It has the kinds of index that the retrievers need. Its database and its store are in that home,
    whatever the settings name: a corpus has no place among people's documents.
    """

    def __init__(
        self,
        settings: Settings,
        dataset: Dataset,
        directory: Path,
        *,
        work: Path,
        retrievers: Sequence[str] = (),
    ) -> None:
        self._dataset = dataset
        self._files = (directory / "files").resolve()
        asked = Grove(settings)
        self._kinds = asked.kinds_for(retrievers)
        ways: list[object] = [self._digest(), settings.chunker.model_dump(), settings.encoder.model_dump()]
        ways.append(asked.encoder.fingerprint)  # a model that was trained further has the same settings
        if len(self._kinds) > 1:
            ways += [asked.others(self._kinds), settings.late_encoder.model_dump()]
            ways.append(settings.ingestion.token_pooling)
        key = json.dumps(ways, sort_keys=True)
        home = work / dataset.name / sha256(key.encode()).hexdigest()[:12]
        home.mkdir(parents=True, exist_ok=True)
        store = None if settings.resolved_store.kind == "pgvector" else settings.store
        own = settings.model_copy(update={"home": home, "database_url": None, "store": store})
        self.grove = Grove.with_cached_encoder(own, work / "vectors.db")

    def index(self, on_chunks: Callable[[int], None]) -> None:
        """Index the corpus, or the files where the set has files."""
        if self._files.is_dir():
            listing = list_places(self.grove, ["."], base=self._files)  # named as in qrels.tsv
            run_job(self.grove, submit_listing(self.grove, listing, collection=DEFAULT, kinds=self._kinds))
            return
        documents = (
            (entry.id, ParsedDocument(text, entry.title))
            for entry in self._dataset.corpus
            if (text := entry.text if entry.text.strip() else entry.title).strip()
        )
        index_corpus(self.grove, documents, collection=DEFAULT, kinds=self._kinds, on_chunks=on_chunks)

    def search(self, retriever: str) -> Callable[[str, int], list[str]]:
        """Give a search that ranks documents by their best chunk."""

        def documents(text: str, k: int) -> list[str]:
            found = self.grove.search(text, retriever=retriever, k=k * _CHUNKS_PER_DOCUMENT)
            return list(dict.fromkeys(passage.source for passage in found.passages))[:k]

        return documents

    def best_tools(self) -> Callable[[str, int], list[str]]:
        """Give the choice among the corpus's entries as tools that the orchestrator makes."""
        entries = self._dataset.corpus
        index = self.grove.tool_index([Tool(entry.title or entry.id, entry.text) for entry in entries])

        def chosen(text: str, k: int) -> list[str]:
            return [entries[number].id for number in np.argsort(-index.scores(text), kind="stable")[:k]]

        return chosen

    def answer(
        self, retriever: str, generator: str, *, gold: bool = False
    ) -> Callable[[str, Sequence[str]], Answer]:
        """Give a way to ask that hides some documents; `gold`: all but those relevant to the question."""
        relevant = {each.text: list(self._dataset.relevant[each.id]) for each in self._dataset.questions}

        def asked(question: str, hidden: Sequence[str]) -> Answer:
            conditions: list[object] = [{"not": {"source": list(hidden)}}] if hidden else []
            conditions += [{"source": relevant[question]}] if gold else []
            condition = {"and": conditions} if conditions else None
            events = ask(self.grove, question, retriever=retriever, generator=generator, filter=condition)
            return asyncio.run(_answer(events))

        return asked

    def _digest(self) -> str:
        """Tell this corpus from others, and from what it was before."""
        digest = sha256()
        for entry in self._dataset.corpus:
            digest.update(json.dumps([entry.id, entry.title, entry.text]).encode())
        for path in files_below(self._files):
            with path.open("rb") as file:
                of_content = file_digest(file, "sha256").hexdigest()
            digest.update(json.dumps([str(path.relative_to(self._files)), of_content]).encode())
        return digest.hexdigest()


async def _answer(events: AsyncIterator[Event]) -> Answer:
    """Read events to their end: a run that is left before is closed while it still runs."""
    last = [event async for event in events if isinstance(event, RunFailed | AnswerFinished)][-1]
    if isinstance(last, RunFailed):
        raise UnavailableError(last.message)
    return last.answer
