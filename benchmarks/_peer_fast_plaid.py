"""fast-plaid over the token vectors of benchmarks/multivector.py, in an environment of its own.

`python _peer_fast_plaid.py FOLDER TOKENS K`: builds, searches query by query, prints what it found as JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from fast_plaid import search


def main(folder: Path, num_tokens: int, k: int) -> None:
    torch.set_num_threads(1)
    tokens = np.load(folder / "tokens.npy", mmap_mode="r")
    documents = [
        torch.from_numpy(np.asarray(tokens[start : start + num_tokens], dtype=np.float32))
        for start in range(0, len(tokens), num_tokens)
    ]
    with np.load(folder / "queries.npz") as arrays:
        queries = [torch.from_numpy(arrays[name])[None] for name in arrays.files]
    index = search.FastPlaid(index=str(folder / "plaid"), device="cpu")
    started = time.perf_counter()
    index.create(documents_embeddings=documents)
    build_seconds = time.perf_counter() - started
    for query in queries[:5]:
        index.search(queries_embeddings=query, top_k=k)
    found, milliseconds = [], []
    for query in queries:
        started = time.perf_counter()
        (hits,) = index.search(queries_embeddings=query, top_k=k)
        milliseconds.append((time.perf_counter() - started) * 1000)
        found.append([str(number) for number, _ in hits])
    size = sum(path.stat().st_size for path in (folder / "plaid").rglob("*") if path.is_file())
    print(
        json.dumps(
            {"found": found, "milliseconds": milliseconds, "build_seconds": build_seconds, "bytes": size}
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
