"""What the plugin does, as GROVE_VLLM says it: JSON, for vLLM's processes inherit nothing but variables.

`rag llm serve` writes it; by hand:
GROVE_VLLM='{"proposer": {"kind": "rasd"}, "kv": {"policy": "snapkv", "budget": 0.5}}'.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar, get_args

from rag.core.errors import InvalidInputError

__all__ = ["PROMPT_LENGTHS", "VARIABLE", "KvOptions", "PluginOptions", "ProposerKind", "ProposerOptions"]

VARIABLE = "GROVE_VLLM"
PROMPT_LENGTHS = {"rswa_window": 1 << 20}
"""What `--hf-overrides` must have for compression: without it vLLM tells attention no prompt's length."""
ProposerKind = Literal["suffix", "recycling", "rasd"]
_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class ProposerOptions:
    """What is drafted, and how much is remembered for it."""

    kind: ProposerKind = "rasd"
    min_chance: float = 0.03  # of a drafted token to be reached and right; less is not worth its place
    step_tokens: int = 256  # drafted in one step for all requests together
    answer_tokens: int = 65_536  # of earlier answers that are drafted from, the newest; 0 for none
    min_shared: float = 0.5  # of a prompt, which an answer's prompt must have to be drafted from

    def __post_init__(self) -> None:
        """Check the values."""
        if self.kind not in get_args(ProposerKind):
            kinds = ", ".join(get_args(ProposerKind))
            raise InvalidInputError(f"proposer kind is one of {kinds}, got {self.kind!r}")
        if not 0 <= self.min_chance < 1:
            raise InvalidInputError(f"min_chance is from 0 to less than 1, got {self.min_chance}")
        if self.answer_tokens < 0:
            raise InvalidInputError(f"answer_tokens is 0 or more, got {self.answer_tokens}")
        if self.step_tokens < 1:
            raise InvalidInputError(f"step_tokens is 1 or more, got {self.step_tokens}")
        if not 0 < self.min_shared <= 1:
            raise InvalidInputError(f"min_shared is more than 0, at most 1, got {self.min_shared}")


@dataclass(frozen=True, slots=True)
class KvOptions:
    """Which keys and values of a prompt are kept once it is read."""

    policy: str
    budget: float = 0.5  # share of the prompt's entries
    settings: Mapping[str, Any] = field(default_factory=dict)  # the policy's own; Any: JSON

    def __post_init__(self) -> None:
        """Check the budget; the policy knows the rest."""
        if not 0 < self.budget <= 1:
            raise InvalidInputError(f"the budget is more than 0, at most 1, got {self.budget}")


@dataclass(frozen=True, slots=True)
class PluginOptions:
    """What of the plugin is on."""

    proposer: ProposerOptions | None = None
    kv: KvOptions | None = None

    @classmethod
    def from_environment(cls) -> "PluginOptions | None":
        """Read GROVE_VLLM; nothing where it is not set."""
        text = os.environ.get(VARIABLE)
        return cls.from_json(text) if text else None

    @classmethod
    def from_json(cls, text: str) -> "PluginOptions":
        """Read the options.

        Raises:
            InvalidInputError: not such JSON; the message names what is wrong.
        """
        try:
            given = json.loads(text)
        except ValueError as error:
            raise InvalidInputError(f"{VARIABLE} is not JSON: {text!r} ({error})") from error
        parts = _known(cls, given, "")
        proposer, kv = parts.get("proposer"), parts.get("kv")
        return cls(
            proposer=None if proposer is None else _built(ProposerOptions, proposer, "proposer"),
            kv=None if kv is None else _built(KvOptions, kv, "kv"),
        )

    def as_json(self) -> str:
        """Give what GROVE_VLLM says for these options."""
        return json.dumps({name: part for name, part in asdict(self).items() if part is not None})


def _built(kind: type[_Part], given: object, name: str) -> _Part:
    try:
        return kind(**_known(kind, given, name))
    except TypeError as error:
        raise InvalidInputError(f"{VARIABLE}: {name}: {error}") from error


def _known(kind: Any, given: object, name: str) -> dict[str, Any]:  # Any: a class of fields; JSON
    if not isinstance(given, dict):
        raise InvalidInputError(f"{VARIABLE}: {name or 'it'} is an object, got {given!r}")
    names = [each.name for each in fields(kind)]
    if unknown := sorted(set(given) - set(names)):
        raise InvalidInputError(
            f"{VARIABLE}: {name or 'it'} has no {', '.join(unknown)}; it has {', '.join(names)}"
        )
    return given
