"""Answers by prompt and proposer, kept on disk so that a run can go on later."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.core.errors import InvalidInputError

__all__ = ["Done", "Kept"]


@dataclass(slots=True)
class Done:
    """One answer: plain, or of a proposer."""

    token_ids: list[int]
    passes: int
    followers: list[list[int]] = field(default_factory=list)  # (N, 8) of a plain one's tokens but the last

    @property
    def tokens(self) -> int:
        """Give how many tokens came after the first."""
        return max(len(self.token_ids) - 1, 0)

    @property
    def pair(self) -> tuple[int, int]:
        """Give tokens and passes."""
        return self.tokens, self.passes


class Kept:
    """Answers by prompt and proposer, in a file where one is named."""

    def __init__(self, file: Path | None, settings: dict[str, Any]) -> None:
        """Read what a file has.

        Raises:
            InvalidInputError: the file is of other settings.
        """
        self._file, self._settings = file, settings
        self._done: dict[tuple[str, str], Done] = {}
        for line in file.read_text().splitlines() if file and file.exists() else []:
            row = json.loads(line)
            if row["settings"] != settings:
                raise InvalidInputError(
                    f"{file} holds {row['settings']}, not {settings}; name another file"
                )
            self._done[row["prompt"], row["way"]] = Done(**row["done"])

    def get(self, prompt: str, way: str) -> Done | None:
        """Give an answer, None where there is none yet."""
        return self._done.get((prompt, way))

    def keep(self, prompt: str, way: str, done: Done) -> None:
        """Write one down."""
        self._done[prompt, way] = done
        if self._file:
            row = {"prompt": prompt, "way": way, "settings": self._settings}
            row["done"] = {name: getattr(done, name) for name in Done.__slots__}
            with self._file.open("a") as lines:
                lines.write(json.dumps(row) + "\n")
