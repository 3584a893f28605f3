"""The proposer that vLLM loads as `custom_class`: which text each row of its batch holds, what is drafted.

Drafting itself is `_chains`'; here is what vLLM 0.32's runner hands over and takes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from rag.generation.speculation._adjacency import RANKS
from rag.generation.vllm_plugin._answers import Answers, Tokens
from rag.generation.vllm_plugin._chains import Chains
from rag.generation.vllm_plugin._texts import Text, Texts, content_key
from rag.generation.vllm_plugin.options import PluginOptions, ProposerOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from vllm.config import VllmConfig

__all__ = ["Proposer"]

_MAX_PASSES = 4  # of which the logits' best are kept until somebody asks


class Proposer:
    """Draft for every row; what stands in no row any more becomes an earlier answer."""

    def __init__(self, vllm_config: "VllmConfig") -> None:
        """Take the options from GROVE_VLLM and the greatest length from vLLM's."""
        options = (PluginOptions.from_environment() or PluginOptions()).proposer or ProposerOptions()
        self._max_tokens: int = vllm_config.speculative_config.num_speculative_tokens
        self._model_tokens: int = vllm_config.model_config.max_model_len
        self._step_tokens = options.step_tokens
        self._chains = Chains(options.kind, options.min_chance)
        self._texts = Texts(self._chains, Answers(options.answer_tokens, options.min_shared))
        self._passes: list[tuple[torch.Tensor, int]] = []  # (N, 8) best of each row of logits, size

    def load_model(self, model: Any, *_: object, **__: object) -> None:  # Any: a class of vLLM's
        """Look at the logits of the model that is served, if they teach anything."""
        if not self._chains.reads_logits:
            return
        compute = model.compute_logits

        def computed(*args: Any, **kwargs: Any) -> Any:  # Any: vLLM's, passed on as they are
            logits = compute(*args, **kwargs)
            if logits is not None:  # a rank that gathers none
                # Now, for vLLM scales them and masks them in place.
                size = logits.shape[-1]
                self._passes = self._passes[1 - _MAX_PASSES :]
                self._passes.append((logits.topk(min(RANKS, size)).indices, size))
            return logits

        model.compute_logits = computed

    def propose(
        self,
        sampled_token_ids: Sequence[Sequence[int]],
        num_tokens_no_spec: "NDArray[np.int32]",
        token_ids_cpu: "NDArray[np.int32]",
        slot_mappings: object = None,
    ) -> list[list[int]]:
        """Draft for each row.

        Args:
            sampled_token_ids: of each row, what was accepted in this step; none while a prompt is read.
            num_tokens_no_spec: (B,) the length of each row, with these.
            token_ids_cpu: (B, T) the rows.
            slot_mappings: not looked at.
        """
        rows: list[tuple[Tokens, int]] = [
            (token_ids_cpu[row, : num_tokens_no_spec[row]], len(sampled))
            for row, sampled in enumerate(sampled_token_ids)
        ]
        befores = [content_key(ids[: len(ids) - count]) for ids, count in rows]
        self._texts.retire(set(befores))
        read = self._read(rows, befores)
        texts = [
            self._text(ids, count, before) if count else None
            for (ids, count), before in zip(rows, befores, strict=True)
        ]
        # After the texts went on: what came next must not be known when candidates are judged by it.
        self._recycle(read)
        room = min(self._max_tokens, self._step_tokens // max(len(rows), 1))
        return [
            self._draft(text, min(room, self._model_tokens - len(ids) - 1))
            for text, (ids, _) in zip(texts, rows, strict=True)
        ]

    def _text(self, ids: Tokens, count: int, before: bytes) -> Text:
        key = content_key(ids)
        text = self._texts.find(key)  # another row of the same content
        if text is None:
            text = self._texts.take(before) or self._texts.begin(ids[: len(ids) - count])
            self._texts.go_on(key, text, ids[len(ids) - count :].tolist())
        return text

    def _draft(self, text: Text | None, room: int) -> list[int]:
        if text is None:
            return []
        text.chain = self._chains.draft(text.automaton, text.last, room)
        return list(text.chain.token_ids)

    def _read(self, rows: Sequence[tuple[Tokens, int]], befores: Sequence[bytes]) -> list[int]:
        """Give the tokens whose followers the last pass computed, in the order of its logits."""
        read: list[int] = []
        for (ids, count), before in zip(rows, befores, strict=True):
            text = self._texts.find(before)
            read.append(int(ids[len(ids) - count - 1]))
            read.extend(text.chain.token_ids if text is not None and count else ())
        return read

    def _recycle(self, read: list[int]) -> None:
        """Learn from the pass that computed followers of just so many tokens.

        Where vLLM cut drafts, because a grammar forbids them or no room is left, none fits.
        """
        for best, size in self._passes:
            if len(best) == len(read):
                self._chains.recycle(read, best, size)
                break
        self._passes = []
