"""One prompt decoded, plainly or with a proposer: what was written, in how many passes and how long.

Knows the product's own parts; which prompts and which proposers is others' business.
"""

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks._speculation_prompts import Asked
from benchmarks._trees_side_by_side import TreesSideBySide
from rag.core.settings import Settings
from rag.generation.backends._choice import TokenChoice
from rag.generation.backends._loading import Loaded, load_model
from rag.generation.backends._packing import pack_linears
from rag.generation.backends._smollm2 import ensure_model
from rag.generation.backends._tree_reading import TreeReader
from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._decoding import decode
from rag.generation.speculation._drafts import NOTHING, Draft, Proposer, State

__all__ = [
    "NO_REPEAT_TOKENS", "Nothing", "Read", "Run", "decoded", "first_layers", "model", "ratio_interval",
    "read", "replayed", "theirs",
]  # fmt: skip

NO_REPEAT_TOKENS = 8  # as `transformers` has it by default: loops would flatter every proposer
_PIECE = 256
_SAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Run:
    """What decoding a prompt gave, its first token aside, which comes with the prompt."""

    token_ids: list[int]
    passes: int
    seconds: float  # of CPU, behind the prompt

    @property
    def tokens(self) -> int:
        """Give how many tokens came after the first."""
        return max(len(self.token_ids) - 1, 0)


@dataclass(frozen=True, slots=True)
class Read:
    """A prompt that is read: its cache, copied for each run, and what follows."""

    asked: Asked
    cache: PlainCache
    logits: Tensor
    event: Event = field(default_factory=Event)


class Nothing:
    """Plain decoding: drafts nothing."""

    def begin(self, state: State) -> None:
        """Keep nothing."""

    def propose(self, state: State) -> Draft:
        """Draft nothing."""
        return NOTHING

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Learn nothing."""


def model() -> Loaded:
    """Load SmolLM2 as the generator does when it speculates; a pass of one token is as without."""
    loaded = load_model(ensure_model(Settings().models_dir), attention=None, device="cpu")
    pack_linears(loaded.model)
    return loaded


def first_layers(model: Any, count: int) -> Any:  # Any: of transformers
    """Give a smaller model that is the first layers of one, with its embedding, norm and head."""
    config = copy.deepcopy(model.config)
    config.num_hidden_layers = count
    small = type(model)(config).eval()
    small.model.embed_tokens, small.model.norm = model.model.embed_tokens, model.model.norm
    small.model.layers = torch.nn.ModuleList(model.model.layers[:count])
    small.lm_head = model.lm_head
    small.generation_config = copy.deepcopy(model.generation_config)
    return small


def read(loaded: Loaded, asked: Asked) -> Read:
    """Read a prompt once for all runs."""
    cache = PlainCache()
    with torch.inference_mode():
        for start in range(0, len(asked.token_ids), _PIECE):
            inputs = torch.tensor([asked.token_ids[start : start + _PIECE]])
            output = loaded.model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return Read(asked, cache, output.logits[0, -1].float())


def decoded(
    loaded: Loaded,
    prompt: Read,
    proposer: Proposer,
    max_tokens: int,
    *,
    no_repeat_tokens: int = NO_REPEAT_TOKENS,
    side_by_side: TreesSideBySide | None = None,
) -> Run:
    """Decode greedily, by the loop that the generator runs, alone or with trees read beside others'."""
    cache = copy.deepcopy(prompt.cache)
    choice = TokenChoice(temperature=0, seed=0, no_repeat_tokens=no_repeat_tokens)
    first = choice.choose(prompt.logits)
    if first in loaded.stop_ids or max_tokens < 2:
        return Run([], 0, 0.0)
    choice.accept(first)
    written = [first]
    reader = side_by_side.reader(cache) if side_by_side else TreeReader(loaded.model, cache, "cpu")
    passes = 0

    def counted(token_ids: Sequence[int], draft: Draft) -> Tensor:
        nonlocal passes
        passes += 1
        return reader(token_ids, draft)

    state = State([*prompt.asked.token_ids, first])
    started = time.process_time()
    with torch.inference_mode():
        for token_id in decode(
            counted, cache=cache, proposer=proposer, choice=choice, state=state, max_tokens=max_tokens - 1
        ):
            if token_id in loaded.stop_ids:
                break
            written.append(token_id)
    return Run(written, passes, time.process_time() - started)


def replayed(asked: Asked, written: Sequence[int], proposer: Proposer, *, limit: int | None = None) -> int:
    """Count the passes that a proposer would need which does not look at logits, on a known answer.

    Args:
        asked: the prompt.
        written: the answer, of which the first token comes with the prompt.
        proposer: whose greedy drafts depend on the text alone.
        limit: of the tokens that could be written; unless given, as many as were.
    """
    whole, at, passes = [*asked.token_ids, *written], len(asked.token_ids) + 1, 0
    last = len(asked.token_ids) + (limit or len(written)) - 1  # the pass gives one more than it accepts
    proposer.begin(State(whole[:at]))
    while at < len(whole):
        draft = proposer.propose(State(whole[:at], max_nodes=last - at))
        at += len(draft.follow(whole[at:])) + 1
        passes += 1
    return passes


def ratio_interval(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Give the 95% interval of a ratio of sums, prompts drawn anew."""
    if not pairs:
        return 0.0, 0.0
    drawn = np.random.default_rng(0).integers(len(pairs), size=(_SAMPLES, len(pairs)))
    sums = np.array(pairs)[drawn].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / np.maximum(sums[:, 1], 1e-9), (0.025, 0.975)).round(3).tolist()
    return low, high


def theirs(loaded: Loaded, asked: Asked, max_tokens: int, **options: Any) -> Run:
    """Decode by `generate` of transformers, held to our rule of repetition; less the prompt's own time."""
    inputs = torch.tensor([asked.token_ids])
    passes = 0

    def count(*_: Any) -> None:
        nonlocal passes
        passes += 1

    def once(limit: int, more: dict[str, Any]) -> tuple[list[int], float]:
        rule = _NoRepeat(len(asked.token_ids))
        started = time.process_time()
        ids = loaded.model.generate(
            inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=limit, do_sample=False,
            logits_processor=[rule], pad_token_id=min(loaded.stop_ids), **more,
        )  # fmt: skip
        return ids[0, inputs.shape[1] :].tolist(), time.process_time() - started

    with torch.inference_mode():
        _, prompt_seconds = once(1, {})
        handle = loaded.model.register_forward_hook(count)
        written, seconds = once(max_tokens, options)
        handle.remove()
    kept = [token_id for token_id in written if token_id not in loaded.stop_ids]
    return Run(kept, max(passes - 1, 0), max(seconds - prompt_seconds, 0.0))


class _NoRepeat:
    """The rule of the generator, as `generate` takes it."""

    def __init__(self, prompt_tokens: int) -> None:
        self._prompt_tokens = prompt_tokens

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        choice = TokenChoice(temperature=0, seed=0, no_repeat_tokens=NO_REPEAT_TOKENS)
        for token_id in input_ids[0, self._prompt_tokens :].tolist():
            choice.accept(token_id)
        return choice.allowed(scores[0].clone())[None]
