"""How well each teacher of the late head ranks: `python benchmarks/late_teachers.py MODEL`.

MODEL is the folder of a causal language model, SmolLM2's as `rag models prepare` makes it. Candidates are a
held-out question's gold passages and the best by dense vectors, eight in all; a teacher is the better, the
higher its nDCG@8. TRLM-Fo is the language model's mean log P(question | passage).
Source: Varun et al., Time-Reversal Provides Unsupervised Feedback to LLMs, 2024, section 3 (the prompt).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rag.core.types import Vector
from rag.evaluation.metrics import ndcg
from rag.training._late_held_out import HeldOut
from rag.training._late_loss import min_max
from rag.training._late_pool import Columns, Pool, load_pools
from rag.training._late_teacher import Words, unprojected

NUM_CANDIDATES = 8
MAX_PASSAGE_TOKENS = 128
ARMS = ("words", "dense", "raw", "TRLM-Fo", "words+dense+raw", "words+dense+raw+TRLM-Fo")


def main() -> None:
    """Print the mean nDCG of each teacher, a line for each pool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/late"))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model).eval()
    depths, columns = Columns.of((6,))
    for pool in load_pools(options.data, options.work, depths):
        words = Words(pool.passages)
        questions = HeldOut(pool, columns).questions()
        chosen = np.random.default_rng(0).permutation(questions)[: options.questions].tolist()
        rows = [_judge(pool, words, number, columns, (tokenizer, model)) for number in chosen]
        means = dict(zip(ARMS, np.mean(rows, axis=0), strict=True))
        print(
            pool.name,
            len(chosen),
            {name: round(float(mean), 4) for name, mean in means.items()},
            flush=True,
        )


def _judge(pool: Pool, words: Words, number: int, columns: Columns, reader: tuple[Any, Any]) -> list[float]:
    query = pool.queries[number]
    by_vectors = pool.passage_states.vectors @ pool.query_states.vectors[number]
    ordered = [*query.positives[: NUM_CANDIDATES // 2], *np.argsort(-by_vectors).tolist()]
    picked = list(dict.fromkeys(ordered))[:NUM_CANDIDATES]
    signals: dict[str, Vector] = {
        "words": words.scores(query.text)[picked],
        "dense": by_vectors[picked],
        "raw": unprojected(pool, number, picked, columns)[:, 1:].sum(dim=1).numpy(),
        "TRLM-Fo": _likelihood(query.text, [pool.passages[passage] for passage in picked], *reader),
    }
    gains = {str(row): 1.0 for row, passage in enumerate(picked) if passage in query.positives}
    found = []
    for arm in ARMS:
        score = sum(min_max(torch.from_numpy(signals[name])).numpy() for name in arm.split("+"))
        found.append(ndcg([str(row) for row in np.argsort(-score)], gains, k=NUM_CANDIDATES))
    return found


@torch.inference_mode()
def _likelihood(
    question: str, passages: list[str], tokenizer: Any, model: Any
) -> Vector:  # Any: transformers
    asked = tokenizer(f" {question}", add_special_tokens=False)["input_ids"]
    link = tokenizer(" has an answer to", add_special_tokens=False)["input_ids"]
    scores = []
    for passage in passages:
        kept = tokenizer(passage, add_special_tokens=False)["input_ids"][:MAX_PASSAGE_TOKENS] + link
        logits = model(input_ids=torch.tensor([kept + asked])).logits[0, len(kept) - 1 : -1]
        chances = torch.log_softmax(logits.float(), dim=-1)
        scores.append(float(chances.gather(1, torch.tensor(asked)[:, None]).mean()))
    return np.array(scores, dtype=np.float32)


if __name__ == "__main__":
    main()
