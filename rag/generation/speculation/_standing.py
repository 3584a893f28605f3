"""States of the tokens that a model read and that stand, for proposers that draft from them.

Knows which rows of a pass were accepted; what the states are is others' business.
"""

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rag.core.errors import InvalidInputError
from rag.generation.speculation._drafts import Draft

__all__ = ["Standing", "head_folder"]


class Standing:
    """The states of one request; another cache is another request."""

    def __init__(self) -> None:
        """Start with none."""
        self._cache: Any = lambda: None  # Any: a weak reference to a class of transformers
        self._stand: list[Tensor] = []
        self._read: Tensor | None = None  # of the newest draft, not yet known to stand
        self._draft: Draft | None = None
        self._num_tokens = 0

    @property
    def cache(self) -> Any:
        """Give the cache that the last pass filled."""
        return self._cache()

    def read(self, cache: Any, states: Tensor) -> bool:
        """Take the states (N, ...) of a pass; say whether a request began with it."""
        is_new = self._cache() is not cache
        if is_new:
            self._cache = weakref.ref(cache)
            self._stand, self._read, self._draft = [], None, None
        if self._draft is None:
            self._stand.append(states)
        else:
            self._read = states
        return is_new

    def take(self, token_ids: Sequence[int]) -> Tensor | None:
        """Give the states that came to stand since the last call, the newest last; once each."""
        if self._read is not None:
            assert self._draft is not None
            path = self._draft.follow(token_ids[self._num_tokens : -1])
            rows = torch.tensor([0, *(place + 1 for place in path)], device=self._read.device)
            self._stand.append(self._read[rows])
            self._read = None
        stand = torch.cat(self._stand) if self._stand else None
        self._stand = []
        return stand

    def drafted(self, draft: Draft, token_ids: Sequence[int]) -> Draft:
        """Note the draft that the next pass reads behind these tokens; give it."""
        self._draft, self._num_tokens = draft, len(token_ids)
        return draft


def head_folder(heads: str, name: str) -> Path:
    """Give the folder of trained heads.

    Raises:
        InvalidInputError: none is named, or it has none.
    """
    how = (
        f"train them with `python -m rag.training {name.replace('_', '-')} --write FOLDER` and name the"
        f' folder: {{"kind": "{name}", "options": {{"heads": "FOLDER"}}}}'
    )
    if not heads:
        raise InvalidInputError(f"{name} drafts by heads that are trained for a model, none ship; {how}")
    folder = Path(heads).expanduser()
    if not (folder / f"{name}.safetensors").is_file():
        raise InvalidInputError(f"{folder} has no {name}.safetensors; {how}")
    return folder
