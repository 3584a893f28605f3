"""Drafts and prefixes in real vLLM: tokens a step beside its own ngram, times, hits of the prefix cache."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from transformers import AutoTokenizer

from api.llm_options import ServerOptions, checked_draft, speculation
from benchmarks._speculation_prompts import prompts
from benchmarks._vllm_jobs import Answered, Engine, Round, run_engine
from benchmarks._vllm_prefixes import articles, conversation, questions
from rag.compose import Grove
from rag.core.generation import PassageOrder
from rag.core.protocols import Prompt
from rag.core.settings import Settings

__all__ = ["measured_drafts"]

_ACCEPTED = "vllm:spec_decode_num_accepted_tokens"
_ORDERS: tuple[PassageOrder, ...] = ("best_first", "stable")
_OURS = "rasd"  # what is used unless another is chosen: none is picked by what it does on these prompts
_CACHE_BYTES = 512 << 20  # 11,600 tokens in fp32


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is run."""

    prompts: int
    max_tokens: int
    ways: tuple[str, ...]
    articles: int
    questions: int
    turns: int


_QUICK = _Size(4, 40, ("ngram", "rasd"), 2, 3, 3)
_FULL = _Size(24, 96, ("ngram", "suffix", "recycling", "rasd"), 6, 5, 4)


def measured_drafts(quick: bool) -> dict[str, Any]:
    """Give the figures of drafts, then those of prefixes, which need no engine of their own."""
    size = _QUICK if quick else _FULL
    grove = Grove(Settings())
    model_dir = grove.local_model()
    tokenizer = AutoTokenizer.from_pretrained(model_dir, local_files_only=True)
    asked = [each.token_ids for each in prompts(tokenizer, 0, size.prompts)]
    drafted, warm_up = Round(asked, size.max_tokens), asked[0][:64]
    workloads = dict(_workloads(tokenizer, size))
    engine = Engine(model_dir, cache_bytes=_CACHE_BYTES)
    steps = [each for workload in workloads.values() for each in workload]
    plain, *prefixes = run_engine(engine, [drafted, *steps], warm_up=warm_up)
    figures = {"none": plain}
    for name in size.ways:
        options = ServerOptions(model_dir, draft=checked_draft(name))
        drafting = Engine(model_dir, speculation(options), options.plugin, cache_bytes=_CACHE_BYTES)
        (figures[name],) = run_engine(drafting, [drafted], warm_up=warm_up)
    return {
        "prompts": len(asked),
        "identical": {name: each.token_ids == plain.token_ids for name, each in figures.items()},
        "accepted_ngram": round(figures["ngram"].tokens_per_step, 3),
        "accepted_ours": round(figures[_OURS].tokens_per_step, 3),
        "accepted_ratio": round(figures[_OURS].tokens_per_step / figures["ngram"].tokens_per_step, 3),
        "ours": _OURS,
        "drafts": {name: _drafted(each, plain) for name, each in figures.items()},
        "prefix": dict(_prefix_figures(workloads, prefixes)),
    }


def _drafted(each: Answered, plain: Answered) -> dict[str, float]:
    drafted = each.counters["vllm:spec_decode_num_draft_tokens"]
    drafts = each.counters["vllm:spec_decode_num_drafts"]
    return {
        "tokens": sum(map(len, each.token_ids)),
        "tokens_per_step": round(each.tokens_per_step, 3),
        "accepted_per_draft": round(each.counters[_ACCEPTED] / drafts, 3) if drafts else 0.0,
        "accepted_share": round(each.counters[_ACCEPTED] / drafted, 3) if drafted else 0.0,
        "seconds": round(each.seconds, 2),
        "speedup": round(plain.seconds / each.seconds, 3),
        "cpu_speedup": round(plain.cpu_seconds / each.cpu_seconds, 3),
    }


def _workloads(tokenizer: Any, size: _Size) -> Iterator[tuple[str, list[Round]]]:  # Any: of transformers
    count = partial(_count, tokenizer)
    chosen = articles(size.articles, max(size.questions, size.turns))
    for order in _ORDERS:
        alone = [prompt for each in chosen for prompt in questions(each, size.questions, order, count)]
        turns = [
            prompt
            for each in chosen[: len(chosen) // 2]
            for prompt in conversation(each, size.turns, order, count)
        ]
        for name, made in (("documents", alone), ("conversation", turns)):
            # A salt each: workloads find nothing of each other's.
            salt = f"{name} {order}"
            yield salt, [Round([_ids(tokenizer, prompt)], 1, cache_salt=salt) for prompt in made]


def _prefix_figures(
    workloads: dict[str, list[Round]], rounds: Sequence[Answered]
) -> Iterator[tuple[str, dict[str, float]]]:
    left = list(rounds)
    for name, made in workloads.items():
        taken, left = left[: len(made)], left[len(made) :]
        looked_up = sum(each.counters["vllm:prefix_cache_queries"] for each in taken)
        hit = sum(each.counters["vllm:prefix_cache_hits"] for each in taken)
        cold = [each for each in taken if _hit_share(each) < 0.5]
        warm = [each for each in taken if _hit_share(each) >= 0.5]
        yield (
            name,
            {
                "prompts": len(made),
                "tokens": looked_up,
                "hit_share": round(hit / looked_up, 3),
                "first_token_ms": round(1000 * sum(each.seconds for each in taken) / len(taken), 1),
                "cold_first_token_ms": round(1000 * _mean(cold), 1),  # less than half was found
                "warm_first_token_ms": round(1000 * _mean(warm), 1),
            },
        )


def _hit_share(each: Answered) -> float:
    return each.counters["vllm:prefix_cache_hits"] / each.counters["vllm:prefix_cache_queries"]


def _mean(rounds: Sequence[Answered]) -> float:
    return sum(each.seconds for each in rounds) / len(rounds) if rounds else 0.0


def _ids(tokenizer: Any, prompt: Prompt) -> list[int]:  # Any: of transformers
    messages = [{"role": each.role, "content": each.content} for each in prompt.messages]
    ids: list[int] = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return ids


def _count(tokenizer: Any, text: str) -> int:
    return len(tokenizer.encode(text, add_special_tokens=False))
