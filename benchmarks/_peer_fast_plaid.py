"""fast-plaid over the token vectors of benchmarks/multivector.py, in an environment of its own.

`python _peer_fast_plaid.py FOLDER CHUNKS TOKENS K`: builds, searches query by query with each of
`SETTINGS`, prints what each found as JSON. Its k-means learns from 2,048 chunks; by default
it would learn from all, which takes several times as long.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from fast_plaid import search

SETTINGS = ((256, 2), (1024, 4), (4096, 8), (4096, 16))  # chunks scored, centroids probed; 4096, 8: default
SAMPLE = 2048


def main(folder: Path, num_chunks: int, num_tokens: int, k: int) -> None:
    torch.set_num_threads(1)
    tokens = np.load(folder / "tokens.npy", mmap_mode="r")
    documents = [
        torch.from_numpy(np.asarray(tokens[start : start + num_tokens], dtype=np.float32))
        for start in range(0, num_chunks * num_tokens, num_tokens)
    ]
    with np.load(folder / "queries.npz") as arrays:
        queries = [torch.from_numpy(arrays[name])[None] for name in arrays.files]
    index = search.FastPlaid(index=str(folder / "plaid"), device="cpu")
    started = time.perf_counter()
    index.create(documents_embeddings=documents, n_samples_kmeans=SAMPLE)
    build_seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in (folder / "plaid").rglob("*") if path.is_file())
    runs = [_searched(index, queries, k, *each) for each in SETTINGS]
    print(json.dumps({"runs": runs, "build_seconds": build_seconds, "bytes": size}))


def _searched(
    index: search.FastPlaid, queries: list[torch.Tensor], k: int, num_scored: int, num_probes: int
) -> dict[str, object]:
    found, milliseconds = [], []
    for number, query in enumerate([*queries[:5], *queries]):
        clock, cpu = time.perf_counter(), time.process_time()
        (hits,) = index.search(
            queries_embeddings=query,
            top_k=k,
            n_full_scores=num_scored,
            n_ivf_probe=num_probes,
            show_progress=False,
        )
        if number >= 5:  # before that it warms up
            spent = time.perf_counter() - clock, time.process_time() - cpu
            milliseconds.append([1000 * each for each in spent])
            found.append([str(chunk) for chunk, _ in hits])
    return {"scored": num_scored, "probes": num_probes, "found": found, "milliseconds": milliseconds}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
