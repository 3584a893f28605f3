"""How a stretch of a run ends: with an answer, or waiting for a person."""

import json
from dataclasses import dataclass

from rag.core.events import PermissionAsked, StepFinished
from rag.core.types import Answer

__all__ = ["Outcome", "Waiting", "call_text"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that has stopped for a permission."""

    run_id: str
    permission: PermissionAsked

    @property
    def advice(self) -> str:
        """Say what the run waits for and how to answer."""
        return (
            f"The run waits for your permission to call {call_text(self.permission)}. Answer with"
            f" `rag permit {self.run_id}` or `rag permit {self.run_id} --deny`, or POST"
            f" /api/v1/runs/{self.run_id}/permission."
        )


Outcome = tuple[Answer | Waiting, list[StepFinished]]


def call_text(asked: PermissionAsked) -> str:
    """Give a call as a line of code.

    >>> call_text(PermissionAsked(1, "send", {"to": "ada"}, "writes"))
    'send(to="ada")'
    """
    arguments = (
        f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in asked.arguments.items()
    )
    return f"{asked.tool}({', '.join(arguments)})"
