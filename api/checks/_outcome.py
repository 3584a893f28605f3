"""What a check gives."""

from typing import Literal

__all__ = ["Outcome", "State"]

State = Literal["ok", "warning", "failed"]
Outcome = tuple[State, str, str]
"""A state, what was found, and what to do about it."""
