"""MiniLM's tokenizer, apart from its network: what cuts a text needs no torch."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer

__all__ = ["WordPieces", "new_tokenizer"]

_PIECE = re.compile(r".{1,100000}\S*", re.DOTALL)  # ends at white space: no word piece reaches across


@dataclass(frozen=True, slots=True)
class WordPieces:
    """Says where the word pieces of a text start; to another process it goes as the path of its file."""

    directory: Path

    def __call__(self, text: str) -> list[int]:
        """Give the character at which each word piece of the whole text starts."""
        starts: list[int] = []
        for piece in _PIECE.finditer(text):  # a book at once would take a gigabyte
            # As a batch of one, for then other threads run meanwhile.
            (encoding,) = _tokenizer(self.directory).encode_batch([piece[0]], add_special_tokens=False)
            starts += [piece.start() + start for start, _ in encoding.offsets]
        return starts


def new_tokenizer(directory: Path) -> Tokenizer:
    """Give the tokenizer of a folder, without a limit of length."""
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@cache
def _tokenizer(directory: Path) -> Tokenizer:
    return new_tokenizer(directory)
