"""A stand-in for the runner of vLLM: greedy texts known beforehand, rows of a batch, verified drafts."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from rag.generation.vllm_plugin.proposer import Proposer

VOCABULARY = 512
MODEL_TOKENS = 4096


class Model:
    """Compute logits that have given tokens first, and then each the next number."""

    def compute_logits(self, wanted: Sequence[int]) -> torch.Tensor:
        logits = torch.zeros((len(wanted), VOCABULARY))
        for row, token_id in enumerate(wanted):
            for rank in range(8):
                logits[row, (token_id + rank) % VOCABULARY] = 8.0 - rank
        return logits


class Runner:
    """Write texts step by step, as a greedy model would that always writes the same after the same."""

    def __init__(self, *, max_tokens: int = 6) -> None:
        """Start with an empty batch."""
        config: Any = SimpleNamespace(
            speculative_config=SimpleNamespace(num_speculative_tokens=max_tokens),
            model_config=SimpleNamespace(max_model_len=MODEL_TOKENS),
        )
        self.proposer = Proposer(config)
        self.model = Model()
        self.proposer.load_model(self.model)
        self.rows: list[tuple[list[int], list[int]]] = []  # what stands, what is still to be written
        self.drafts: list[list[int]] = []
        self.accepted = 0
        self.steps = 0

    def add(self, prompt: Sequence[int], answer: Sequence[int]) -> None:
        """Put a request into the batch."""
        self.rows.append((list(prompt), list(answer)))
        self.drafts.append([])

    def move(self, order: Sequence[int]) -> None:
        """Put the rows of the batch into another order."""
        self.rows = [self.rows[row] for row in order]
        self.drafts = [self.drafts[row] for row in order]

    def step(self) -> list[list[int]]:
        """Verify the drafts, write, let finished rows go, and give the new drafts."""
        sampled = []
        wanted: list[int] = []
        for (text, rest), draft in zip(self.rows, self.drafts, strict=True):
            accepted = 0
            while accepted < len(draft) and accepted < len(rest) - 1 and draft[accepted] == rest[accepted]:
                accepted += 1
            sampled.append(rest[: accepted + 1])
            wanted += (rest + [0] * (len(draft) + 1))[: len(draft) + 1]
            self.accepted += accepted
            text.extend(rest[: accepted + 1])
            del rest[: accepted + 1]
        self.steps += len(self.rows)
        self.model.compute_logits(wanted)
        rows = np.full((len(self.rows), MODEL_TOKENS), -7, dtype=np.int32)  # what is behind is never read
        for row, (text, _) in enumerate(self.rows):
            rows[row, : len(text)] = text
        lengths = np.array([len(text) for text, _ in self.rows])
        drafts = self.proposer.propose(sampled, lengths, rows, slot_mappings=None)
        going = [row for row, (_, rest) in enumerate(self.rows) if rest]
        self.rows = [self.rows[row] for row in going]
        self.drafts = [drafts[row] for row in going]
        return drafts

    def finish(self) -> None:
        """Go on until nothing is left to write."""
        while self.rows:
            self.step()
