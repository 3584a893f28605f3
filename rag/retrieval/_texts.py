"""Passages as hops see them: their words, names and subjects, the latest of them kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.core.latest import Latest
from rag.core.types import Hit, Passage
from rag.scoring.names import name_words, names, subjects
from rag.scoring.words import distinct

__all__ = ["PassageText", "PassageTexts"]


@dataclass(frozen=True)
class PassageText:
    """A passage's text, taken apart when that is asked for."""

    title: str
    text: str

    @cached_property
    def words(self) -> frozenset[str]:
        """Give the words of title and text."""
        return distinct(f"{self.title} {self.text}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Give the names in the text."""
        return names(self.text)

    @cached_property
    def subjects(self) -> tuple[frozenset[str], ...]:
        """Give what the passage may be about, each as its words."""
        return tuple(map(name_words, subjects(self.title, self.text)))


class PassageTexts:
    """The latest passages that were read, by chunk id: the text of a chunk never changes."""

    def __init__(self, find: Callable[[Sequence[Hit]], list[Passage]], *, size: int = 5000) -> None:
        self._find = find
        self._texts = Latest[str, PassageText](size)

    def __call__(self, chunk_ids: Sequence[str]) -> dict[str, PassageText]:
        """Give the texts of chunks in their order; those that are gone are left out."""
        known = self._texts.known(chunk_ids)
        new = [chunk_id for chunk_id in chunk_ids if chunk_id not in known]
        if new:
            for passage in self._find([Hit(chunk_id, 0.0) for chunk_id in new]):
                known[passage.chunk_id] = PassageText(passage.title, passage.text)
        self._texts.remember(known)
        return {chunk_id: known[chunk_id] for chunk_id in chunk_ids if chunk_id in known}
