"""Words that are longer than any token: what they count as.

Knows where a text may be cut between two characters that a reader sees. Knows no tokenizer.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import regex

__all__ = ["with_long_words"]

_LONGEST = 24  # characters of a token that is a piece of a word: MiniLM's longest has 18
_PART = regex.compile(r"\X{1,8}")
_SPACE = re.compile(r"\s")


def with_long_words(starts: Sequence[int], text: str) -> list[int]:
    """Give the starts of the tokens, and a start every eight characters inside what is too long for one.

    An encoder may take a word of any length for one unknown token: a line of Thai, a number of 500 digits.

    >>> with_long_words([0, 4, 44], "see " + 20 * "ก็" + " ok")
    [0, 4, 20, 36, 44]
    """
    found: list[int] = []
    for start, stop in pairwise((*starts, len(text))):
        if stop - start <= _LONGEST:
            found.append(start)
            continue
        space = _SPACE.search(text, start, stop)
        parts = _PART.finditer(text, start, space.start() if space else stop)
        found += [part.start() for part in parts] or [start]
    return found
