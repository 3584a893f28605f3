"""Query-tool alignment by rewriting: a language model learns to word requests as their tools are described.

The model writes rewrites of a request; a frozen retriever ranks the needed tools for each; the better one
of two is preferred (DPO), with low-rank adapters on the attention, everything else frozen.
Source: Data-Efficient Massive Tool Retrieval, 2024, section 3; Rafailov et al., DPO, 2023, equation 7;
Hu et al., LoRA, 2021, section 4. The sum of the ranks of the needed tools is our ranking function.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rag.core.types import Vector

_PROMPT = (
    "Say in one sentence which kinds of tools this request needs and what they do.\nRequest: {request}"
)
_ADAPTED = ("q_proj", "v_proj")


@dataclass(frozen=True, slots=True)
class Preference:
    """Two rewrites of a request."""

    request: str
    chosen: str
    rejected: str


class LowRank(nn.Module):
    """A frozen linear layer and a low-rank change of it, which starts at zero and can be off."""

    def __init__(self, layer: nn.Linear, rank: int) -> None:
        super().__init__()
        self.layer, self.is_on = layer.requires_grad_(False), True
        self.down = nn.Linear(layer.in_features, rank, bias=False)
        self.up = nn.Linear(rank, layer.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, states: Tensor) -> Tensor:
        """Give the layer's output, changed while it is on."""
        output: Tensor = self.layer(states)
        return output + self.up(self.down(states)) if self.is_on else output


def adapt(model: nn.Module, rank: int) -> list[LowRank]:
    """Freeze a causal model and put adapters on its queries and values."""
    model.requires_grad_(False)
    found = []
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if name in _ADAPTED and isinstance(child, nn.Linear):
                found.append(LowRank(child, rank))
                setattr(module, name, found[-1])
    return found


@contextmanager
def reference(adapters: Sequence[LowRank]) -> Iterator[None]:
    """Give back the model as it was before training, for a while."""
    for each in adapters:
        each.is_on = False
    yield
    for each in adapters:
        each.is_on = True


def rank_sum(scores: Vector, gold: Sequence[int]) -> int:
    """Give the sum of the ranks, from 1, of the needed tools, the last ones of ties; lower is better.

    >>> import numpy as np
    >>> rank_sum(np.array([0.1, 0.9, 0.5], dtype=np.float32), [0, 1])
    4
    """
    return sum(int((scores >= scores[number]).sum()) for number in gold)


def preferences(
    requests: Sequence[tuple[str, Sequence[int]]],
    rewrite: Callable[[str], Sequence[str]],
    scores: Callable[[str], Vector],
) -> list[Preference]:
    """Give the best and the worst rewrite of each request, where one ranks its tools better.

    Args:
        requests: with the numbers of the tools that they need.
        rewrite: gives rewrites; the request itself takes part too.
        scores: gives one score a tool.
    """
    found = []
    for request, gold in requests:
        texts = list(dict.fromkeys((request, *rewrite(request))))
        judged = sorted((rank_sum(scores(text), gold), place) for place, text in enumerate(texts))
        if judged[0][0] < judged[-1][0]:
            found.append(Preference(request, texts[judged[0][1]], texts[judged[-1][1]]))
    return found


def dpo_loss(policy: Tensor, frozen: Tensor, *, beta: float) -> Tensor:
    """Give the mean of -log sigmoid(beta (log-ratio of the chosen less that of the rejected)).

    Args:
        policy: (B, 2) log-probabilities of chosen and rejected under the trained model.
        frozen: (B, 2) the same under the model as it was.
        beta: how closely the trained model is held to the frozen one.
    """
    ratios = policy - frozen
    return -F.logsigmoid(beta * (ratios[:, 0] - ratios[:, 1])).mean()


class Rewriter:
    """A causal model with adapters, its tokenizer (Any: transformers' classes), and how it rewrites."""

    def __init__(self, model: Any, tokenizer: Any, *, rank: int = 8) -> None:
        self._model, self._tokenizer = model.eval(), tokenizer
        self.adapters = adapt(model, rank)

    def rewrites(self, request: str, count: int, *, max_tokens: int = 40) -> list[str]:
        """Sample rewrites of a request."""
        prompt = torch.tensor([self._prompt(request)])
        with torch.inference_mode():
            written = self._model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                do_sample=True,
                num_return_sequences=count,
                max_new_tokens=max_tokens,
                pad_token_id=self._tokenizer.eos_token_id,
            )
        texts = self._tokenizer.batch_decode(written[:, prompt.shape[1] :], skip_special_tokens=True)
        return [text.strip() for text in texts if text.strip()]

    def learn(self, pairs: Sequence[Preference], *, rate: float, beta: float) -> list[float]:
        """Take one step a pair; give the losses."""
        trained = [weight for each in self.adapters for weight in (each.down.weight, each.up.weight)]
        optimiser = torch.optim.AdamW(trained, lr=rate, weight_decay=0.0)
        losses = []
        for pair in pairs:
            texts = (pair.chosen, pair.rejected)
            with torch.no_grad(), reference(self.adapters):
                frozen = torch.stack([self.log_probability(pair.request, text) for text in texts])
            policy = torch.stack([self.log_probability(pair.request, text) for text in texts])
            loss = dpo_loss(policy[None], frozen[None], beta=beta)
            torch.autograd.backward(loss)
            optimiser.step()
            optimiser.zero_grad()
            losses.append(loss.item())
        return losses

    def log_probability(self, request: str, rewrite: str) -> Tensor:
        """Give the log-probability of a rewrite after the request, a scalar."""
        prompt = self._prompt(request)
        written = self._tokenizer.encode(rewrite, add_special_tokens=False)
        token_ids = torch.tensor([[*prompt, *written, self._tokenizer.eos_token_id]])
        logits = self._model(token_ids).logits[0, len(prompt) - 1 : -1]
        chances: Tensor = logits.log_softmax(-1).gather(1, token_ids[0, len(prompt) :, None])
        return chances.sum()

    def _prompt(self, request: str) -> list[int]:
        messages = [{"role": "user", "content": _PROMPT.format(request=request)}]
        text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        token_ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return token_ids
