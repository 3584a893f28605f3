"""The texts that are being written, found by what they hold: rows of vLLM's batch move, contents do not.

Knows tokens and drafts; nothing of vLLM.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from rag.generation.speculation._automaton import Automaton
from rag.generation.vllm_plugin._answers import Answers, Fingerprint, Tokens, fingerprint
from rag.generation.vllm_plugin._chains import Chain, Chains

__all__ = ["Text", "Texts", "content_key"]

_MAX_INDEXED = 16_384  # tokens of a prompt, the last: an index takes about 500 bytes a token
_OPENING = 24  # tokens of the prompt before the answer: the question's end, by which the answer is found


@dataclass(slots=True)
class Text:
    """A prompt and what was written to it so far."""

    prompt: Fingerprint
    opening: tuple[int, ...]
    answer: list[int] = field(default_factory=list)
    automaton: Automaton = field(default_factory=Automaton)
    last: int = -1
    chain: Chain = field(default_factory=Chain)  # what was drafted behind it


class Texts:
    """All texts in flight, and the answers of those that ended."""

    def __init__(self, chains: Chains, answers: Answers) -> None:
        """Start with none."""
        self._chains = chains
        self._answers = answers
        self._texts: dict[bytes, Text] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def find(self, key: bytes) -> Text | None:
        """Give the text of this content."""
        return self._texts.get(key)

    def take(self, key: bytes) -> Text | None:
        """Give the text of this content, which goes on: its content will be another."""
        return self._texts.pop(key, None)

    def retire(self, keys: set[bytes]) -> None:
        """Keep these alone; what was written to the others is an earlier answer from now on."""
        for key in [key for key in self._texts if key not in keys]:
            text = self._texts.pop(key)
            self._answers.add(text.prompt, text.opening, text.answer)

    def begin(self, prompt: Tokens) -> Text:
        """Index a prompt, and the earlier answers to prompts like it."""
        text = Text(fingerprint(prompt), tuple(prompt[-_OPENING:].tolist()))
        if self._chains.reads_suffixes:
            for answer in self._answers.related(text.prompt):
                text.automaton.start()
                text.automaton.feed(answer)
            text.automaton.start()
            text.automaton.feed(prompt[-_MAX_INDEXED:].tolist())
        text.last = int(prompt[-1])
        return text

    def go_on(self, key: bytes, text: Text, token_ids: Sequence[int]) -> None:
        """Add what was written to a text, which has this content now, and learn from it."""
        for token_id in token_ids:
            self._chains.learn(text.automaton, text.last, token_id)
            if self._chains.reads_suffixes:
                text.automaton.feed([token_id])
            text.last = token_id
        text.answer.extend(token_ids)
        self._chains.settle(text.chain, len(token_ids) - 1)
        text.chain = Chain()
        self._texts[key] = text


def content_key(token_ids: Tokens) -> bytes:
    """Give what tells texts apart, whatever row they are in."""
    return blake2b(token_ids.tobytes(), digest_size=16).digest()
