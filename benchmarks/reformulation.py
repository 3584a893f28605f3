"""Queries written anew by SmolLM2, beside doing nothing and at equal numbers of calls.

nDCG@10 on the first questions of ir_cranfield. GenCRF asks the model 7 times a question, and 3 times more
where it judges; `fusion` searches with the question and 7 variants by the same prompts and fuses the
rankings; HyDE searches with a passage that the model makes up, one call. The rows without a model take
their words from the first answers. `python -m benchmarks.reformulation --questions N` takes more or fewer.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from api.evaluation import IndexedDataset
from benchmarks._machine import machine
from rag.compose import Grove
from rag.core.protocols import GenerationOptions, Message, Prompt, SearchRequest
from rag.core.queries import VectorQuery
from rag.core.settings import Part, Settings
from rag.core.types import Hit
from rag.evaluation.datasets import load_dataset
from rag.evaluation.metrics import ndcg
from rag.generation.writing import PromptWriter
from rag.retrieval._intents import Writer
from rag.retrieval.gencrf import Gencrf
from rag.scoring.fusion import reciprocal_rank_fusion

SHARED = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared"))
_SET = "ir_cranfield"
_DEPTH = 40  # chunks, for the ten best documents
_HYDE = "Write a passage of a scientific paper that answers this question: {question}"
_HYDE_OPTIONS = GenerationOptions(max_tokens=96, temperature=0.8, timeout_seconds=600.0, seed=0)


@dataclass(slots=True)
class Remembering:
    """A writer that asks once for what several rows need, and counts what each row would have asked."""

    writer: Writer
    calls: int = 0
    _known: dict[tuple[str, str, int], str] = field(default_factory=dict)

    def write(self, task: str, values: Mapping[str, str], *, seeds: Sequence[int]) -> list[str]:
        """Give one text a seed."""
        self.calls += len(seeds)
        keys = [(task, repr(sorted(values.items())), seed) for seed in seeds]
        for key, seed in zip(keys, seeds, strict=True):
            if key not in self._known:
                (self._known[key],) = self.writer.write(task, values, seeds=[seed])
        return [self._known[key] for key in keys]


def run(*, quick: bool, count: int = 10) -> dict[str, Any]:
    """Measure the first `count` questions; `quick` 1."""
    limit = 1 if quick else count
    dataset = load_dataset(SHARED / "data" / _SET, limit=limit)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(os.environ.get("REFORMULATION_WORK", folder))
        settings = Settings(generators={"writer": Part(kind="transformers")})
        indexed = IndexedDataset(settings, dataset, SHARED / "data" / _SET, work=work)
        indexed.index(lambda number: None)
        grove = indexed.grove
        writer = Remembering(PromptWriter(grove.generator("writer"), max_tokens=32))
        rows = []
        for name, way in _ways(grove, writer).items():
            writer.calls = 0
            scores = [
                ndcg(_documents(grove, way(_request(grove, question.text))), gains, k=10)
                for question in dataset.questions
                for gains in [dataset.relevant[question.id]]
            ]
            calls = 1.0 if name == "HyDE" else writer.calls / len(scores)
            rows.append({"way": name, "ndcg@10": round(fmean(scores), 4), "calls": calls, "n": len(scores)})
    return {"machine": machine(), "settings": {"set": _SET, "model": "smollm2"}, "rows": rows}


def _ways(grove: Grove, writer: Writer) -> dict[str, Callable[[SearchRequest], list[Hit]]]:
    def gencrf(
        asked: Writer | None, **options: Any
    ) -> Callable[[SearchRequest], list[Hit]]:  # Any: its own
        made = Gencrf(grove.store, grove.encoder, grove.catalog, asked, **options)
        return lambda request: made.retrieve(request, k=_DEPTH)

    return {
        "nothing": lambda request: grove.retriever("dense").retrieve(request, k=_DEPTH),
        "GenCRF without a model": gencrf(None),
        "GenCRF, SimDW": gencrf(writer),
        "GenCRF, ScoreDW": gencrf(writer, weights="score"),
        "GenCRF, fixed": gencrf(writer, weights="fixed"),
        "fusion": lambda request: _fusion(grove, writer, request),
        "HyDE": lambda request: _hyde(grove, request),
    }


def _fusion(grove: Grove, writer: Writer, request: SearchRequest) -> list[Hit]:
    """Fuse the rankings of the question and of seven variants."""
    asked = {"rewrite_context": range(3), "rewrite_detail": range(2), "rewrite_aspect": range(2)}
    texts = [request.text]
    for task, seeds in asked.items():
        texts += writer.write(task, {"question": request.text}, seeds=seeds)
    rankings = [_nearest(grove, request, vector) for vector in grove.encoder.encode(texts)]
    return reciprocal_rank_fusion(rankings, weights=[1.0] * len(rankings))


def _hyde(grove: Grove, request: SearchRequest) -> list[Hit]:
    """Search with the mean of the question and a passage that was made up for it."""
    prompt = Prompt((Message("user", _HYDE.format(question=request.text)),), request.text)

    async def written() -> str:
        return "".join([d.text async for d in grove.generator("writer").stream(prompt, _HYDE_OPTIONS)])

    mean = grove.encoder.encode([request.text, asyncio.run(written())]).mean(axis=0)
    return _nearest(grove, request, mean / np.linalg.norm(mean))


def _nearest(grove: Grove, request: SearchRequest, vector: np.ndarray) -> list[Hit]:
    return grove.store.search(VectorQuery(vector), request.snapshot.segments, filter=None, k=_DEPTH)


def _request(grove: Grove, text: str) -> SearchRequest:
    return SearchRequest(text, grove.catalog.snapshot("default"))


def _documents(grove: Grove, hits: Sequence[Hit]) -> list[str]:
    return list(dict.fromkeys(passage.source for passage in grove.catalog.passages(hits)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10)
    print(json.dumps(run(quick=False, count=parser.parse_args().questions), indent=1))
